import { describe, expect, it } from "vitest";
import { markOf } from "../src/marks";

describe("a word of warning beside a language or a story", () => {
  it("says the worst there is to know, and nothing of what is good", () => {
    expect(markOf({ experimental: true, quality: "draft", labels: [] })).toBe("mark");
    expect(markOf({ labels: ["robotic voice", "draft story"] })).toBe("draft");
    expect(markOf({ quality: "fake", labels: [] })).toBe("draft");
    expect(markOf({ quality: "weak", labels: ["foreign accent"] })).toBe("weak");
    expect(markOf({ quality: "good", labels: ["foreign accent"] })).toBe("");
  });
});
