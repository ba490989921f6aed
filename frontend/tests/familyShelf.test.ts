import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api";
import FamilyShelf from "../src/components/FamilyShelf.vue";
import type { ShelfCard } from "../src/family";
import { Problem } from "../src/http";
import { ID, Sound } from "./fakes";
import { mounted } from "./mounted";

const idOf = (n: number) => String(n).repeat(32);
const card = (n: number, more: Partial<ShelfCard> = {}): ShelfCard => ({
  ...{ id: idOf(n), locale: "en", title: `Story ${n}`, durationMs: 1000, locales: ["en"], created: "2026-11-29T07:00:00+00:00" },
  ...{ published: false, private: false, quick: false },
  ...more,
});
const remember = (...ids: string[]) => localStorage.setItem("mvp-stories.recent", JSON.stringify(ids.map((id) => ({ id, locale: "en", title: `heard ${id[0]}` }))));
let page: ReturnType<typeof mounted>;

/** The front page's shelves, once the family's has answered. */
async function shelves(shelf: Api["shelf"], more: Partial<Api> = {}) {
  const api = { shelf: vi.fn(shelf), pin: async () => ({ needed: false, set: false }), ...more } as unknown as Api;
  page = mounted(FamilyShelf, { api, locale: "en", onChanged: changed }, api);
  await vi.waitFor(() => expect(page.all(".card").length).toBeGreaterThan(0));
  return page;
}
const changed = vi.fn();

beforeEach(() => {
  changed.mockReset();
  localStorage.clear();
  vi.stubGlobal("Audio", Sound);
  vi.stubGlobal("requestAnimationFrame", () => 0);
});
afterEach(() => {
  page.end();
  vi.unstubAllGlobals();
});

describe("the family's shelf", () => {
  it("has the own language first, else the newest; quick looks stand on one of their own", async () => {
    const stories = [card(1, { quick: true }), card(2, { locale: "fr", locales: ["fr"] }), card(3), card(4, { locale: "de", locales: ["de", "en"] })];
    const { texts } = await shelves(async () => ({ stories }));
    expect(texts(".family .card-title")).toEqual(["Story 3", "Story 4", "Story 2"]);
    expect(texts(".quick .card-title")).toEqual(["Story 1"]);
  });

  it("says where a story was left, whose it is, and what was done to it", async () => {
    localStorage.setItem("mvp-stories.places", JSON.stringify([{ id: idOf(1), segment: 4 }]));
    const { texts } = await shelves(async () => ({ stories: [card(1, { published: true, revises: ID }), card(2, { private: true, expires: "2026-12-28" })] }));
    expect(texts(".card").map((text) => text?.replaceAll(/\s+/g, " "))).toEqual([
      expect.stringMatching(/on the bookshelf · words changed ?Go on at sentence 5/),
      expect.stringContaining("private until Dec 28, 2026"),
    ]);
    expect(texts(".shelf-item:nth-child(2) button")).toEqual(["Delete"]);
  });

  it("leaves to this device's own list what it does not have; where there is none, all of it", async () => {
    remember(idOf(1), idOf(7));
    const { texts } = await shelves(async () => ({ stories: [card(1)] }));
    await vi.waitFor(() => expect(texts(".recent .card-title")).toEqual(["heard 7"]));
    page.end();
    const { texts: without } = await shelves(async () => Promise.reject(new Problem("no-shelf", 404)));
    expect([without(".recent .card-title"), without(".family")]).toEqual([["heard 1", "heard 7"], []]);
  });

  it("has more pages", async () => {
    const { tap, texts } = await shelves(async (_, cursor) => (cursor ? { stories: [card(2)] } : { stories: [card(1)], cursor: "next" }));
    await tap("More stories");
    expect(texts(".card-title")).toEqual(["Story 1", "Story 2"]);
    expect(texts("button")).not.toContain("More stories");
  });

  it("loses a story everywhere once it is deleted, after a question", async () => {
    remember(idOf(1));
    localStorage.setItem("mvp-stories.places", JSON.stringify([{ id: idOf(1), segment: 4 }]));
    const remove = vi.fn(async () => undefined);
    const { tap, texts, listening, all } = await shelves(async () => ({ stories: [card(1, { published: true }), card(2)] }), { remove });
    await tap("Delete");
    await tap("No, keep it");
    expect(remove).not.toHaveBeenCalled();
    await tap("Delete");
    await tap("Yes, delete it");
    expect(remove).toHaveBeenCalledWith(idOf(1), "");
    expect([texts(".card-title"), all(".recent").length, listening.recent.value, listening.placeIn(idOf(1))]).toEqual([["Story 2"], 0, [], 0]);
    expect(changed).toHaveBeenCalledOnce();
  });

  it("keeps a story whose deletion was refused, and says why", async () => {
    const remove = async () => Promise.reject(new Problem("grown-up-needed", 403));
    const { tap, texts } = await shelves(async () => ({ stories: [card(1)] }), { remove });
    await tap("Delete");
    await tap("Yes, delete it");
    expect([texts(".card-title"), texts(".note p")]).toEqual([["Story 1"], ["Only a grown-up who has signed in may do this."]]);
  });

  it("puts a story on the bookshelf and takes it off again", async () => {
    const publish = vi.fn(async (_id: string, _locale: string, published: boolean) => ({ published }));
    const { tap, texts } = await shelves(async () => ({ stories: [card(1, { locale: "fr" })] }), { publish });
    await tap("Put on the bookshelf");
    expect(publish).toHaveBeenCalledWith(idOf(1), "fr", true, "");
    await tap("Take off the bookshelf");
    expect([publish.mock.calls.length, texts("button"), changed.mock.calls.length]).toEqual([2, ["Put on the bookshelf", "Delete"], 2]);
  });
});
