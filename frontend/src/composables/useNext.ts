/** The story of the shelf that comes after this one, in its language. */
import { shallowRef, watch, type Ref } from "vue";
import type { Api, Card, Story } from "../api";

/** The first after the story that was not heard yet, from the shelf's beginning once its end is reached; null: there is none. */
export function cardAfter(cards: readonly Card[], id: string, heard: ReadonlySet<string>): Card | null {
  const at = cards.findIndex((card) => card.id === id);
  const others = [...cards.slice(at + 1), ...cards.slice(0, Math.max(0, at))].filter((card) => card.id !== id);
  return others.find((card) => !heard.has(card.id)) ?? others[0] ?? null;
}

/** Looked up once something is heard of a story. */
export function useNext(api: () => Promise<Api>, story: Readonly<Ref<Story | null>>, playing: Readonly<Ref<boolean>>) {
  const next = shallowRef<Card | null>(null);
  const heard = new Set<string>();
  let known = "";

  async function look({ id, locale }: Story): Promise<void> {
    heard.add(id);
    known = `${id} ${locale}`;
    const mine = known;
    const cards = await (await api()).catalog(locale, "").then(({ stories }) => stories, () => []);
    if (mine === known) next.value = cardAfter(cards, id, heard);
  }

  watch([story, playing], ([now, isPlaying]) => {
    const is = now ? `${now.id} ${now.locale}` : "";
    if (is !== known) next.value = null;
    if (now && isPlaying && now.status === "done" && is !== known) void look(now);
    else if (is !== known) known = "";
  });
  return { next };
}
