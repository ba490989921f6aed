/** Seconds that are left of an expected time, counted down; a new figure is taken where it says something new. */
import { onScopeDispose, ref, watch, type Ref } from "vue";

/** A figure that is this close to what is shown, as a share of it, is the same. */
const SAME = 0.25;

/** shown, expected: seconds; null: not known. */
export function steady(shown: number | null, expected: number | null): number | null {
  if (shown === null || expected === null) return expected;
  return Math.abs(expected - shown) <= Math.max(3, shown * SAME) ? shown : expected;
}

/** expected: seconds from the moment when it is set. */
export function useCountdown(expected: () => number | null | undefined): Readonly<Ref<number | null>> {
  const left = ref<number | null>(null);
  // The second is the page's: a story is looked at more often, and each look may bring another figure.
  const timer = setInterval(() => {
    if (left.value) left.value = Math.max(0, left.value - 1);
  }, 1000);
  watch(expected, (value) => (left.value = steady(left.value, value ?? null)), { immediate: true });
  onScopeDispose(() => clearInterval(timer));
  return left;
}
