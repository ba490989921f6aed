/** Keys, media keys, buttons, the sleep timer, the download. */
import { heardMs, overhear, sounds, until } from "../hearing.mjs";
import { aStory, isPaused, isPlaying, openStory, viewOf } from "../stage.mjs";

/** Moves the focus with a key until it is there. */
async function reach(page, key, wanted) {
  for (let times = 0; times < 60; times += 1) {
    if (await page.evaluate((selector) => document.activeElement?.matches(selector) ?? false, wanted)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${wanted} is out of the keyboard's reach`);
}

export const keyboard = {
  async act({ page, base, look }) {
    await aStory({ page, base });
    await overhear(page);
    await page.goto(`${base}/`);
    await page.locator(".card").first().waitFor();
    await look("home");
    await reach(page, "Tab", ".card");
    await page.keyboard.press("Enter");
    await page.locator(".player").waitFor();
    await page.keyboard.press("Space");
    await sounds(page);
    const playing = await page.locator('.round.big[aria-label="Pause"]').isVisible();
    await page.keyboard.press("ArrowDown");
    await page.locator('.sentence.now[data-sentence="1"]').waitFor();
    await page.keyboard.press("ArrowUp");
    await page.locator('.sentence.now[data-sentence="0"]').waitFor();
    await page.keyboard.press("Space");
    await isPaused(page);
    const paused = await page.evaluate(() => globalThis.sounding() === null);
    await reach(page, "Tab", ".round.big");
    await page.keyboard.press("Enter");
    await isPlaying(page);
    return { playing, paused };
  },
};

/** Two taps in one breath: the sound goes on, and the page says so. */
export const doubleTap = {
  async act({ page, base }) {
    await overhear(page);
    await openStory({ page, base }, await aStory({ page, base }));
    await page.locator(".round.big").click();
    await sounds(page);
    await page.evaluate(() => [1, 2].forEach(() => document.querySelector(".round.big").click()));
    const from = await heardMs(page);
    await sounds(page, from + 500);
    return { says: await page.locator(".round.big").getAttribute("aria-label") };
  },
};

/** Where a paused story stands, in milliseconds. */
const standing = async (page) => Number(await page.locator(".seek").inputValue());

/** The step from one place to the other, by the arrows and by the buttons: the sound is held, so it is exact. */
export const seeking = {
  async act({ page, base }) {
    await openStory({ page, base }, await aStory({ page, base }));
    const steps = {};
    const step = async (name, act) => {
      const before = await standing(page);
      await act();
      await page.waitForFunction((old) => Number(document.querySelector(".seek").value) !== old, before);
      steps[name] = Math.round(((await standing(page)) - before) / 100) * 100;
    };
    await page.locator("h1").click();
    await step("arrowRight", () => page.keyboard.press("ArrowRight"));
    await step("arrowLeft", () => page.keyboard.press("ArrowLeft"));
    await step("forward", () => page.getByRole("button", { name: "On 10 seconds" }).click());
    await step("back", () => page.getByRole("button", { name: "Back 10 seconds" }).click());
    await page.locator(".seek").fill("5000");
    const slider = await standing(page);
    await page.getByRole("button", { name: "Back 10 seconds" }).click();
    return { ...steps, slider, start: await standing(page) };
  },
};

/** A headphone's keys come through the browser's media session: its handlers are what a key calls. */
const keepHandlers = (page) =>
  page.addInitScript(() => {
    globalThis.handlers = {};
    const session = navigator.mediaSession;
    const set = session.setActionHandler.bind(session);
    session.setActionHandler = (action, handler) => {
      globalThis.handlers[action] = handler;
      set(action, handler);
    };
  });

export const mediaKeys = {
  async act({ page, base }) {
    await keepHandlers(page);
    await overhear(page);
    const place = await aStory({ page, base });
    const story = await viewOf({ page, base }, place);
    await openStory({ page, base }, place);
    const press = (action, details = {}) => page.evaluate(([name, more]) => globalThis.handlers[name]({ action: name, ...more }), [action, details]);
    await page.locator(".round.big").click();
    await sounds(page);
    const title = await page.evaluate(() => navigator.mediaSession.metadata.title);
    await press("pause");
    await isPaused(page);
    const held = await page.evaluate(() => [navigator.mediaSession.playbackState, globalThis.sounding() === null]);
    await press("play");
    await isPlaying(page);
    await sounds(page);
    const resumed = await page.evaluate(() => navigator.mediaSession.playbackState);
    await press("pause");
    await press("seekto", { seekTime: 12 });
    const sought = await standing(page);
    await press("seekbackward");
    const back = await standing(page);
    await press("seekforward");
    const forward = await standing(page);
    await press("seekto", { seekTime: story.segments[1].startMs / 1000 });
    await press("nexttrack");
    await page.locator('.sentence.now[data-sentence="2"]').waitFor();
    await press("previoustrack");
    await page.locator('.sentence.now[data-sentence="1"]').waitFor();
    await page.locator(".brand").click();
    await page.locator("#idea").waitFor();
    const letGo = await page.evaluate(() => Object.values(globalThis.handlers).every((handler) => handler === null));
    return { title: title === story.title, held, resumed, sought, back, forward, letGo };
  },
};

const FADES_MS = 6_000;

/** The page's clock is wound on; the sound and its volume are real. */
export const sleepTimer = {
  async act({ page, base }) {
    await overhear(page);
    await page.clock.install();
    const place = await aStory({ page, base });
    const story = await viewOf({ page, base }, place);
    await openStory({ page, base }, place);
    await page.locator(".tools select").nth(1).selectOption("5");
    const end = (await page.evaluate(() => Date.now())) + 5 * 60_000;
    await page.locator(".sentence").last().click();
    await sounds(page, story.segments.at(-1).startMs);
    await until(page, (last) => globalThis.sounding()?.currentTime < last, story.segments.at(-1).startMs / 1000);
    const round = (await page.locator(".the-end").count()) === 0;
    const before = await page.evaluate(() => globalThis.sounding()?.volume);
    // The time of the sentence has passed by itself.
    await page.clock.fastForward(end - FADES_MS - (await page.evaluate(() => Date.now())));
    await until(page, () => globalThis.sounding()?.volume < 0.7);
    const fading = await page.evaluate(() => globalThis.sounding() !== null);
    await page.clock.fastForward("00:10");
    await isPaused(page);
    await until(page, () => globalThis.sounding() === null);
    const after = await page.evaluate(() => globalThis.sounds.map((sound) => sound.volume));
    return { round, before, fading, timer: await page.locator(".tools select").nth(1).inputValue(), loudAgain: after.every((volume) => volume === 1) };
  },
};

/** A browser that leaves the volume at 1, as those of iOS do; and the gains of its Web Audio. */
const fixVolume = (page) =>
  page.addInitScript(() => {
    Object.defineProperty(HTMLMediaElement.prototype, "volume", { get: () => 1, set: () => undefined });
    globalThis.gains = [];
    const create = AudioContext.prototype.createGain;
    AudioContext.prototype.createGain = function () {
      const gain = create.call(this);
      globalThis.gains.push(gain);
      return gain;
    };
  });

/** Where the volume cannot be set, the sound itself is made quieter; afterwards it sounds as before, without Web Audio. */
export const sleepInTheSound = {
  async act({ page, base }) {
    await fixVolume(page);
    await overhear(page);
    await page.clock.install();
    await openStory({ page, base }, await aStory({ page, base }));
    await page.locator(".sentence").first().click();
    await sounds(page);
    await page.locator(".tools select").nth(1).selectOption("5");
    await page.clock.fastForward(5 * 60_000 - FADES_MS);
    await until(page, () => globalThis.gains[0]?.gain.value < 0.8);
    const fading = await page.evaluate(() => globalThis.sounding() !== null);
    await page.clock.fastForward("00:10");
    await isPaused(page);
    await until(page, () => globalThis.sounding() === null);
    await page.locator(".round.big").click();
    await sounds(page);
    return { fading, gains: await page.evaluate(() => globalThis.gains.length), says: await page.locator(".round.big").getAttribute("aria-label") };
  },
};

export const download = {
  async act({ page, base }) {
    const place = await aStory({ page, base });
    await openStory({ page, base }, place);
    await page.locator(".take summary").click();
    const link = page.locator(".take a.mp3");
    const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
    const chunks = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const answer = await page.request.get(new URL(await link.getAttribute("href"), base).href);
    return {
      title: await page.locator("h1").innerText(),
      name: file.suggestedFilename(),
      type: answer.headers()["content-type"],
      disposition: answer.headers()["content-disposition"],
      // A tag (ID3), or a frame of sound at once.
      mp3: bytes.subarray(0, 3).toString("latin1") === "ID3" || (bytes[0] === 0xff && bytes[1] >= 0xe0),
      whole: bytes.length === (await answer.body()).length && bytes.length > 10_000,
    };
  },
};
