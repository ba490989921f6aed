/** The page and a story of it without a network: the browser's service worker, for real. */
import { overhear, sounds } from "../hearing.mjs";
import { aStory, openStory } from "../stage.mjs";

const MARK = "Can be heard without a network";

/** A story that was opened once: the network is cut, the page is loaded anew, and the story is read, heard and listed. */
export const withoutNetwork = {
  options: { serviceWorkers: "allow" },
  provokes: true,
  async act({ page, base, context, look }) {
    await overhear(page);
    const place = await aStory({ page, base });
    await openStory({ page, base }, place);
    await page.locator(".story").getByText(MARK).waitFor();
    const text = await page.locator(".book").innerText();
    await context.setOffline(true);
    await page.reload();
    await page.locator(".player").waitFor();
    const same = (await page.locator(".book").innerText()) === text;
    await page.locator(".round.big").click();
    await sounds(page);
    await page.locator(".sentence").last().click();
    await sounds(page);
    const length = await page.evaluate(() => globalThis.sounding().duration);
    const cover = await page.locator(".story-cover img").evaluateAll((images) => images.some((image) => image.naturalWidth > 0));
    await page.locator(".brand").click();
    const card = page.locator(".shelf").first().locator(`.card[href="#/story/${place.id}/en"]`);
    await page.getByRole("heading", { name: "Without a network" }).waitFor();
    const listed = (await card.innerText()).includes(MARK);
    const note = await page.locator(".note").innerText();
    await look("home without a network");
    return { same, length: length > 5, cover, listed, note };
  },
};
