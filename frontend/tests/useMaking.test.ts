import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem, type Accepted, type Api, type Story } from "../src/api";
import { useMaking } from "../src/composables/useMaking";
import { aStory, endScopes, ID, inScope } from "./fakes";

const accepted: Accepted = { id: ID, locale: "en", status: "queued" };
const view = (status: Story["status"]): Story => aStory(0, 0, { status });

/** Gives one answer after the other; an Error is thrown. Keeps what it was called with. */
function answering<T>(...answers: (T | Error)[]) {
  return vi.fn(async (..._: unknown[]): Promise<T> => {
    const answer = answers.shift();
    if (answer instanceof Error || answer === undefined) throw answer ?? new Error("asked too often");
    return answer;
  });
}

const telling = (api: Partial<Record<keyof Api, unknown>>) => inScope(() => useMaking(async () => api as unknown as Api));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  endScopes();
  vi.useRealTimers();
});

describe("asking", () => {
  it("waits as long as a full queue says and asks again with the same key", async () => {
    const ask = answering<Accepted>(new Problem("queue-full", 429, 7), accepted);
    const { waiting, problem, ...story } = telling({ ask });
    const answer = story.ask("a snail", "en");
    await vi.advanceTimersByTimeAsync(6_900);
    expect([ask.mock.calls.length, waiting.value, problem.value?.slug]).toEqual([1, 1, "queue-full"]);
    await vi.advanceTimersByTimeAsync(200);
    expect(await answer).toEqual(accepted);
    expect(ask.mock.calls[1]?.[2]).toBe(ask.mock.calls[0]?.[2]);
    expect(problem.value).toBeNull();
  });

  it("gives every tap a key of its own", async () => {
    const ask = answering(accepted, accepted);
    const story = telling({ ask });
    await story.ask("a snail", "en");
    await story.ask("a snail", "en");
    expect(ask.mock.calls[1]?.[2]).not.toBe(ask.mock.calls[0]?.[2]);
  });

  it("does not wait for tomorrow when the day's stories are used up", async () => {
    const story = telling({ ask: answering<Accepted>(new Problem("quota-exceeded", 429, 40_000)) });
    expect(await story.ask("a snail", "en")).toBeNull();
    expect([story.problem.value?.slug, story.waiting.value, story.asking.value]).toEqual(["quota-exceeded", 0, false]);
  });

  it("does not insist on an idea that was refused", async () => {
    const ask = answering<Accepted>(new Problem("unsafe-violence", 422));
    const story = telling({ ask });
    expect(await story.ask("a gun", "en")).toBeNull();
    expect([story.problem.value?.slug, story.waiting.value, story.asking.value]).toEqual(["unsafe-violence", 0, false]);
  });
});

describe("following", () => {
  it("polls until the story is done", async () => {
    const story = telling({ story: answering(view("writing"), view("speaking"), view("done")) });
    const over = story.follow(ID, "en");
    await vi.runAllTimersAsync();
    await over;
    expect(story.story.value?.status).toBe("done");
  });

  it("keeps the text while the network is away and goes on when it is back", async () => {
    const story = telling({ story: answering(view("speaking"), new Problem("offline"), view("done")) });
    const over = story.follow(ID, "en");
    await vi.advanceTimersByTimeAsync(900);
    expect([story.story.value?.status, story.problem.value?.slug]).toEqual(["speaking", "offline"]);
    dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(1);
    await over;
    expect([story.story.value?.status, story.problem.value, story.waiting.value]).toEqual(["done", null, 0]);
  });

  it("asks no more once the listener has left", async () => {
    const read = answering(view("writing"), view("done"));
    const story = telling({ story: read });
    void story.follow(ID, "en");
    await vi.advanceTimersByTimeAsync(100);
    story.close();
    await vi.runAllTimersAsync();
    expect([read.mock.calls.length, story.story.value]).toEqual([1, null]);
  });
});

describe("beside pushed changes", () => {
  it("reads the story at once when one comes, and seldom while none does", async () => {
    let tell = { change: () => {}, link: (_: boolean) => {} };
    let left = 0;
    const follow = (_: string, __: string, change: () => void, link: (connected: boolean) => void) => {
      tell = { change, link };
      link(true);
      return () => (left += 1);
    };
    const read = vi.fn(async () => view("speaking"));
    const story = inScope(() => useMaking(async () => ({ story: read }) as unknown as Api, { follow }));
    void story.follow(ID, "en");
    await vi.advanceTimersByTimeAsync(100);
    const first = read.mock.calls.length;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(read.mock.calls.length).toBe(first);
    tell.change();
    await vi.advanceTimersByTimeAsync(1);
    expect(read.mock.calls.length).toBe(first + 1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(read.mock.calls.length).toBe(first + 2);
    tell.link(false);
    await vi.advanceTimersByTimeAsync(850);
    expect(read.mock.calls.length).toBeGreaterThan(first + 3);
    story.close();
    expect(left).toBe(1);
  });

  it("misses no change that comes while the story is read", async () => {
    let change = () => {};
    let answer = (_: Story) => {};
    const read = vi.fn(() => new Promise<Story>((resolve) => (answer = resolve)));
    const follow = (_: string, __: string, onChange: () => void, link: (connected: boolean) => void) => {
      change = onChange;
      link(true);
      return () => undefined;
    };
    const story = inScope(() => useMaking(async () => ({ story: read }) as unknown as Api, { follow }));
    void story.follow(ID, "en");
    await vi.advanceTimersByTimeAsync(1);
    answer(view("writing"));
    await vi.advanceTimersByTimeAsync(1);
    change();
    await vi.advanceTimersByTimeAsync(1);
    const asked = read.mock.calls.length;
    change();
    answer(view("speaking"));
    await vi.advanceTimersByTimeAsync(1);
    expect(read.mock.calls.length).toBe(asked + 1);
  });
});
