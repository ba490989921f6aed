/** Sets the service worker up, where the browser has them: on https, and on this machine itself. */

type Policy = { createScriptURL(address: string): unknown };
type Policies = { createPolicy(name: string, rules: { createScriptURL: (address: string) => string }): Policy };

const WORKER = "./sw.js";

/** script: this build's own. A new worker that waits takes over at the page's start, never in mid-story. */
export async function install(script: string): Promise<void> {
  try {
    const registration = await navigator.serviceWorker?.register(trusted(WORKER));
    registration?.waiting?.postMessage({ page: script });
  } catch {
    // Without one the page works as long as there is a network.
  }
}

/** The page's policy takes an address of a script only from a policy that it names, and this one has one address. */
function trusted(address: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: Policies };
  if (!trustedTypes) return address;
  return trustedTypes.createPolicy("worker", { createScriptURL: () => address }).createScriptURL(address) as string;
}
