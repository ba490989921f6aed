/** Where a story is kept on this device: a cache for each edition, which the page fills and the worker reads. */
import { editionOf } from "./editions";

/** The key of a story's view in its cache, written last: a cache without it is no story. */
export const VIEW = "./kept.json";

const NAME = /^kept (p?[0-9a-f]{32}) ([A-Za-z0-9-]{2,35})$/;
const STORY = /\/stories\/(p?[0-9a-f]{32})\/([A-Za-z0-9-]{2,35})$/;

/** It has a child's name in it, and lies where nobody else looks. */
export const isPrivate = (id: string): boolean => id.startsWith("p");

export const nameOf = (id: string, edition: string): string => `kept ${id} ${edition}`;

/** The id of the story that a cache keeps; "": it keeps none. */
export const idIn = (name: string): string => NAME.exec(name)?.[1] ?? "";

/** The cache of the story whose view has this address; "": it is no story's view. */
export function cacheOf({ pathname, searchParams }: URL): string {
  const [, id, locale] = STORY.exec(pathname) ?? [];
  if (!id || !locale) return "";
  return nameOf(id, editionOf({ locale, voice: searchParams.get("voice"), pace: Number(searchParams.get("pace") ?? 1) }));
}

/** A sound's address is signed anew with each look at its story: without the signature it is always the same. */
export const unsigned = (url: string): string => url.split("?", 1)[0] ?? "";

/** Whether a story's last day is over. expires: a date; none for a story that stays. */
export const isOver = (expires: string | null | undefined, now = Date.now()): boolean =>
  Boolean(expires) && !(Date.parse(expires ?? "") > now);
