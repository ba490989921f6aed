import { describe, expect, it } from "vitest";
import type { Segment, Story } from "../src/api";
import { clipFor, markAt, piecesOf, segmentAt, startsOf } from "../src/timeline";

const words = (text: string, ...ranges: [number, number][]): Segment => ({
  text,
  marks: ranges.map(([start, end], index) => ({ timeMs: index * 500, start, end, value: "" })),
});

describe("the timeline", () => {
  it("adds sentences up until the API says where they begin in the whole mp3", () => {
    const spoken: Segment = { text: "", marks: [], durationMs: 1000 };
    expect(startsOf([spoken, spoken, spoken])).toEqual([0, 1000, 2000]);
    expect(startsOf([{ ...spoken, startMs: 200 }, { ...spoken, startMs: 1550 }])).toEqual([200, 1550]);
  });

  it("is in a sentence from its start to the next one's", () => {
    expect([0, 199, 200, 1549, 1550, 9999].map((ms) => segmentAt([200, 1550, 3000], ms))).toEqual([0, 0, 0, 0, 1, 2]);
  });

  it("shows no word before the first and the last one to the end", () => {
    const { marks } = words("a b", [0, 1], [2, 3]);
    expect([-1, 0, 499, 500, 10_000].map((ms) => markAt(marks, ms))).toEqual([-1, 0, 0, 1, 1]);
    expect(markAt([], 100)).toBe(-1);
  });

  it("prefers the whole mp3, then the sentence's own sound, then waits", () => {
    const story = { segments: [{ text: "", marks: [], audioUrl: "one.wav" }, { text: "", marks: [] }] } as unknown as Story;
    expect(clipFor(story, 0)).toEqual({ segment: 0, url: "one.wav" });
    expect(clipFor(story, 1)).toBeNull();
    expect(clipFor({ ...story, mp3Url: "all.mp3" }, 1)).toEqual({ segment: -1, url: "all.mp3" });
  });
});

describe("a sentence cut at its words", () => {
  const spoken = (segment: Segment) => piecesOf(segment).filter((piece) => piece.mark >= 0).map((piece) => piece.text);

  it("counts an emoji as the one character that the API counts", () => {
    expect(spoken(words("🐘 says hi", [0, 1], [2, 6], [7, 9]))).toEqual(["🐘", "says", "hi"]);
  });

  it("keeps Arabic words whole, vowel signs and all", () => {
    expect(spoken(words("كَانَ يا", [0, 5], [6, 8]))).toEqual(["كَانَ", "يا"]);
  });

  it("loses no character, whatever the marks say", () => {
    const segment = words("one two", [4, 7], [0, 3], [5, 99]);
    expect(piecesOf(segment).map((piece) => piece.text).join("")).toBe("one two");
  });
});
