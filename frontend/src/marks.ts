/** A short word of warning beside a language or a story; its long ones are the labels' own. */
const DRAFT = /^(draft|fake)/;

interface Marked {
  experimental?: boolean;
  quality?: string;
  labels: readonly string[];
}

/** The name of the word in `learning`; "": there is nothing to warn of. */
export function markOf({ experimental = false, quality = "", labels }: Marked): "" | "mark" | "draft" | "weak" {
  if (experimental || labels.includes("experimental")) return "mark";
  if ([quality, ...labels].some((label) => DRAFT.test(label))) return "draft";
  return quality === "weak" ? "weak" : "";
}
