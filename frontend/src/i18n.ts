/**
 * The page's words: English is in the build, the others come when they are wanted.
 *
 * Own code: a story's page needs names between braces and nothing else, and vue-i18n is a quarter of its JavaScript
 * (16 of 66 kB, gzipped).
 */
import { ref, shallowReactive } from "vue";
import { bestOf, directionOf, UI_LANGUAGES, type UiLanguage } from "./languages";
import en from "./locales/en";

type Words = typeof en;
type Values = Readonly<Record<string, string | number>>;

const files = import.meta.glob<{ default: Words }>(["./locales/*.ts", "!./locales/en.ts"]);
const loaded = shallowReactive(new Map<UiLanguage, Words>([["en", en]]));
const locale = ref<UiLanguage>("en");
const BRACES = /\{(\w+)\}/g;

export const browserLanguage = (): UiLanguage => bestOf(UI_LANGUAGES, navigator.languages) as UiLanguage;

/** Throws where the language's file cannot be loaded: the page keeps the one it has. */
export async function speak(language: UiLanguage): Promise<void> {
  const load = files[`./locales/${language}.ts`];
  if (load && !loaded.has(language)) loaded.set(language, (await load()).default);
  locale.value = language;
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
  document.querySelector('link[rel="manifest"]')?.setAttribute("href", `./app/manifest-${language}.webmanifest`);
}

/** The words at a path as in "player.play", with `values` for the names between braces; English where there are none. */
function t(path: string, values: Values = {}): string {
  const words = at(loaded.get(locale.value), path) ?? at(en, path);
  return typeof words === "string" ? words.replace(BRACES, (whole, name: string) => String(values[name] ?? whole)) : path;
}

/** A list of words, in the page's language. */
function list(path: string): readonly string[] {
  const words = at(loaded.get(locale.value), path) ?? at(en, path);
  return Array.isArray(words) ? words : [];
}

/** Whether there are words at a path. */
const has = (path: string): boolean => typeof at(en, path) === "string";

/** A number as the page's language writes it. */
const numeral = (value: number): string => new Intl.NumberFormat(locale.value).format(value);

/** Own properties alone: a path may be made of what a server said. */
function at(words: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce((part: unknown, name) => (part instanceof Object && Object.hasOwn(part, name) ? Reflect.get(part, name) : undefined), words);
}

export const useI18n = () => ({ t, list, has, numeral, locale });
