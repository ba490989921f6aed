/** Which sentence and word sound now, looked up before each frame while something plays. */
import { onScopeDispose, ref, watch, type Ref } from "vue";
import type { Story } from "../api";
import { markAt } from "../timeline";
import type { Player } from "./usePlayer";

type Clock = Pick<Player, "playing" | "position" | "starts" | "ended" | "silent" | "now" | "segmentNow">;

export function useHighlight(story: Readonly<Ref<Story | null>>, player: Clock) {
  /** Indices; -1: none. */
  const segment = ref(-1);
  const mark = ref(-1);
  let frame = 0;

  function look(): void {
    const index = player.segmentNow();
    const marks = story.value?.segments[index]?.marks ?? [];
    segment.value = player.ended.value ? -1 : index;
    // No word before it sounds: not while the first is fetched, nor in the breath between two sentences.
    mark.value = player.silent() ? -1 : markAt(marks, player.now() - (player.starts.value[index] ?? 0));
  }

  function loop(): void {
    look();
    frame = player.playing.value ? requestAnimationFrame(loop) : 0;
  }

  watch(
    player.playing,
    () => {
      cancelAnimationFrame(frame);
      loop();
    },
    { immediate: true },
  );
  watch([player.position, player.ended, story], look);
  onScopeDispose(() => cancelAnimationFrame(frame));
  return { segment, mark };
}
