/** A story is asked for, heard while it is made, and read along to its end. */
import { errorsOf, notedWords, noteWords, overhear, sounds, until } from "../hearing.mjs";
import { ask, IDEA, viewOf } from "../stage.mjs";

const SENTENCE_MS = 2000;
const SLOW_SENTENCES = 2;

/** The draft voice speaks a story in the blink of an eye: its answers, with a sentence more every now and then. */
async function slowly(page) {
  let begun = 0;
  await page.route(/\/stories\/[0-9a-f]{32}\/en$/, async (route) => {
    const response = await route.fetch();
    const view = await response.json();
    if (!view.segments?.some((segment) => segment.audioUrl)) return route.fulfill({ response });
    begun ||= Date.now();
    const spoken = 1 + Math.floor((Date.now() - begun) / SENTENCE_MS);
    if (spoken > SLOW_SENTENCES) return route.fulfill({ response });
    const segments = view.segments.map((segment, index) => (index < spoken ? { ...segment, startMs: null } : { text: segment.text }));
    const progress = { done: spoken, total: segments.length, soundRate: 9 };
    return route.fulfill({ response, json: { ...view, status: "speaking", progress, mp3Url: null, downloadUrl: null, durationMs: null, segments } });
  });
}

/** Plays the last sentences at a speed; how well the words followed. */
async function lastSentences(page, story, rate) {
  await page.locator(".tools select").first().selectOption(rate);
  await noteWords(page);
  await page.locator(".sentence").nth(story.segments.length - 3).click();
  await page.locator(".the-end").waitFor({ state: "detached" });
  await page.locator(".the-end").waitFor({ timeout: 120_000 });
  return errorsOf(await notedWords(page), story);
}

export const listening = {
  async act({ page, base, look }) {
    await overhear(page);
    await slowly(page);
    const place = await ask({ page, base }, IDEA);
    await look("making");
    await sounds(page);
    const whileMaking = (await page.locator(".progress.making").count()) === 1;
    await look("first sentence");
    await noteWords(page);
    await until(page, () => globalThis.sounding() !== null && globalThis.isWhole(globalThis.sounding()));
    const story = await viewOf({ page, base }, place);
    await sounds(page, story.segments[SLOW_SENTENCES + 1].startMs);
    const first = errorsOf(await notedWords(page), story);
    const title = await page.title();
    const highlight = await lastSentences(page, story, "1");
    await look("ended");
    const fast = await lastSentences(page, story, "1.5");
    return { whileMaking, first, highlight, fast, durationMs: story.durationMs, title, storyTitle: story.title };
  },
};
