import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope } from "vue";
import { Problem, type Accepted, type Api, type Story } from "../src/api";
import { useStory } from "../src/composables/useStory";

const ID = "0".repeat(32);
const accepted: Accepted = { id: ID, locale: "en", status: "queued" };
const view = (status: Story["status"]): Story => ({ id: ID, locale: "en", edition: "en", status, segments: [], locales: [], labels: [], engines: {} });

/** Gives one answer after the other; an Error is thrown. Keeps what it was called with. */
function answering<T>(...answers: (T | Error)[]) {
  return vi.fn(async (..._: unknown[]): Promise<T> => {
    const answer = answers.shift();
    if (answer instanceof Error || answer === undefined) throw answer ?? new Error("asked too often");
    return answer;
  });
}

const telling = (api: Partial<Record<keyof Api, unknown>>) => effectScope().run(() => useStory(async () => api as unknown as Api))!;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

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
