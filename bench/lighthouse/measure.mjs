/**
 * Lighthouse as it comes (a phone on slow 4G, simulated): node measure.mjs RUNS ADDRESS...
 * Prints a line of JSON a run, the addresses in turn: so that what happens to the machine happens to all.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

// The page's own tests bring a browser: frontend/e2e/browser.mjs says why it is started so.
process.env.AWS_EXECUTION_ENV ??= "AWS_Lambda_nodejs24.x";
const brought = createRequire(new URL("../../frontend/package.json", import.meta.url)).resolve("@sparticuz/chromium");
const { default: chromium } = await import(pathToFileURL(brought));
const CATEGORIES = ["performance", "accessibility", "best-practices"];
const TIMES = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time"];

const [runs, ...addresses] = process.argv.slice(2);
for (let run = 0; run < Number(runs); run++) {
  for (const address of addresses) console.log(JSON.stringify({ address, ...(await measure(address)) }));
}

/** In a browser of its own: nothing is warm. */
async function measure(address) {
  const chrome = await launch({
    chromePath: await chromium.executablePath(),
    chromeFlags: ["--headless", "--no-sandbox", "--no-zygote", "--disable-gpu", "--mute-audio"],
  });
  try {
    const { lhr } = await lighthouse(address, { port: chrome.port, logLevel: "error", onlyCategories: CATEGORIES });
    if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
    return told(lhr);
  } finally {
    chrome.kill();
  }
}

/** Scores of 100, times in milliseconds, and what a score was lost for: the audit and how good it was. */
function told({ categories, audits, finalDisplayedUrl }) {
  const lost = Object.values(categories)
    .flatMap(({ auditRefs }) => auditRefs)
    .filter(({ id, weight }) => weight > 0 && audits[id].score !== null && audits[id].score < 0.9)
    .map(({ id }) => [id, audits[id].score]);
  return {
    shown: finalDisplayedUrl,
    scores: Object.fromEntries(CATEGORIES.map((name) => [name, Math.round(categories[name].score * 100)])),
    milliseconds: Object.fromEntries(TIMES.map((name) => [name, audits[name].numericValue])),
    lost: Object.fromEntries(lost),
  };
}
