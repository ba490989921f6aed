/** One sentence of a voice, to be heard before it is chosen. */
import { onScopeDispose } from "vue";
import type { Api } from "../api";

export function useSample(api: () => Promise<Api>) {
  const sound = new Audio();
  let run = 0;

  /** Silence where the voice cannot be had now: the story itself is not touched by that. */
  async function hear(locale: string, voice: string): Promise<void> {
    const mine = ++run;
    sound.pause();
    try {
      const { audioUrl } = await (await api()).sample(locale, voice);
      if (mine !== run) return;
      sound.src = audioUrl;
      await sound.play();
    } catch {
      sound.pause();
    }
  }

  function hush(): void {
    run += 1;
    sound.pause();
  }

  onScopeDispose(hush);
  return { hear, hush };
}
