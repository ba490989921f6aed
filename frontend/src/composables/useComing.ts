/** What takes the place of the running story as soon as it can be heard; until then, nothing is taken away. */
import { shallowRef, watch } from "vue";
import type { Accepted } from "../api";
import { editionOf } from "../editions";
import { clipFor, startsOf } from "../timeline";
import type { Player } from "./usePlayer";
import type { Place } from "./useRoute";
import type { Facing } from "./useTelling";

/**
 * what: the same story in another edition or mended with the pencil, another story of the idea, or the next one of the shelf.
 * edition: as the listener chose it. sound: whether it is to be heard. atEnd: only once the running story has ended.
 * request: null where it is made already.
 */
export interface Wish {
  what: "edition" | "mended" | "another" | "next";
  edition: string;
  sound: boolean;
  atEnd?: boolean;
  request: (() => Promise<Accepted | null>) | null;
  place: Place | null;
}

/** A sound that loads no faster takes over all the same. */
const LOADING_MS = 3_000;

/** accept: the API makes it. enter: shows the coming story from a sentence on, whose sound is loaded by then. */
export function useComing(
  coming: Facing,
  player: Player,
  accept: (wish: Wish, to: Place) => void,
  enter: (wish: Wish, segment: number, sound: boolean, url: string) => void,
) {
  const wish = shallowRef<Wish | null>(null);
  /** When loading the coming sound began; 0: it did not. */
  let since = 0;

  async function bring(wanted: Wish): Promise<void> {
    wish.value = wanted;
    since = 0;
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
    const isSameStory = (wanted.what === "edition" || wanted.what === "mended") && !player.ended.value;
    const segment = isSameStory ? player.segmentNow() : 0;
    if (!coming.canBegin(segment, player.rate.value)) return;
    const url = warmed(segment);
    if (url === null) return;
    wish.value = null;
    enter(wanted, segment, isSameStory ? player.playing.value : wanted.sound, url);
  }

  /** The sound that takes over; null while it is loaded and the running one plays. */
  function warmed(segment: number): string | null {
    const clip = clipFor(coming.story.value, segment);
    if (!clip || !player.playing.value) return "";
    const starts = startsOf(coming.story.value?.segments ?? []);
    const isWarm = player.warm(clip, clip.segment < 0 ? (starts[segment] ?? 0) : 0);
    since ||= Date.now();
    if (!isWarm && Date.now() - since < LOADING_MS) return null;
    since = 0;
    return clip.url;
  }

  watch([coming.story, player.position, player.ended], consider);
  return { wish, bring, again, cancel };
}

const placeOf = (accepted: Accepted | null): Place | null => accepted && { id: accepted.id, edition: editionOf(accepted) };
