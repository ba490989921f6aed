/** How long a story shall be, and for whom: chosen among what is offered, and kept on this device. */
import { computed, type Ref } from "vue";
import type { Wishes } from "../family";
import type { Offer } from "../api";
import { isText, useStored } from "./useStored";

interface Named {
  name: string;
}

export function useWishes(offer: () => Offer) {
  const length = chosen(useStored("length", "", isText), () => offer().lengths);
  const audience = chosen(useStored("audience", "", isText), () => offer().audiences);

  /** The defaults are left out. */
  function wishes(): Wishes {
    const { lengths, audiences } = offer();
    return {
      ...(length.value !== first(lengths) && { length: length.value }),
      ...(audience.value !== first(audiences) && { audience: audience.value }),
    };
  }

  return { length, audience, wishes };
}

const first = (offered: readonly Named[]): string => offered[0]?.name ?? "";

/** What was chosen another day may not be offered any more. */
const chosen = (stored: Ref<string>, offered: () => readonly Named[]) =>
  computed({
    get: () => (offered().some(({ name }) => name === stored.value) ? stored.value : first(offered())),
    set: (name) => (stored.value = name),
  });
