/** Keys of the page, of headphones and of the lock screen. */
import { onMounted, onScopeDispose, watch, type Ref } from "vue";
import type { Story } from "../api";
import { directionOf } from "../languages";
import type { Player } from "./usePlayer";

export const STEP_MS = 10_000;
const OWN_KEYS = "input, select, textarea, button, summary, dialog, a, [contenteditable]";

export function useMediaKeys(story: Readonly<Ref<Story | null>>, player: Player): void {
  const toggle = () => (player.playing.value ? player.pause() : void player.play());
  const by = (ms: number) => player.seek(player.now() + ms);
  const sentence = (step: number) => {
    const last = (story.value?.segments.length ?? 1) - 1;
    player.goTo(Math.min(last, Math.max(0, player.segmentNow() + step)));
  };

  function key(event: KeyboardEvent): void {
    if (!story.value || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof Element && event.target.closest(OWN_KEYS)) return;
    const forward = directionOf(document.documentElement.lang) === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backward = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const does: Record<string, () => void> = {
      " ": toggle,
      [forward]: () => by(STEP_MS),
      [backward]: () => by(-STEP_MS),
      ArrowDown: () => sentence(1),
      ArrowUp: () => sentence(-1),
    };
    const act = does[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  const session = "mediaSession" in navigator ? navigator.mediaSession : null;
  const actions: [MediaSessionAction, MediaSessionActionHandler][] = [
    ["play", () => void player.play()],
    ["pause", () => player.pause()],
    ["seekbackward", () => by(-STEP_MS)],
    ["seekforward", () => by(STEP_MS)],
    ["previoustrack", () => sentence(-1)],
    ["nexttrack", () => sentence(1)],
    ["seekto", ({ seekTime }) => player.seek((seekTime ?? 0) * 1000)],
  ];

  function hold(on: boolean): void {
    for (const [action, handler] of actions) {
      try {
        session?.setActionHandler(action, on ? handler : null);
      } catch {
        // A browser that has no such key.
      }
    }
    if (!session || on) return;
    session.metadata = null;
    session.playbackState = "none";
  }

  onMounted(() => {
    addEventListener("keydown", key);
    hold(true);
  });
  watch(
    () => [story.value?.title, story.value?.coverPngUrl] as const,
    ([title, cover]) => {
      const artwork = cover ? [{ src: cover, sizes: "512x512", type: "image/png" }] : [];
      if (session && title) session.metadata = new MediaMetadata({ title, album: document.title, artwork });
    },
    { immediate: true },
  );
  // Also at once: a story that was asked for plays before its page is there.
  watch(
    [player.playing, () => Boolean(story.value)],
    ([playing, isThere]) => {
      if (session) session.playbackState = playing ? "playing" : isThere ? "paused" : "none";
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    removeEventListener("keydown", key);
    hold(false);
  });
}
