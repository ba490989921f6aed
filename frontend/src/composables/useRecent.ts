/** What was heard or asked for on this device; it leaves this device never. */
import { useStored } from "./useStored";

const MOST = 12;

export interface Heard {
  id: string;
  locale: string;
  title: string;
}

const isHeard = (value: unknown): value is Heard =>
  typeof value === "object" && value !== null && ["id", "locale", "title"].every((name) => typeof (value as Record<string, unknown>)[name] === "string");
const areHeard = (value: unknown): value is Heard[] => Array.isArray(value) && value.every(isHeard);

export function useRecent() {
  const recent = useStored<Heard[]>("recent", [], areHeard);

  /** A story is there once, in the language last heard; an empty title keeps the one known. */
  function remember(heard: Heard): void {
    const known = recent.value.find((one) => one.id === heard.id);
    const title = heard.title || known?.title || "";
    if (known && known.locale === heard.locale && known.title === title && recent.value[0] === known) return;
    recent.value = [{ ...heard, title }, ...recent.value.filter((one) => one.id !== heard.id)].slice(0, MOST);
  }

  function forget(): void {
    recent.value = [];
  }

  return { recent, remember, forget };
}
