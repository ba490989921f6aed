/** The screen stays on while a story is told, where the browser can: not in a pause, and not behind another page. */
import { onScopeDispose, watch, type Ref } from "vue";

export function useWakeLock(playing: Readonly<Ref<boolean>>): void {
  let lock: WakeLockSentinel | null = null;
  const isWanted = () => playing.value && document.visibilityState === "visible";

  async function follow(): Promise<void> {
    if (!isWanted()) return release();
    if (lock || !("wakeLock" in navigator)) return;
    try {
      take(await navigator.wakeLock.request("screen"));
    } catch {
      // A battery that is nearly empty: the screen goes dark as ever.
    }
  }

  function take(taken: WakeLockSentinel): void {
    if (lock || !isWanted()) return void taken.release();
    lock = taken;
    // The browser takes it back when the page is hidden.
    taken.addEventListener("release", () => {
      if (lock === taken) lock = null;
    });
  }

  function release(): void {
    void lock?.release();
    lock = null;
  }

  watch(playing, follow, { immediate: true });
  document.addEventListener("visibilitychange", follow);
  onScopeDispose(() => {
    document.removeEventListener("visibilitychange", follow);
    release();
  });
}
