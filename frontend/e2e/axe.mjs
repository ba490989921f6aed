/** The rules of accessibility, on what the page shows now, by day and by night. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** broken: "view, tone" -> the rules violated there. */
export async function look(page, view, broken) {
  // Evaluated by the debugger: the page's CSP allows no foreign script.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
  for (const tone of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme: tone });
    await page.locator(`html[data-theme="${tone}"]`).waitFor({ state: "attached" });
    const violations = await page.evaluate(async () => (await globalThis.axe.run({ resultTypes: ["violations"] })).violations);
    broken[`${view}, ${tone}`] = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3).join(" ")}`);
  }
}
