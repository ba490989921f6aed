import { beforeEach, afterEach, describe, expect, it, vi } from "vitest";
import { useSignIn } from "../src/composables/useSignIn";

const CONFIG = {
  issuer: "https://id.example/pool",
  clientId: "page",
  authorize: "https://sign-in.example/oauth2/authorize",
  token: "https://sign-in.example/oauth2/token",
  logout: "https://sign-in.example/logout?client_id=page&logout_uri=https://stories.example/",
};
const PAGE = "https://stories.example/";
const HOUR = 3600;

/** A token as the provider signs it; its signature is for the API to check. */
function idToken(claims: object): string {
  const now = Math.floor(Date.now() / 1000);
  const body = { iss: CONFIG.issuer, aud: "page", sub: "me", iat: now, exp: now + HOUR, ...claims };
  return [{ alg: "RS256" }, body].map((part) => btoa(JSON.stringify(part)).replaceAll("=", "")).join(".") + ".c2ln";
}

/** The provider's token endpoint: one answer after the other. */
function provider(...answers: (() => [object, number?] | null)[]) {
  const asked = vi.fn(async (_url: string, init: RequestInit) => {
    void init;
    const answer = answers.shift()?.();
    if (!answer) throw new TypeError("away");
    const [body, status = 200] = answer;
    return new Response(JSON.stringify({ access_token: "a", token_type: "Bearer", ...body }), {
      status,
      headers: { "Content-Type": "application/json" },
    });
  });
  vi.stubGlobal("fetch", asked);
  return { asked, forms: () => asked.mock.calls.map(([, init]) => Object.fromEntries(new URLSearchParams(String(init.body)))) };
}

const goTo = (address: string) => (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(address);

/** A page that went to the provider and is loaded again. query: of the address it comes back by. */
async function comeBack(query: (sent: URLSearchParams) => object, idea = "") {
  let sent = new URLSearchParams();
  const before = useSignIn((address) => (sent = new URL(address).searchParams));
  await before.start(CONFIG);
  await before.signIn(idea, "fr");
  goTo(`${PAGE}?${new URLSearchParams(query(sent) as Record<string, string>)}`);
  const visited: string[] = [];
  const page = useSignIn((address) => visited.push(address));
  return { page, sent, visited };
}

async function signedIn(nonce: { value: string }, ...later: (() => [object, number?] | null)[]) {
  const first = () => [{ id_token: idToken({ nonce: nonce.value }), refresh_token: "r1" }] as [object];
  const { asked, forms } = provider(first, ...later);
  const { page, sent, visited } = await comeBack((query) => {
    nonce.value = query.get("nonce")!;
    return { code: "c1", state: query.get("state")! };
  }, "a snail");
  await page.start(CONFIG);
  return { page, sent, visited, asked, forms };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  goTo(`${PAGE}#/`);
  sessionStorage.clear();
  localStorage.clear();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("without signIn in config.json", () => {
  it("nothing is offered, read or sent", async () => {
    goTo(`${PAGE}?code=c&state=s`);
    const page = useSignIn();
    await page.start(undefined);
    expect([page.status.value, await page.token(), page.failed.value, location.search]).toEqual(["none", null, false, "?code=c&state=s"]);
  });
});

describe("where the browser has no cryptography", () => {
  it("sign-in is not offered", async () => {
    vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
    const page = useSignIn();
    await page.start(CONFIG);
    expect([page.status.value, await page.token()]).toEqual(["insecure", null]);
  });
});

describe("going to the provider", () => {
  it("asks for a code with PKCE, for this page, with a state and a nonce of its own", async () => {
    const { sent } = await comeBack(() => ({}));
    const { state, nonce, code_challenge, ...rest } = Object.fromEntries(sent);
    expect(rest).toEqual({ response_type: "code", client_id: "page", redirect_uri: PAGE, scope: "openid", code_challenge_method: "S256" });
    expect(new Set([state, nonce, code_challenge]).size).toBe(3);
    for (const secret of [state, nonce, code_challenge]) expect(secret).toMatch(/^[\w-]{43}$/);
  });

  it("fails in words where the browser keeps nothing", async () => {
    const page = useSignIn();
    await page.start(CONFIG);
    vi.stubGlobal("sessionStorage", { setItem: () => { throw new Error("blocked"); } });
    await page.signIn();
    expect(page.failed.value).toBe(true);
  });

  it("takes a provider on this machine, where there is no https", async () => {
    const page = useSignIn();
    await page.start({ ...CONFIG, issuer: "http://127.0.0.1:4000", token: "http://localhost:4000/token" });
    expect(page.status.value).toBe("out");
  });

  it.each([["javascript:alert(1)"], ["http://127.0.0.1.evil.example/"], ["http://stories.home/token"], [7]])("refuses %s as an address", async (token) => {
    await expect(useSignIn().start({ ...CONFIG, token })).rejects.toMatchObject({ slug: "not-configured" });
  });
});

describe("coming back", () => {
  it("redeems the code with the verifier, goes on with the idea, and leaves nothing in the browser", async () => {
    const nonce = { value: "" };
    const { page, sent, forms } = await signedIn(nonce);
    const [form] = forms();
    expect(form).toMatchObject({ grant_type: "authorization_code", code: "c1", client_id: "page", redirect_uri: PAGE });
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(form!.code_verifier)));
    const challenge = btoa(String.fromCharCode(...digest)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    expect(challenge).toBe(sent.get("code_challenge"));
    expect([page.status.value, page.failed.value]).toEqual(["in", false]);
    expect(page.asked.value).toEqual({ idea: "a snail", locale: "fr", go: true });
    expect(await page.token()).toBe(idToken({ nonce: nonce.value }));
    expect([sessionStorage.length, localStorage.length, location.search]).toEqual([0, 0, ""]);
  });

  it.each([
    ["another state", (sent: URLSearchParams) => ({ code: "c1", state: `${sent.get("nonce")}` })],
    ["a refusal", (sent: URLSearchParams) => ({ error: "access_denied", state: sent.get("state")! })],
    ["another issuer", (sent: URLSearchParams) => ({ code: "c1", state: sent.get("state")!, iss: "https://evil.example" })],
  ])("with %s asks for no token, and keeps the idea", async (_, query) => {
    const { asked } = provider();
    const { page } = await comeBack(query, "a snail");
    await page.start(CONFIG);
    expect([page.status.value, page.failed.value, asked.mock.calls.length]).toEqual(["out", true, 0]);
    expect(page.asked.value).toEqual({ idea: "a snail", locale: "fr", go: false });
    expect([sessionStorage.length, location.search]).toEqual([0, ""]);
  });

  it.each([
    ["another nonce", () => ({ nonce: "another" })],
    ["no nonce", () => ({})],
    ["another issuer", (nonce: string) => ({ nonce, iss: "https://evil.example" })],
    ["another client", (nonce: string) => ({ nonce, aud: "another" })],
    ["a time that is over", (nonce: string) => ({ nonce, exp: Math.floor(Date.now() / 1000) - HOUR })],
  ])("with %s in the token is not signed in", async (_, claims) => {
    let nonce = "";
    provider(() => [{ id_token: idToken(claims(nonce)) }]);
    const { page } = await comeBack((sent) => {
      nonce = sent.get("nonce")!;
      return { code: "c1", state: sent.get("state")! };
    });
    await page.start(CONFIG);
    expect([page.status.value, page.failed.value, await page.token()]).toEqual(["out", true, null]);
  });

  it("by a link that nobody here asked for is refused", async () => {
    const { asked } = provider();
    goTo(`${PAGE}?code=theirs&state=theirs`);
    const page = useSignIn();
    await page.start(CONFIG);
    expect([page.status.value, page.failed.value, asked.mock.calls.length]).toEqual(["out", true, 0]);
  });

  it("by the back button, without a code, brings the idea back and asks nothing", async () => {
    const { page } = await comeBack(() => ({}), "a snail");
    await page.start(CONFIG);
    expect(page.asked.value).toEqual({ idea: "a snail", locale: "fr", go: false });
    expect([page.status.value, page.failed.value, sessionStorage.length]).toEqual(["out", false, 0]);
  });
});

describe("a token near its end", () => {
  const later = (claims = {}) => () => [{ id_token: idToken({ renewed: true, ...claims }), refresh_token: "r2" }] as [object];
  const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

  it("is renewed once for all who wait, each time by the newest refresh token", async () => {
    const { page, forms } = await signedIn({ value: "" }, later(), later());
    pass(HOUR - 20);
    const [first, second] = await Promise.all([page.token(), page.token()]);
    expect(first).toBe(second);
    expect(first).toBe(idToken({ renewed: true }));
    pass(HOUR);
    await page.token();
    expect(forms().slice(1).map(({ grant_type, refresh_token }) => [grant_type, refresh_token])).toEqual([
      ["refresh_token", "r1"],
      ["refresh_token", "r2"],
    ]);
  });

  it("is not sent where the provider renews it no more", async () => {
    const { page } = await signedIn({ value: "" }, () => [{ error: "invalid_grant" }, 400]);
    pass(HOUR);
    expect([await page.token(), page.status.value]).toEqual([null, "out"]);
  });

  it("waits where the provider is away, and is renewed when it is back", async () => {
    const { page } = await signedIn({ value: "" }, () => null, later());
    pass(HOUR);
    await expect(page.token()).rejects.toMatchObject({ slug: "unavailable" });
    expect(page.status.value).toBe("in");
    expect(await page.token()).toBe(idToken({ renewed: true }));
  });
});

describe("signing out", () => {
  it("forgets the token and ends the provider's session", async () => {
    const { page, visited } = await signedIn({ value: "" });
    await page.signOut();
    expect([await page.token(), page.status.value, visited]).toEqual([null, "out", [CONFIG.logout]]);
  });
});
