/** public/fallback.js, as a browser runs it before the page. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const SCRIPT = readFileSync("public/fallback.js", "utf8");
const html = document.documentElement;
const shown = () => document.getElementById("app")?.textContent ?? "";
let listeners: Parameters<typeof window.addEventListener>[] = [];

function run(languages: string[]): void {
  vi.spyOn(navigator, "languages", "get").mockReturnValue(languages);
  new Function(SCRIPT)();
}

const fail = (error: unknown) => dispatchEvent(new ErrorEvent("error", { error, message: String(error) }));

beforeEach(() => {
  document.body.innerHTML = '<div id="app"><p class="late">It did not open.</p></div>';
  listeners = [];
  const add = window.addEventListener.bind(window);
  vi.spyOn(window, "addEventListener").mockImplementation((...listening: (typeof listeners)[number]) => {
    listeners.push(listening);
    add(...listening);
  });
});
afterEach(() => {
  for (const listening of listeners) window.removeEventListener(...listening);
  for (const name of ["data-page", "lang", "dir"]) html.removeAttribute(name);
});

describe("a page that does not open", () => {
  it("says that the browser is too old where it cannot read the script", () => {
    run(["en-GB"]);
    fail(new SyntaxError("Unexpected token"));
    expect(shown()).toContain("This browser is too old");
    expect(document.querySelector("#app button")?.textContent).toBe("Try again");
  });

  it.each([
    [["sw", "de-AT", "en"], "de", "ltr"],
    [["ar-EG"], "ar", "rtl"],
    [["sw"], "en", "ltr"],
  ])("speaks the browser's language: %s", (languages, lang, dir) => {
    run(languages);
    fail(new Error("at set-up"));
    expect([html.lang, html.dir]).toEqual([lang, dir]);
    expect(shown()).not.toContain("It did not open");
  });

  it("says that it did not open where the script could not be loaded", () => {
    run(["en"]);
    const script = document.createElement("script");
    document.head.append(script);
    script.dispatchEvent(new Event("error"));
    expect(shown()).toContain("could not be opened");
  });

  it("leaves a page alone that is open, and pictures that do not load", () => {
    run(["en"]);
    document.body.append(document.createElement("img"));
    document.querySelector("img")?.dispatchEvent(new Event("error"));
    expect(shown()).toBe("It did not open.");
    html.setAttribute("data-page", "ready");
    fail(new Error("later"));
    expect(shown()).toBe("It did not open.");
  });

  it("has a sentence for every language of the page", async () => {
    const { UI_LANGUAGES } = await import("../src/languages");
    const sentences = UI_LANGUAGES.map((language) => {
      run([language]);
      fail(new SyntaxError());
      html.removeAttribute("data-page");
      return shown();
    });
    expect(new Set(sentences).size).toBe(UI_LANGUAGES.length);
  });
});
