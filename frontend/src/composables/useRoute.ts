/** The address: `#/` is the front page, `#/story/<id>/<edition>` a story. */
import { onScopeDispose, ref } from "vue";

export interface Place {
  id: string;
  edition: string;
}

const STORY = /^#\/story\/(p?[0-9a-f]{32})\/([A-Za-z0-9-]{2,35})$/;

export function placeOf(hash: string): Place | null {
  const [, id, edition] = STORY.exec(hash) ?? [];
  return id && edition ? { id, edition } : null;
}

export const hashOf = (place: Place): string => `#/story/${place.id}/${place.edition}`;

export function useRoute() {
  const place = ref(placeOf(location.hash));
  const read = () => (place.value = placeOf(location.hash));

  function go(to: Place | null, replace = false): void {
    const hash = to ? hashOf(to) : "#/";
    if (replace) history.replaceState(null, "", hash);
    else if (location.hash !== hash) history.pushState(null, "", hash);
    read();
  }

  addEventListener("hashchange", read);
  addEventListener("popstate", read);
  onScopeDispose(() => {
    removeEventListener("hashchange", read);
    removeEventListener("popstate", read);
  });
  return { place, go };
}
