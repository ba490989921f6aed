import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { UI_LANGUAGES } from "../src/languages";
import en from "../src/locales/en";

const files = import.meta.glob<{ default: object }>("../src/locales/*.ts", { eager: true });

/** "ask.go" -> the names in braces of its sentence. */
function shape(words: object, path = ""): Record<string, string[]> {
  return Object.assign(
    {},
    ...Object.entries(words).map(([key, value]) =>
      typeof value === "string"
        ? { [path + key]: [...value.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort() }
        : shape(value as object, `${path}${key}.`),
    ),
  );
}

describe("the page's words", () => {
  it.each(UI_LANGUAGES)("say everything in %s, with the same figures in them", (language) => {
    expect(shape(files[`../src/locales/${language}.ts`]?.default ?? {})).toEqual(shape(en));
  });

  it("hold no sign that the message format reads as its own", () => {
    for (const [file, { default: words }] of Object.entries(files)) {
      expect(JSON.stringify(words).replaceAll(/\{\w+\}/g, "").match(/[@|]/), file).toBeNull();
    }
  });

  it("are there for every language offered, and for no other", () => {
    expect(readdirSync("src/locales").map((name) => name.slice(0, 2)).sort()).toEqual([...UI_LANGUAGES].sort());
  });
});
