/** Stands in for what a browser has and a test has not, and the stories of the tests. */
import { effectScope, type EffectScope } from "vue";
import type { Segment, Story } from "../src/api";

export const ID = "0".repeat(32);

/** A story of `total` sentences of 2 s each, of which the first `spoken` can be heard. */
export function aStory(total: number, spoken: number, more: Partial<Story> = {}): Story {
  const segments = Array.from({ length: total }, (_, index): Segment => {
    const text = `Sentence number ${index}, of forty characters.`;
    return index < spoken ? { text, marks: [], audioUrl: `/${more.edition ?? "en"}/${index}.wav?at=1`, durationMs: 2000 } : { text, marks: [] };
  });
  return { id: ID, locale: "en", edition: "en", status: "speaking", segments, locales: ["en"], labels: [], engines: {}, ...more };
}

/** An audio element whose sound ends when the test says so. */
export class Sound extends EventTarget {
  static all: Sound[] = [];
  /** iOS: the volume stays at 1. */
  static isFixed = false;
  /** The readyState of a new source: 4, it is loaded at once. */
  static loads = 4;
  static reset(): void {
    Sound.all = [];
    Sound.loads = 4;
    Sound.isFixed = false;
  }
  /** Paths of what sounds now: one at most, or two sounds are heard at once. */
  static heard(): string[] {
    return Sound.all.filter((sound) => !sound.paused).map((sound) => sound.src.split("?", 1)[0] ?? "");
  }
  static now(): Sound {
    const sound = Sound.all.find(({ paused }) => !paused);
    if (!sound) throw new Error("nothing sounds");
    return sound;
  }

  paused = true;
  ended = false;
  error = null;
  currentTime = 0;
  readyState = 4;
  seeking = false;
  playbackRate = 1;
  #src = "";
  #volume = 1;

  constructor() {
    super();
    Sound.all.push(this);
  }
  get src(): string {
    return this.#src;
  }
  set src(url: string) {
    this.#src = url;
    this.currentTime = 0;
    this.readyState = Sound.loads;
    this.paused = true;
    this.ended = false;
  }
  get volume(): number {
    return this.#volume;
  }
  set volume(value: number) {
    if (!Sound.isFixed) this.#volume = value;
  }
  getAttribute(): string | null {
    return this.#src || null;
  }
  removeAttribute(): void {
    this.src = "";
  }
  load(): void {}
  async play(): Promise<void> {
    this.paused = false;
    this.ended = false;
    this.dispatchEvent(new Event("playing"));
  }
  pause(): void {
    this.paused = true;
  }
  /** It was heard to its end. */
  end(): void {
    this.paused = true;
    this.ended = true;
    this.dispatchEvent(new Event("ended"));
  }
  /** It is heard up to a second. */
  reach(seconds: number): void {
    this.currentTime = seconds;
    this.dispatchEvent(new Event("timeupdate"));
  }
}

const scopes: EffectScope[] = [];

export function inScope<Value>(make: () => Value): Value {
  const scope = effectScope(true);
  scopes.push(scope);
  return scope.run(make) as Value;
}

/** Nothing of one test listens in the next. */
export function endScopes(): void {
  for (const scope of scopes.splice(0)) scope.stop();
}
