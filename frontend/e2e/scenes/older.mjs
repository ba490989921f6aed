/** As on a tablet of 2022 in the house: plain http at this machine's address in the network, without newer APIs. */
import { aStory, openStory } from "../stage.mjs";
import { switching } from "./languages.mjs";
import { catalog } from "./shelf.mjs";

/** Filters by an address's query, which is empty or not. */
export const olderCatalog = { ...catalog, plain: true };

/** Requests, plays and changes the language in mid-story. */
export const olderSwitching = { ...switching, plain: true };

/** A link is copied where a page has no clipboard to write to, and shown where it cannot be copied at all. */
export const olderLink = {
  plain: true,
  async act({ page, base, look }) {
    await openStory({ page, base }, await aStory({ page, base }));
    const opened = page.url();
    const link = opened.replace("#/story/", "stories/") + "/preview";
    const isSecure = await page.evaluate(() => isSecureContext);
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByRole("button", { name: "Link copied" }).waitFor();
    const isKept = await page.evaluate(() => document.activeElement.textContent.includes("copied"));
    await page.goto(`${base}/`);
    await page.locator("#idea").focus();
    await page.keyboard.press("Control+V");
    const pasted = await page.locator("#idea").inputValue();
    await page.goto(opened);
    await page.locator(".player").waitFor();
    await page.evaluate(() => (document.execCommand = () => false));
    await page.getByRole("button", { name: "Copy link" }).click();
    const field = page.locator("input.link");
    await field.waitFor();
    const shown = await field.evaluate((input) => input.value.slice(input.selectionStart, input.selectionEnd));
    await look("a link to copy by hand");
    return { isSecure, pasted: pasted === link, isKept, shown: shown === link };
  },
};

/** Whatever keeps the page from opening, there is a sentence in its place, in the browser's language, and a button. */
export const noPage = {
  options: { locale: "fr-FR" },
  provokes: true,
  breaks: /SyntaxError|matchMedia/,
  async act({ page, base }) {
    const script = /\/assets\/index-.+\.js/;
    const sentences = [];
    const open = async () => {
      await page.goto(`${base}/`);
      await page.locator(".fallback [role=alert]").waitFor();
      sentences.push(await page.locator(".fallback").innerText());
    };
    await page.route(script, (route) => route.fulfill({ contentType: "text/javascript", body: "let word = ?.;" }));
    await open();
    await page.unroute(script);
    await page.route(script, (route) => route.abort());
    await open();
    await page.unroute(script);
    await page.getByRole("button", { name: "Réessayer" }).click();
    await page.locator("#idea").waitFor();
    const left = await page.locator(".fallback").count();
    await page.addInitScript(() => (globalThis.matchMedia = undefined));
    await open();
    return { sentences: sentences.map((text) => text.split("\n")[0]), left };
  },
};
