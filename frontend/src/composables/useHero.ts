/** The child's name: kept on this device, and sent only once a grown-up has said yes to this very name. */
import { computed, shallowRef, watch } from "vue";
import type { Hero } from "../family";
import { useStored } from "./useStored";

/** agreed: the name to which a grown-up said yes. */
type Kept = Record<"name" | "sounds" | "agreed", string>;

/** As the API takes it. */
const NAME = /^\p{L}[\p{L}\p{M}'’ -]{0,39}$/u;

const isKept = (value: unknown): value is Kept =>
  typeof value === "object" && value !== null && ["name", "sounds", "agreed"].every((name) => typeof (value as Record<string, unknown>)[name] === "string");

export function useHero() {
  const hero = useStored<Kept>("hero", { name: "", sounds: "", agreed: "" }, isKept);
  const name = computed(() => hero.value.name.trim());
  const isWrong = computed(() => Boolean(name.value) && !NAME.test(name.value));
  /** The grown-up is asked; called with the answer. Null: not now. */
  const question = shallowRef<((yes: boolean) => void) | null>(null);

  // What is taken out of the field is not kept behind it.
  watch(name, (value) => value || (hero.value = { ...hero.value, sounds: "", agreed: "" }));

  /** The hero as it is sent; null: without a name, or before a grown-up's yes. */
  function agreed(): Hero | null {
    const sounds = hero.value.sounds.trim();
    return name.value && hero.value.agreed === name.value ? { name: name.value, ...(sounds && { sounds }) } : null;
  }

  /** The same, after the grown-up was asked where that is not done yet. */
  async function allowed(): Promise<Hero | null> {
    if (name.value && hero.value.agreed !== name.value && (await ask())) hero.value.agreed = name.value;
    return agreed();
  }

  function ask(): Promise<boolean> {
    question.value?.(false);
    return new Promise((resolve) => {
      question.value = (yes) => (resolve(yes), (question.value = null));
    });
  }

  return { hero, name, isWrong, question, agreed, allowed };
}

export type ThisHero = ReturnType<typeof useHero>;
