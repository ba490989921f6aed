/** Sign-in, against a provider and an API that wants its token: the page, both and the stories have an origin each. */
import { startGuarded } from "../guarded.mjs";
import { IDEA, aStory } from "../stage.mjs";

const header = (page, name) => page.locator("header").getByRole("button", { name });
const kept = (page) => page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
/** What nobody but the page's memory may hold. */
const SECRETS = /eyJ|refresh|verifier|nonce|token/i;

/** The provider's own pages: any name and password will do there. */
async function logIn(page, { address }) {
  await page.locator('input[name="login"]').fill("a parent");
  await page.locator('input[name="password"]').fill("anything");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL((url) => url.href.startsWith(address));
}

/** A provider's page asks a host for its font, which is nowhere here. */
const FONTS = /^https:\/\/fonts\.googleapis\.com\//;

async function guarded({ base, page, context }, act) {
  await aStory({ page, base });
  const stage = await startGuarded(base);
  await context.route(FONTS, (route) => route.abort());
  try {
    return await act(stage);
  } finally {
    stage.stop();
  }
}

async function askSignedOut(page, { address }) {
  await page.goto(address);
  await page.locator(".card").first().waitFor();
  await page.locator("#idea").fill(IDEA);
  await page.locator(".ask .primary").click();
  await page.locator(".note").waitFor();
}

/** An idea typed, the sign-in, the story; a reload, which forgets; the sign-out. */
export const signIn = {
  provokes: true,
  elsewhere: true,
  act: (scene) =>
    guarded(scene, async (stage) => {
      const { page, strangers, look } = scene;
      await askSignedOut(page, stage);
      const note = await page.locator(".note").innerText();
      await look("not signed in");
      await page.locator(".note").getByRole("button", { name: "Sign in" }).click();
      await logIn(page, stage);
      await page.locator(".player").waitFor({ timeout: 60_000 });
      const url = page.url();
      const inside = SECRETS.test(await kept(page));
      await look("signed in");
      await page.locator(".sentence").first().click();
      await page.locator(".said").first().waitFor({ timeout: 60_000 });
      const playing = (await page.locator(".sentence").count()) > 1;
      const renewals = stage.issuer.grants.filter((grant) => grant === "refresh_token").length;
      const refusedBefore = stage.calls.filter(({ passes }) => !passes).map(({ call }) => call);

      await page.reload();
      await page.locator(".note").waitFor();
      const after = await page.locator(".note").innerText();
      await page.goto(stage.address);
      await page.locator(".card").first().waitFor();
      await header(page, "Sign in").waitFor();
      const signedIn = await header(page, "Sign out").count();
      const shelf = await page.locator(".card").count();

      await header(page, "Sign in").click();
      // The provider still knows the parent: no password.
      await header(page, "Sign out").waitFor();
      await header(page, "Sign out").click();
      await page.getByRole("button", { name: "Yes, sign me out" }).click();
      await header(page, "Sign in").waitFor();
      await header(page, "Sign in").click();
      const password = await page.locator('input[name="password"]').waitFor().then(() => true);
      return {
        note,
        clean: url.startsWith(`${stage.address}#/story/`),
        inside,
        playing,
        renewed: renewals > 0,
        refused: stage.issuer.grants.filter((grant) => grant.startsWith("refused")),
        refusedBefore,
        openWithToken: stage.calls.filter(({ call, token }) => token && /^GET \/(stories|locales)(\?|$)/.test(call)).length,
        after,
        signedIn,
        shelf: shelf > 0,
        password,
        strangers: strangers.filter((url) => !stage.origins.includes(new URL(url).origin) && !FONTS.test(url)),
      };
    }),
};

/** A return with another state: no token is asked for, and the idea is still there. */
export const wrongState = {
  provokes: true,
  elsewhere: true,
  act: (scene) =>
    guarded(scene, async (stage) => {
      const { page, look } = scene;
      await askSignedOut(page, stage);
      await page.locator(".note").getByRole("button", { name: "Sign in" }).click();
      await page.locator('input[name="login"]').waitFor();
      await page.goto(`${stage.address}?code=stolen&state=another`);
      const note = await page.locator(".note").innerText();
      await look("another state");
      return {
        note,
        url: page.url() === stage.address,
        idea: (await page.locator("#idea").inputValue()) === IDEA,
        kept: SECRETS.test(await kept(page)),
        grants: stage.issuer.grants,
        signedOut: await header(page, "Sign in").count(),
      };
    }),
};

/** By plain http at a name of the network there is no cryptography: a sentence, and no button. */
export const insecure = {
  provokes: true,
  elsewhere: true,
  act: (scene) =>
    guarded(scene, async (stage) => {
      const { page, look } = scene;
      await askSignedOut(page, { address: `http://stories.home:${stage.port}/` });
      const note = await page.locator(".note").innerText();
      await look("no cryptography");
      return { note, buttons: await page.getByRole("button", { name: "Sign in" }).count(), cards: await page.locator(".card").count() > 0 };
    }),
};
