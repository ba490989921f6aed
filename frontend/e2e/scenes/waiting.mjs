/** The wait for a story: what it shows, and what goes on beside it. */
import { ID, LINE, WORDS } from "../early.mjs";
import { overhear, sounds } from "../hearing.mjs";
import { aStory, openStory, placeOf, problem } from "../stage.mjs";

/** The place in the line and the time, then the words as they are written: to be read, while nothing sounds. */
export const early = {
  async act({ page, base, look }) {
    await overhear(page);
    let now = LINE;
    await page.route(`${base}/stories/${ID}/en`, (route) => route.fulfill({ json: now }));
    await page.goto(`${base}/#/story/${ID}/en`);
    await page.getByText("Place 3 in the line.").waitFor();
    const expected = await page.getByText("to the first word").innerText();
    await look("in the line");
    now = WORDS;
    await page.locator(".early-sentence").nth(1).waitFor();
    await look("early words");
    return {
      expected,
      stage: await page.locator('[aria-current="step"]').innerText(),
      title: await page.locator(".early-title").innerText(),
      words: await page.locator(".early-sentence").allInnerTexts(),
      language: await page.locator(".early").getAttribute("lang"),
      silent: await page.evaluate(() => globalThis.sounding() === null && document.querySelector(".player") === null),
    };
  },
};

/** The line is full for another story: the running one plays on, and the page says why nothing else comes. */
export const besideRefused = {
  provokes: true,
  async act({ page, base, look }) {
    await overhear(page);
    const place = await aStory({ page, base });
    await page.route(`${base}/stories`, (route) =>
      route.request().method() === "POST" ? route.fulfill(problem("queue-full", 429, { "Retry-After": "60" })) : route.fallback(),
    );
    await openStory({ page, base }, place);
    await page.locator(".round.big").click();
    await sounds(page);
    await page.getByRole("button", { name: "Tell me another one" }).click();
    const note = await page.locator(".coming .note").innerText();
    await look("another story meets a full line");
    const playing = await page.evaluate(() => globalThis.sounding() !== null);
    const says = await page.locator(".round.big").getAttribute("aria-label");
    await page.getByRole("button", { name: "Stay with this story" }).click();
    await page.locator(".coming").waitFor({ state: "detached" });
    return { note, playing, says, same: placeOf(page).id === place.id, sentences: (await page.locator(".sentence").count()) > 1 };
  },
};

/** The next of the shelf follows by itself, where that was chosen. */
export const goesOn = {
  async act({ page, base }) {
    await overhear(page);
    const { id } = await aStory({ page, base });
    const [first, second] = ["c", "d"].map((sign) => sign.repeat(32));
    const own = await (await page.request.get(`${base}/stories/${id}/en`)).json();
    for (const other of [first, second]) await page.route(`${base}/stories/${other}/en`, (route) => route.fulfill({ json: { ...own, id: other } }));
    const cards = [first, second].map((other) => ({ id: other, locale: "en", title: `Story ${other[0]}`, durationMs: 1000 }));
    await page.route(`${base}/stories?locale=en`, (route) => route.fulfill({ json: { stories: cards } }));
    await openStory({ page, base }, { id: first, locale: "en" });
    await page.getByRole("checkbox", { name: "Go on with the next story by itself" }).check();
    await page.locator(".sentence").last().click();
    const offered = await page.locator(".next").innerText();
    await page.waitForURL((url) => url.hash.includes(second), { timeout: 60_000 });
    await sounds(page, 500);
    return { offered, playing: await page.locator(".round.big").getAttribute("aria-label") };
  },
};
