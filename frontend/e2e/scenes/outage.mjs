/** The server goes away and comes back; addresses run out. Both for real: the server's owner helps. */
import { heardMs, overhear, sounds } from "../hearing.mjs";
import { aStory, ask, isPlaying, openStory, viewOf } from "../stage.mjs";

const LIVES_SECONDS = 5;
const FIRST_BYTES = 0.4;

/** The server is stopped while a story is made, and started again: the page goes on by itself, and so does the story. */
export const downAndUp = {
  provokes: true,
  async act({ page, base, please, look }) {
    await overhear(page);
    const place = await ask({ page, base }, "a mole who builds a bridge");
    await please("stop");
    const note = await page.locator(".note").innerText();
    const counting = await page.getByText(/Trying again in/).count();
    await look("the server is away");
    await please("start");
    await sounds(page);
    await isPlaying(page);
    const same = page.url().includes(place.id);
    return { note, counting, same, left: await page.locator(".note").count() };
  },
};

/**
 * An mp3 whose address has run out in mid-play. The server signs the address for a few seconds; the network brings the
 * first part of the file and is slow with the rest, so that the server refuses the rest by its own clock.
 */
export const renewal = {
  provokes: true,
  async act({ page, base, please }) {
    await overhear(page);
    const place = await aStory({ page, base });
    const story = await viewOf({ page, base }, place);
    const key = decodeURIComponent(new URL(story.mp3Url).pathname.replace("/media/", ""));
    let views = 0;
    let short = "";
    await page.route(`${base}/stories/${place.id}/en`, async (route) => {
      const response = await route.fetch();
      if ((views += 1) > 1) return route.fulfill({ response });
      short = (await please("sign", { key, seconds: LIVES_SECONDS })).url;
      return route.fulfill({ response, json: { ...(await response.json()), mp3Url: short } });
    });
    const refusals = [];
    page.on("response", (response) => response.url() === short && response.status() >= 400 && refusals.push(response.status()));
    let requests = 0;
    await page.route((url) => url.href === short, async (route) => {
      requests += 1;
      if (requests > 1) {
        const left = Number(new URL(short).searchParams.get("expires")) * 1000 - Date.now();
        await new Promise((done) => setTimeout(done, Math.max(0, left) + 1000));
        return route.fallback();
      }
      const response = await route.fetch({ headers: { ...route.request().headers(), range: "bytes=0-" } });
      const whole = await response.body();
      const part = whole.subarray(0, Math.floor(whole.length * FIRST_BYTES));
      const headers = { ...response.headers(), "content-length": String(part.length), "content-range": `bytes 0-${part.length - 1}/${whole.length}` };
      return route.fulfill({ status: 206, headers, body: part });
    });
    await openStory({ page, base }, place);
    await page.locator(".round.big").click();
    await sounds(page, 2000);
    const before = await heardMs(page);
    await page.waitForRequest((request) => request.url().includes("/media/") && request.url() !== short);
    await sounds(page, 2000);
    const after = await heardMs(page);
    await sounds(page, after + 1000);
    await isPlaying(page);
    return { views, refusals, forward: after >= before, notes: await page.locator(".note").count() };
  },
};
