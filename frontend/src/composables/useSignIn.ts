/** Who is signed in, in this tab's memory alone: a reload forgets it. */
import { inject, ref, shallowRef, type InjectionKey } from "vue";
import { dropAll } from "../offline";
import type { Place, SignInConfig, Tokens } from "../signIn";

/** none: config.json has no sign-in. insecure: the browser has no cryptography on this address. */
export type SignInStatus = "none" | "insecure" | "out" | "in";
/** An idea typed before the sign-in; go: ask for its story now. */
export type Asked = { idea: string; locale: string; go: boolean };

/** visit: leaves the page for an address. */
export function useSignIn(visit: (address: string) => void = (address) => location.assign(address)) {
  const status = ref<SignInStatus>("none");
  /** The last sign-in did not succeed. */
  const failed = ref(false);
  const asked = shallowRef<Asked | null>(null);
  let protocol: typeof import("../signIn");
  let config: SignInConfig;
  let tokens: Tokens | null = null;
  let renewing: Promise<void> | null = null;

  /** value: `signIn` of config.json. Ends a sign-in from which the browser comes back. Throws Problem. */
  async function start(value: unknown): Promise<void> {
    if (value === undefined) return;
    if (!crypto.subtle) {
      status.value = "insecure";
      return;
    }
    protocol = await import("../signIn");
    config = protocol.configOf(value);
    status.value = "out";
    await comeBack();
  }

  async function comeBack(): Promise<void> {
    const left = protocol.takeLeft();
    const url = new URL(location.href);
    if (protocol.isReturn(url)) {
      // The code is used once, and belongs into no history.
      history.replaceState(null, "", url.pathname);
      try {
        if (left) accept(await protocol.redeem(config, left, url));
      } catch {
        // Whatever it was, the person can only try again.
      }
      failed.value = status.value !== "in";
      if (left?.hash) location.replace(left.hash);
    }
    if (left?.idea) asked.value = { idea: left.idea, locale: left.locale, go: status.value === "in" };
  }

  function accept(received: Tokens | null): void {
    tokens = received;
    status.value = received ? "in" : "out";
  }

  /** The token that the API wants; null: nobody is signed in. Throws Problem: it cannot be renewed now. */
  async function token(): Promise<string | null> {
    if (tokens && Date.now() >= tokens.until) {
      renewing ??= renew(tokens.refresh).finally(() => (renewing = null));
      await renewing;
    }
    return tokens?.id ?? null;
  }

  async function renew(refresh: string): Promise<void> {
    const before = tokens;
    const received = refresh ? await protocol.renew(config, refresh) : null;
    if (tokens === before) accept(received);
  }

  async function signIn(idea = "", locale = ""): Promise<void> {
    failed.value = false;
    const place: Place = { hash: location.hash, idea, locale };
    try {
      visit(await protocol.depart(config, place));
    } catch {
      failed.value = true;
    }
  }

  /** What is kept on this device goes, too: the next one to sign in is somebody else. */
  async function signOut(): Promise<void> {
    accept(null);
    await dropAll();
    visit(config.logout);
  }

  return { status, failed, asked, start, token, signIn, signOut };
}

export const SIGN_IN: InjectionKey<ReturnType<typeof useSignIn>> = Symbol("sign-in");

export function useThisSignIn() {
  const signIn = inject(SIGN_IN);
  if (!signIn) throw new Error("no sign-in is provided");
  return signIn;
}
