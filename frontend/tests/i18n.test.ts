import { afterEach, describe, expect, it } from "vitest";
import { speak, useI18n } from "../src/i18n";

const { t, list, has, numeral, locale } = useI18n();

afterEach(() => speak("en"));

describe("the page's words", () => {
  it("have values for their names between braces, and keep a name that has none", () => {
    expect(t("problem.make", { language: "français" })).toContain("français");
    expect(t("problem.make")).toContain("{language}");
    expect(t("problem.make", { language: "{language}$&" })).toContain("{language}$&");
  });

  it("come in another language once it is loaded, with its direction", async () => {
    const english = t("ask.go");
    await speak("ar");
    expect(t("ask.go")).not.toBe(english);
    expect(document.documentElement).toMatchObject({ lang: "ar", dir: "rtl" });
    await speak("en");
    expect([t("ask.go"), locale.value, document.documentElement.dir]).toEqual([english, "en", "ltr"]);
  });

  it("are the path itself where there are none, also for names that every object has", () => {
    for (const path of ["no.such", "problem.constructor", "constructor.name", "problem", "", "ask.ideas"]) {
      expect([path, has(path), t(path)]).toEqual([path, false, path]);
    }
  });

  it("come as lists and numbers", async () => {
    expect(list("ask.ideas").length).toBeGreaterThan(2);
    expect(list("problem.make")).toEqual([]);
    await speak("de");
    expect(numeral(1.25)).toBe("1,25");
  });
});
