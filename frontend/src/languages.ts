/** Languages by their own names, and which way they run. */
export const UI_LANGUAGES = ["en", "fr", "nl", "ar", "it", "es", "de", "pt"] as const;
export type UiLanguage = (typeof UI_LANGUAGES)[number];

const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

export const isUiLanguage = (value: unknown): value is UiLanguage =>
  (UI_LANGUAGES as readonly unknown[]).includes(value);

export const directionOf = (locale: string): "rtl" | "ltr" =>
  RIGHT_TO_LEFT.has(locale.toLowerCase().split("-")[0] ?? "") ? "rtl" : "ltr";

/** The first of the wanted languages that there is, be it by its main tag; else the first there is. */
export function bestOf(available: readonly string[], wanted: readonly string[]): string {
  const main = (tag: string) => tag.toLowerCase().split("-")[0];
  for (const tag of wanted) {
    const exact = available.find((one) => one.toLowerCase() === tag.toLowerCase());
    const near = exact ?? available.find((one) => main(one) === main(tag));
    if (near) return near;
  }
  return available[0] ?? "en";
}

/** "français": what its speakers call it, as a heading would write it. */
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
