import { afterEach, describe, expect, it, vi } from "vitest";
import { createApp, nextTick, ref, shallowRef } from "vue";
import { useMediaKeys } from "../src/composables/useMediaKeys";
import type { Player } from "../src/composables/usePlayer";
import { aStory } from "./fakes";

afterEach(() => vi.unstubAllGlobals());

describe("the lock screen", () => {
  it("knows that a story plays which began before its page was there, and forgets it afterwards", async () => {
    const session = { playbackState: "none", metadata: null, setActionHandler: vi.fn() };
    vi.stubGlobal("navigator", { mediaSession: session });
    vi.stubGlobal("MediaMetadata", class {});
    const playing = ref(true);
    const app = createApp({
      setup: () => useMediaKeys(shallowRef(aStory(1, 1)), { playing } as unknown as Player),
      render: () => null,
    });
    app.mount(document.createElement("div"));
    expect(session.playbackState).toBe("playing");
    playing.value = false;
    await nextTick();
    expect(session.playbackState).toBe("paused");
    app.unmount();
    expect(session.playbackState).toBe("none");
  });
});
