import { describe, expect, it } from "vitest";
import { editionOf, localeOf, partsOf } from "../src/editions";

describe("an edition's name", () => {
  it.each([
    ["fr", { locale: "fr", voice: "", pace: 1 }],
    ["pt-BR", { locale: "pt-BR", voice: "", pace: 1 }],
    ["fr-x-sara", { locale: "fr", voice: "sara", pace: 1 }],
    ["en-GB-x-amy-p90", { locale: "en-GB", voice: "amy", pace: 0.9 }],
  ])("%s is read as it is written", (name, parts) => {
    expect(partsOf(name)).toEqual(parts);
    expect(editionOf(parts)).toBe(name);
    expect(localeOf(name)).toBe(parts.locale);
  });

  it("is the locale where the API names no voice", () => {
    expect(editionOf({ locale: "fr" })).toBe("fr");
    expect(editionOf({ locale: "fr", voice: null, pace: null })).toBe("fr");
  });
});
