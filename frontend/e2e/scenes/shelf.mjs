/** What comes back: the catalog, links, what was heard on this device, another story, left alone for a while. */
import { open } from "../browser.mjs";
import { overhear, sounds } from "../hearing.mjs";
import { aStory, openStory, placeOf, withoutShelf } from "../stage.mjs";

/** The languages of the shelf's cards, as they stand there. */
const languagesOf = (page) => page.locator(".shelf").last().locator(".card-title").evaluateAll((titles) => [...new Set(titles.map((title) => title.lang))].sort());

export const catalog = {
  async act({ page, base }) {
    const { id } = await aStory({ page, base });
    await aStory({ page, base }, "pt");
    await page.goto(`${base}/`);
    const shelf = page.locator(".shelf").last();
    await shelf.locator(".card").first().waitFor();
    const all = await languagesOf(page);
    await shelf.locator("select").selectOption("pt");
    await shelf.locator('.card-title[lang="en"]').first().waitFor({ state: "detached" });
    await shelf.locator(".card").first().waitFor();
    const filtered = await languagesOf(page);
    await shelf.locator("select").selectOption("");
    await shelf.locator('.card-title[lang="en"]').first().waitFor();
    const card = await shelf.locator(`.card[href="#/story/${id}/en"]`).innerText();
    return { all: all.includes("en") && all.includes("pt"), filtered, length: /\d:\d\d/.test(card) };
  },
};

/** A link that one parent sends to another: to the preview of a story that is on the shelf, and from there to the page. */
export const deepLink = {
  async act({ page, base, context, browser }) {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await openStory({ page, base }, await aStory({ page, base }));
    const title = await page.locator("h1").innerText();
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByRole("button", { name: "Link copied" }).waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const other = await open(browser, base, { locale: "fr-FR" });
    await overhear(other.page);
    await other.page.goto(link);
    const preview = await other.page.locator('meta[property="og:title"]').getAttribute("content");
    const picture = await other.page.locator("img").evaluate((image) => image.naturalWidth);
    await other.page.getByRole("link", { name: "Hear the story" }).click();
    await other.page.locator(".round.big").click();
    await sounds(other.page);
    const same = (await other.page.locator("h1").innerText()) === title;
    const book = await other.page.locator(".book").getAttribute("lang");
    const language = await other.page.evaluate(() => document.documentElement.lang);
    const { errors } = other;
    await other.context.close();
    return { ours: link.startsWith(`${base}/stories/`), preview: preview === title, picture, same, book, language, errors };
  },
};

/** Heard stories are remembered over a new start of the page, the last one first, until they are to be forgotten. */
export const recent = {
  provokes: true,
  async act({ page, base, look }) {
    await withoutShelf({ page, base });
    const place = await aStory({ page, base });
    await openStory({ page, base }, place);
    const title = await page.locator("h1").innerText();
    await page.goto(`${base}/`);
    await page.reload();
    const shelf = page.locator(".shelf").first();
    await shelf.locator(`.card[href="#/story/${place.id}/en"]`).waitFor();
    const kept = await shelf.locator(".card-title").first().innerText();
    await look("home with stories heard");
    await page.getByRole("button", { name: "Forget these" }).click();
    await page.getByRole("heading", { name: "Recently on this device" }).waitFor({ state: "detached" });
    await page.reload();
    await page.locator(".card").first().waitFor();
    return { kept: kept === title, left: await page.getByRole("heading", { name: "Recently on this device" }).count() };
  },
};

/** Another story of the same idea; a listener who does not wait for it finds it finished later. */
export const another = {
  variant: 1,
  provokes: true,
  async act({ page, base, look }) {
    await withoutShelf({ page, base });
    await overhear(page);
    const first = await aStory({ page, base });
    await openStory({ page, base }, first);
    await page.locator(".round.big").click();
    await sounds(page);
    const answered = page.waitForResponse((response) => response.request().method() === "POST");
    await page.getByRole("button", { name: "Tell me another one" }).click();
    const answer = await answered;
    const request = answer.request();
    const second = await answer.json();
    await page.locator(".coming").waitFor();
    const beside = { same: placeOf(page).id === first.id, sounding: await page.evaluate(() => globalThis.sounding() !== null) };
    await look("another story is coming");
    await page.getByRole("button", { name: "Never mind" }).click();
    await page.locator(".brand").click();
    await page.locator("#idea").waitFor();
    const requests = [];
    page.on("request", (request) => request.url().includes(second.id) && requests.push(request.url()));
    const card = page.locator(".shelf").first().locator(`.card[href="#/story/${second.id}/en"]`);
    const name = await card.locator(".card-title").innerText();
    const polled = requests.length;
    await card.click();
    await page.locator(".player").waitFor({ timeout: 90_000 });
    await page.locator(".progress.making").waitFor({ state: "detached", timeout: 90_000 });
    return {
      beside,
      idea: request.postDataJSON().context,
      key: /^[0-9a-f]{32}$/.test((await request.allHeaders())["idempotency-key"]),
      name,
      polled,
      sentences: (await page.locator(".sentence").count()) > 1,
      playing: await page.locator('.round.big[aria-label="Pause"]').count(),
    };
  },
};
