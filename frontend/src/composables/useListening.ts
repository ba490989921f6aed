/** The page's actions: request a story, open it, continue in another language, retry. */
import { inject, ref, watch, type InjectionKey, type Ref } from "vue";
import type { Api } from "../api";
import { editionOf } from "../editions";
import { useHighlight } from "./useHighlight";
import { usePlayer } from "./usePlayer";
import { useRecent } from "./useRecent";
import { useSample } from "./useSample";
import { useRoute, type Place } from "./useRoute";
import { useStory } from "./useStory";

export function useListening(api: () => Promise<Api>, rate: Ref<number>) {
  const { place, go } = useRoute();
  const { recent, remember, forget } = useRecent();
  const telling = useStory(api);
  const player = usePlayer(telling.story, telling.renew);
  const highlight = useHighlight(telling.story, player);
  const { hear, hush } = useSample(api);
  /** The edition requested during a story, until it is ready; "": none. */
  const switching = ref("");
  /** How the next story opened is to begin. */
  let wish = { play: false, segment: 0 };

  async function ask(context: string, locale: string): Promise<void> {
    player.reset();
    player.unlock();
    const accepted = await telling.ask(context, locale);
    if (accepted) open({ id: accepted.id, edition: editionOf(accepted) }, { play: true, segment: 0 }, context);
  }

  function open(to: Place, how: typeof wish, title = ""): void {
    wish = how;
    remember({ id: to.id, locale: to.edition, title });
    go(to);
  }

  async function switchTo(edition: string): Promise<void> {
    const now = place.value;
    if (!now || edition === now.edition) return;
    const how = { play: player.playing.value, segment: player.ended.value ? 0 : player.segmentNow() };
    player.unlock();
    if (telling.story.value?.locales.includes(edition)) return open({ ...now, edition }, how);
    switching.value = edition;
    player.pause();
    const accepted = await telling.askEdition(now.id, edition);
    if (accepted && place.value?.id === now.id) open({ ...now, edition: editionOf(accepted) }, how);
  }

  async function retry(): Promise<void> {
    const now = place.value;
    if (!now) return;
    if (switching.value) return switchTo(switching.value);
    const failed = telling.story.value?.status === "failed";
    const missing = telling.problem.value?.slug === "not-found";
    if ((failed || missing) && !(await telling.askEdition(now.id, now.edition))) return;
    void telling.follow(now.id, now.edition);
  }

  /** A voice says one sentence; the story waits. */
  function listenTo(locale: string, voice: string): void {
    player.pause();
    void hear(locale, voice);
  }

  function leave(): void {
    go(null);
  }

  watch(
    place,
    (to) => {
      const how = wish;
      wish = { play: false, segment: 0 };
      switching.value = "";
      player.pause();
      player.reset(how.segment);
      if (to) {
        void telling.follow(to.id, to.edition);
        if (how.play) void player.play();
      } else telling.close();
    },
    { deep: true },
  );
  watch(telling.story, (story) => story?.title && remember({ id: story.id, locale: story.edition, title: story.title }));
  watch(player.playing, (playing) => playing && hush());
  watch(rate, (value) => (player.rate.value = value), { immediate: true });

  /** The first address, once the API is known. */
  function begin(): void {
    if (place.value) void telling.follow(place.value.id, place.value.edition);
  }

  return { place, recent, forget, telling, player, highlight, switching, ask, open, switchTo, listenTo, retry, leave, begin };
}

export type Listening = ReturnType<typeof useListening>;
export const LISTENING: InjectionKey<Listening> = Symbol("listening");

export function useThisListening(): Listening {
  const listening = inject(LISTENING);
  if (!listening) throw new Error("no listening is provided");
  return listening;
}
