import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick, shallowRef } from "vue";
import type { Story } from "../src/api";
import { usePlayer } from "../src/composables/usePlayer";
import { aStory, endScopes, inScope, Sound } from "./fakes";

const story = shallowRef<Story | null>(null);
let enough = true;
const aPlayer = () => inScope(() => usePlayer({ story, canBegin: () => enough, renew: async () => undefined }));

async function comes(next: Story): Promise<void> {
  story.value = next;
  await nextTick();
}

async function passes(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

beforeEach(() => {
  vi.useFakeTimers();
  Sound.reset();
  vi.stubGlobal("Audio", Sound);
  story.value = null;
  enough = true;
});
afterEach(() => {
  endScopes();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("playing a story in the making", () => {
  it("waits until there is enough, also once a sentence is there", async () => {
    enough = false;
    const player = aPlayer();
    void player.play();
    await comes(aStory(5, 1));
    expect([Sound.heard(), player.waiting.value]).toEqual([[], true]);
    enough = true;
    await comes(aStory(5, 2));
    expect([Sound.heard(), player.waiting.value]).toEqual([["/en/0.wav"], false]);
  });

  it("plays the next sentence whatever is behind it, and waits for a reserve again where it has run dry", async () => {
    await comes(aStory(5, 2));
    const player = aPlayer();
    void player.play();
    enough = false;
    Sound.now().end();
    await passes(400);
    expect(Sound.heard()).toEqual(["/en/1.wav"]);
    Sound.now().end();
    await passes(400);
    await comes(aStory(5, 3));
    expect([Sound.heard(), player.playing.value, player.waiting.value]).toEqual([[], true, true]);
    enough = true;
    await comes(aStory(5, 4));
    expect(Sound.heard()).toEqual(["/en/2.wav"]);
  });

  it("plays a sentence that is tapped at once", async () => {
    enough = false;
    await comes(aStory(5, 3));
    const player = aPlayer();
    player.goTo(2);
    void player.play();
    expect(Sound.heard()).toEqual(["/en/2.wav"]);
  });

  it("keeps the sound that is loaded when its address is signed anew", async () => {
    await comes(aStory(5, 2));
    void aPlayer().play();
    const spare = Sound.all.find((sound) => sound.src.startsWith("/en/1.wav"));
    const signed = aStory(5, 2);
    await comes({ ...signed, segments: signed.segments.map((segment) => ({ ...segment, audioUrl: segment.audioUrl?.replace("at=1", "at=2") ?? null })) });
    expect(spare?.src).toBe("/en/1.wav?at=1");
  });

  it("says that it has ended where a story failed after some sentences", async () => {
    await comes(aStory(5, 1, { status: "failed" }));
    const player = aPlayer();
    void player.play();
    Sound.now().end();
    expect([player.ended.value, player.playing.value]).toEqual([true, false]);
  });
});

describe("going over to the whole mp3", () => {
  const whole = () => {
    const made = aStory(5, 5, { status: "done", mp3Url: "/whole.mp3" });
    return { ...made, segments: made.segments.map((segment, index) => ({ ...segment, startMs: index * 2300 })) };
  };

  it("waits for a sentence's end, and until it is loaded at the next one's beginning", async () => {
    await comes(aStory(5, 2));
    void aPlayer().play();
    await comes(whole());
    expect(Sound.heard()).toEqual(["/en/0.wav"]);
    Sound.now().end();
    await passes(400);
    expect(Sound.heard()).toEqual(["/en/1.wav"]);
    const loading = Sound.all.find((sound) => sound.src === "/whole.mp3");
    if (!loading) throw new Error("the whole is not loaded");
    loading.readyState = 1;
    Sound.now().end();
    await passes(400);
    expect(Sound.heard()).toEqual(["/en/2.wav"]);
    loading.readyState = 4;
    Sound.now().end();
    await passes(400);
    expect([Sound.heard(), Sound.now().currentTime]).toEqual([["/whole.mp3"], 6.9]);
  });

  it("is at once where nothing sounds yet", async () => {
    await comes(whole());
    void aPlayer().play();
    expect(Sound.heard()).toEqual(["/whole.mp3"]);
  });
});
