/** The page's actions: request a story, open it, continue in another language or with another story, retry. */
import { computed, inject, ref, watch, type InjectionKey, type Ref } from "vue";
import type { Accepted, Api } from "../api";
import type { Wishes } from "../family";
import { editionOf, localeOf } from "../editions";
import { isPrivate } from "../kept";
import { useComing, type Wish } from "./useComing";
import { useFallback } from "./useFallback";
import { useGoingOn } from "./useGoingOn";
import { useHero } from "./useHero";
import { useHighlight } from "./useHighlight";
import type { Push } from "./useMaking";
import { usePlaces } from "./usePlaces";
import { usePlayer } from "./usePlayer";
import { useRecent } from "./useRecent";
import { hashOf, useRoute, type Place } from "./useRoute";
import { useSample } from "./useSample";
import { useTelling } from "./useTelling";

/** A browser shares within a tap, which it soon forgets. */
const SHARE_MS = 3_000;

export function useListening(api: () => Promise<Api>, rate: Ref<number>, push: Push | null = null) {
  const { place, go } = useRoute();
  const { recent, remember, forget, drop } = useRecent();
  const { placeIn, keep } = usePlaces();
  const { shown: telling, coming, takeOver } = useTelling(api, push);
  const player = usePlayer(telling);
  const highlight = useHighlight(telling.story, player);
  const { hear, hearName, hush } = useSample(api);
  const { wish, bring, again, cancel } = useComing(coming, player, accept, enter);
  const { refused, entered } = useFallback(telling, bring);
  const going = useGoingOn(api, telling.story, player, { wish, bring, cancel });
  /** The edition requested during a story, until it takes over; "": none. */
  const switching = computed(() => (wish.value?.what === "edition" ? wish.value.edition : ""));
  /** The sentence at which this story was left another day; 0: none. */
  const left = ref(0);
  const hero = useHero();
  /** The story that went away last. */
  const lost = ref("");
  /** Whether the story opened next is to be played. */
  let isToPlay = false;

  /** On the front page, where nothing plays. */
  async function ask(context: string, locale: string, wishes: Wishes = {}): Promise<void> {
    player.reset();
    player.unlock();
    const accepted = await telling.ask(context, locale, wishes);
    if (!accepted) return;
    isToPlay = true;
    const to = { id: accepted.id, edition: editionOf(accepted) };
    remember({ id: to.id, locale: to.edition, title: context });
    go(to);
  }

  async function switchTo(edition: string): Promise<void> {
    const now = place.value;
    if (!now) return;
    refused.value = "";
    if (edition === now.edition) return cancel();
    const isMade = telling.story.value?.locales.includes(edition);
    player.unlock();
    await bring({
      what: "edition",
      edition,
      sound: player.playing.value,
      request: isMade ? null : () => coming.askEdition(now.id, edition),
      place: { ...now, edition },
    });
  }

  /** Another story of the same idea. */
  async function another(): Promise<void> {
    const { value: story } = telling.story;
    if (!story?.context || coming.asking.value) return;
    const { context, locale, length, audience } = story;
    const name = story.private ? hero.agreed() : null;
    const wishes = { ...(length && { length }), ...(audience && { audience }), ...(name && { hero: name }) };
    player.unlock();
    await bring({ what: "another", edition: locale, sound: true, request: () => coming.ask(context, locale, wishes), place: null });
  }

  /** The story after the pencil, or the text before it: takes over where this one stands. request: where it is to be made. */
  async function turnTo(id: string, edition: string, request: (() => Promise<Accepted | null>) | null): Promise<void> {
    player.unlock();
    await bring({ what: "mended", edition, sound: player.playing.value, request, place: { id, edition } });
  }

  /** A story is nowhere any more. */
  function lose(id: string): void {
    drop(id);
    keep(id, 0);
    lost.value = id;
  }

  /** A story of its own is found again, even by a listener who does not wait for it. */
  function accept({ what }: Wish, to: Place): void {
    if (what === "another") remember({ id: to.id, locale: to.edition, title: telling.story.value?.context ?? "" });
  }

  /** The coming story is there: it takes over at a sentence. */
  function enter({ what }: Wish, segment: number, sound: boolean, url: string): void {
    const { value: story } = coming.story;
    const from = place.value;
    if (!story) return;
    player.reset(segment, url);
    takeOver();
    const isMended = what === "mended" && from;
    left.value = isMended ? left.value : 0;
    if (isMended) {
      keep(story.id, segment || placeIn(from.id));
      lose(from.id);
    }
    entered(from);
    go({ id: story.id, edition: story.edition }, Boolean(isMended));
    if (sound) void player.play();
    else player.pause();
  }

  async function retry(): Promise<void> {
    const now = place.value;
    if (!now) return;
    const failed = telling.story.value?.status === "failed";
    const isMissing = ["not-found", "experimental-locale"].includes(telling.problem.value?.slug ?? "");
    if ((failed || isMissing) && !(await telling.askEdition(now.id, now.edition))) return;
    void telling.follow(now.id, now.edition);
  }

  /** Yes to a language that is still being learned. */
  async function agree(edition: string): Promise<void> {
    (await api()).agree(localeOf(edition));
  }

  /** A voice says one sentence; the story waits. */
  function listenTo(locale: string, voice: string): void {
    player.pause();
    void hear(locale, voice);
  }

  /** The link for others: to a published story's preview, which a chat shows with its picture; else to this page. */
  async function link(): Promise<string> {
    const now = place.value;
    if (!now || isPrivate(now.id)) return location.href;
    const late = new Promise<null>((resolve) => setTimeout(resolve, SHARE_MS, null));
    const preview = api().then((ready) => ready.preview(now.id, now.edition));
    return (await Promise.race([preview, late]).catch(() => null)) ?? location.href;
  }

  function leave(): void {
    go(null);
  }

  /** Goes on where the story was left. */
  function goOn(): void {
    player.goTo(left.value);
    void player.play();
  }

  /** A link, the browser's way back, or a story that was just asked for; not a take-over. */
  function arrive(to: Place | null): void {
    const { value: story } = telling.story;
    if (to && story?.id === to.id && story.edition === to.edition) return;
    cancel();
    refused.value = "";
    player.pause();
    player.reset();
    left.value = to && !isToPlay ? placeIn(to.id) : 0;
    if (to) void telling.follow(to.id, to.edition);
    else telling.close();
    if (to && isToPlay) void player.play();
    isToPlay = false;
  }

  function learn(): void {
    const { value: story } = telling.story;
    if (story?.title) remember({ id: story.id, locale: story.edition, title: story.title });
  }

  watch(
    () => place.value && hashOf(place.value),
    () => arrive(place.value),
  );
  watch(telling.story, learn);
  watch(player.playing, (playing) => {
    if (!playing) return;
    left.value = 0;
    hush();
  });
  watch([highlight.segment, player.ended], ([segment, ended]) => {
    const id = telling.story.value?.id;
    if (id && (player.playing.value || ended)) keep(id, ended ? 0 : segment);
  });
  watch(rate, (value) => (player.rate.value = value), { immediate: true });

  /** The first address, once the API is known. */
  function begin(): void {
    if (place.value && !telling.story.value) arrive(place.value);
  }

  return {
    place, recent, forget, telling, coming, wish, refused, again, cancel, player, highlight, switching, left, going,
    hero, placeIn, turnTo, lose, lost, hearName,
    ask, another, agree, switchTo, listenTo, retry, leave, link, begin, goOn,
  };
}

export type Listening = ReturnType<typeof useListening>;
export const LISTENING: InjectionKey<Listening> = Symbol("listening");

export function useThisListening(): Listening {
  const listening = inject(LISTENING);
  if (!listening) throw new Error("no listening is provided");
  return listening;
}
