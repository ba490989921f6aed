/** Sign-in at an OpenID provider: authorisation code with PKCE. Loaded only where config.json has `signIn`. */
import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  calculatePKCECodeChallenge,
  clockTolerance,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
  getValidatedIdTokenClaims,
  None,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
  ResponseBodyError,
  validateAuthResponse,
  type AuthorizationServer,
  type Client,
  type TokenEndpointResponse,
} from "oauth4webapi";
import { Problem } from "./api";
import { timeoutSignal } from "./timeout";

const KEY = "mvp-stories.sign-in";
const PATIENCE_MS = 20_000;
/** A token is renewed this long before its end: a request is on its way for a while. */
const MARGIN_MS = 30_000;
/** A tablet's clock may be wrong by this much. */
const CLOCK_SECONDS = 300;
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?(\/|$)/;

/** logout: the whole address, with what the provider wants in its query. */
export interface SignInConfig {
  issuer: string;
  clientId: string;
  authorize: string;
  token: string;
  logout: string;
}

/** Where the page was left: its hash, and an idea that was typed ("": none) with its story's language. */
export interface Place {
  hash: string;
  idea: string;
  locale: string;
}

type Secrets = { verifier: string; state: string; nonce: string };
export type Left = Place & Secrets;

/** until: milliseconds of Date.now(). */
export interface Tokens {
  id: string;
  refresh: string;
  until: number;
}

/** Throws Problem("not-configured"). */
export function configOf(value: unknown): SignInConfig {
  const given = (value ?? {}) as Record<string, unknown>;
  const isAddress = (text: unknown) => typeof text === "string" && (text.startsWith("https://") || LOOPBACK.test(text));
  const isRight = ["issuer", "authorize", "token", "logout"].every((name) => isAddress(given[name]));
  if (!isRight || typeof given.clientId !== "string") throw new Problem("not-configured");
  return given as unknown as SignInConfig;
}

/** The provider's address to go to. What the return is checked against stays in this tab's session storage. */
export async function depart(config: SignInConfig, place: Place): Promise<string> {
  const left: Left = {
    ...place,
    verifier: generateRandomCodeVerifier(),
    state: generateRandomState(),
    nonce: generateRandomNonce(),
  };
  sessionStorage.setItem(KEY, JSON.stringify(left));
  const address = new URL(config.authorize);
  const query = {
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: ownAddress(),
    scope: "openid",
    state: left.state,
    nonce: left.nonce,
    code_challenge: await calculatePKCECodeChallenge(left.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  return address.href;
}

/** What `depart` kept, once: it is deleted here. */
export function takeLeft(): Left | null {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return text ? (JSON.parse(text) as Left) : null;
  } catch {
    // The browser keeps nothing for this page: nothing was left.
    return null;
  }
}

/** Whether the provider sent the browser here. */
export const isReturn = ({ searchParams }: URL): boolean =>
  searchParams.has("state") && (searchParams.has("code") || searchParams.has("error"));

/** Throws where state, nonce, issuer, client or times are not as they have to be, or the provider refuses. */
export async function redeem(config: SignInConfig, left: Left, url: URL): Promise<Tokens> {
  const parameters = validateAuthResponse(server(config), client(config), url, left.state);
  const response = await authorizationCodeGrantRequest(
    server(config),
    client(config),
    None(),
    parameters,
    ownAddress(),
    left.verifier,
    options(config),
  );
  const checks = { expectedNonce: left.nonce, requireIdToken: true };
  return tokensOf(await processAuthorizationCodeResponse(server(config), client(config), response, checks));
}

/** null: the provider renews it no more. Throws Problem("unavailable") where it cannot be reached. */
export async function renew(config: SignInConfig, refresh: string): Promise<Tokens | null> {
  try {
    const response = await refreshTokenGrantRequest(server(config), client(config), None(), refresh, options(config));
    const answer = await processRefreshTokenResponse(server(config), client(config), response);
    return answer.id_token ? tokensOf(answer, refresh) : null;
  } catch (error) {
    if (error instanceof ResponseBodyError && error.status < 500) return null;
    throw new Problem("unavailable");
  }
}

/** refresh: the token used, which stays where no other comes. */
function tokensOf(answer: TokenEndpointResponse, refresh = ""): Tokens {
  const { exp, iat } = getValidatedIdTokenClaims(answer)!;
  // By its length, not its end: the clock here need not be the provider's.
  const until = Date.now() + (exp - iat) * 1000 - MARGIN_MS;
  return { id: answer.id_token!, refresh: answer.refresh_token ?? refresh, until };
}

const server = ({ issuer, token }: SignInConfig): AuthorizationServer => ({ issuer, token_endpoint: token });
const client = ({ clientId }: SignInConfig): Client => ({ client_id: clientId, [clockTolerance]: CLOCK_SECONDS });
const options = ({ token }: SignInConfig) => ({
  signal: timeoutSignal(PATIENCE_MS),
  [allowInsecureRequests]: LOOPBACK.test(token),
});

/** The page without query and hash, as the provider knows it. */
const ownAddress = (): string => new URL("./", location.href).href;
