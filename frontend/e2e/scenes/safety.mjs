/** Words that would be more than words. */
const EVIL = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>\u202Eevil\u202C {{ 1 }} ';

export const hostile = {
  options: { viewport: { width: 320, height: 700 } },
  provokes: true,
  async act({ page, base, look }) {
    const segments = [EVIL, "<svg onload=globalThis.hacked=1>", "🐘 hello"].map((text) => ({ text, marks: [] }));
    const view = { id: "a".repeat(32), locale: "en", status: "speaking", title: EVIL, context: EVIL, segments, labels: [EVIL], engines: { text: EVIL } };
    await page.route(`${base}/stories/${view.id}/en`, (route) => route.fulfill({ json: view }));
    await page.goto(`${base}/#/story/${view.id}/en`);
    await page.locator(".book").waitFor();
    await look("story, 320 px");
    const shown = await page.locator(".sentence").first().textContent();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await page.goto(`${base}/`);
    await page.locator("#idea").fill(EVIL);
    const answered = page.waitForResponse((response) => response.request().method() === "POST");
    await page.locator(".ask .primary").click();
    const status = (await answered).status();
    await page.locator(".note").waitFor();
    const hacked = await page.evaluate(() => "hacked" in globalThis);
    const strange = 'img:not(.cover img, [src$="tablet.svg"])';
    return { shown: shown === EVIL, overflow, status, hacked, images: await page.locator(strange).count() };
  },
};
