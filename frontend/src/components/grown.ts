/** What a grown-up opens: loaded together, once one of it is wanted. */
import { shallowRef } from "vue";

/** Null until they are loaded. */
export const parts = shallowRef<typeof import("./grownUps") | null>(null);

/** Where they cannot be loaded, they are wanted again another time. */
export async function loadParts(): Promise<void> {
  parts.value ??= await import("./grownUps").catch(() => null);
}
