import { afterEach, describe, expect, it, vi } from "vitest";
import { makeApi } from "../src/api";

const ID = "0".repeat(32);

/** What was fetched, while the API gives this answer. */
function answering(body: object) {
  const fetched = vi.fn(async (_url: string, _init: RequestInit) => new Response(JSON.stringify(body)));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

afterEach(() => vi.unstubAllGlobals());

describe("an edition by another voice", () => {
  it("is read by its voice and pace, and named by them", async () => {
    const fetched = answering({ id: ID, locale: "fr", status: "done", voice: "sara", pace: 0.9 });
    const story = await makeApi("https://a").story(ID, "fr-x-sara-p90");
    expect(fetched.mock.calls[0]?.[0]).toBe(`https://a/stories/${ID}/fr?voice=sara&pace=0.9`);
    expect(story.edition).toBe("fr-x-sara-p90");
  });

  it("is asked for in the body", async () => {
    const fetched = answering({ id: ID, locale: "fr", status: "queued" });
    await makeApi("").askEdition(ID, "fr-x-sara");
    await makeApi("").askEdition(ID, "fr");
    expect(fetched.mock.calls.map(([, init]) => JSON.parse(String(init.body)))).toEqual([
      { locale: "fr", experimental: true, voice: "sara", pace: 1 },
      { locale: "fr", experimental: true },
    ]);
  });

  it("leaves the address of a locale's own story as it was", async () => {
    const fetched = answering({ id: ID, locale: "fr", status: "done" });
    expect((await makeApi("").story(ID, "fr")).edition).toBe("fr");
    expect(fetched.mock.calls[0]?.[0]).toBe(`/stories/${ID}/fr`);
  });
});

describe("a story's pictures", () => {
  const pictures = { coverUrl: `/stories/${ID}/cover.svg?v=1`, coverNightUrl: "/n.svg", coverPngUrl: "/c.png", coverText: "A snail" };

  it("are at the API's address, on a page and on a card", async () => {
    answering({ id: ID, locale: "fr", status: "done", ...pictures });
    const story = await makeApi("https://a").story(ID, "fr");
    expect([story.coverUrl, story.coverNightUrl, story.coverPngUrl]).toEqual([
      `https://a/stories/${ID}/cover.svg?v=1`,
      "https://a/n.svg",
      "https://a/c.png",
    ]);
    answering({ stories: [{ id: ID, locale: "fr", title: "", durationMs: 1, ...pictures }] });
    expect((await makeApi("https://a").catalog("", "")).stories[0]?.coverUrl).toBe(story.coverUrl);
  });

  it("are none where the API has none", async () => {
    answering({ id: ID, locale: "fr", status: "done" });
    expect(await makeApi("https://a").story(ID, "fr")).not.toHaveProperty("coverUrl");
  });
});
