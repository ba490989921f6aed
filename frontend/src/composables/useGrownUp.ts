/** What only a grown-up may do: where a PIN guards it, the PIN is asked for, and kept in memory for some minutes. */
import { inject, shallowRef, type InjectionKey } from "vue";
import type { Api } from "../api";
import { Problem } from "../http";

const KEPT_MS = 10 * 60_000;
/** Of the PIN, not of what is to be done with it. */
const OF_PIN = new Set(["no-pin", "wrong-pin", "too-many-tries"]);

/** isNew: there is no PIN yet, one is chosen. slug: why it is asked for again; "": for the first time. */
export interface PinQuestion {
  isNew: boolean;
  slug: string;
  /** Null: the grown-up thought better of it. */
  answer: (pin: string | null) => void;
}

export function useGrownUp(api: () => Promise<Api>) {
  const question = shallowRef<PinQuestion | null>(null);
  let kept = "";
  let until = 0;

  /** Null: the grown-up thought better of it. Throws Problem: of the act itself. */
  async function guarded<T>(act: (api: Api, pin: string) => Promise<T>): Promise<T | null> {
    const ready = await api();
    for (let slug = ""; ; ) {
      const { needed, set } = await ready.pin();
      if (!needed) return act(ready, "");
      const pin = set && Date.now() < until ? kept : await ask(!set, slug);
      if (pin === null) return null;
      try {
        if (!set) await ready.choosePin(pin);
        kept = pin;
        until = Date.now() + KEPT_MS;
        return await act(ready, pin);
      } catch (error) {
        if (!(error instanceof Problem) || !OF_PIN.has(error.slug)) throw error;
        until = 0;
        kept = "";
        slug = error.slug;
      }
    }
  }

  function ask(isNew: boolean, slug: string): Promise<string | null> {
    question.value?.answer(null);
    return new Promise((resolve) => {
      question.value = { isNew, slug, answer: (pin) => (resolve(pin), (question.value = null)) };
    });
  }

  return { question, guarded };
}

export type GrownUp = ReturnType<typeof useGrownUp>;
export const GROWN_UP: InjectionKey<GrownUp> = Symbol("grown-up");

export function useThisGrownUp(): GrownUp {
  const grownUp = inject(GROWN_UP);
  if (!grownUp) throw new Error("no grown-up is provided");
  return grownUp;
}
