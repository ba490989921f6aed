/** A head-less Chromium from the npm registry, and the headers that Amplify would send. */
import { readFileSync } from "node:fs";

// The package then unpacks its own system libraries: no apt package is needed.
process.env.AWS_EXECUTION_ENV ??= "AWS_Lambda_nodejs24.x";
const { default: chromium } = await import("@sparticuz/chromium");
const { chromium: playwright } = await import("playwright-core");

/** A name of the network, which a browser trusts less than this machine's own address. */
const NAMES = ["--host-resolver-rules=MAP stories.home 127.0.0.1"];

/** A document that comes from `open` below, and not from an address, counts as the public web's: it may not open a WebSocket at home. */
const LOCAL = ["--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets"];

export async function launch() {
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    headless: true,
    // Not the package's own: they switch the web's security off, which is under test here.
    args: ["--no-sandbox", "--no-zygote", "--disable-gpu", "--mute-audio", "--autoplay-policy=user-gesture-required", ...NAMES, ...LOCAL],
  });
}

/** name -> value, from customHttp.yml as the deploy step renders it. given: its placeholders' values. */
export function headers(given = {}) {
  const text = readFileSync(new URL("../../customHttp.yml", import.meta.url), "utf8");
  const pairs = [...text.matchAll(/- key: (.+)\n\s+value: >?-?\s*['"]?(.+?)['"]?\n/g)];
  return Object.fromEntries(pairs.map(([, key, value]) => [key.trim(), value.replaceAll(/\$\{(\w+)\}/g, (_, name) => given[name] ?? "")]));
}

/** What the driver says where it blocks a service worker. */
const BLOCKED = "Service Worker registration blocked by Playwright";

/**
 * A page that gathers whatever goes wrong in it, under the page's own CSP. A service worker would answer before the routes
 * of a scene: only those that are about it allow it.
 */
export async function open(browser, base, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", serviceWorkers: "block", ...options });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && message.text() !== BLOCKED && errors.push(message.text()));
  const strangers = [];
  page.on("request", (request) => request.url().startsWith(base) || strangers.push(request.url()));
  await page.route(`${base}/`, async (route) => {
    const response = await route.fetch();
    const served = response.headers();
    await route.fulfill({ response, headers: { ...served, ...(served["content-security-policy"] ? {} : headers()) } });
  });
  return { page, context, errors, strangers };
}
