/** For every hand and eye: small screens and large letters, the keyboard, paper, contrast, a way back. */
import { aStory, isPlaying, openStory, viewOf, withoutShelf } from "../stage.mjs";

/** What stands beyond the screen's or the player's edge, in px. */
const outside = (page) =>
  page.evaluate(() => {
    const beyond = (element, box) => Math.max(0, element.right - box.right, box.left - element.left);
    const player = document.querySelector(".player");
    const parts = player ? [...player.querySelectorAll("*")].map((part) => beyond(part.getBoundingClientRect(), player.getBoundingClientRect())) : [];
    return Math.round(Math.max(document.documentElement.scrollWidth - innerWidth, ...parts, 0));
  });

const enlarge = (page, percent) => page.evaluate((size) => (document.documentElement.style.fontSize = `${size}%`), percent);

export const narrow = {
  options: { viewport: { width: 320, height: 700 } },
  async act({ page, base, look }) {
    const place = await aStory({ page, base });
    const over = {};
    for (const percent of [100, 200]) {
      await page.goto(`${base}/`);
      await page.locator(".card").first().waitFor();
      await enlarge(page, percent);
      over[`home ${percent}`] = await outside(page);
      await openStory({ page, base }, place);
      await page.locator(".ai").waitFor();
      await enlarge(page, percent);
      over[`story ${percent}`] = await outside(page);
    }
    await look("story, 320 px, text at 200 %");
    return over;
  },
};

/** The least contrast of a control's border to what is on either side of it. */
const leastContrast = (page) =>
  page.evaluate(() => {
    const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const isClear = (colour) => channels(colour)[3] === 0;
    const light = (colour) => {
      const [red, green, blue] = channels(colour).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
    };
    const contrast = (one, other) => Math.max(light(one), light(other)) / Math.min(light(one), light(other));
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const { backgroundColor } = getComputedStyle(at);
        if (!isClear(backgroundColor)) return backgroundColor;
      }
      return "rgb(255, 255, 255)";
    };
    const borders = [...document.querySelectorAll("button, select, textarea, .button")]
      .map((control) => ({ control, colour: getComputedStyle(control).borderTopColor }))
      .filter(({ control, colour }) => control.getClientRects().length && !isClear(colour));
    // The one around it: inside, a filled button has its border's own colour.
    return { borders: borders.length, least: Math.min(...borders.map(({ control, colour }) => contrast(colour, ground(control.parentElement)))) };
  });

/** Colours, fonts and paper. */
export const appearance = {
  options: { colorScheme: "light" },
  async act({ page, base }) {
    const place = await aStory({ page, base });
    const contrasts = {};
    for (const tone of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: tone });
      await page.goto(`${base}/`);
      await page.locator(".card").first().waitFor();
      contrasts[`home, ${tone}`] = await leastContrast(page);
      await openStory({ page, base }, place);
      await page.locator(".ai").waitFor();
      contrasts[`story, ${tone}`] = await leastContrast(page);
    }
    const fonts = await page.evaluate(() => {
      const family = (selector) => getComputedStyle(document.querySelector(selector)).fontFamily;
      const latin = family(".book");
      document.documentElement.lang = "ar";
      const heading = family(".brand");
      return { latin: /Naskh/.test(latin), latinInArabic: /Naskh/.test(family(".book")), arabic: /Naskh/.test(heading) };
    });
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const paper = await page.evaluate(() => {
      const style = (selector) => getComputedStyle(document.querySelector(selector));
      const shown = ["h1", ".sentence", ".ai", ".player", ".top", ".tools", ".switch", ".after"].filter((selector) => document.querySelector(selector).getClientRects().length);
      return { ink: style(".sentence").color, page: style("html").backgroundColor, shown };
    });
    return { contrasts, fonts, paper };
  },
};

/** The book is one stop of the Tab key; the arrows go from sentence to sentence, Enter plays. Nothing drops the focus. */
export const sentences = {
  async act({ page, base }) {
    const place = await aStory({ page, base });
    await aStory({ page, base }, "pt");
    await openStory({ page, base }, place);
    const stops = await page.locator('.book [tabindex="0"]').count();
    await page.locator('.book [tabindex="0"]').focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"]) await page.keyboard.press(key);
    const reached = await page.evaluate(() => document.activeElement.dataset.sentence);
    await page.keyboard.press("Enter");
    await isPlaying(page);
    await page.locator('.sentence.now[data-sentence="2"]').waitFor();
    await page.keyboard.press("End");
    const last = await page.evaluate(() => Number(document.activeElement.dataset.sentence));
    const { segments } = await viewOf({ page, base }, place);
    await page.locator(".switch .chip").filter({ hasText: "Português" }).press("Enter");
    await page.locator('.book[lang="pt"]').waitFor();
    await page.locator(".player").waitFor();
    const isLost = await page.evaluate(() => document.activeElement === document.body);
    return { stops, reached, last: last === segments.length - 1, isLost };
  },
};

/** A phone has neither the keys nor the room. */
export const phone = {
  options: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  async act({ page, base }) {
    await openStory({ page, base }, await aStory({ page, base }));
    await page.locator(".ai").waitFor();
    return { keys: await page.locator(".keys").isVisible(), engines: await page.locator(".engines").isVisible(), label: await page.locator(".ai").isVisible() };
  },
};

/** What was forgotten by a slip of the finger comes back. */
export const undo = {
  provokes: true,
  async act({ page, base }) {
    await withoutShelf({ page, base });
    await openStory({ page, base }, await aStory({ page, base }));
    await page.goto(`${base}/`);
    await page.getByRole("button", { name: "Forget these" }).click();
    const focused = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Recently on this device" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Recently on this device" }).waitFor();
    return { focused };
  },
};

/** Links into nothing, and failures that no retry mends: one sentence, and the one button that helps. */
export const deadEnds = {
  provokes: true,
  async act({ page, base, look }) {
    await page.goto(`${base}/#/story/${"f".repeat(32)}/en`);
    await page.getByRole("button", { name: "Have it told in English" }).click();
    await page.getByText("leads to no story").waitFor();
    await look("no such story at all");
    const unknown = await page.locator(".note button").allInnerTexts();
    const id = "e".repeat(32);
    const view = { id, locale: "en", status: "failed", problem: "failed", retryable: false, segments: [], labels: [], engines: {} };
    await page.route(`${base}/stories/${id}/en`, (route) => route.fulfill({ json: view }));
    await page.goto(`${base}/#/story/${id}/en`);
    await page.getByText("got lost on its way").waitFor();
    const note = await page.locator(".note p").first().innerText();
    const final = await page.locator(".note button").allInnerTexts();
    await page.getByRole("button", { name: "Another idea" }).click();
    await page.locator("#idea").waitFor();
    return { unknown, final, asks: note.includes("?") };
  },
};

/** The laptop's page shows how a tablet comes here; the tablet's own does not. */
export const sofa = {
  async act({ page, base, please, look }) {
    const { url } = await please("lan");
    await page.goto(`${base}/`);
    const code = page.locator(".tablet img");
    await code.waitFor();
    await page.waitForFunction(() => document.querySelector(".tablet img").naturalWidth > 0);
    await look("the tablet's code");
    const address = await page.locator(".address").first().innerText();
    const far = await page.context().newPage();
    await far.goto(`${url}/`);
    await far.locator(".shelf").first().waitFor();
    return { address: address === `${url}/`, elsewhere: await far.locator(".tablet").count() };
  },
};
