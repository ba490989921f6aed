import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Story } from "../src/api";
import { cacheOf, isOver, nameOf, VIEW } from "../src/kept";
import { keptView } from "../src/keptView";
import type * as Offline from "../src/offline";
import { aStory, ID } from "./fakes";

/** The browser's caches, of bodies and headers. */
class FakeCaches {
  readonly held = new Map<string, Map<string, Response>>();
  keys = async () => [...this.held.keys()];
  delete = async (name: string) => this.held.delete(name);

  async open(name: string) {
    const files = this.held.get(name) ?? new Map<string, Response>();
    this.held.set(name, files);
    const key = (of: string | { url: string }) => new URL(typeof of === "string" ? of : of.url, document.baseURI).href;
    return {
      match: async (of: string) => files.get(key(of))?.clone(),
      put: async (of: string, response: Response) => void files.set(key(of), response),
      keys: async () => [...files.keys()].map((url) => ({ url })),
      delete: async (of: { url: string }) => files.delete(key(of)),
    };
  }
  files = (name: string) => [...(this.held.get(name)?.keys() ?? [])].map((url) => new URL(url).pathname);
}

const PRIVATE = `p${ID}`;
const DAY_MS = 86_400_000;
const ending = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
const sound = (digest: string) => `http://localhost/media/stories/${ID}/en/${digest}.mp3`;
const made = (more: object = {}): Story =>
  aStory(2, 2, { status: "done", title: "A snail", mp3Url: `${sound("a1")}?expires=1&signature=x`, coverUrl: `/stories/${ID}/cover.svg?v=1`, ...more });

let stored: FakeCaches;
let offline: typeof Offline;
const fetched = vi.fn();

beforeEach(async () => {
  stored = new FakeCaches();
  vi.stubGlobal("caches", stored);
  vi.stubGlobal("fetch", async (url: string) => {
    fetched(url);
    return new Response(url, { status: url.includes("missing") ? 404 : 200 });
  });
  Object.defineProperty(navigator, "serviceWorker", { value: { ready: Promise.resolve() }, configurable: true });
  Object.defineProperty(navigator, "locks", { value: { request: async (_: string, act: () => unknown) => act() }, configurable: true });
  vi.resetModules();
  offline = await import("../src/offline");
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  fetched.mockClear();
});

async function keepMany(count: number): Promise<void> {
  vi.useFakeTimers();
  for (let n = 0; n < count; n += 1) {
    vi.setSystemTime(1_000 * (n + 1));
    await offline.keep(made({ id: n.toString(16).padStart(32, "0") }));
  }
}

describe("a story that is kept", () => {
  it("has its sound without the signature, its picture and its view", async () => {
    await offline.keep(made());
    expect(stored.files(nameOf(ID, "en"))).toEqual([`/media/stories/${ID}/en/a1.mp3`, `/stories/${ID}/cover.svg`, "/kept.json"]);
    expect((await offline.list()).map(({ id, edition, title }) => [id, edition, title])).toEqual([[ID, "en", "A snail"]]);
  });

  it("is fetched once, however often it is opened", async () => {
    await offline.keep(made());
    await offline.keep(made({ mp3Url: `${sound("a1")}?expires=2&signature=y` }));
    expect(fetched).toHaveBeenCalledTimes(2);
  });

  it("has its new sound alone, once it was told again", async () => {
    await offline.keep(made());
    await offline.keep(made({ mp3Url: sound("b2") }));
    expect(stored.files(nameOf(ID, "en")).filter((path) => path.endsWith(".mp3"))).toEqual([`/media/stories/${ID}/en/b2.mp3`]);
  });

  it("is one that is made", async () => {
    await offline.keep(made({ status: "speaking" }));
    await offline.keep(made({ mp3Url: sound("missing") }));
    expect(await offline.list()).toEqual([]);
  });

  it("does without a picture that is not there", async () => {
    await offline.keep(made({ coverUrl: "/missing.svg" }));
    expect(await offline.list()).toHaveLength(1);
  });

  it("is one of the last twenty, in all its languages", async () => {
    await keepMany(20);
    await offline.keep(made({ id: "0".repeat(31) + "5", locale: "pt", edition: "pt" }));
    await offline.keep(made({ id: "f".repeat(32) }));
    const ids = (await offline.list()).map(({ id }) => id);
    expect([ids.length, new Set(ids).size, ids.includes("0".repeat(32))]).toEqual([21, 20, false]);
  });

  it("goes with all its languages when it is deleted", async () => {
    await offline.keep(made());
    await offline.keep(made({ locale: "pt", edition: "pt" }));
    await offline.keep(made({ id: PRIVATE }));
    await offline.drop(ID);
    expect((await offline.list()).map(({ id }) => id)).toEqual([PRIVATE]);
    await offline.dropAll();
    expect(await stored.keys()).toEqual([]);
  });

  it("leaves alone what is not a story's", async () => {
    await stored.open("config");
    await offline.keep(made());
    await offline.dropAll();
    expect(await stored.keys()).toEqual(["config"]);
  });
});

describe("a private story", () => {
  it("is kept until its day, and not one longer", async () => {
    await offline.keep(made({ id: PRIVATE, expires: ending(1) }));
    expect(await offline.list()).toHaveLength(1);
    vi.useFakeTimers({ now: Date.now() + 2 * DAY_MS });
    expect(await offline.list()).toEqual([]);
    expect(await stored.keys()).toEqual([]);
  });

  it("that has ended is not kept", async () => {
    await offline.keep(made({ id: PRIVATE, expires: ending(-1) }));
    expect(await stored.keys()).toEqual([]);
  });

  it("ends where its day cannot be read", () => {
    expect([isOver(null), isOver(undefined), isOver("2020-01-01"), isOver("tomorrow")]).toEqual([false, false, true, true]);
  });
});

describe("a kept view", () => {
  const held = (body: object) => ({ cachedResponse: new Response(JSON.stringify(body)) }) as never;
  const name = nameOf(ID, "en");

  it("has one key, whatever the request", async () => {
    expect(await keptView(name).cacheKeyWillBeUsed()).toBe(VIEW);
  });

  it("goes when the story is gone", async () => {
    await offline.keep(made());
    await keptView(name).fetchDidSucceed({ response: new Response("", { status: 503 }) } as never);
    expect(await stored.keys()).toEqual([name]);
    await keptView(name).fetchDidSucceed({ response: new Response("", { status: 404 }) } as never);
    expect(await stored.keys()).toEqual([]);
  });

  it("is not shown once the story has ended", async () => {
    await stored.open(name);
    expect(await keptView(name).cachedResponseWillBeUsed(held({ expires: ending(1) }))).toBeInstanceOf(Response);
    expect(await keptView(name).cachedResponseWillBeUsed(held({ expires: ending(-1) }))).toBeNull();
    expect(await stored.keys()).toEqual([]);
  });
});

describe("the address of a story's view", () => {
  it.each([
    [`http://a/stories/${ID}/en`, nameOf(ID, "en")],
    [`http://a/dev/stories/${PRIVATE}/fr?voice=sara&pace=0.9`, nameOf(PRIVATE, "fr-x-sara-p90")],
    [`http://a/stories/${ID}/cover.svg`, ""],
    [`http://a/stories/${ID}/en/preview`, ""],
    ["http://a/stories", ""],
  ])("%s names its cache", (url, name) => {
    expect(cacheOf(new URL(url))).toBe(name);
  });
});
