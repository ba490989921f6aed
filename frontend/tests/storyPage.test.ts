import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api, Offer, Story } from "../src/api";
import StoryPage from "../src/components/StoryPage.vue";
import { aStory, ID, Sound } from "./fakes";
import { mounted } from "./mounted";

const PRIVATE = `p${ID}`;
let page: ReturnType<typeof mounted>;

async function opened(story: Story, more: Partial<Offer> = {}) {
  const api = { story: async () => story, catalog: async () => ({ stories: [] }) } as unknown as Api;
  location.hash = `#/story/${story.id}/en`;
  const offer = { locales: [], lengths: [], audiences: [], exports: [], exportsAt: "", ...more };
  page = mounted(StoryPage, { rate: 1, locales: ["en"], marks: {}, offer }, api);
  page.listening.begin();
  await vi.waitFor(() => expect(page.texts("h1")).toEqual([story.title]));
  return page;
}

beforeEach(() => {
  vi.stubGlobal("Audio", Sound);
  vi.stubGlobal("requestAnimationFrame", () => 0);
});
afterEach(() => {
  page.end();
  location.hash = "";
  vi.unstubAllGlobals();
});

describe("a story with a child's name", () => {
  it("has its title in the page alone, and no link to give away", async () => {
    const { texts } = await opened(aStory(2, 2, { id: PRIVATE, status: "done", title: "Mia and the snail", private: true, expires: "2026-12-28" }));
    expect([document.title, texts("button").includes("Copy link"), texts(".private")]).toEqual(["Once upon a line", false, ["private until Dec 28, 2026"]]);
  });

  it("is unlike any other, which has both", async () => {
    const { texts } = await opened(aStory(2, 2, { status: "done", title: "A snail" }));
    expect([document.title, texts("button").includes("Copy link"), texts(".private")]).toEqual(["A snail · Once upon a line", true, []]);
  });
});

describe("a finished story", () => {
  it("can be mended by a grown-up, and taken along where the server has files of it", async () => {
    const { texts, tap, all } = await opened(aStory(2, 2, { status: "done", title: "A snail", downloadUrl: "/a.mp3" }), { exports: ["epub"] });
    await vi.waitFor(() => expect(texts("summary")).toEqual(["Take it along", "For grown-ups"]));
    expect(texts("a.button")).toEqual(["Book that reads itself (EPUB)", "Download mp3"]);
    await tap("Change the words");
    await vi.waitFor(() => expect(all(".mendable").length).toBe(2));
    await tap("Never mind");
    expect(all(".sentence").length).toBe(2);
  });

  it("has its mp3 beside the player where the server has no other files", async () => {
    const { texts } = await opened(aStory(2, 2, { status: "done", title: "A snail", downloadUrl: "/a.mp3" }));
    expect(texts(".tools a.button")).toEqual(["Download mp3"]);
  });

  it("is not offered to be mended while it is made", async () => {
    const { texts } = await opened(aStory(2, 1, { title: "A snail" }));
    expect(texts("summary")).toEqual([]);
  });
});
