/** Repeats the story until the time is up, and fades out at the end. */
import { onScopeDispose, ref, watch } from "vue";
import type { Player } from "./usePlayer";

export const SLEEP_MINUTES = [0, 5, 15, 30] as const;
const FADE_MS = 8_000;

export function useSleepTimer(player: Pick<Player, "playing" | "ended" | "play" | "pause" | "fade">) {
  const minutes = ref(0);
  let end = 0;
  let timer = 0;

  function tick(): void {
    const left = end - Date.now();
    if (left <= 0) {
      player.pause();
      minutes.value = 0;
    } else if (left < FADE_MS) {
      player.fade(left / FADE_MS);
    }
  }

  watch(minutes, (value) => {
    clearInterval(timer);
    player.fade(1);
    end = Date.now() + value * 60_000;
    if (value) timer = window.setInterval(tick, 250);
  });
  watch(player.ended, (ended) => {
    if (ended && minutes.value) void player.play();
  });
  onScopeDispose(() => clearInterval(timer));
  return { minutes };
}
