import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick, ref } from "vue";
import { Problem, type Accepted, type Api, type Card, type Story } from "../src/api";
import { useListening } from "../src/composables/useListening";
import { aStory, endScopes, ID, inScope, Sound } from "./fakes";

const OTHER = "1".repeat(32);
const done = (more: Partial<Story> = {}): Story => aStory(4, 4, { status: "done", context: "a snail", durationMs: 8000, ...more });

/** The API of these tests: each edition's view is what was put here last. */
const views = new Map<string, Story>();
const put = (story: Story) => views.set(`${story.id} ${story.edition}`, story);
let refusals: Problem[] = [];
let cards: Card[] = [];
const posted = vi.fn();
const asked = vi.fn();

async function accept(id: string, locale: string): Promise<Accepted> {
  posted(id, locale);
  const refusal = refusals.shift();
  if (refusal) throw refusal;
  return { id, locale, status: "queued" };
}

const api = {
  ask: async (_: string, locale: string, _key: string, wishes: object) => (asked(wishes), accept(OTHER, locale)),
  askEdition: accept,
  story: async (id: string, edition: string) => {
    const view = views.get(`${id} ${edition}`);
    if (!view) throw new Problem("not-found", 404);
    return view;
  },
  catalog: async () => ({ stories: cards }),
} as unknown as Api;

/** A page that plays the story of ID in English, at its third sentence. */
async function listening() {
  location.hash = `#/story/${ID}/en`;
  put(done());
  const page = inScope(() => useListening(async () => api, ref(1)));
  page.begin();
  await passes(10);
  page.player.goTo(2);
  await page.player.play();
  return page;
}

async function passes(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await nextTick();
}

beforeEach(() => {
  vi.useFakeTimers();
  Sound.reset();
  vi.stubGlobal("Audio", Sound);
  vi.stubGlobal("requestAnimationFrame", () => 0);
  localStorage.clear();
  views.clear();
  posted.mockReset();
  asked.mockReset();
  refusals = [];
  cards = [];
});
afterEach(() => {
  endScopes();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("another language", () => {
  it("leaves the running one readable and playing until its own sentence can be heard", async () => {
    const page = await listening();
    const french = (spoken: number) => put(aStory(4, spoken, { locale: "fr", edition: "fr", progress: { done: spoken, total: 4, soundRate: 9 } }));
    french(2);
    void page.switchTo("fr");
    await passes(2000);
    expect([page.telling.story.value?.edition, page.switching.value, Sound.heard(), page.place.value?.edition]).toEqual(["en", "fr", ["/en/2.wav"], "en"]);
    french(3);
    await passes(1000);
    expect([page.telling.story.value?.edition, page.switching.value, Sound.heard(), page.place.value?.edition]).toEqual(["fr", "", ["/fr/2.wav"], "fr"]);
  });

  it("follows the running one to the sentence at which that is by then", async () => {
    const page = await listening();
    put(aStory(4, 3, { locale: "fr", edition: "fr", progress: { done: 3, total: 4, soundRate: 0.1 } }));
    void page.switchTo("fr");
    await passes(900);
    Sound.now().end();
    await passes(400);
    put(aStory(4, 4, { locale: "fr", edition: "fr", status: "done" }));
    await passes(1000);
    expect(Sound.heard()).toEqual(["/fr/3.wav"]);
  });

  it("is loaded before the running one stops", async () => {
    const page = await listening();
    put(aStory(4, 4, { locale: "fr", edition: "fr", status: "done" }));
    Sound.loads = 1;
    void page.switchTo("fr");
    await passes(1000);
    expect(Sound.heard()).toEqual(["/en/2.wav"]);
    const coming = Sound.all.find((sound) => sound.src.startsWith("/fr/2.wav"));
    if (coming) coming.readyState = 4;
    Sound.now().reach(1);
    await passes(10);
    expect(Sound.heard()).toEqual(["/fr/2.wav"]);
  });

  it("stays silent where the story was stopped meanwhile", async () => {
    const page = await listening();
    put(aStory(4, 1, { locale: "fr", edition: "fr" }));
    void page.switchTo("fr");
    await passes(900);
    page.player.pause();
    put(aStory(4, 4, { locale: "fr", edition: "fr", status: "done" }));
    await passes(1000);
    expect([page.telling.story.value?.edition, Sound.heard(), page.player.segmentNow()]).toEqual(["fr", [], 2]);
  });

  it("that fails leaves everything as it was, says so, and can be tried again", async () => {
    const page = await listening();
    put(aStory(0, 0, { locale: "fr", edition: "fr", status: "failed", problem: "bad-translation" }));
    void page.switchTo("fr");
    await passes(1000);
    expect([page.telling.story.value?.edition, page.telling.problem.value, Sound.heard()]).toEqual(["en", null, ["/en/2.wav"]]);
    expect(page.coming.story.value?.problem).toBe("bad-translation");
    put(aStory(4, 4, { locale: "fr", edition: "fr", status: "done" }));
    void page.again();
    await passes(1000);
    expect([posted.mock.calls.length, page.telling.story.value?.edition]).toEqual([2, "fr"]);
  });

  it("that is refused after it took over goes back to the one before it, at the same sentence, and says why", async () => {
    const page = await listening();
    put(aStory(4, 3, { locale: "fr", edition: "fr", progress: { done: 3, total: 4, soundRate: 9 } }));
    void page.switchTo("fr");
    await passes(100);
    expect(Sound.heard()).toEqual(["/fr/2.wav"]);
    put(aStory(0, 0, { locale: "fr", edition: "fr", status: "failed", problem: "bad-translation" }));
    await passes(1000);
    expect([page.place.value?.edition, page.telling.story.value?.edition, Sound.heard(), page.refused.value]).toEqual(["en", "en", ["/en/2.wav"], "bad-translation"]);
    void page.switchTo("en");
    expect(page.refused.value).toBe("");
  });

  it("is given up by a tap on the running one", async () => {
    const page = await listening();
    put(aStory(4, 0, { locale: "fr", edition: "fr" }));
    void page.switchTo("fr");
    await passes(900);
    void page.switchTo("en");
    put(aStory(4, 4, { locale: "fr", edition: "fr", status: "done" }));
    await passes(2000);
    expect([page.telling.story.value?.edition, page.switching.value]).toEqual(["en", ""]);
  });
});

describe("another story", () => {
  it("that meets a full queue leaves the running one playing, and takes its place once it can be heard", async () => {
    const page = await listening();
    refusals = [new Problem("queue-full", 429, 5)];
    put(aStory(4, 0, { id: OTHER, status: "writing" }));
    void page.another();
    await passes(1000);
    expect([page.coming.problem.value?.slug, page.coming.waiting.value, Sound.heard(), page.telling.problem.value]).toEqual(["queue-full", 4, ["/en/2.wav"], null]);
    await passes(5000);
    expect([posted.mock.calls.length, page.telling.story.value?.id]).toEqual([2, ID]);
    put(aStory(4, 2, { id: OTHER, progress: { done: 2, total: 4, soundRate: 9 } }));
    await passes(1000);
    expect([page.place.value?.id, page.telling.story.value?.id, Sound.heard()]).toEqual([OTHER, OTHER, ["/en/0.wav"]]);
  });

  it("is kept for a listener who does not wait for it", async () => {
    const page = await listening();
    put(aStory(4, 0, { id: OTHER, status: "writing" }));
    void page.another();
    await passes(1000);
    page.cancel();
    expect(page.recent.value.map(({ id, title }) => [id, title])).toContainEqual([OTHER, "a snail"]);
  });
});

describe("another story of a family", () => {
  const wishesAfter = async (story: Partial<Story>) => {
    const page = await listening();
    put(done(story));
    void page.telling.follow(ID, "en");
    await passes(10);
    void page.another();
    await passes(10);
    return asked.mock.calls[0]?.[0];
  };

  it("is as long and for the same age", async () => {
    expect(await wishesAfter({ length: "long", audience: "tiny" })).toEqual({ length: "long", audience: "tiny" });
  });

  it("has the child's name where this one has it, and a grown-up said yes to it", async () => {
    localStorage.setItem("mvp-stories.hero", JSON.stringify({ name: "Mia", sounds: "", agreed: "Mia" }));
    expect(await wishesAfter({ private: true })).toEqual({ hero: { name: "Mia" } });
  });

  it("has no name where this one has none", async () => {
    localStorage.setItem("mvp-stories.hero", JSON.stringify({ name: "Mia", sounds: "", agreed: "Mia" }));
    expect(await wishesAfter({})).toEqual({});
  });
});

describe("a mended story", () => {
  const MENDED = `p${"2".repeat(32)}`;

  it("takes over at the same sentence once that can be heard, in the place of the one before it", async () => {
    const page = await listening();
    page.highlight.segment.value = 2;
    await passes(10);
    const before = history.length;
    put(aStory(4, 1, { id: MENDED, title: "A brave snail", progress: { done: 1, total: 4, soundRate: 9 } }));
    void page.turnTo(MENDED, "en", null);
    await passes(900);
    expect([page.telling.story.value?.id, Sound.heard(), page.wish.value?.what]).toEqual([ID, ["/en/2.wav"], "mended"]);
    put(done({ id: MENDED, edition: "en", title: "A brave snail" }));
    await passes(1000);
    expect([page.place.value, Sound.heard(), history.length]).toEqual([{ id: MENDED, edition: "en" }, ["/en/2.wav"], before]);
    expect(page.recent.value.map(({ id }) => id)).toEqual([MENDED]);
    expect([page.placeIn(MENDED), page.placeIn(ID)]).toEqual([2, 0]);
  });

  it("keeps the place of a listener who reads, not listens", async () => {
    const page = await listening();
    page.player.pause();
    put(done({ id: MENDED }));
    void page.turnTo(MENDED, "en", null);
    await passes(1000);
    expect([page.place.value?.id, Sound.heard(), page.player.segmentNow(), page.placeIn(MENDED)]).toEqual([MENDED, [], 2, 2]);
  });
});

describe("a long story, told in scenes", () => {
  const scenes = (total: number, spoken: number, more: Partial<Story> = {}) => put(aStory(total, spoken, { status: "writing", progress: { done: spoken, total: 0 }, ...more }));

  it("is heard while its next scene is written, and goes on as soon as that is spoken", async () => {
    location.hash = `#/story/${ID}/en`;
    scenes(1, 1);
    const page = inScope(() => useListening(async () => api, ref(1)));
    page.begin();
    void page.player.play();
    await passes(900);
    // One sentence is no reserve where nobody knows when the next one comes.
    expect([Sound.heard(), page.player.waiting.value]).toEqual([[], true]);
    scenes(3, 3);
    await passes(900);
    expect(Sound.heard()).toEqual(["/en/0.wav"]);
    for (let sentence = 0; sentence < 3; sentence += 1) {
      Sound.now().end();
      await passes(400);
    }
    expect([Sound.heard(), page.player.ended.value, page.player.playing.value]).toEqual([[], false, true]);
    scenes(6, 6);
    await passes(900);
    expect(Sound.heard()).toEqual(["/en/3.wav"]);
  });
});

describe("a story's end", () => {
  const card: Card = { id: OTHER, locale: "en", title: "A star", durationMs: 8000 };
  const toTheEnd = async (page: Awaited<ReturnType<typeof listening>>) => {
    page.player.goTo(3);
    await page.player.play();
    await passes(10);
    Sound.now().end();
    await passes(10);
  };

  it("offers the next of the shelf and is silent", async () => {
    cards = [card];
    put(done({ id: OTHER }));
    const page = await listening();
    await toTheEnd(page);
    expect([page.going.next.value?.id, page.player.ended.value, Sound.heard(), page.place.value?.id]).toEqual([OTHER, true, [], ID]);
  });

  it("goes on with the next one by itself where that was chosen", async () => {
    cards = [card];
    put(done({ id: OTHER }));
    const page = await listening();
    page.going.byItself.value = true;
    await toTheEnd(page);
    expect([page.place.value?.id, Sound.heard()]).toEqual([OTHER, ["/en/0.wav"]]);
  });

  it("begins anew while the sleep timer runs, which outlives the story and the language", async () => {
    const page = await listening();
    page.going.sleep.value = 5;
    await toTheEnd(page);
    expect(Sound.heard()).toEqual(["/en/0.wav"]);
    put(done({ locale: "fr", edition: "fr" }));
    void page.switchTo("fr");
    await passes(1000);
    expect([page.place.value?.edition, page.going.sleep.value]).toEqual(["fr", 5]);
    await passes(300_000);
    expect([page.going.sleep.value, Sound.heard()]).toEqual([0, []]);
  });
});

describe("the link for others", () => {
  const linked = async (preview: (id: string) => Promise<string | null>, id = ID) => {
    location.hash = `#/story/${id}/en`;
    const page = inScope(() => useListening(async () => ({ ...api, preview }), ref(1)));
    const link = page.link();
    await passes(5_000);
    return link;
  };

  it("leads to the preview of a story that is published", async () => {
    expect(await linked(async (id) => `https://api.example/stories/${id}/en/preview`)).toBe(`https://api.example/stories/${ID}/en/preview`);
  });

  it.each([
    ["is not published", async () => null],
    ["cannot be looked up", async () => Promise.reject(new Problem("offline"))],
    ["is looked up for longer than a tap lasts", () => new Promise<null>(() => undefined)],
  ])("leads to this page where the story %s", async (_, preview) => {
    expect(await linked(preview)).toBe(location.href);
  });

  it("never asks for a preview of a private story", async () => {
    const preview = vi.fn(async () => null);
    expect(await linked(preview, `p${ID}`)).toBe(location.href);
    expect(preview).not.toHaveBeenCalled();
  });
});

describe("a story left in the middle", () => {
  it("is offered to go on there another day, until it was heard to its end", async () => {
    const page = await listening();
    page.highlight.segment.value = 2;
    await passes(10);
    page.leave();
    await passes(10);
    const later = await listeningAgain();
    expect(later.left.value).toBe(2);
    later.goOn();
    await passes(10);
    expect([Sound.heard(), later.left.value]).toEqual([["/en/2.wav"], 0]);
    later.player.goTo(3);
    Sound.now().end();
    await passes(10);
    expect((await listeningAgain()).left.value).toBe(0);
  });

  async function listeningAgain() {
    location.hash = `#/story/${ID}/en`;
    const page = inScope(() => useListening(async () => api, ref(1)));
    page.begin();
    await passes(10);
    return page;
  }
});
