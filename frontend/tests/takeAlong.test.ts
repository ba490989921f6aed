import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick } from "vue";
import type { Api, Offer } from "../src/api";
import TakeAlong from "../src/components/TakeAlong.vue";
import { aStory, ID, Sound } from "./fakes";
import { mounted } from "./mounted";

let page: ReturnType<typeof mounted>;

function menu(exports: string[], locales = ["en"]) {
  const offer = { exports, exportsAt: "/exports" } as Offer;
  page = mounted(TakeAlong, { story: aStory(1, 1, { status: "done", locales, downloadUrl: "/signed.mp3" }), offer }, {} as Api);
  return page;
}
const links = () => page.all("a").map((link) => [link.textContent?.trim(), link.getAttribute("href"), link.hasAttribute("download")]);

beforeEach(() => {
  vi.stubGlobal("Audio", Sound);
  vi.stubGlobal("requestAnimationFrame", () => 0);
});
afterEach(() => {
  page.end();
  vi.unstubAllGlobals();
});

describe("what can be taken along", () => {
  it("is what the server has, and the story's own mp3 where it has none of its own", () => {
    menu(["vtt", "epub", "print", "m4b", "a-new-one"]);
    expect(links()).toEqual([
      ["Book that reads itself (EPUB)", `/exports/${ID}/en.epub`, true],
      ["Page to print", `/exports/${ID}/en.html`, false],
      ["Download mp3", "/signed.mp3", true],
      ["Audiobook (m4b)", `/exports/${ID}/en.m4b`, true],
      ["Subtitles (VTT)", `/exports/${ID}/en.vtt`, true],
    ]);
    page.end();
    menu(["mp3"]);
    expect(links()).toEqual([["Download mp3", `/exports/${ID}/en.mp3`, true]]);
  });

  it("has a second language beside the first in book and page alone", async () => {
    const { host } = menu(["epub", "print", "vtt"], ["en", "fr", "de"]);
    const select = host.querySelector("select")!;
    expect([...select.options].map(({ value }) => value)).toEqual(["", "fr", "de"]);
    select.value = "de";
    select.dispatchEvent(new Event("change"));
    await nextTick();
    expect(links().map(([, url]) => url)).toEqual([`/exports/${ID}/en+de.epub`, `/exports/${ID}/en+de.html`, "/signed.mp3", `/exports/${ID}/en.vtt`]);
  });
});
