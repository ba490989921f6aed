/** One scene: a page of its own, what it saw, and whatever went wrong in it. */
import { look } from "./axe.mjs";
import { open } from "./browser.mjs";

/** Chromium itself reports every answer of 4xx and 5xx, and every server that is not there. */
const NOT_THERE = /Failed to load resource|WebSocket connection to '\S+' failed/;

/** What a page has neither on plain http in the house nor in the browsers of 2022. */
const removeNewer = (page) =>
  page.addInitScript(() => {
    delete Navigator.prototype.clipboard;
    delete URLSearchParams.prototype.size;
    delete AbortSignal.timeout;
  });

/** On plain http, Chromium says of each answer that this header means nothing there. */
const NO_MEANING = "Cross-Origin-Opener-Policy header has been ignored";

/**
 * scene: {act, options: of the browser's context, provokes: whether requests fail in it on purpose, breaks: errors of the
 * page that it provokes, variant, plain: at the server's address in the network, as an older browser, elsewhere: whether
 * its page is at another origin than `base`; it then looks at the strangers itself}.
 */
export async function play(name, scene, { browser, base: own, please, report }) {
  const begun = Date.now();
  const base = scene.plain ? (await please("lan")).url : own;
  const opened = await open(browser, base, scene.options);
  const { page, context } = opened;
  if (scene.plain) await removeNewer(page);
  await draw(page, base, scene.variant ?? 0);
  const see = (view) => look(page, `${name}: ${view}`, report.axe);
  try {
    report.scenes[name] = await scene.act({ page, context, browser, base, please, look: see, strangers: opened.strangers });
  } catch (error) {
    report.scenes[name] = { failed: String(error).slice(0, 800), shown: await shown(page) };
  }
  const isMeant = (text) => (scene.provokes && NOT_THERE.test(text)) || scene.breaks?.test(text) || text.includes(NO_MEANING);
  const wrong = opened.errors.filter((text) => !isMeant(text));
  report.errors.push(...wrong.map((text) => `${name}: ${text}`));
  if (!scene.elsewhere) report.strangers.push(...opened.strangers);
  report.seconds[name] = (Date.now() - begun) / 1000;
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await context.close();
}

/** The API would draw one of an idea's many stories: here it is the same in every run. */
const draw = (page, base, variant) =>
  page.route(`${base}/stories`, (route) => {
    const request = route.request();
    return request.method() === "POST" ? route.continue({ postData: JSON.stringify({ variant, ...request.postDataJSON() }) }) : route.continue();
  });

const shown = (page) => page.evaluate(() => `${location.hash} ${document.body.innerText.slice(0, 600)}`).catch(String);

export const placeOf = (page) => {
  const [, id, locale] = /story\/(.+)\/(.+)$/.exec(page.url()) ?? [];
  return { id, locale };
};

export async function ask({ page, base }, idea) {
  await page.goto(`${base}/`);
  await page.locator("#idea").fill(idea);
  await page.locator(".ask .primary").click();
  await page.locator(".story").waitFor();
  return placeOf(page);
}

export const viewOf = async ({ page, base }, { id, locale }) => (await page.request.get(`${base}/stories/${id}/${locale}`)).json();

/** Making a story is slow: most scenes share the story of this idea. */
export const IDEA = "a lantern that is afraid of moths";

/** A story that is done and on the shelf; made the first time. */
export async function aStory({ page, base }, locale = "en", context = IDEA) {
  const data = { context, locale, variant: 0 };
  const { id } = await (await page.request.post(`${base}/`, { data, timeout: 90_000 })).json();
  return { id, locale };
}

/** Opens a story as its link does, ready to be played. */
export async function openStory({ page, base }, { id, locale }) {
  await page.goto(`${base}/#/story/${id}/${locale}`);
  await page.locator(".player").waitFor();
}

export const isPlaying = (page) => page.locator('.round.big[aria-label="Pause"]').waitFor();
export const isPaused = (page) => page.locator('.round.big[aria-label="Play"]').waitFor();

/** An answer that refuses, as the API would send it. */
export const problem = (slug, status, headers = {}) => ({
  status,
  headers: { "Content-Type": "application/problem+json", ...headers },
  body: JSON.stringify({ type: `urn:mvp-stories:problem:${slug}`, title: slug, status, detail: "" }),
});

/** As a page sees an API that has no shelf of the family: this device's own list is all there is. The scene provokes. */
export const withoutShelf = ({ page, base }) => page.route(`${base}/shelf?*`, (route) => route.fulfill(problem("no-shelf", 404)));

export const PIN = "2468";

/** A grown-up chooses the PIN, or gives it where another scene chose it. */
export async function givePin(page, pin = PIN) {
  await page.locator("dialog[open] input").first().waitFor();
  for (const field of await page.locator("dialog[open] input").all()) await field.fill(pin);
  await page.locator("dialog[open] .primary").click();
}
