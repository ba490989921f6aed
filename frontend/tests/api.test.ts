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

describe("a token of who is signed in", () => {
  const sent = (fetched: ReturnType<typeof answering>) =>
    fetched.mock.calls.map(([url, init]) => [url, new Headers(init.headers).get("authorization")]);

  it("is sent where the API wants it, and not with the calls that are open to everybody", async () => {
    const fetched = answering({ id: ID, locale: "fr", status: "done", stories: [], locales: [] });
    const api = makeApi("", async () => "a.b.c");
    await api.ask("a snail", "fr", "key");
    await api.askEdition(ID, "fr");
    await api.story(ID, "fr");
    await api.sample("fr", "sara");
    await api.catalog("", "");
    await api.locales();
    expect(sent(fetched)).toEqual([
      ["/stories", "a.b.c"],
      [`/stories/${ID}/locales`, "a.b.c"],
      [`/stories/${ID}/fr`, "a.b.c"],
      ["/locales/fr/voices/sara", "a.b.c"],
      ["/stories", null],
      ["/locales", null],
    ]);
  });

  it("is in no header where nobody is signed in", async () => {
    const fetched = answering({ id: ID, locale: "fr", status: "done" });
    await makeApi("").story(ID, "fr");
    expect(sent(fetched)).toEqual([[`/stories/${ID}/fr`, null]]);
  });
});

describe("a preview", () => {
  it("has an address where the story is published, by whichever voice, and is asked for without a token", async () => {
    const fetched = answering({});
    const api = makeApi("https://a/dev", async () => "a.b.c");
    expect(await api.preview(ID, "fr-x-sara")).toBe(`https://a/dev/stories/${ID}/fr/preview?voice=sara&pace=1`);
    expect(new Headers(fetched.mock.calls[0]?.[1].headers).has("authorization")).toBe(false);
  });

  it("has none where it is not", async () => {
    vi.stubGlobal("fetch", async () => new Response("{}", { status: 404 }));
    expect(await makeApi("").preview(ID, "fr")).toBeNull();
  });
});

describe("a story that was kept", () => {
  it("has its pictures where they were, once it is read again", async () => {
    answering({ id: ID, locale: "fr", status: "done", coverUrl: "/stories/x/cover.svg" });
    const story = await makeApi("https://a").story(ID, "fr");
    answering(story);
    expect((await makeApi("https://a").story(ID, "fr")).coverUrl).toBe("https://a/stories/x/cover.svg");
  });
});

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
      { locale: "fr", experimental: false, voice: "sara", pace: 1 },
      { locale: "fr", experimental: false },
    ]);
  });

  it("in a language that is still being learned is asked for as such only after a yes to that language", async () => {
    const fetched = answering({ id: ID, locale: "nl", status: "queued" });
    const api = makeApi("");
    await api.askEdition(ID, "nl");
    api.agree("nl");
    await api.askEdition(ID, "nl");
    await api.ask("a snail", "nl", "key");
    await api.ask("a snail", "ar", "key");
    expect(fetched.mock.calls.map(([, init]) => JSON.parse(String(init.body)).experimental)).toEqual([false, true, true, false]);
  });

  it("leaves the address of a locale's own story as it was", async () => {
    const fetched = answering({ id: ID, locale: "fr", status: "done" });
    expect((await makeApi("").story(ID, "fr")).edition).toBe("fr");
    expect(fetched.mock.calls[0]?.[0]).toBe(`/stories/${ID}/fr`);
  });
});

describe("a family's own calls", () => {
  const calls = (fetched: ReturnType<typeof answering>) =>
    fetched.mock.calls.map(([url, init]) => [init.method ?? "GET", url, init.body ? JSON.parse(String(init.body)) : null, new Headers(init.headers).get("x-pin")]);

  it("have the PIN in a header, and the rest as the API wants it", async () => {
    const fetched = answering({ stories: [] });
    const api = makeApi("");
    await api.ask("a snail", "en", "key", { length: "long", hero: { name: "Mia" } });
    await api.name("fr", { name: "Mia", sounds: "Mee-a" });
    await api.shelf("fr", "");
    await api.shelf("fr", "after");
    await api.choosePin("2468");
    await api.remove(ID, "2468");
    await api.publish(ID, "fr", true, "2468");
    await api.edit(ID, "fr-x-sara", { changes: [{ segment: 0, text: "Une tortue." }] }, "");
    await api.undo(ID, "2468");
    expect(calls(fetched)).toEqual([
      ["POST", "/stories", { context: "a snail", locale: "en", experimental: false, length: "long", hero: { name: "Mia" } }, null],
      ["POST", "/locales/fr/name", { name: "Mia", sounds: "Mee-a" }, null],
      ["GET", "/shelf?locale=fr", null, null],
      ["GET", "/shelf?locale=fr&cursor=after", null, null],
      ["PUT", "/pin", { pin: "2468" }, null],
      ["DELETE", `/stories/${ID}`, null, "2468"],
      ["PUT", `/stories/${ID}/fr/published`, { published: true }, "2468"],
      ["POST", `/stories/${ID}/edits`, { locale: "fr", voice: "sara", pace: 1, experimental: true, changes: [{ segment: 0, text: "Une tortue." }] }, null],
      ["POST", `/stories/${ID}/undo`, {}, "2468"],
    ]);
  });

  it("may be answered with nothing", async () => {
    vi.stubGlobal("fetch", async () => new Response(null, { status: 204 }));
    await expect(makeApi("").remove(ID, "2468")).resolves.toBeNull();
  });

  it("offer nothing where the API names nothing", async () => {
    const told = { locales: [], lengths: [], audiences: [], privateDays: 30 };
    answering(told);
    expect(await makeApi("https://a").locales()).toEqual({ ...told, exports: [], exportsAt: "https://a/exports" });
  });
});

describe("an older browser", () => {
  const missing = (of: object, name: string) => {
    const kept = Object.getOwnPropertyDescriptor(of, name);
    Object.defineProperty(of, name, { value: undefined, configurable: true });
    return () => void (kept ? Object.defineProperty(of, name, kept) : Reflect.deleteProperty(of, name));
  };

  it("gets the next page of the shelf without URLSearchParams.size (Safari before 17)", async () => {
    const restore = missing(URLSearchParams.prototype, "size");
    const fetched = answering({ stories: [] });
    try {
      await makeApi("").catalog("fr", "c1");
      await makeApi("").catalog("", "");
    } finally {
      restore();
    }
    expect(fetched.mock.calls.map(([url]) => url)).toEqual(["/stories?locale=fr&cursor=c1", "/stories"]);
  });

  it("gives up waiting without AbortSignal.timeout (Safari before 16)", async () => {
    const restore = missing(AbortSignal, "timeout");
    vi.useFakeTimers();
    const silent = (_: string, { signal }: RequestInit) => new Promise((_, fail) => signal?.addEventListener("abort", () => fail(signal.reason)));
    vi.stubGlobal("fetch", vi.fn(silent));
    try {
      const told = makeApi("").locales().catch((problem: unknown) => problem);
      await vi.advanceTimersByTimeAsync(21_000);
      expect(await told).toMatchObject({ slug: "slow" });
    } finally {
      restore();
      vi.useRealTimers();
    }
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
