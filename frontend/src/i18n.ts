/** The page's words: English is in the build, the others come when they are wanted. */
import { createI18n } from "vue-i18n";
import en from "./locales/en";
import { bestOf, directionOf, UI_LANGUAGES, type UiLanguage } from "./languages";

type Words = typeof en;

const files = import.meta.glob<{ default: Words }>(["./locales/*.ts", "!./locales/en.ts"]);

export const i18n = createI18n({
  legacy: false,
  locale: "en",
  fallbackLocale: "en",
  messages: { en } as Record<string, Words>,
});

export const browserLanguage = (): UiLanguage => bestOf(UI_LANGUAGES, navigator.languages) as UiLanguage;

export async function speak(language: UiLanguage): Promise<void> {
  const load = files[`./locales/${language}.ts`];
  if (load && !i18n.global.availableLocales.includes(language)) {
    i18n.global.setLocaleMessage(language, (await load()).default);
  }
  i18n.global.locale.value = language;
  document.documentElement.lang = language;
  document.documentElement.dir = directionOf(language);
}
