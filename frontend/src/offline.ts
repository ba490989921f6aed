/** The stories that can be heard on this device without a network: kept by the page, served by the worker (worker.ts). */
import type { Pictures, Story } from "./api";
import { idIn, isOver, nameOf, unsigned, VIEW } from "./kept";

/** A private story ends on a day. */
type Ending = { expires?: string | null };
/** at: when it was kept last, in milliseconds. */
export type Kept = Pick<Story, "id" | "edition"> & Pictures & Ending & { title: string; durationMs: number; at: number };

/** So many stories, each with all its editions that were opened here. */
const MOST = 20;
const KEPT_AT = "X-Kept-At";
const HAS_CACHES = "caches" in globalThis;

/** Keeps a story that is made, with its sound and pictures. Waits for the worker: where there is none, for ever. */
export async function keep(story: Story & Ending): Promise<void> {
  if (story.status !== "done" || !story.mp3Url || isOver(story.expires) || !HAS_CACHES) return;
  await navigator.serviceWorker?.ready;
  const name = nameOf(story.id, story.edition);
  const sound = story.mp3Url;
  try {
    // One at a time: what is half kept by another page must not go.
    await navigator.locks.request("kept", async () => {
      await fill(await caches.open(name), story, sound);
      await thin();
    });
  } catch {
    // No network, or no room: it can be heard while there is one.
  }
}

/** Forgets a story in all its editions. */
export const drop = (id: string): Promise<void> => dropWhere((name) => idIn(name) === id);

export const dropAll = (): Promise<void> => dropWhere((name) => idIn(name) !== "");

/** What is kept, the last one first; what has ended goes. */
export async function list(): Promise<Kept[]> {
  const kept = await Promise.all((await names()).map(read));
  const over = new Set(kept.filter((story) => story && isOver(story.expires)).map((story) => story?.id));
  await Promise.all([...over].map((id) => drop(id ?? "")));
  return kept.filter((story) => story !== null).filter(({ id }) => !over.has(id)).sort((a, b) => b.at - a.at);
}

async function fill(cache: Cache, story: Story, sound: string): Promise<void> {
  const pictures = [story.coverUrl, story.coverNightUrl, story.coverPngUrl].filter((url) => typeof url === "string");
  await fetchInto(cache, unsigned(sound), sound);
  await Promise.allSettled(pictures.map((url) => fetchInto(cache, url, url)));
  const headers = { "Content-Type": "application/json", [KEPT_AT]: String(Date.now()) };
  await cache.put(VIEW, new Response(JSON.stringify(story), { headers }));
  const wanted = new Set([VIEW, unsigned(sound), ...pictures].map(absolute));
  const other = (await cache.keys()).filter(({ url }) => !wanted.has(url));
  await Promise.all(other.map((request) => cache.delete(request)));
}

/** Past the browser's own cache: it may have a part of a sound, or one that no script may read. */
async function fetchInto(cache: Cache, key: string, url: string): Promise<void> {
  if (await cache.match(key)) return;
  const response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", priority: "low" });
  if (!response.ok) throw new Error(String(response.status));
  await cache.put(key, response);
}

/** Lets the oldest stories go, and what was left half kept. */
async function thin(): Promise<void> {
  const kept = await list();
  const newest = new Set([...new Set(kept.map(({ id }) => id))].slice(0, MOST));
  const stay = new Set(kept.filter(({ id }) => newest.has(id)).map(({ id, edition }) => nameOf(id, edition)));
  await dropWhere((name) => idIn(name) !== "" && !stay.has(name));
}

async function read(name: string): Promise<Kept | null> {
  const held = await (await caches.open(name)).match(VIEW);
  if (!held) return null;
  const { id, edition, title, durationMs, expires, coverUrl, coverNightUrl, coverPngUrl, coverText } = (await held.json()) as Story & Ending;
  const pictures = { coverUrl, coverNightUrl, coverPngUrl, coverText } as Pictures;
  return { id, edition, ...pictures, title: title ?? "", durationMs: durationMs ?? 0, expires: expires ?? null, at: Number(held.headers.get(KEPT_AT)) };
}

/** None where the browser keeps nothing: in a private window, or at an address that it does not trust. */
const names = async (): Promise<string[]> => (HAS_CACHES ? caches.keys().catch(() => []) : []);

async function dropWhere(isGone: (name: string) => boolean): Promise<void> {
  await Promise.all((await names()).filter(isGone).map((name) => caches.delete(name)));
}

const absolute = (url: string): string => new URL(url, document.baseURI).href;
