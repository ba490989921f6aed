/** A value in this device's local storage, if the browser allows it. */
import { ref, watch, type Ref } from "vue";

export function useStored<T>(name: string, initial: T, isRight: (value: unknown) => value is T): Ref<T> {
  const key = `mvp-stories.${name}`;
  const stored = ref(read()) as Ref<T>;

  function read(): T {
    try {
      const value: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
      return isRight(value) ? value : initial;
    } catch {
      return initial;
    }
  }

  watch(
    stored,
    (value) => {
      try {
        localStorage.setItem(key, JSON.stringify(value));
      } catch {
        // A private window: the value lives until the page closes.
      }
    },
    { deep: true },
  );
  return stored;
}

export const isText = (value: unknown): value is string => typeof value === "string";
export const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
