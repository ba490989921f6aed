/** The only place that talks to the network, typed from the API's own document. */
import { editionOf, partsOf } from "./editions";
import type { components } from "./openapi";
import { timeoutSignal } from "./timeout";

type Schemas = components["schemas"];
/** The API omits empty fields; lists default to empty here. */
type Told<View, Lists extends keyof View> = Omit<View, Lists> & { [Name in Lists]-?: NonNullable<View[Name]> };
export type Mark = Schemas["Mark"];
export type Segment = Told<Schemas["Segment"], "marks">;
export type Progress = Schemas["ProgressView"];
export type Story = Omit<Told<Schemas["StoryView"], "locales" | "labels" | "engines">, "segments"> & {
  segments: Segment[];
  edition: string;
};
export type Card = Schemas["Card"];
export type Pictures = Pick<Card, "coverUrl" | "coverNightUrl" | "coverPngUrl" | "coverText">;
export type Catalog = Schemas["StoryPage"];
export type LocaleView = Schemas["LocaleView"];
export type VoiceView = Schemas["VoiceView"];
export type Accepted = Schemas["Accepted"];

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

export interface Api {
  /** The listener said yes to a language that is still being learned. */
  agree(locale: string): void;
  ask(context: string, locale: string, key: string): Promise<Accepted>;
  askEdition(id: string, edition: string): Promise<Accepted>;
  story(id: string, edition: string): Promise<Story>;
  catalog(locale: string, cursor: string): Promise<Catalog>;
  locales(): Promise<LocaleView[]>;
  /** The address of a new connection for changes; null where there is none. */
  push(): Promise<string | null>;
  sample(locale: string, voice: string): Promise<Schemas["SampleView"]>;
  /** The address of a published story that a chat shows with title and picture; null where there is none. */
  preview(id: string, edition: string): Promise<string | null>;
}

/**
 * base: the API's address without a slash at its end; "" is the page's own origin.
 * token: of who is signed in, for the calls that are not open to everybody; null: of nobody.
 */
export function makeApi(base: string, token: () => Promise<string | null> = async () => null): Api {
  const open = <T>(path: string) => request<T>(base + path);
  const get = async <T>(path: string) => request<T>(base + path, { headers: signedBy(await token()) });
  const post = async <T>(path: string, body: object, headers: Record<string, string> = {}) =>
    request<T>(base + path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", ...headers, ...signedBy(await token()) },
    });
  const agreed = new Set<string>();
  const order = (locale: string) => ({ locale, experimental: agreed.has(locale) });
  return {
    agree: (locale) => void agreed.add(locale),
    ask: (context, locale, key) => post("/stories", { context, ...order(locale) }, { "Idempotency-Key": key }),
    askEdition: (id, edition) => {
      const { locale, ...by } = partsOf(edition);
      return post(`/stories/${id}/locales`, { ...order(locale), ...(by.voice ? by : {}) });
    },
    story: async (id, edition) => {
      return storyOf(pictured(base, await get(pathOf(id, edition))));
    },
    catalog: async (locale, cursor) => {
      const query = new URLSearchParams();
      if (locale) query.set("locale", locale);
      if (cursor) query.set("cursor", cursor);
      const words = query.toString();
      const page = await open<Catalog>(`/stories${words && `?${words}`}`);
      return { ...page, stories: page.stories.map((card) => pictured(base, card)) };
    },
    locales: async () => (await open<Schemas["Locales"]>("/locales")).locales,
    push: async () => {
      try {
        return (await post<Schemas["PushView"]>("/push", {})).address;
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return null;
        throw error;
      }
    },
    sample: (locale, voice) => get(`/locales/${encodeURIComponent(locale)}/voices/${encodeURIComponent(voice)}`),
    preview: async (id, edition) => {
      const address = base + pathOf(id, edition, "/preview");
      const isThere = await exchange(address, {}).then(({ response }) => response.ok, () => false);
      return isThere ? new URL(address, location.href).href : null;
    },
  };
}

function pathOf(id: string, edition: string, part = ""): string {
  const { locale, voice, pace } = partsOf(edition);
  const query = voice ? `?${new URLSearchParams({ voice, pace: String(pace) })}` : "";
  return `/stories/${id}/${encodeURIComponent(locale)}${part}${query}`;
}

const signedBy = (token: string | null): Record<string, string> => (token ? { Authorization: token } : {});
/** Pictures are the API's own files: their addresses with its address, as a story that is kept has them already. */
function pictured<View extends Pictures>(base: string, view: View): View {
  const whole = (path: string | null | undefined) => (path?.startsWith("/") ? base + path : path);
  const { coverUrl, coverNightUrl, coverPngUrl } = view;
  return coverUrl
    ? { ...view, coverUrl: whole(coverUrl), coverNightUrl: whole(coverNightUrl), coverPngUrl: whole(coverPngUrl) }
    : view;
}

function storyOf(view: Schemas["StoryView"]): Story {
  const segments = (view.segments ?? []).map((segment) => ({ ...segment, marks: segment.marks ?? [] }));
  return { locales: [], labels: [], engines: {}, ...view, segments, edition: editionOf(view) };
}

/** config.json beside index.html names the API, so that one build serves every stage. signIn: see signIn.ts. */
export async function readConfig(): Promise<{ api: string; signIn?: unknown }> {
  const config = await request<{ api?: unknown; signIn?: unknown }>("./config.json", { cache: "no-cache" });
  if (typeof config.api !== "string") throw new Problem("not-configured");
  return { ...config, api: config.api.replace(/\/+$/, "") };
}

/** How a tablet reaches the server of this page. open: whether it may. addresses: the best first. */
export interface Tablet {
  open: boolean;
  addresses: string[];
}

const OWN_MACHINE = /^(localhost|127\.[0-9.]+|\[::1\])$/;

/** Only a server on this machine knows it, and answers only a page on this machine; null elsewhere. */
export async function readTablet(): Promise<Tablet | null> {
  if (!OWN_MACHINE.test(location.hostname)) return null;
  return request<Tablet>("./tablet.json", { cache: "no-store" }).catch(() => null);
}

async function request<T>(url: string, init: RequestInit = {}): Promise<T> {
  const { response, body } = await exchange(url, init);
  if (response.ok && body !== null) return body as T;
  // No JSON: the address is not an API's.
  if (body === null) throw new Problem(response.status >= 500 ? "unavailable" : "not-configured", response.status);
  throw new Problem(slugOf(body), response.status, secondsOf(response.headers.get("Retry-After")));
}

async function exchange(url: string, init: RequestInit): Promise<{ response: Response; body: unknown }> {
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
