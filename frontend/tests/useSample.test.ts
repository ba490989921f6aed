import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope } from "vue";
import { Problem, type Api } from "../src/api";
import { useSample } from "../src/composables/useSample";

class Sound {
  static all: Sound[] = [];
  src = "";
  play = vi.fn(async () => undefined);
  pause = vi.fn();
  constructor() {
    Sound.all.push(this);
  }
}

const using = (sample: Api["sample"]) => effectScope().run(() => useSample(async () => ({ sample }) as unknown as Api))!;
const said = (voice: string) => ({ text: "Hi.", audioUrl: `/${voice}.wav`, durationMs: 1 });

beforeEach(() => {
  Sound.all = [];
  vi.stubGlobal("Audio", Sound);
});
afterEach(() => vi.unstubAllGlobals());

describe("hearing a voice", () => {
  it("plays its sentence", async () => {
    await using(async (_, voice) => said(voice)).hear("fr", "sara");
    expect(Sound.all[0]?.src).toBe("/sara.wav");
    expect(Sound.all[0]?.play).toHaveBeenCalledOnce();
  });

  it("plays only the voice that was tapped last", async () => {
    const waiting: Record<string, () => void> = {};
    const { hear } = using((_, voice) => new Promise((resolve) => (waiting[voice] = () => resolve(said(voice)))));
    const taps = [hear("fr", "sara"), hear("fr", "siwis")];
    await vi.waitFor(() => expect(Object.keys(waiting)).toEqual(["sara", "siwis"]));
    waiting.siwis?.();
    waiting.sara?.();
    await Promise.all(taps);
    expect(Sound.all[0]?.src).toBe("/siwis.wav");
    expect(Sound.all[0]?.play).toHaveBeenCalledOnce();
  });

  it("is silent once the story plays, and where the voice cannot be had", async () => {
    const { hear, hush } = using(async (_, voice) => said(voice));
    const tap = hear("fr", "sara");
    hush();
    await tap;
    const problem = await using(async () => Promise.reject(new Problem("offline"))).hear("fr", "sara");
    expect(problem?.slug).toBe("offline");
    expect(Sound.all.map((sound) => sound.play.mock.calls.length)).toEqual([0, 0]);
  });
});

describe("hearing a name", () => {
  it("plays the bytes that came with the answer, from an address of this page, and lets them go for the next", async () => {
    const blobs: Blob[] = [];
    const made = vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => `blob:${blobs.push(blob as Blob)}`);
    const dropped = vi.spyOn(URL, "revokeObjectURL");
    const name = vi.fn(async () => ({ mediaType: "audio/wav", audio: "UklGRg==", durationMs: 1 }));
    const { hearName } = effectScope().run(() => useSample(async () => ({ name }) as unknown as Api))!;
    await hearName("fr", { name: "Siobhán", sounds: "Shi-vawn" });
    await hearName("fr", { name: "Siobhán" });
    expect(name.mock.calls[0]).toEqual(["fr", { name: "Siobhán", sounds: "Shi-vawn" }]);
    expect([blobs[0]?.type, await blobs[0]?.text(), Sound.all[0]?.src]).toEqual(["audio/wav", "RIFF", "blob:2"]);
    expect(dropped).toHaveBeenCalledWith("blob:1");
    expect(made).toHaveBeenCalledTimes(2);
  });
});
