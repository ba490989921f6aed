/** Screenshots to look at: node e2e/look.mjs BASE FOLDER */
import { launch, open } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const browser = await launch();
const tones = process.env.TONES?.split(",") ?? ["light", "dark"];
for (const width of (process.env.WIDTHS ?? "320,390,1280").split(",").map(Number)) {
  for (const tone of tones) {
    const { page, errors, context } = await open(browser, base, {
      viewport: { width, height: 900 },
      colorScheme: tone,
      locale: process.env.LOOK_LOCALE ?? "en-GB",
    });
    const shot = (name, full = true) => page.screenshot({ path: `${folder}/${name}-${width}-${tone}.png`, fullPage: full });
    await page.goto(`${base}/`);
    await page.locator(".chip").first().waitFor();
    await page.waitForTimeout(300);
    await shot("home");
    await page.locator(".ideas .chip").nth(1).click();
    await page.locator(".ask .primary").click();
    await page.locator(".story").waitFor();
    await shot("making");
    await page.locator(".said").waitFor({ timeout: 60_000 });
    await page.waitForTimeout(5000);
    await shot("story");
    await shot("story-top", false);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    console.log(width, tone, "overflow", over, errors);
    await context.close();
  }
}
await browser.close();
