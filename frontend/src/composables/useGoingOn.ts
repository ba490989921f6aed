/** What happens at a story's end: the next one, the same again for the sleep timer's sake, or silence. */
import { watch, type Ref } from "vue";
import type { Api, Story } from "../api";
import { editionOf } from "../editions";
import type { useComing } from "./useComing";
import { useNext } from "./useNext";
import type { Player } from "./usePlayer";
import { useSleepTimer } from "./useSleepTimer";
import { isBoolean, useStored } from "./useStored";

/** So long before a story's end the next one is looked at: behind a locked screen there may be no network after it. */
const AHEAD_MS = 20_000;

export function useGoingOn(
  api: () => Promise<Api>,
  story: Readonly<Ref<Story | null>>,
  player: Player,
  { wish, bring, cancel }: Pick<ReturnType<typeof useComing>, "wish" | "bring" | "cancel">,
) {
  const { next } = useNext(api, story, player.playing);
  const { minutes: sleep } = useSleepTimer(player);
  /** Whether the next story begins by itself. */
  const byItself = useStored("goOn", false, isBoolean);

  async function playNext(atEnd = false): Promise<void> {
    if (!next.value) return;
    const edition = editionOf(next.value);
    player.unlock();
    await bring({ what: "next", edition, sound: true, atEnd, request: null, place: { id: next.value.id, edition } });
  }

  watch([player.position, player.ended, byItself, next], () => {
    const isNear = player.ended.value || (player.playing.value && player.length.value - player.position.value < AHEAD_MS);
    if (wish.value?.atEnd && !byItself.value) cancel();
    if (byItself.value && isNear && !wish.value && story.value?.status === "done" && next.value) void playNext(true);
  });
  // A listener who waits for another story hears this one again, if sleep is to be found; not where the next one takes over.
  watch(player.ended, () => {
    if (player.ended.value && sleep.value && !wish.value?.atEnd) void player.play();
  });
  return { next, sleep, byItself, playNext };
}
