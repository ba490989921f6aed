/** Where what had the focus goes away, the focus stays in the page's main part: a key goes on from there, not from the top. */
import { onMounted, onScopeDispose, type Ref } from "vue";

export function useFocusNet(main: Readonly<Ref<HTMLElement | undefined>>): void {
  let last: Element | null = null;
  const note = ({ target }: FocusEvent) => (last = target instanceof Element ? target : null);

  const observer = new MutationObserver(() => {
    if (!last || last.isConnected) return;
    last = null;
    if (document.activeElement === document.body) main.value?.focus({ preventScroll: true });
  });

  onMounted(() => {
    if (!main.value) return;
    main.value.addEventListener("focusin", note);
    observer.observe(main.value, { childList: true, subtree: true });
  });
  onScopeDispose(() => observer.disconnect());
}
