/** A translation may be refused as a whole after it was heard in part: the story then goes back to the edition before it. */
import { ref, watch } from "vue";
import type { Wish } from "./useComing";
import type { Place } from "./useRoute";
import type { Facing } from "./useTelling";

export function useFallback(telling: Facing, bring: (wish: Wish) => Promise<void>) {
  /** The problem of the edition that was refused, for the listener to know; "": none. */
  const refused = ref("");
  let before: Place | null = null;

  /** from: what played until now. */
  function entered(from: Place | null): void {
    before = from;
  }

  watch(telling.story, (story) => {
    if (story?.status === "done" || story?.id !== before?.id) before = null;
    if (story?.status !== "failed" || !before) return;
    refused.value = story.problem ?? "failed";
    const place = before;
    before = null;
    void bring({ what: "edition", edition: place.edition, sound: true, request: null, place });
  });
  return { refused, entered };
}
