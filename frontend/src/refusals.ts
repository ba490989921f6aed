/** Refusals that only another idea can mend: why, and what works, are words of the page. */
import { UI_LANGUAGES } from "./languages";

const OF_FORM = new Set([
  "empty-idea",
  "short-idea",
  "long-idea",
  "no-words",
  "address",
  "markup",
  "control-characters",
  "instructions",
  "unknown-idea-language",
  "no-good-story",
]);

/** Whether the same idea would be refused again. */
export const isRefused = (slug: string): boolean => slug.startsWith("unsafe-") || OF_FORM.has(slug);

/** "English, French or Dutch": the languages in which an idea may be said, in the page's own. */
export function ideaLanguages(ui: string): string {
  const names = new Intl.DisplayNames([ui], { type: "language" });
  return new Intl.ListFormat([ui], { type: "disjunction" }).format(UI_LANGUAGES.map((language) => names.of(language) ?? language));
}
