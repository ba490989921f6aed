/** What takes the place of the running story as soon as it can be heard; until then, nothing is taken away. */
import { shallowRef, watch } from "vue";
import type { Accepted } from "../api";
import { editionOf } from "../editions";
import type { Player } from "./usePlayer";
import type { Place } from "./useRoute";
import type { Facing } from "./useTelling";

/**
 * what: the same story in another edition, another story of the idea, or the next one of the shelf.
 * edition: as the listener chose it. sound: whether it is to be heard. atEnd: only once the running story has ended.
 * request: null where it is made already.
 */
export interface Wish {
  what: "edition" | "another" | "next";
  edition: string;
  sound: boolean;
  atEnd?: boolean;
  request: (() => Promise<Accepted | null>) | null;
  place: Place | null;
}

/** accept: the API makes it. enter: shows the coming story from a sentence on. */
export function useComing(
  coming: Facing,
  player: Player,
  accept: (wish: Wish, to: Place) => void,
  enter: (segment: number, sound: boolean) => void,
) {
  const wish = shallowRef<Wish | null>(null);

  async function bring(wanted: Wish): Promise<void> {
    wish.value = wanted;
    coming.close();
    const to = wanted.request ? placeOf(await wanted.request()) : wanted.place;
    if (!to || wish.value !== wanted) return;
    accept(wanted, to);
    void coming.follow(to.id, to.edition);
  }

  async function again(): Promise<void> {
    if (wish.value) await bring(wish.value);
  }

  function cancel(): void {
    wish.value = null;
    coming.close();
  }

  function consider(): void {
    const { value: wanted } = wish;
    if (!wanted || coming.story.value?.status === "failed") return;
    if (wanted.atEnd && !player.ended.value) return;
    const isSameStory = wanted.what === "edition" && !player.ended.value;
    const segment = isSameStory ? player.segmentNow() : 0;
    if (!coming.canBegin(segment, player.rate.value)) return;
    wish.value = null;
    enter(segment, isSameStory ? player.playing.value : wanted.sound);
  }

  watch([coming.story, player.position, player.ended], consider);
  return { wish, bring, again, cancel };
}

const placeOf = (accepted: Accepted | null): Place | null => accepted && { id: accepted.id, edition: editionOf(accepted) };
