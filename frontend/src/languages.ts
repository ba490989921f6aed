/** Languages by their own names, and their direction of writing. */
export const UI_LANGUAGES = ["en", "fr", "nl", "ar", "it", "es", "de", "pt"] as const;
export type UiLanguage = (typeof UI_LANGUAGES)[number];

const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

export const isUiLanguage = (value: unknown): value is UiLanguage =>
  (UI_LANGUAGES as readonly unknown[]).includes(value);

export const directionOf = (locale: string): "rtl" | "ltr" =>
  RIGHT_TO_LEFT.has(locale.toLowerCase().split("-")[0] ?? "") ? "rtl" : "ltr";

/** The first wanted language that is available, if need be by its main tag; else the first available one. */
export function bestOf(available: readonly string[], wanted: readonly string[]): string {
  const main = (tag: string) => tag.toLowerCase().split("-")[0];
  for (const tag of wanted) {
    const exact = available.find((language) => language.toLowerCase() === tag.toLowerCase());
    const near = exact ?? available.find((language) => main(language) === main(tag));
    if (near) return near;
  }
  return available[0] ?? "en";
}

/** "français": its name in the language itself, as in a heading. */
export function nameOf(locale: string): string {
  try {
    const name = new Intl.DisplayNames([locale], { type: "language" }).of(locale) ?? locale;
    return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
  } catch {
    return locale;
  }
}

/** Milliseconds as 1:05. */
export const clock = (ms: number): string =>
  `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;
