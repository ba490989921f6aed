import { afterEach, describe, expect, it, vi } from "vitest";
import { nextTick, ref } from "vue";
import { useWakeLock } from "../src/composables/useWakeLock";
import { endScopes, inScope } from "./fakes";

class Lock extends EventTarget {
  static held = 0;
  constructor() {
    super();
    Lock.held += 1;
  }
  async release(): Promise<void> {
    Lock.held -= 1;
    this.dispatchEvent(new Event("release"));
  }
}

function screen(request: () => Promise<Lock>) {
  Object.defineProperty(navigator, "wakeLock", { value: { request }, configurable: true });
}

function show(state: "visible" | "hidden"): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  document.dispatchEvent(new Event("visibilitychange"));
}

const settled = async () => {
  await nextTick();
  await new Promise((done) => setTimeout(done));
};

afterEach(() => {
  endScopes();
  Lock.held = 0;
  Reflect.deleteProperty(navigator, "wakeLock");
});

describe("the screen", () => {
  it("stays on while a story is told, and no longer", async () => {
    screen(async () => new Lock());
    const playing = ref(false);
    inScope(() => useWakeLock(playing));
    const states = [];
    for (const now of [true, false, true]) {
      playing.value = now;
      await settled();
      states.push(Lock.held);
    }
    expect(states).toEqual([1, 0, 1]);
    endScopes();
    expect(Lock.held).toBe(0);
  });

  it("is let go behind another page, and kept on again at the return", async () => {
    screen(async () => new Lock());
    inScope(() => useWakeLock(ref(true)));
    await settled();
    show("hidden");
    await settled();
    const behind = Lock.held;
    show("visible");
    await settled();
    expect([behind, Lock.held]).toEqual([0, 1]);
  });

  it("is not kept on by a pause that comes before the browser's answer", async () => {
    let answer: (lock: Lock) => void = () => undefined;
    screen(() => new Promise((resolve) => (answer = resolve)));
    const playing = ref(true);
    inScope(() => useWakeLock(playing));
    playing.value = false;
    await settled();
    answer(new Lock());
    await settled();
    expect(Lock.held).toBe(0);
  });

  it("goes dark as ever where the browser refuses, or knows no lock", async () => {
    const refused = vi.fn(async () => Promise.reject(new DOMException("", "NotAllowedError")));
    screen(refused);
    inScope(() => useWakeLock(ref(true)));
    await settled();
    Reflect.deleteProperty(navigator, "wakeLock");
    inScope(() => useWakeLock(ref(true)));
    await settled();
    expect(refused).toHaveBeenCalledOnce();
  });
});
