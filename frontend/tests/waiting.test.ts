import { describe, expect, it } from "vitest";
import { cardAfter } from "../src/composables/useNext";
import { steady } from "../src/composables/useCountdown";
import { usePlaces } from "../src/composables/usePlaces";
import { inWords, spokenOf, stageOf, stagesOf } from "../src/waiting";
import { aStory, inScope } from "./fakes";

describe("the wait", () => {
  it("goes through a translation only where there is one", () => {
    expect(stagesOf("en")).toEqual(["queued", "writing", "speaking"]);
    expect(stagesOf("fr")).toEqual(["queued", "writing", "translating", "speaking"]);
    expect([stageOf(aStory(1, 0, { status: "writing" })), stageOf(aStory(1, 1, { status: "done" })), stageOf(null)]).toEqual(["writing", null, null]);
  });

  it("counts the sentences of a translation that are not translated yet", () => {
    expect(spokenOf(aStory(3, 2, { progress: { done: 2, total: 9 } }))).toEqual({ done: 2, total: 9 });
    expect(spokenOf(aStory(3, 0))).toBeNull();
  });

  it("says a time as a person would", () => {
    expect([0, 8, 9, 43, 90, 91, 130].map((seconds) => Object.values(inWords(seconds)))).toEqual([
      ["soon", 0],
      ["soon", 0],
      ["seconds", 10],
      ["seconds", 45],
      ["seconds", 90],
      ["minutes", 2],
      ["minutes", 3],
    ]);
  });

  it("counts on where a new figure says the same, and follows it where it does not", () => {
    expect([steady(20, 22), steady(20, 40), steady(20, 2), steady(null, 9), steady(9, null)]).toEqual([20, 40, 2, 9, null]);
  });
});

describe("the next of the shelf", () => {
  const cards = ["a", "b", "c"].map((id) => ({ id, locale: "en", title: id, durationMs: 1 }));
  const after = (id: string, ...heard: string[]) => cardAfter(cards, id, new Set([id, ...heard]))?.id;

  it("is the one behind it, then the first again, and none that was heard before while there are others", () => {
    expect([after("a"), after("c"), after("a", "b"), after("b", "c"), after("a", "b", "c")]).toEqual(["b", "a", "c", "a", "b"]);
    expect(after("not on the shelf")).toBe("a");
    expect(cardAfter(cards.slice(0, 1), "a", new Set(["a"]))).toBeNull();
  });
});

describe("the places in stories", () => {
  it("are those of the last thirty stories, but for beginnings", () => {
    localStorage.clear();
    const { placeIn, keep } = inScope(usePlaces);
    for (let story = 0; story < 40; story += 1) keep(`story ${story}`, 3);
    keep("story 39", 0);
    expect(["story 9", "story 10", "story 38", "story 39"].map(placeIn)).toEqual([0, 3, 3, 0]);
  });
});
