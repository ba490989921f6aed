/** Other languages: of the story, in the middle of it, and of the page. */
import { aStory, openStory } from "../stage.mjs";

export const switching = {
  options: { locale: "pt-BR" },
  async act({ page, base, look }) {
    await openStory({ page, base }, await aStory({ page, base }));
    await page.locator(".sentence").nth(3).click();
    await page.locator('.sentence.now[data-sentence="3"] .said').waitFor();
    await page.locator(".switch .chip").filter({ hasText: "Português" }).click();
    await page.locator('.book[lang="pt"] .sentence.now .said').waitFor({ timeout: 60_000 });
    const sentence = Number(await page.locator(".sentence.now").getAttribute("data-sentence"));
    await look("story in Portuguese");
    return { sentence, url: page.url().split("/").pop(), language: await page.evaluate(() => document.documentElement.lang) };
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
    await page.locator(".player").waitFor({ timeout: 60_000 });
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
