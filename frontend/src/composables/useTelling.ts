/** Two makings: what is listened to, and what is coming beside it and takes its place. */
import { computed, shallowRef, type Ref, type ShallowRef } from "vue";
import type { Api } from "../api";
import { useMaking, type Making, type Push } from "./useMaking";

/** Whichever making has a place now. */
export type Facing = { [Name in keyof Making]: Making[Name] extends Ref<infer Value> ? Readonly<Ref<Value>> : Making[Name] };

export function useTelling(api: () => Promise<Api>, push: Push | null = null) {
  const shown = shallowRef(useMaking(api, push));
  const coming = shallowRef(useMaking(api, push));

  /** What was coming is shown from now on; what was shown is let go. */
  function takeOver(): void {
    [shown.value, coming.value] = [coming.value, shown.value];
    coming.value.close();
  }

  return { shown: facing(shown), coming: facing(coming), takeOver };
}

function facing(which: ShallowRef<Making>): Facing {
  return {
    story: computed(() => which.value.story.value),
    problem: computed(() => which.value.problem.value),
    asking: computed(() => which.value.asking.value),
    waiting: computed(() => which.value.waiting.value),
    ask: (context, locale, wishes) => which.value.ask(context, locale, wishes),
    askEdition: (id, edition) => which.value.askEdition(id, edition),
    follow: (id, edition) => which.value.follow(id, edition),
    renew: () => which.value.renew(),
    canBegin: (segment, speed) => which.value.canBegin(segment, speed),
    hurry: () => which.value.hurry(),
    close: () => which.value.close(),
  };
}
