/** Screenshots of each state to look at: node e2e/look.mjs BASE FOLDER (WIDTHS=390,1280 TONES=light,dark LOOK_LOCALE=en-GB) */
import { launch, open } from "./browser.mjs";
import { ID, LINE, WORDS } from "./early.mjs";
import { aStory, openStory } from "./stage.mjs";

const [base, folder] = process.argv.slice(2);
const { WIDTHS = "390,1280", TONES = "light,dark", LOOK_LOCALE: locale = "en-GB" } = process.env;
const browser = await launch();

/** The first answer about a story, held at the moment when its first sentences are spoken. */
async function inTheMaking(page, { id }) {
  await page.route(`${base}/stories/${id}/en`, async (route) => {
    const view = await (await route.fetch()).json();
    const segments = view.segments.map((segment, index) => (index < 2 ? { ...segment, startMs: null } : { text: segment.text }));
    await route.fulfill({ json: { ...view, status: "speaking", mp3Url: null, downloadUrl: null, durationMs: null, segments } });
  });
}

async function states(page, context, shot) {
  const place = await aStory({ page, base });
  await page.goto(`${base}/`);
  await page.locator(".card").first().waitFor();
  await shot("home");
  await page.locator("#idea").fill("a gun and a murder");
  await page.locator(".ask .primary").click();
  await page.locator(".note").waitFor();
  await shot("refused");
  for (const [name, view] of Object.entries({ line: LINE, early: WORDS })) {
    await page.route(`${base}/stories/${ID}/en`, (route) => route.fulfill({ json: view }));
    await page.goto(`${base}/#/story/${ID}/en`);
    await page.locator('.stages [aria-current="step"]').waitFor();
    await shot(name);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.goto(`${base}/`);
  }
  await inTheMaking(page, place);
  await openStory({ page, base }, place);
  await shot("making");
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.reload();
  await page.locator(".take").waitFor();
  await page.locator(".sentence").nth(3).click();
  await page.locator(".said").waitFor();
  await page.waitForTimeout(1500);
  await shot("story");
  await page.locator(".sentence").last().click();
  await page.locator(".the-end").waitFor({ timeout: 60_000 });
  await shot("ended");
  await page.goto(`${base}/#/story/${"0".repeat(32)}/en`);
  await page.locator(".note").waitFor();
  await shot("missing");
  await context.setOffline(true);
  await page.evaluate((hash) => (location.hash = hash), `#/story/${place.id}/fr`);
  await page.locator(".note p.quiet").waitFor();
  await shot("offline");
}

for (const width of WIDTHS.split(",").map(Number)) {
  for (const tone of TONES.split(",")) {
    const { page, context } = await open(browser, base, { viewport: { width, height: 900 }, colorScheme: tone, locale });
    await states(page, context, async (name) => {
      await page.screenshot({ path: `${folder}/${name}-${width}-${tone}.png`, fullPage: true });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) console.log(name, width, tone, `is ${over} px too wide`);
    });
    await context.close();
  }
}
await browser.close();
