import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick, shallowRef } from "vue";
import type { Story } from "../src/api";
import { usePlayer } from "../src/composables/usePlayer";
import { useSleepTimer } from "../src/composables/useSleepTimer";
import { aStory, endScopes, inScope, Sound } from "./fakes";

/** A story that plays its second sentence, with its timer on 5 minutes. */
async function sleeping() {
  const story = shallowRef<Story | null>(aStory(4, 4, { status: "done" }));
  const { player, minutes } = inScope(() => {
    const player = usePlayer({ story, canBegin: () => true, renew: async () => undefined });
    return { player, minutes: useSleepTimer(player).minutes };
  });
  player.goTo(1);
  await player.play();
  minutes.value = 5;
  await nextTick();
  return { player, minutes };
}

const volume = () => Sound.now().volume;

beforeEach(() => {
  vi.useFakeTimers();
  Sound.reset();
  vi.stubGlobal("Audio", Sound);
});
afterEach(() => {
  endScopes();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the sleep timer", () => {
  it("fades for eight seconds and stops, and is loud again another time", async () => {
    const { player, minutes } = await sleeping();
    await vi.advanceTimersByTimeAsync(291_000);
    expect(volume()).toBe(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(volume()).toBeCloseTo(0.5, 1);
    await vi.advanceTimersByTimeAsync(4_500);
    expect([Sound.heard(), minutes.value]).toEqual([[], 0]);
    await player.play();
    expect([Sound.heard(), volume()]).toEqual([["/en/1.wav"], 1]);
  });

  it("where no sound can be made quieter, waits for the end of its sentence", async () => {
    Sound.isFixed = true;
    const { minutes } = await sleeping();
    await vi.advanceTimersByTimeAsync(301_000);
    Sound.now().reach(1.5);
    await vi.advanceTimersByTimeAsync(300);
    expect([Sound.heard(), minutes.value]).toEqual([["/en/1.wav"], 5]);
    Sound.now().reach(1.9);
    await vi.advanceTimersByTimeAsync(300);
    expect([Sound.heard(), minutes.value]).toEqual([[], 0]);
  });
});
