/**
 * The page's words: English is in the build, the others come when they are wanted.
 *
 * Own code: a story's page needs names between braces and nothing else, and vue-i18n is a quarter of its JavaScript
 * (16 of 66 kB, gzipped).
 */
import { ref, shallowReactive } from "vue";
import { bestOf, directionOf, UI_LANGUAGES, type UiLanguage } from "./languages";
import { leavesOf, type Leaf } from "./leaves";
import en from "./locales/en";

type Values = Readonly<Record<string, string | number>>;

/** Its sentences by their paths; as the build has it, the sentences alone in English's order (../words.ts). */
const files = import.meta.glob<{ default: object | Leaf[] }>(["./locales/*.ts", "!./locales/en.ts"]);
const english = new Map(leavesOf(en));
const loaded = shallowReactive(new Map<UiLanguage, ReadonlyMap<string, Leaf>>([["en", english]]));
const locale = ref<UiLanguage>("en");
const BRACES = /\{(\w+)\}/g;

export const browserLanguage = (): UiLanguage => bestOf(UI_LANGUAGES, navigator.languages) as UiLanguage;

/** Throws where the language's file cannot be loaded: the page keeps the one it has. */
export async function speak(language: UiLanguage): Promise<void> {
  const load = files[`./locales/${language}.ts`];
  if (load && !loaded.has(language)) loaded.set(language, named((await load()).default));
  locale.value = language;
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
  document.querySelector('link[rel="manifest"]')?.setAttribute("href", `./app/manifest-${language}.webmanifest`);
}

const named = (words: object | Leaf[]): ReadonlyMap<string, Leaf> =>
  new Map(Array.isArray(words) ? [...english.keys()].map((path, index) => [path, words[index] as Leaf]) : leavesOf(words));

const at = (path: string): Leaf | undefined => loaded.get(locale.value)?.get(path) ?? english.get(path);

/** The words at a path as in "player.play", with `values` for the names between braces; English where there are none. */
function t(path: string, values: Values = {}): string {
  const words = at(path);
  return typeof words === "string" ? words.replace(BRACES, (whole, name: string) => String(values[name] ?? whole)) : path;
}

/** A list of words, in the page's language. */
function list(path: string): readonly string[] {
  const words = at(path);
  return typeof words === "object" ? words : [];
}

/** Whether there are words at a path. */
const has = (path: string): boolean => typeof english.get(path) === "string";

/** A number as the page's language writes it. */
const numeral = (value: number): string => new Intl.NumberFormat(locale.value).format(value);

/** "3 minutes", as the page's language says it. */
const duration = (minutes: number): string =>
  new Intl.NumberFormat(locale.value, { style: "unit", unit: "minute", unitDisplay: "long" }).format(minutes);

/** A date of ISO 8601 as the page's language writes it; a day without a time is the same day everywhere. */
function day(iso: string): string {
  const date = new Date(iso.length === 10 ? `${iso}T12:00` : iso);
  return Number.isNaN(date.getTime()) ? iso : new Intl.DateTimeFormat(locale.value, { dateStyle: "medium" }).format(date);
}

export const useI18n = () => ({ t, list, has, numeral, duration, day, locale });
