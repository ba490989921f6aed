/**
 * When a new build's worker replaces the one that runs: it then deletes the files of the build before.
 *
 * So it waits until nobody needs them: one page is open, and that page is of the new build already.
 */
import type { PrecacheEntry } from "workbox-precaching";

/** asked: a page's message. files: of the new build. pages: how many are open. */
export function isToTakeOver(asked: unknown, files: readonly (PrecacheEntry | string)[], pages: number): boolean {
  const script = (asked as { page?: unknown } | null)?.page;
  return pages === 1 && typeof script === "string" && files.some((file) => typeof file === "object" && script.endsWith(`/${file.url}`));
}
