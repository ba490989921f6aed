/** What is kept on this device for want of a network: each story that is opened here and made. */
import { inject, shallowRef, watch, type InjectionKey, type Ref } from "vue";
import type { Story } from "../api";
import { unsigned } from "../kept";
import { drop, dropAll, keep, list, type Kept } from "../offline";

export function useKept(story: Readonly<Ref<Story | null>>) {
  const kept = shallowRef<Kept[]>([]);
  /** The sound that was kept last: a view is read more than once. */
  let last = "";

  async function look(): Promise<void> {
    kept.value = await list();
  }

  /** A story that was deleted. */
  async function remove(id: string): Promise<void> {
    last = "";
    await drop(id);
    await look();
  }

  async function forget(): Promise<void> {
    last = "";
    await dropAll();
    await look();
  }

  const isKept = (id: string, edition: string): boolean => kept.value.some((story) => story.id === id && story.edition === edition);

  watch(story, async (now) => {
    const sound = now?.status === "done" ? unsigned(now.mp3Url ?? "") : "";
    if (!now || !sound || sound === last) return;
    last = sound;
    await keep(now);
    await look();
  });
  void look();
  return { kept, isKept, look, remove, forget };
}

export const KEPT: InjectionKey<ReturnType<typeof useKept>> = Symbol("kept");

export function useThisKept() {
  const kept = inject(KEPT);
  if (!kept) throw new Error("nothing is kept here");
  return kept;
}
