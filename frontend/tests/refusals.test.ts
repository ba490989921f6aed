import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UI_LANGUAGES } from "../src/languages";
import en from "../src/locales/en";
import { ideaLanguages, isRefused } from "../src/refusals";

/** The slugs that api/problems.py sends with words for the caller. */
const slugs = [...new Set(readFileSync("../pipeline/api/problems.py", "utf8").match(/PUBLIC = frozenset\(([^)]*)\)/)?.[1]?.match(/[a-z][a-z-]+/g) ?? [])];
const NOT_OF_THE_IDEA = ["split", "unknown-locale", "bad-variant", "unknown-voice", "bad-pace", "unknown-length", "unknown-audience", "bad-edit", "key-reused", "queue-full", "quota-exceeded"];
const ideas = slugs.filter((slug) => !NOT_OF_THE_IDEA.includes(slug));

describe("a refused idea", () => {
  it("is known by each slug that the API has for one", () => {
    expect(ideas.length).toBeGreaterThan(15);
    expect(ideas.filter((slug) => !isRefused(slug))).toEqual([]);
    expect(NOT_OF_THE_IDEA.filter(isRefused)).toEqual([]);
  });

  it("has words of its own, or those of its like", () => {
    const alike = ["empty-idea", "long-idea", "control-characters", "unsafe-idea"];
    expect(ideas.filter((slug) => !alike.includes(slug) && !(slug in en.problem))).toEqual([]);
  });

  it("names the eight languages in which one may be said, in the page's own", () => {
    expect(ideaLanguages("en")).toBe("English, French, Dutch, Arabic, Italian, Spanish, German, or Portuguese");
    expect(ideaLanguages("de")).toContain("Deutsch oder Portugiesisch");
    expect(new Set(UI_LANGUAGES.map(ideaLanguages)).size).toBe(UI_LANGUAGES.length);
  });
});
