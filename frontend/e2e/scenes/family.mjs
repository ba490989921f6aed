/** What a family does with its own stories: they are on its shelf, mended with a pencil, and deleted behind a PIN. */
import { aStory, givePin, openStory, placeOf, viewOf } from "../stage.mjs";

const MENDED = "Then everything was well again.";
const words = async (context, place) => (await viewOf(context, place)).segments.map(({ text }) => text);

/** One sentence is changed, and the first text comes back. */
export const pencil = {
  async act({ page, base, look }) {
    const first = await aStory({ page, base });
    const before = await words({ page, base }, first);
    await openStory({ page, base }, first);
    await page.locator(".story .grown summary").click();
    await page.getByRole("button", { name: "Change the words" }).click();
    await page.locator(".mendable").nth(1).click();
    await page.locator(".pencil textarea").fill(MENDED);
    await look("the pencil");
    await page.getByRole("button", { name: "Save and speak it" }).click();
    await givePin(page);
    await page.waitForURL((url) => !url.hash.includes(first.id), { timeout: 90_000 });
    const mended = placeOf(page);
    while ((await viewOf({ page, base }, mended)).status !== "done") await page.waitForTimeout(100);
    const after = await words({ page, base }, mended);
    await page.goto(`${base}/`);
    const card = page.locator(".shelf-item .card", { hasText: "words changed" });
    await card.waitFor();
    const link = await card.getAttribute("href");
    await card.click();
    await page.locator(".story .grown summary").click();
    await page.getByRole("button", { name: "Bring the first text back" }).click();
    await givePin(page);
    await page.waitForURL((url) => url.hash.includes(first.id), { timeout: 90_000 });
    await page.locator(".sentence").nth(1).filter({ hasText: before[1] }).waitFor();
    return {
      changed: after.map((text, index) => (text === before[index] ? null : text)).filter(Boolean),
      sentences: after.length === before.length,
      shelf: link === `#/story/${mended.id}/en`,
      kept: (await words({ page, base }, first)).join() === before.join(),
    };
  },
};

/** A story is deleted by whoever knows the PIN, and is nowhere after that. */
export const familyShelf = {
  provokes: true,
  async act({ page, base, look }) {
    const place = await aStory({ page, base }, "en", "a mole who builds a bridge");
    await openStory({ page, base }, place);
    await page.goto(`${base}/`);
    const item = page.locator(".shelf-item").filter({ has: page.locator(`.card[href="#/story/${place.id}/en"]`) });
    await item.locator("summary").click();
    await item.getByRole("button", { name: "Delete" }).click();
    await look("home, before a story is deleted");
    await item.getByRole("button", { name: "Yes, delete it" }).click();
    await look("the PIN");
    await givePin(page);
    await item.waitFor({ state: "detached" });
    await page.reload();
    await page.locator(".card").first().waitFor();
    return {
      cards: await page.locator(`.card[href*="${place.id}"]`).count(),
      story: (await page.request.get(`${base}/stories/${place.id}/en`)).status(),
      cover: (await page.request.get(`${base}/stories/${place.id}/cover.svg`)).status(),
    };
  },
};
