/** The kept view of a story as a strategy of Workbox reads it: what is gone, or has ended, is kept no longer. */
import type { WorkboxPlugin } from "workbox-core";
import { isOver, VIEW } from "./kept";

export function keptView(cacheName: string) {
  return {
    cacheKeyWillBeUsed: async () => VIEW,
    // What is kept is the page's choice, with its sound.
    cacheWillUpdate: async () => null,
    fetchDidSucceed: async ({ response }) => {
      if (response.status === 404) await caches.delete(cacheName);
      return response;
    },
    cachedResponseWillBeUsed: async ({ cachedResponse }) => {
      if (!cachedResponse || !isOver((await cachedResponse.clone().json()).expires)) return cachedResponse;
      await caches.delete(cacheName);
      return null;
    },
  } satisfies WorkboxPlugin;
}
