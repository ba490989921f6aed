import { describe, expect, it } from "vitest";
import { isToTakeOver } from "../src/takeover";

const FILES = [{ url: "./", revision: "1" }, { url: "assets/index-new.js", revision: null }];
const page = (name: string) => ({ page: `https://stories.example/assets/${name}` });

describe("a new build's worker", () => {
  it("takes over at the start of its own page, where no other is open", () => {
    expect(isToTakeOver(page("index-new.js"), FILES, 1)).toBe(true);
  });

  it("waits for a page of the build before, which still needs its files", () => {
    expect(isToTakeOver(page("index-old.js"), FILES, 1)).toBe(false);
  });

  it("waits while another page is open, where a story may be playing", () => {
    expect(isToTakeOver(page("index-new.js"), FILES, 2)).toBe(false);
  });

  it.each([null, "skip", {}, { page: 1 }])("does not follow %s", (asked) => {
    expect(isToTakeOver(asked, FILES, 1)).toBe(false);
  });
});
