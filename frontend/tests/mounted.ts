/** A component in the page of a test, with what App provides. */
import { createApp, h, nextTick, provide, ref, type Component } from "vue";
import type { Api } from "../src/api";
import { GROWN_UP, useGrownUp } from "../src/composables/useGrownUp";
import { KEPT, useKept } from "../src/composables/useKept";
import { LISTENING, useListening, type Listening } from "../src/composables/useListening";
import { SIGN_IN, useSignIn } from "../src/composables/useSignIn";

export function mounted(component: Component, props: Record<string, unknown>, api: Api) {
  const host = document.createElement("div");
  document.body.append(host);
  let listening!: Listening;
  const app = createApp({
    setup() {
      provide(LISTENING, (listening = useListening(async () => api, ref(1))));
      provide(KEPT, useKept(listening.telling.story));
      provide(GROWN_UP, useGrownUp(async () => api));
      provide(SIGN_IN, useSignIn());
      return () => h(component, props);
    },
  });
  app.mount(host);
  const all = (selector: string) => [...host.querySelectorAll<HTMLElement>(selector)];
  /** Taps the button of these words. */
  async function tap(words: string): Promise<void> {
    const button = all("button").find(({ textContent }) => textContent?.trim() === words);
    if (!button) throw new Error(`no button says ${words}, but ${all("button").map(({ textContent }) => textContent)}`);
    button.click();
    for (let ticks = 0; ticks < 20; ticks += 1) await nextTick();
  }
  return { host, all, tap, listening, texts: (selector: string) => all(selector).map(({ textContent }) => textContent?.trim()), end: () => (app.unmount(), host.remove()) };
}
