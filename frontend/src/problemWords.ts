/** Which words of the page a problem of the API has. */
import en from "./locales/en";

const REFUSED = ["unsafe-idea", "unsafe"];
/** Nobody who reads the page can do more about these than try again. */
const LOST = [
  "bad-request",
  "no-push",
  "bad-id",
  "bad-variant",
  "bad-pace",
  "key-reused",
  "unsupported-media-type",
  "config",
  "engine",
  "store",
  "damaged-sound",
  "no-pin",
  "bad-pin",
  "no-shelf",
  "bad-export",
  "missing-package",
];
const SAME = new Map([
  ...REFUSED.map((slug) => [slug, "problem.refused"] as const),
  ...LOST.map((slug) => [slug, "problem.failed"] as const),
  ["control-characters", "problem.markup"],
  ["throttled", "problem.busy"],
  ["too-slow", "problem.slow"],
  ["empty-idea", "ask.empty"],
  ["long-idea", "ask.long"],
  ["too-large", "ask.long"],
  ["forbidden", "problem.unauthorized"],
  ["unknown-audience", "problem.unknown-length"],
  ["unwritable", "problem.disk-full"],
]);

/** The key of the words; null: there are none of its own. */
export function wordsOf(slug: string): string | null {
  return SAME.get(slug) ?? (Object.hasOwn(en.problem, slug) ? `problem.${slug}` : null);
}
