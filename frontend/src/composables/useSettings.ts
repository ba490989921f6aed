/** A listener's choices, stored on this device. */
import { watch } from "vue";
import { browserLanguage, speak } from "../i18n";
import { isUiLanguage } from "../languages";
import { isText, useStored } from "./useStored";

export const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const isTheme = (value: unknown): value is Theme => (THEMES as readonly unknown[]).includes(value);

export const RATES = [0.5, 0.75, 1, 1.25, 1.5] as const;
const isRate = (value: unknown): value is number => (RATES as readonly unknown[]).includes(value);

export function useSettings() {
  const language = useStored("language", browserLanguage(), isUiLanguage);
  const theme = useStored<Theme>("theme", "auto", isTheme);
  const rate = useStored<number>("rate", 1, isRate);
  /** The language to hear stories in; "": the page's. */
  const storyLanguage = useStored("told", "", isText);

  watch(language, (value) => void speak(value).catch(() => undefined), { immediate: true });
  // "auto" is settled here, so that the style sheet says the dark colours once.
  const night = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const auto = night.matches ? "dark" : "light";
    document.documentElement.dataset.theme = theme.value === "auto" ? auto : theme.value;
  };
  night.addEventListener("change", paint);
  watch(theme, paint, { immediate: true });
  return { language, theme, rate, storyLanguage };
}
