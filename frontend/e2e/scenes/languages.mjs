/** Other languages: of the story, in the middle of it, and of the page. */
import { overhear } from "../hearing.mjs";
import { aStory, openStory } from "../stage.mjs";

/** What the page shows and plays now. */
const state = (page) =>
  page.evaluate(() => ({
    book: document.querySelector(".book").lang,
    sentence: Number(document.querySelector(".sentence.now")?.dataset.sentence ?? -1),
    sounding: globalThis.sounding() !== null,
    far: document.querySelector(".chip.busy .far:not(.mark)")?.textContent ?? "",
    url: location.hash.split("/").pop(),
  }));

/** Notes each sentence that is highlighted, with its language. */
const noteSentences = (page) =>
  page.evaluate(() => {
    globalThis.sentences = [];
    const note = () => {
      const now = document.querySelector(".sentence.now");
      if (now) globalThis.sentences.push([now.closest(".book").lang, Number(now.dataset.sentence)]);
    };
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["class", "lang"] });
  });

/** How many sentences further on the story was after it changed its language than just before. */
const steps = (page) =>
  page.evaluate(() => {
    const at = globalThis.sentences.findIndex(([language]) => language === "pt");
    return globalThis.sentences[at][1] - globalThis.sentences[at - 1][1];
  });

/**
 * The answers about the Portuguese story, with `spoken` of its sentences until it is let go: the draft voice is faster
 * than a test can look.
 */
async function holdBack(page, id, spoken) {
  let isHeld = true;
  await page.route(new RegExp(`/stories/${id}/pt$`), async (route) => {
    const response = await route.fetch();
    const view = await response.json();
    if (!isHeld || !view.segments?.length) return route.fulfill({ response });
    const segments = view.segments.map((segment, index) => (index < spoken ? { ...segment, startMs: null } : { text: segment.text }));
    const progress = { done: spoken, total: segments.length, soundRate: 9 };
    return route.fulfill({ response, json: { ...view, status: "speaking", progress, mp3Url: null, downloadUrl: null, durationMs: null, segments } });
  });
  return () => (isHeld = false);
}

/** The English story goes on until its own sentence can be heard in Portuguese; then that one takes over, at this sentence. */
export const switching = {
  options: { locale: "pt-BR" },
  async act({ page, base, look }) {
    await overhear(page);
    const place = await aStory({ page, base });
    const letGo = await holdBack(page, place.id, 2);
    await openStory({ page, base }, place);
    await page.locator(".sentence").nth(3).click();
    await page.locator('.sentence.now[data-sentence="3"] .said').waitFor();
    await noteSentences(page);
    await page.locator(".switch .chip").filter({ hasText: "Português" }).click();
    // Of two sentences that were spoken: before, it may say how many are translated.
    await page.locator(".chip.busy .far:not(.mark)").filter({ hasText: /^2 / }).waitFor({ timeout: 60_000 });
    const waiting = await state(page);
    await look("Portuguese is coming");
    letGo();
    await page.locator('.book[lang="pt"] .sentence.now .said').waitFor({ timeout: 60_000 });
    const after = await state(page);
    await look("story in Portuguese");
    return { waiting, after, steps: await steps(page), language: await page.evaluate(() => document.documentElement.lang) };
  },
};

export const arabic = {
  options: { locale: "ar", viewport: { width: 390, height: 844 } },
  async act({ page, base, look }) {
    const { id } = await aStory({ page, base });
    await page.goto(`${base}/`);
    await page.locator(".card").first().waitFor();
    await look("home");
    await openStory({ page, base }, { id, locale: "en" });
    await page.locator(".switch .chip").filter({ hasText: "العربية" }).click();
    await page.locator('.book[lang="ar"]').waitFor({ timeout: 60_000 });
    await page.locator(".player").waitFor();
    await look("story");
    return page.evaluate(() => ({
      page: getComputedStyle(document.documentElement).direction,
      book: getComputedStyle(document.querySelector(".book")).direction,
      overflow: document.documentElement.scrollWidth - innerWidth,
    }));
  },
};

/** The page's own language and its day or night are chosen, and stay chosen. */
export const settings = {
  options: { colorScheme: "light" },
  async act({ page, base, look }) {
    await page.goto(`${base}/`);
    await page.locator(".settings select").nth(0).selectOption("nl");
    await page.locator('html[lang="nl"]').waitFor({ state: "attached" });
    await look("Dutch");
    await page.locator(".settings select").nth(1).selectOption("dark");
    await page.reload();
    await page.locator('html[lang="nl"]').waitFor({ state: "attached" });
    return page.evaluate(() => ({ language: document.documentElement.lang, theme: document.documentElement.dataset.theme }));
  },
};
