/** The only place that talks to the network, typed from the API's own document. */
import { editionOf, partsOf } from "./editions";
import type { components } from "./openapi";

type Schemas = components["schemas"];
/** The API omits empty fields; lists default to empty here. */
type Told<View, Lists extends keyof View> = Omit<View, Lists> & { [Name in Lists]-?: NonNullable<View[Name]> };
export type Mark = Schemas["Mark"];
export type Segment = Told<Schemas["Segment"], "marks">;
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
  ask(context: string, locale: string, key: string): Promise<Accepted>;
  askEdition(id: string, edition: string): Promise<Accepted>;
  story(id: string, edition: string): Promise<Story>;
  catalog(locale: string, cursor: string): Promise<Catalog>;
  locales(): Promise<LocaleView[]>;
  sample(locale: string, voice: string): Promise<Schemas["SampleView"]>;
}

/** base: the API's address without a slash at its end; "" is the page's own origin. */
export function makeApi(base: string): Api {
  const get = <T>(path: string) => request<T>(base + path);
  const post = <T>(path: string, body: object, headers: Record<string, string> = {}) =>
    request<T>(base + path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", ...headers },
    });
  return {
    ask: (context, locale, key) =>
      post("/stories", { context, locale, experimental: true }, { "Idempotency-Key": key }),
    askEdition: (id, edition) => {
      const { locale, ...by } = partsOf(edition);
      return post(`/stories/${id}/locales`, { locale, experimental: true, ...(by.voice ? by : {}) });
    },
    story: async (id, edition) => {
      const { locale, voice, pace } = partsOf(edition);
      const query = voice ? `?${new URLSearchParams({ voice, pace: String(pace) })}` : "";
      return storyOf(pictured(base, await get(`/stories/${id}/${encodeURIComponent(locale)}${query}`)));
    },
    catalog: async (locale, cursor) => {
      const query = new URLSearchParams();
      if (locale) query.set("locale", locale);
      if (cursor) query.set("cursor", cursor);
      const page = await get<Catalog>(`/stories${query.size ? `?${query}` : ""}`);
      return { ...page, stories: page.stories.map((card) => pictured(base, card)) };
    },
    locales: async () => (await get<Schemas["Locales"]>("/locales")).locales,
    sample: (locale, voice) => get(`/locales/${encodeURIComponent(locale)}/voices/${encodeURIComponent(voice)}`),
  };
}

/** Pictures are the API's own files: their addresses with its address. */
function pictured<View extends Pictures>(base: string, view: View): View {
  const whole = (path: string | null | undefined) => (path ? base + path : path);
  const { coverUrl, coverNightUrl, coverPngUrl } = view;
  return coverUrl
    ? { ...view, coverUrl: whole(coverUrl), coverNightUrl: whole(coverNightUrl), coverPngUrl: whole(coverPngUrl) }
    : view;
}

function storyOf(view: Schemas["StoryView"]): Story {
  const segments = (view.segments ?? []).map((segment) => ({ ...segment, marks: segment.marks ?? [] }));
  return { locales: [], labels: [], engines: {}, ...view, segments, edition: editionOf(view) };
}

/** config.json beside index.html names the API, so that one build serves every stage. */
export async function readConfig(): Promise<string> {
  const config = await request<{ api?: unknown }>("./config.json", { cache: "no-cache" });
  if (typeof config.api !== "string") throw new Problem("not-configured");
  return config.api.replace(/\/+$/, "");
}

async function request<T>(url: string, init: RequestInit = {}): Promise<T> {
  const { response, body } = await exchange(url, init);
  if (response.ok && body !== null) return body as T;
  // No JSON: the address is not an API's.
  if (body === null) throw new Problem(response.status >= 500 ? "unavailable" : "not-configured", response.status);
  throw new Problem(slugOf(body), response.status, secondsOf(response.headers.get("Retry-After")));
}

async function exchange(url: string, init: RequestInit): Promise<{ response: Response; body: unknown }> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
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
