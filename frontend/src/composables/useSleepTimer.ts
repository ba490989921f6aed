/** Stops when the time is up, over stories and languages: it fades out, or where it cannot, waits for a sentence's end. */
import { onScopeDispose, ref, watch } from "vue";
import type { Player } from "./usePlayer";

export const SLEEP_MINUTES = [0, 5, 15, 30] as const;
const FADE_MS = 8_000;
const TICK_MS = 250;

export function useSleepTimer(player: Pick<Player, "playing" | "ended" | "starts" | "rest" | "fade" | "prepareFade" | "now" | "segmentNow">) {
  const minutes = ref(0);
  let end = 0;
  let timer = 0;
  /** The sentence to be the last; -1: none is chosen. */
  let last = -1;

  function tick(): void {
    const left = end - Date.now();
    if (left >= FADE_MS) return;
    const isFading = player.fade(Math.max(0, left / FADE_MS));
    if (left > 0) return;
    if (last < 0) last = player.segmentNow();
    if (isFading || !player.playing.value || isSaid(last)) stop();
  }

  /** Within the breath before the next sentence. */
  const isSaid = (sentence: number): boolean =>
    player.segmentNow() !== sentence || player.now() + TICK_MS > (player.starts.value[sentence + 1] ?? Infinity);

  function stop(): void {
    player.rest();
    minutes.value = 0;
  }

  watch(minutes, (value) => {
    clearInterval(timer);
    player.fade(1);
    last = -1;
    end = Date.now() + value * 60_000;
    if (!value) return;
    player.prepareFade();
    timer = window.setInterval(tick, TICK_MS);
  });
  watch(player.ended, (ended) => ended && last >= 0 && stop());
  onScopeDispose(() => clearInterval(timer));
  return { minutes };
}
