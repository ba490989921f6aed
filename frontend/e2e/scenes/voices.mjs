/** Another voice: heard for a sentence, then chosen for the story. */
import { overhear, sounds, until } from "../hearing.mjs";
import { aStory, openStory, viewOf } from "../stage.mjs";

const pathOf = (url, base) => new URL(url, base).pathname;

/** It is heard before it is whole. */
async function wholeOf(stage, place) {
  let view = await viewOf(stage, place);
  for (let looks = 0; looks < 300 && view.status !== "done"; looks += 1) {
    await stage.page.waitForTimeout(200);
    view = await viewOf(stage, place);
  }
  return view;
}

export const voices = {
  async act({ page, base, look }) {
    await overhear(page);
    const place = await aStory({ page, base });
    await openStory({ page, base }, place);
    const choice = page.getByRole("region", { name: "Hear it by another voice" });
    const answer = page.waitForResponse((response) => response.url().endsWith("/locales/en/voices/robot"));
    await choice.getByRole("button", { name: "Hear Robot" }).click();
    const sample = pathOf((await (await answer).json()).audioUrl, base);
    // Also where it has ended by now: it is a short sentence.
    await until(page, (path) => globalThis.sounds.some((sound) => new URL(sound.src, location).pathname === path && sound.currentTime > 0), sample);
    const still = page.url().split("/").pop();
    await choice.getByRole("button", { name: "Robot", exact: true }).click();
    await choice.locator('.chip[aria-current="true"]', { hasText: "Robot" }).waitFor({ timeout: 60_000 });
    await page.locator(".player").waitFor({ timeout: 60_000 });
    await look("story by another voice");
    await page.locator(".round.big").click();
    await sounds(page);
    const playing = await page.evaluate(() => new URL(globalThis.sounding().src, location).pathname);
    const robot = await wholeOf({ page, base }, { ...place, locale: "en?voice=robot" });
    const own = await viewOf({ page, base }, place);
    return {
      still,
      edition: page.url().split("/").pop(),
      // The whole, or its first sentence where it began while the story was spoken.
      robot: [robot.mp3Url, robot.segments[0].audioUrl].some((url) => pathOf(url, base) === playing),
      sameText: robot.story === own.story,
      anotherSound: robot.mp3Url && pathOf(robot.mp3Url, base) !== pathOf(own.mp3Url, base),
    };
  },
};
