import { describe, expect, it } from "vitest";
import { hasReserve, rateOf } from "../src/reserve";
import { aStory } from "./fakes";

const pace = { rate: 1, speed: 1, slow: false };
/** With how many sentences of ten, 2 s each, playing begins. */
const beginsWith = (how: Partial<typeof pace> | { rate: null; slow?: boolean }, from = 0): number =>
  Array.from({ length: 11 }, (_, spoken) => spoken).find((spoken) => hasReserve(aStory(10, spoken), from, { ...pace, ...how })) ?? -1;

describe("the reserve before playing", () => {
  it("is one sentence where the voice is much faster than its sound", () => {
    expect(beginsWith({ rate: 4 })).toBe(1);
  });

  it("grows to T(1 - r) as the voice gets slower", () => {
    // By hand: twice as slow as it sounds, and 15 % for safety: more than half of 20 s must be there.
    expect([0.5, 0.25].map((rate) => beginsWith({ rate }))).toEqual([6, 8]);
    expect(beginsWith({ rate: 0.5 })).toBeLessThan(beginsWith({ rate: 0.5, speed: 1.5 }));
  });

  it("is enough at the moment when each sentence is wanted, at any speed of a voice that holds its figure", () => {
    for (const rate of [0.2, 0.4, 0.6, 0.8, 0.95, 1.1, 1.5, 3]) {
      const begun = beginsWith({ rate });
      for (let wanted = begun; wanted < 10; wanted += 1) {
        const isThereAt = ((wanted + 1 - begun) * 2) / rate;
        expect(isThereAt, `${rate}, sentence ${wanted}`).toBeLessThanOrEqual(wanted * 2.3);
      }
    }
  });

  it("counts from the sentence at which playing goes on", () => {
    expect(beginsWith({ rate: 4 }, 6)).toBe(7);
    expect(hasReserve(aStory(10, 4), 4, { ...pace, rate: 4 })).toBe(false);
  });

  it("is two sentences where nothing is known, and three where that is slow", () => {
    expect([beginsWith({ rate: null }), beginsWith({ rate: null, slow: true })]).toEqual([2, 3]);
  });

  it("counts the sentences of a translation that are not translated yet", () => {
    const partial = aStory(3, 3, { progress: { done: 3, total: 10 } });
    expect(hasReserve(partial, 0, { ...pace, rate: 0.25 })).toBe(false);
    expect(hasReserve({ ...partial, progress: { done: 3, total: 3 } }, 0, { ...pace, rate: 0.25 })).toBe(true);
  });

  it("is no matter where no more sound is to come", () => {
    expect(hasReserve(aStory(2, 2), 0, { ...pace, rate: 0.1 })).toBe(true);
    expect(hasReserve(aStory(10, 1, { status: "failed" }), 0, { ...pace, rate: 0.1 })).toBe(true);
    expect(hasReserve(aStory(10, 0, { status: "done", mp3Url: "/whole.mp3" }), 3, { ...pace, rate: 0.1 })).toBe(true);
  });
});

describe("the speed of a voice", () => {
  const arrivals = [0, 4000, 8000].map((at) => ({ at, ms: 2000 + at / 2 }));

  it("is the known one until this run has shown that it is slower", () => {
    expect(rateOf(2, arrivals.slice(0, 1))).toBe(2);
    expect(rateOf(2, arrivals)).toBe(0.5);
    expect(rateOf(0.2, arrivals)).toBe(0.2);
  });

  it("is measured where none is known", () => {
    expect(rateOf(null, [])).toBeNull();
    expect(rateOf(null, arrivals.slice(0, 1))).toBeNull();
    expect(rateOf(null, arrivals.slice(0, 2))).toBe(0.5);
  });
});
