import { launch } from "./e2e/browser.mjs";
import { mkdirSync } from "node:fs";
const [base, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const browser = await launch();
const ctx = await browser.newContext({ viewport: { width: 820, height: 1180 }, locale: "en-GB", acceptDownloads: true });
const page = await ctx.newPage();
page.on("pageerror", (e) => console.log("pageerror", String(e)));
let n = 0; const t0 = Date.now();
const shot = async (name) => { await page.screenshot({ path: `${folder}/${String(n++).padStart(2, "0")}-${name}.png` }); console.log(`${((Date.now() - t0) / 1000).toFixed(1)} s ${name}`); };
await page.goto(`${base}/`); await page.waitForTimeout(1500);
await page.locator("#idea").fill("a girl who is afraid of the dark cellar");
await page.getByLabel(/child’s name/i).fill("Siobhán");
await page.waitForTimeout(300);
await page.getByLabel(/sounds/i).fill("Shi-vawn");
await shot("name-and-length");
const tap = Date.now();
await page.locator(".ask .primary").click();
await page.waitForTimeout(500); await shot("question");
await page.getByRole("button", { name: /Yes, use the name/ }).click();
const asked = Date.now();
await page.waitForTimeout(6000); await shot("being-written");
await page.waitForFunction(() => document.querySelectorAll(".sentence").length > 3, null, { timeout: 280000 });
console.log("text after", (Date.now() - asked) / 1000);
await page.waitForTimeout(4000); await shot("listening");
console.log("url", page.url());
await page.waitForTimeout(20000); await shot("told");
// switch
try {
  const sw = page.locator(".story select, .tools select").first();
  await sw.selectOption("pt"); await page.waitForTimeout(9000); await shot("portuguese");
  await page.waitForTimeout(25000); await shot("portuguese-told");
  await sw.selectOption("en"); await page.waitForTimeout(3000);
} catch (e) { console.log("switch", String(e).slice(0, 200)); await shot("switch-failed"); }
try {
  await page.locator(".story .grown summary").click();
  await page.getByRole("button", { name: "Change the words" }).click();
  await page.locator(".mendable").nth(2).click();
  const old = await page.locator(".pencil textarea").inputValue();
  await page.locator(".pencil textarea").fill("Siobhán held her little lamp and smiled.");
  console.log("old:", old); await shot("pencil");
  await page.getByRole("button", { name: "Save and speak it" }).click();
  await page.waitForTimeout(800); await shot("pin");
  for (const input of await page.locator("dialog input, .pin input").all()) await input.fill("2580");
  await shot("pin-filled");
  await page.locator("dialog button[type=submit], .pin button[type=submit]").first().click();
  await page.waitForTimeout(9000); await shot("mended");
} catch (e) { console.log("pencil", String(e).slice(0, 300)); await shot("pencil-failed"); }
try {
  await page.getByText("Take it along").first().click(); await page.waitForTimeout(500); await shot("take-along");
  const link = await page.locator("a[href*='.epub']").first().getAttribute("href"); console.log("epub", link);
  const r = await page.request.get(link); console.log("epub status", r.status(), (await r.body()).length);
} catch (e) { console.log("take", String(e).slice(0, 300)); }
await page.goto(`${base}/`); await page.waitForTimeout(3000); await shot("shelf");
await ctx.setOffline(true); await page.waitForTimeout(500); await page.reload().catch(() => 0); await page.waitForTimeout(6000); await shot("offline-home");
try { await page.locator(".card").first().click(); await page.waitForTimeout(3000); await shot("offline-story"); } catch (e) { console.log(String(e).slice(0, 200)); }
await ctx.setOffline(false);
await page.goto(`${base}/`); await page.waitForTimeout(3000);
try {
  const item = page.locator(".shelf-item").first();
  await item.locator("summary").click(); await item.getByRole("button", { name: "Delete" }).click(); await shot("delete");
  await item.getByRole("button", { name: "Yes, delete it" }).click(); await page.waitForTimeout(1500); await shot("delete-pin");
  const inputs = await page.locator("dialog input, .pin input").all(); for (const input of inputs) await input.fill("2580");
  if (inputs.length) await page.locator("dialog button[type=submit], .pin button[type=submit]").first().click();
  await page.waitForTimeout(3000); await shot("deleted");
} catch (e) { console.log("delete", String(e).slice(0, 300)); }
await browser.close(); process.exit(0);
