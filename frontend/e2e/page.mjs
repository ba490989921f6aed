/** A listener's evening in a real browser: node e2e/page.mjs BASE. Prints a JSON report of what was seen. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { launch, open } from "./browser.mjs";

const base = process.argv[2];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await launch();
const report = { errors: [], strangers: [], axe: {} };
const NOT_THERE = "Failed to load resource";

async function scene(name, options, act) {
  const opened = await open(browser, base, options);
  try {
    report[name] = (await act(opened.page, opened)) ?? true;
  } catch (error) {
    report[name] = { failed: String(error).slice(0, 600) };
  }
  // Chromium itself reports an answer of 4xx and 5xx; scenes that provoke one are named here.
  const provoked = ["hostile", "trouble", "renewal", "missing"].includes(name);
  report.errors.push(...opened.errors.filter((text) => !(provoked && text.includes(NOT_THERE))).map((text) => `${name}: ${text}`));
  report.strangers.push(...opened.strangers);
  await opened.context.close();
}

async function look(page, name) {
  const violations = await page.evaluate(async () => (await globalThis.axe.run({ resultTypes: ["violations"] })).violations);
  report.axe[name] = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3).join(" ")}`);
}

/** By the debugger's hand: the page's own CSP lets no stranger in. */
const withAxe = (page) => page.addInitScript({ content: axe });

async function ask(page, idea) {
  await page.goto(`${base}/`);
  await page.locator("#idea").fill(idea);
  await page.locator(".ask .primary").click();
  await page.locator(".story").waitFor();
}

/** Samples the sound and the page until the story ends. */
async function watch(page, most) {
  return page.evaluate(async (limit) => {
    const heard = [];
    const begun = performance.now();
    while (performance.now() - begun < limit && !document.querySelector(".the-end")) {
      const said = document.querySelector(".said");
      const sentence = document.querySelector(".sentence.now");
      heard.push({
        at: performance.now() - begun,
        sounds: globalThis.sounds.map((audio) => ({ ms: audio.currentTime * 1000, paused: audio.paused, whole: !audio.src.includes("/media/audio/") })),
        sentence: sentence ? Number(sentence.dataset.sentence) : -1,
        mark: said ? Number(said.dataset.mark) : -1,
        making: document.querySelector(".progress.making") !== null,
      });
      await new Promise((done) => setTimeout(done, 40));
    }
    return heard;
  }, most);
}

/** The page makes its sounds out of sight: keep them, to hear what it plays. */
const overhear = (page) =>
  page.addInitScript(() => {
    globalThis.sounds = [];
    const Sound = globalThis.Audio;
    globalThis.Audio = function () {
      const audio = new Sound();
      globalThis.sounds.push(audio);
      return audio;
    };
  });

/** Milliseconds between the sound and the word shown for it: in the middle, 98 of 100, the worst; how many words were looked at. */
function errorsOf(heard, story) {
  const wrong = [];
  let words = 0;
  for (const { sounds, sentence, mark } of heard) {
    const sound = sounds.find((one) => !one.paused);
    if (!sound || sentence < 0) continue;
    const segment = story.segments[sentence];
    const at = sound.ms - (sound.whole ? segment.startMs : 0);
    const begins = mark < 0 ? 0 : segment.marks[mark].timeMs;
    const ends = segment.marks[mark + 1]?.timeMs ?? Infinity;
    wrong.push(Math.max(0, begins - at, at - ends));
    words += mark >= 0 ? 1 : 0;
  }
  wrong.sort((one, other) => one - other);
  const share = (part) => Math.round(wrong[Math.floor((wrong.length - 1) * part)] ?? -1);
  return { median: share(0.5), most: share(0.98), worst: share(1), words };
}

/** The draft voice speaks a story in the blink of an eye: its answers, with a sentence more every 2.5 seconds. */
async function slowly(page) {
  let begun = 0;
  await page.route(/\/stories\/[0-9a-f]{32}\/en$/, async (route) => {
    const response = await route.fetch();
    const view = await response.json();
    if (!view.segments?.some((segment) => segment.audioUrl)) return route.fulfill({ response });
    begun ||= Date.now();
    const spoken = 1 + Math.floor((Date.now() - begun) / 2500);
    if (spoken > 3) return route.fulfill({ response });
    const silent = ({ text }) => ({ text });
    const segments = view.segments.map((segment, index) => (index < spoken ? { ...segment, startMs: null } : silent(segment)));
    return route.fulfill({ response, json: { ...view, status: "speaking", mp3Url: null, downloadUrl: null, durationMs: null, segments } });
  });
}

const storyOf = async (page) => {
  const [, id, locale] = /story\/(.+)\/(.+)$/.exec(page.url());
  return (await page.request.get(`${base}/stories/${id}/${locale}`)).json();
};

await scene("listening", {}, async (page) => {
  await overhear(page);
  await withAxe(page);
  await slowly(page);
  await ask(page, "a kitten who finds a drum");
  await look(page, "making");
  await page.locator(".said").waitFor({ timeout: 60_000 });
  const heard = await watch(page, 10_000);
  await look(page, "story");
  const story = await storyOf(page);
  await page.locator("select").filter({ hasText: "1.5" }).selectOption("1.5");
  await page.locator(".sentence").nth(story.segments.length - 3).click();
  const rest = await watch(page, 60_000);
  const times = heard.map(({ sounds }) => Math.max(...sounds.map((one) => one.ms)));
  return {
    whileMaking: heard.some((one) => one.making && one.sounds.some((sound) => !sound.paused && sound.ms > 0)),
    advanced: Math.round(Math.max(...times) - Math.min(...times)),
    whole: heard.some((one) => one.sounds.some((sound) => !sound.paused && sound.whole)),
    ended: (await page.locator(".the-end").count()) === 1,
    lastSentence: Math.max(...rest.map((one) => one.sentence)),
    sentences: story.segments.length,
    highlight: errorsOf(heard, story),
    highlightFast: errorsOf(rest, story),
    title: await page.title(),
    storyTitle: story.title,
  };
});

await scene("switching", { locale: "pt-BR" }, async (page) => {
  const english = (await (await page.request.get(`${base}/stories?locale=en`)).json()).stories[0];
  await page.goto(`${base}/#/story/${english.id}/en`);
  await page.locator(".sentence").nth(3).click();
  await page.locator('.sentence.now[data-sentence="3"] .said').waitFor();
  await page.locator(".switch .chip").filter({ hasText: "Português" }).click();
  await page.locator('.book[lang="pt"] .sentence.now .said').waitFor({ timeout: 60_000 });
  return {
    sentence: Number(await page.locator(".sentence.now").getAttribute("data-sentence")),
    url: page.url().split("/").pop(),
    language: await page.evaluate(() => document.documentElement.lang),
  };
});

await scene("arabic", { locale: "ar", colorScheme: "dark" }, async (page) => {
  await withAxe(page);
  await page.goto(`${base}/`);
  await page.locator(".card").first().waitFor();
  await look(page, "home dark, Arabic");
  const id = (await (await page.request.get(`${base}/stories?locale=en`)).json()).stories[0].id;
  await page.goto(`${base}/#/story/${id}/en`);
  await page.locator(".switch .chip").filter({ hasText: "العربية" }).click();
  await page.locator('.book[lang="ar"]').waitFor({ timeout: 60_000 });
  await page.locator(".player").waitFor({ timeout: 60_000 });
  await look(page, "story dark, Arabic");
  return page.evaluate(() => ({
    page: getComputedStyle(document.documentElement).direction,
    book: getComputedStyle(document.querySelector(".book")).direction,
    overflow: document.documentElement.scrollWidth - innerWidth,
  }));
});

await scene("hostile", { viewport: { width: 320, height: 700 } }, async (page) => {
  await withAxe(page);
  const evil = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>\u202Eevil\u202C {{ 1 }} ';
  const segments = [evil, "<svg onload=globalThis.hacked=1>", "🐘 hello"].map((text) => ({ text, marks: [] }));
  const view = { id: "a".repeat(32), locale: "en", status: "speaking", title: evil, context: evil, segments, labels: [evil], engines: { text: evil } };
  await page.route(`${base}/stories/${view.id}/en`, (route) => route.fulfill({ json: view }));
  await page.goto(`${base}/#/story/${view.id}/en`);
  await page.locator(".book").waitFor();
  await look(page, "hostile, 320 px");
  const shown = await page.locator(".sentence").first().textContent();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await page.goto(`${base}/`);
  await page.locator("#idea").fill(evil);
  const answered = page.waitForResponse((response) => response.request().method() === "POST");
  await page.locator(".ask .primary").click();
  const status = (await answered).status();
  await page.locator(".note, .story").first().waitFor();
  return { shown: shown === evil, overflow, status, hacked: await page.evaluate(() => "hacked" in globalThis), images: await page.locator("img").count() };
});

await scene("trouble", {}, async (page, { context }) => {
  await page.goto(`${base}/`);
  const keys = [];
  let answers = [{ status: 429, headers: { "Retry-After": "1" }, json: { type: "urn:mvp-stories:problem:queue-full", title: "Busy", status: 429, detail: "" } }];
  await page.route(`${base}/stories`, (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    keys.push(route.request().headers()["idempotency-key"]);
    const answer = answers.shift();
    return answer === "away" ? route.abort() : answer ? route.fulfill(answer) : route.fallback();
  });
  await page.locator("#idea").fill("a pea that wants to roll");
  await page.locator(".ask .primary").click();
  const busy = await page.locator(".note").textContent();
  answers = ["away"];
  await page.locator(".story").waitFor({ timeout: 15_000 });
  const { id } = (await (await page.request.get(`${base}/stories?locale=en`)).json()).stories[0];
  await page.goto(`${base}/`);
  await page.locator("#idea").fill("a gun and a murder");
  await page.locator(".ask .primary").click();
  const refused = await page.locator(".note").textContent();
  await context.setOffline(true);
  await page.goto(`${base}/#/story/${id}/fr`).catch(() => null);
  const offline = await page.locator(".note").textContent();
  await context.setOffline(false);
  // What was missing before is asked for: the network's return needs no tap.
  await page.getByRole("button", { name: /Have it told in/ }).click({ timeout: 10_000 });
  await page.locator('.book[lang="fr"]').waitFor({ timeout: 60_000 });
  return { busy, refused, offline, keys, oneKey: new Set(keys.slice(0, 2)).size === 1 };
});

await scene("renewal", {}, async (page) => {
  const id = (await (await page.request.get(`${base}/stories?locale=en`)).json()).stories[0].id;
  let signed = 0;
  await page.route(`${base}/stories/${id}/en`, async (route) => {
    signed += 1;
    const response = await route.fetch();
    const text = await response.text();
    return route.fulfill({ response, body: signed === 1 ? text.replaceAll(/signature=[0-9a-f]+/g, "signature=old") : text });
  });
  await page.goto(`${base}/#/story/${id}/en`);
  await page.locator(".round.big").click();
  await page.locator(".said").waitFor({ timeout: 10_000 });
  await page.waitForTimeout(800);
  return { signed, playing: await page.locator('.round.big[aria-label="Pause"]').count() };
});

await scene("keyboard", {}, async (page) => {
  await withAxe(page);
  await page.goto(`${base}/`);
  await page.locator(".card").first().waitFor();
  await look(page, "home");
  const press = async (key, until) => {
    for (let times = 0; times < 60; times += 1) {
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, until)) return times;
      await page.keyboard.press(key);
    }
    throw new Error(`${until} is out of the keyboard's reach`);
  };
  await press("Tab", ".card");
  await page.keyboard.press("Enter");
  await page.locator(".player").waitFor();
  await page.keyboard.press("Space");
  await page.locator(".said").waitFor();
  await page.keyboard.press("ArrowDown");
  await page.locator('.sentence.now[data-sentence="1"]').waitFor();
  await page.keyboard.press("Space");
  const paused = await page.locator('.round.big[aria-label="Play"]').count();
  await press("Tab", ".round.big");
  await page.keyboard.press("Enter");
  await page.locator('.round.big[aria-label="Pause"]').waitFor();
  return { paused };
});

await scene("missing", {}, async (page) => {
  await page.goto(`${base}/#/story/${"0".repeat(32)}/en`);
  const note = await page.locator(".note").textContent();
  await page.route(`${base}/config.json`, (route) => route.fulfill({ status: 200, body: "<html>", contentType: "text/html" }));
  await page.reload();
  const unset = await page.locator(".note").textContent();
  return { note, unset };
});

await browser.close();
console.log(JSON.stringify(report, null, 1));
