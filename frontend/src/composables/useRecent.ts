/** Stories played or requested on this device; the list never leaves it. */
import { useStored } from "./useStored";

const MOST = 12;

/** locale: the edition's name. */
export interface RecentStory {
  id: string;
  locale: string;
  title: string;
}

const isRecentStory = (value: unknown): value is RecentStory =>
  typeof value === "object" && value !== null && ["id", "locale", "title"].every((name) => typeof (value as Record<string, unknown>)[name] === "string");
const areRecentStories = (value: unknown): value is RecentStory[] => Array.isArray(value) && value.every(isRecentStory);

export function useRecent() {
  const recent = useStored<RecentStory[]>("recent", [], areRecentStories);

  /** A story is listed once, in the language and by the voice played last; an empty title keeps the one known. */
  function remember(story: RecentStory): void {
    const known = recent.value.find((known) => known.id === story.id);
    const title = story.title || known?.title || "";
    if (known && known.locale === story.locale && known.title === title && recent.value[0] === known) return;
    recent.value = [{ ...story, title }, ...recent.value.filter((other) => other.id !== story.id)].slice(0, MOST);
  }

  function forget(): void {
    recent.value = [];
  }

  /** It is nowhere any more. */
  function drop(id: string): void {
    recent.value = recent.value.filter((story) => story.id !== id);
  }

  return { recent, remember, forget, drop };
}
