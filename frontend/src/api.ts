/** The only place that talks to the network, typed from the API's own document. */
import { editionOf, localeOf, partsOf } from "./editions";
import type { Edits, Hero, NameView, PinView, ShelfCard, ShelfPage, Wishes } from "./family";
import { exchange, Problem, request } from "./http";
import type { components } from "./openapi";

export { Problem };

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

/** What can be asked for. exportsAt: the address below which stories are taken along. */
export type Offer = Told<Schemas["Locales"], "exports"> & {
  exportsAt: string;
};

export interface Api {
  /** The listener said yes to a language that is still being learned. */
  agree(locale: string): void;
  ask(context: string, locale: string, key: string, wishes?: Wishes): Promise<Accepted>;
  askEdition(id: string, edition: string): Promise<Accepted>;
  story(id: string, edition: string): Promise<Story>;
  catalog(locale: string, cursor: string): Promise<Catalog>;
  locales(): Promise<Offer>;
  /** The address of a new connection for changes; null where there is none. */
  push(): Promise<string | null>;
  sample(locale: string, voice: string): Promise<Schemas["SampleView"]>;
  /** A name said once. */
  name(locale: string, hero: Hero): Promise<NameView>;
  /** What this family made, in `locale` where it is. Throws Problem of status 404: there is no such shelf here. */
  shelf(locale: string, cursor: string): Promise<ShelfPage>;
  pin(): Promise<PinView>;
  choosePin(pin: string): Promise<void>;
  /** Each of these wants a grown-up; pin: "" where none guards them. */
  remove(id: string, pin: string): Promise<void>;
  publish(id: string, locale: string, published: boolean, pin: string): Promise<{ published: boolean }>;
  edit(id: string, edition: string, edits: Edits, pin: string): Promise<Accepted>;
  undo(id: string, pin: string): Promise<{ id: string }>;
  /** The address of a published story that a chat shows with title and picture; null where there is none. */
  preview(id: string, edition: string): Promise<string | null>;
}

/**
 * base: the API's address without a slash at its end; "" is the page's own origin.
 * token: of who is signed in, for the calls that are not open to everybody; null: of nobody.
 */
export function makeApi(base: string, token: () => Promise<string | null> = async () => null): Api {
  const open = <T>(path: string) => request<T>(base + path);
  const send = async <T>(method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    request<T>(base + path, {
      method,
      ...(body && { body: JSON.stringify(body) }),
      headers: { ...(body && { "Content-Type": "application/json" }), ...headers, ...signedBy(await token()) },
    });
  const get = <T>(path: string) => send<T>("GET", path);
  const post = <T>(path: string, body: object, headers?: Record<string, string>) => send<T>("POST", path, body, headers);
  const by = (pin: string): Record<string, string> => (pin ? { "X-Pin": pin } : {});
  const agreed = new Set<string>();
  const order = (locale: string) => ({ locale, experimental: agreed.has(locale) });
  return {
    agree: (locale) => void agreed.add(locale),
    ask: (context, locale, key, wishes) => post("/stories", { context, ...order(locale), ...wishes }, { "Idempotency-Key": key }),
    askEdition: (id, edition) => post(`/stories/${id}/locales`, { ...order(localeOf(edition)), ...named(edition) }),
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
    locales: async () => ({ exports: [], exportsAt: `${base}/exports`, ...(await open<Schemas["Locales"]>("/locales")) }),
    push: async () => {
      try {
        return (await post<Schemas["PushView"]>("/push", {})).address;
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return null;
        throw error;
      }
    },
    sample: (locale, voice) => get(`/locales/${encodeURIComponent(locale)}/voices/${encodeURIComponent(voice)}`),
    name: (locale, hero) => post(`/locales/${encodeURIComponent(locale)}/name`, hero),
    shelf: async (locale, cursor) => {
      const page = await get<ShelfPage>(`/shelf?${new URLSearchParams({ locale, ...(cursor && { cursor }) })}`);
      return { ...page, stories: page.stories.map((card): ShelfCard => pictured(base, card)) };
    },
    pin: () => get("/pin"),
    choosePin: (pin) => send("PUT", "/pin", { pin }),
    remove: (id, pin) => send("DELETE", `/stories/${id}`, undefined, by(pin)),
    publish: (id, locale, published, pin) => send("PUT", `/stories/${id}/${encodeURIComponent(locale)}/published`, { published }, by(pin)),
    // Whoever mends a text has said yes to its language.
    edit: (id, edition, edits, pin) => post(`/stories/${id}/edits`, { ...named(edition), experimental: true, ...edits }, by(pin)),
    undo: (id, pin) => post(`/stories/${id}/undo`, {}, by(pin)),
    preview: async (id, edition) => {
      const address = base + pathOf(id, edition, "/preview");
      const isThere = await exchange(address, {}).then(({ response }) => response.ok, () => false);
      return isThere ? new URL(address, location.href).href : null;
    },
  };
}

/** As an order names an edition: without a voice where it is the locale's own. */
function named(edition: string): { locale: string } {
  const { locale, ...by } = partsOf(edition);
  return { locale, ...(by.voice ? by : {}) };
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
