/** A call of the network: its JSON, or a Problem. */
import { timeoutSignal } from "./timeout";

const TYPE = "urn:mvp-stories:problem:";
const PATIENCE_MS = 20_000;
const OURS = /^[a-z][a-z-]{0,40}$/;

/** slug: the API's problem type, or "offline", "slow", "not-configured", "failed". retryAfter: seconds, null: not given. */
export class Problem extends Error {
  constructor(
    readonly slug: string,
    readonly status = 0,
    readonly retryAfter: number | null = null,
  ) {
    super(slug);
  }
}

export const problemOf = (error: unknown): Problem => (error instanceof Problem ? error : new Problem("failed"));

export async function request<T>(url: string, init: RequestInit = {}): Promise<T> {
  const { response, body } = await exchange(url, init);
  if (response.ok && (body !== null || response.status === 204)) return body as T;
  // No JSON: the address is not an API's.
  if (body === null) throw new Problem(response.status >= 500 ? "unavailable" : "not-configured", response.status);
  throw new Problem(slugOf(body), response.status, secondsOf(response.headers.get("Retry-After")));
}

export async function exchange(url: string, init: RequestInit): Promise<{ response: Response; body: unknown }> {
  const signal = timeoutSignal(PATIENCE_MS);
  try {
    const response = await fetch(url, { ...init, credentials: "omit", referrerPolicy: "no-referrer", signal });
    return { response, body: parsed(await response.text()) };
  } catch {
    throw new Problem(signal.aborted ? "slow" : "offline");
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function slugOf(body: unknown): string {
  const type = (body as { type?: unknown }).type;
  const slug = typeof type === "string" && type.startsWith(TYPE) ? type.slice(TYPE.length) : "";
  return OURS.test(slug) ? slug : "failed";
}

function secondsOf(header: string | null): number | null {
  const value = Number(header);
  return header && Number.isFinite(value) && value >= 0 ? value : null;
}
