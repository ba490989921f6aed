/** When things go wrong: a friendly sentence and a way on. */
import { aStory, IDEA, openStory, problem } from "../stage.mjs";

/** The line is full, then the network fails once: one tap, one key, and the story is opened without another tap. */
export const queueFull = {
  provokes: true,
  async act({ page, base, look }) {
    const keys = [];
    const answers = [problem("queue-full", 429, { "Retry-After": "3" }), "away"];
    await page.route(`${base}/stories`, (route) => {
      if (route.request().method() !== "POST") return route.fallback();
      keys.push({ key: route.request().headers()["idempotency-key"], at: Date.now() });
      const answer = answers.shift();
      return answer === "away" ? route.abort() : answer ? route.fulfill(answer) : route.fallback();
    });
    await page.goto(`${base}/`);
    await page.locator("#idea").fill(IDEA);
    await page.locator(".ask .primary").click();
    const note = await page.locator(".note").innerText();
    await look("the line is full");
    await page.locator(".story").waitFor({ timeout: 60_000 });
    return { note, tries: keys.length, keys: new Set(keys.map(({ key }) => key)).size, waited: keys[1].at - keys[0].at >= 2900 };
  },
};

export const refused = {
  provokes: true,
  async act({ page, base, look }) {
    await page.goto(`${base}/`);
    await page.locator(".ask .primary").click();
    const empty = await page.locator("#idea-hint").innerText();
    await page.locator("#idea").fill("a gun and a murder");
    await page.locator(".ask .primary").click();
    const note = await page.locator(".note").innerText();
    await look("a refused idea");
    await page.locator("#idea").fill(IDEA);
    await page.locator(".ask .primary").click();
    await page.locator(".story").waitFor();
    return { empty, note };
  },
};

/** What the network took away is asked for again when it is back, without a tap. */
export const offline = {
  provokes: true,
  async act({ page, base, context, look }) {
    const { id } = await aStory({ page, base });
    await page.goto(`${base}/`);
    await page.locator(".card").first().waitFor();
    await context.setOffline(true);
    await page.evaluate((hash) => (location.hash = hash), `#/story/${id}/en`);
    const note = await page.locator(".note").innerText();
    await look("offline");
    await context.setOffline(false);
    await page.locator(".player").waitFor({ timeout: 60_000 });
    return { note, left: await page.locator(".note").count() };
  },
};

export const missing = {
  provokes: true,
  async act({ page, base, look }) {
    const { id } = await aStory({ page, base });
    await page.goto(`${base}/#/story/${"0".repeat(32)}/en`);
    const note = await page.locator(".note").innerText();
    await look("no such story");
    await openStory({ page, base }, { id, locale: "en" });
    await page.goto(`${base}/#/story/${id}/it`);
    await page.getByRole("button", { name: "Have it told in Italiano" }).click();
    await page.locator('.book[lang="it"]').waitFor({ timeout: 60_000 });
    return { note };
  },
};

export const notConfigured = {
  provokes: true,
  async act({ page, base, look }) {
    await page.route(`${base}/config.json`, (route) => route.fulfill({ status: 200, body: "<html>", contentType: "text/html" }));
    await page.goto(`${base}/`);
    const note = await page.locator(".note").innerText();
    await look("not configured");
    await page.unroute(`${base}/config.json`);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".note").waitFor({ state: "detached" });
    return { note };
  },
};

/** A tap before the page knows where its API is waits for that, like any other. */
export const eager = {
  async act({ page, base }) {
    let tapped;
    const tap = new Promise((done) => (tapped = done));
    await page.route(`${base}/config.json`, async (route) => {
      await tap;
      await route.continue();
    });
    await page.goto(`${base}/`);
    await page.locator("#idea").fill(IDEA);
    await page.locator(".ask .primary").click();
    await page.getByText("Knocking at the storyteller").waitFor();
    const notes = await page.locator(".note").count();
    tapped();
    await page.locator(".story").waitFor();
    return { notes };
  },
};

/** A story that failed says so, and another try is a tap away. */
export const failed = {
  provokes: true,
  async act({ page, base, look }) {
    const { id } = await aStory({ page, base });
    const view = { id, locale: "en", status: "failed", problem: "no-good-story", retryable: true, segments: [], labels: [], engines: {} };
    let views = 0;
    await page.route(`${base}/stories/${id}/en`, (route) => ((views += 1) === 1 ? route.fulfill({ json: view }) : route.fallback()));
    await page.goto(`${base}/#/story/${id}/en`);
    const note = await page.locator(".note").innerText();
    await look("failed");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".player").waitFor({ timeout: 60_000 });
    return { note };
  },
};

/** Sound that will not load leaves the text, and comes back when it is asked for again. */
export const noSound = {
  provokes: true,
  async act({ page, base, look }) {
    const place = await aStory({ page, base });
    await page.route(/\/media\//, (route) => route.abort());
    await openStory({ page, base }, place);
    await page.locator(".round.big").click();
    const note = await page.locator(".note").innerText();
    const text = await page.locator(".sentence").count();
    await look("no sound");
    await page.unroute(/\/media\//);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".said").waitFor();
    return { note, text: text > 1 };
  },
};
