/**
 * The service worker: the page opens without a network, and the stories that it keeps (offline.ts) are read and heard.
 *
 * It writes nothing of the API: what is kept is the page's choice. Whatever it does not know goes to the network as ever.
 */
import { clientsClaim } from "workbox-core";
import { matchPrecache, precacheAndRoute, type PrecacheEntry } from "workbox-precaching";
import { createPartialResponse } from "workbox-range-requests";
import { registerRoute } from "workbox-routing";
import { NetworkFirst, NetworkOnly } from "workbox-strategies";
import { cacheOf, unsigned } from "./kept";
import { keptView } from "./keptView";
import { isToTakeOver } from "./takeover";

declare const self: ServiceWorkerGlobalScope;
/** The page's files, filled in by the build (installable.ts). */
declare const FILES: PrecacheEntry[];

/** Seconds after which a network that does not answer is none. */
const PATIENCE = 4;
const PAGE = "./";
const SETTINGS = "config";
const CONFIG = new URL("config.json", self.location.href).href;
const SEEN = new Set<RequestDestination>(["audio", "image"]);

/** The newest page where there is a network: its files have names of their own, so two builds do not mix. */
const page = new NetworkOnly({ networkTimeoutSeconds: PATIENCE });
registerRoute(
  ({ request, url }) => request.mode === "navigate" && [PAGE, "index.html"].some((name) => new URL(name, self.location.href).pathname === url.pathname),
  async ({ request, event }) => {
    const fresh = await page.handle({ request, event }).catch(() => null);
    return fresh && fresh.status < 500 ? fresh : ((await matchPrecache(PAGE)) ?? fresh ?? Response.error());
  },
);

/** It names the API of this page, and nobody's secret. */
registerRoute(({ url }) => url.href === CONFIG, new NetworkFirst({ cacheName: SETTINGS, networkTimeoutSeconds: PATIENCE }));
// The first page read it before there was a worker.
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SETTINGS).then((cache) => cache.add(new Request(CONFIG, { cache: "no-cache" }))));
});

registerRoute(
  ({ url }) => Boolean(cacheOf(url)),
  ({ request, event, url }) => viewOf(cacheOf(url)).handle({ request, event }),
);

precacheAndRoute(FILES, { directoryIndex: "" });

/** Sounds and pictures: from the story that is kept, else from the network. Only a player asks for a range. */
registerRoute(
  ({ request }) => SEEN.has(request.destination) || request.headers.has("range"),
  async ({ request }) => {
    const key = request.destination === "image" ? request.url : unsigned(request.url);
    const kept = await caches.match(key, { ignoreVary: true });
    if (!kept) return fetch(request);
    return request.headers.has("range") ? createPartialResponse(request, kept) : kept;
  },
);

/** A story's view from the network, else the one that is kept. */
function viewOf(cacheName: string): NetworkFirst {
  return new NetworkFirst({ cacheName, networkTimeoutSeconds: PATIENCE, plugins: [keptView(cacheName)] });
}

clientsClaim();
self.addEventListener("message", (event) => {
  event.waitUntil(
    self.clients.matchAll({ type: "window", includeUncontrolled: true }).then(async ({ length }) => {
      if (isToTakeOver(event.data, FILES, length)) await self.skipWaiting();
    }),
  );
});
