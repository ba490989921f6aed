import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp, nextTick, shallowRef } from "vue";
import CopyLink from "../src/components/CopyLink.vue";
import { LISTENING, type Listening } from "../src/composables/useListening";
import { aStory } from "./fakes";

const LINK = "https://api.example/stories/1/en/preview";
const copied = vi.fn();
const listening = { link: async () => LINK, telling: { story: shallowRef(aStory(1, 1, { title: "A snail" })) } } as unknown as Listening;
let place: HTMLElement;

async function press(share?: (what: ShareData) => Promise<void>): Promise<string> {
  vi.stubGlobal("navigator", { ...(share ? { share } : {}), clipboard: { writeText: async (text: string) => copied(text) } });
  const app = createApp(CopyLink);
  app.provide(LISTENING, listening);
  app.mount(place);
  const button = place.querySelector("button");
  const label = button?.textContent ?? "";
  button?.click();
  for (let turn = 0; turn < 10; turn += 1) await nextTick();
  app.unmount();
  return label;
}

beforeEach(() => (place = document.createElement("div")));
afterEach(() => {
  vi.unstubAllGlobals();
  copied.mockReset();
});

describe("sharing a story", () => {
  it("opens the device's own sheet with title and link", async () => {
    const shared = vi.fn(async () => undefined);
    expect(await press(shared)).toBe("Share");
    expect(shared.mock.calls).toEqual([[{ url: LINK, title: "A snail" }]]);
    expect(copied).not.toHaveBeenCalled();
  });

  it("copies nothing after the listener thought better of it", async () => {
    await press(async () => Promise.reject(new DOMException("", "AbortError")));
    expect(copied).not.toHaveBeenCalled();
  });

  it("copies the link where the device shares nothing, or not now", async () => {
    expect(await press()).toBe("Copy link");
    await press(async () => Promise.reject(new DOMException("", "NotAllowedError")));
    expect(copied.mock.calls).toEqual([[LINK], [LINK]]);
  });
});
