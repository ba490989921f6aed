/**
 * A listener's evening, by the clock of a real browser: node first_word.mjs BASE JOURNEYS [FOLDER]
 *
 * JOURNEYS: JSON, a list of {"name", "idea", "locale"}, or {"name", "switch"}: the story before it in another language,
 * in mid-story. Prints a line of JSON a journey, in seconds from the tap: {name, early, text, sound, whole, silences: [seconds]}.
 * FOLDER: a picture of the page every two seconds, as name-seconds.png.
 */
import { launch, open } from "../frontend/e2e/browser.mjs";
import { overhear } from "../frontend/e2e/hearing.mjs";

const [base, journeys, folder] = process.argv.slice(2);
const LONGEST_MS = 280_000;
const browser = await launch();
const { page, errors } = await open(browser, base, { viewport: { width: 820, height: 1180 }, reducedMotion: "no-preference" });
await overhear(page);
await page.addInitScript(watch);

for (const journey of JSON.parse(journeys)) {
  const film = folder ? filming(journey.name) : null;
  await (journey.switch ? switchTo(journey.switch) : ask(journey));
  const times = await measured();
  clearInterval(film);
  console.log(JSON.stringify({ name: journey.name, ...times, errors: errors.splice(0) }));
}
await browser.close();
process.exit(0);

async function ask({ idea, locale }) {
  await page.goto(`${base}/`);
  await page.locator("#idea").fill(idea);
  await page.locator(".ask select").first().selectOption(locale);
  await page.evaluate((wanted) => globalThis.begin(wanted), locale);
  await page.locator(".ask .primary").click();
}

/** In the middle of the story that was heard last; from the tap on the other language to its own voice. */
async function switchTo(locale) {
  await page.locator(".sentence").nth(2).click();
  await page.waitForFunction(() => (globalThis.sounding()?.currentTime ?? 0) > 0.2);
  await page.evaluate((wanted) => globalThis.begin(wanted), locale);
  await page.locator(".switch .chip").filter({ has: page.locator(`[lang="${locale}"]`) }).click();
}

/** Until it was heard to its end, and is whole; or until the page says that it failed. */
async function measured() {
  const isOver = () => (globalThis.times.over && globalThis.times.whole) || document.querySelector(".note [role=alert], .note[role=alert]");
  await page.waitForFunction(isOver, null, { timeout: LONGEST_MS, polling: 200 }).catch(() => {});
  const times = await page.evaluate(() => globalThis.times);
  return times.over && times.whole ? times : { failed: await page.locator("main").innerText() };
}

function filming(name) {
  const begun = Date.now();
  return setInterval(async () => {
    const seconds = String(Math.round((Date.now() - begun) / 1000)).padStart(3, "0");
    await page.screenshot({ path: `${folder}/${name}-${seconds}.png` }).catch(() => {});
  }, 2000);
}

/** In the page: what is there to read and to hear, looked at every 50 ms. */
function watch() {
  const STEP_MS = 50;
  const SILENCE_MS = 400;
  /** After the end, as a reserve in the middle may take long. */
  const REST_MS = 5_000;
  let tap = 0;
  let locale = "";
  let last = 0;
  let place = "";
  const since = (moment = performance.now()) => (moment - tap) / 1000;

  globalThis.begin = (wanted) => {
    [tap, locale, last] = [performance.now(), wanted, 0];
    globalThis.times = { early: null, text: null, sound: null, whole: null, over: false, silences: [] };
  };

  setInterval(() => {
    const times = globalThis.times;
    if (!tap || times.over) return;
    const isIts = document.querySelector(".book")?.lang === locale;
    if (document.querySelector(".early-hero, .early-title, .early-sentence")) times.early ??= since();
    if (isIts && document.querySelector(".sentence")) times.text ??= since();
    const sound = globalThis.sounding();
    const now = sound ? `${sound.src.split("?")[0]} ${sound.currentTime}` : "";
    if (sound && sound.currentTime > 0 && now !== place) {
      if (last && performance.now() - last > SILENCE_MS) times.silences.push((performance.now() - last) / 1000);
      last = performance.now();
      if (isIts) times.sound ??= since();
    }
    place = now;
    times.over = times.sound !== null && performance.now() - last > REST_MS && !document.querySelector('.round.big[aria-label="Pause"]');
  }, STEP_MS);

  const fetched = globalThis.fetch;
  globalThis.fetch = async (...asked) => {
    const response = await fetched(...asked);
    const view = await response.clone().json().catch(() => null);
    if (view?.status === "done" && view.segments && view.locale === locale) globalThis.times.whole ??= since();
    return response;
  };
}
