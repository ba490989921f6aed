/** Something short to be heard before it is chosen: a voice's sentence, a name. */
import { onScopeDispose } from "vue";
import type { Api } from "../api";
import type { Hero } from "../family";
import { problemOf, type Problem } from "../http";

export function useSample(api: () => Promise<Api>) {
  const sound = new Audio();
  let run = 0;
  let brought = "";

  /** Silence where the sound cannot be had now, and why: the story itself is not touched by that. */
  async function play(find: (api: Api) => Promise<string>): Promise<Problem | null> {
    const mine = ++run;
    sound.pause();
    try {
      const url = await find(await api());
      if (mine !== run) return null;
      sound.src = url;
      await sound.play();
      return null;
    } catch (error) {
      sound.pause();
      return problemOf(error);
    }
  }

  const hear = (locale: string, voice: string) => play(async (ready) => (await ready.sample(locale, voice)).audioUrl);

  const hearName = (locale: string, hero: Hero) =>
    play(async (ready) => {
      const { mediaType, audio } = await ready.name(locale, hero);
      URL.revokeObjectURL(brought);
      return (brought = addressOf(mediaType, audio));
    });

  function hush(): void {
    run += 1;
    sound.pause();
  }

  onScopeDispose(hush);
  return { hear, hearName, hush };
}

/** An address for bytes that an answer brought along, in base64. */
function addressOf(mediaType: string, base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: mediaType }));
}
