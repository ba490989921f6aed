/** Plays a story on one timeline: sentence by sentence while it is made, the whole mp3 once it is there. */
import { computed, onScopeDispose, ref, watch, type Ref } from "vue";
import type { Story } from "../api";
import { makePlayhead } from "../playhead";
import { BREATH_MS, isOver } from "../reserve";
import { makeSounds } from "../sounds";
import { clipAfter, clipFor, clipToLoad, lastSpoken, lengthOf, segmentAt, startsOf, type Clip } from "../timeline";
import { useMending } from "./useMending";

/** What is played. canBegin: whether there is sound enough from a sentence on, at a speed. renew: signs the addresses anew. */
export interface Played {
  story: Readonly<Ref<Story | null>>;
  canBegin: (segment: number, speed: number) => boolean;
  renew: () => Promise<void>;
}

export function usePlayer({ story, canBegin, renew }: Played) {
  /** Whether the listener wants sound; it may have to wait until there is enough of it. */
  const playing = ref(false);
  const waiting = ref(false);
  const position = ref(0);
  const rate = ref(1);
  const ended = ref(false);
  /** The browser wants a tap first. */
  const blocked = ref(false);
  const { broken, mend, heard } = useMending(renew);
  const starts = computed(() => startsOf(story.value?.segments ?? []));
  const length = computed(() => lengthOf(story.value));

  const sounds = makeSounds({
    ended: next,
    error: () => head.clip() && void lost(),
    tick,
    playing: () => (waiting.value = false),
    stuck: () => (waiting.value = playing.value),
    paused: () => head.clip() && (playing.value = false),
  });
  const head = makePlayhead(() => starts.value, sounds.ms);
  const { now, segmentNow, startOf, placeIn } = head;
  /** The clip that ended just now, null: this is no going on. */
  let before: Clip | null = null;
  /** Plays what is there, as a tap on a sentence asks for, without a reserve. */
  let eager = false;
  let breath = 0;

  /** Nothing is loaded: before the first sound, in a breath, after the end. */
  const silent = (): boolean => !head.clip();

  function tick(): void {
    position.value = now();
    if (sounds.ms() > 1000) heard();
  }

  async function play(): Promise<void> {
    playing.value = true;
    blocked.value = broken.value = false;
    if (ended.value) head.aim(0);
    ended.value = false;
    if (silent()) start();
    else await sounding();
  }

  function pause(): void {
    playing.value = waiting.value = false;
    hold();
    sounds.pause();
  }

  function hold(): void {
    clearTimeout(breath);
    breath = 0;
  }

  /** Plays the target if it is spoken and enough after it; the watch below comes back when it is. */
  function start(): void {
    hold();
    const next = before ? clipAfter(story.value, before, sounds.isReady) : clipFor(story.value, head.segment());
    if (!next || !(before || eager || canBegin(head.segment(), rate.value))) {
      before = null;
      eager = false;
      waiting.value = playing.value;
      return;
    }
    before = null;
    head.load(next);
    sounds.load(next.url, placeIn(next));
    position.value = now();
    preload();
    if (playing.value) void sounding();
  }

  async function sounding(): Promise<void> {
    if (await sounds.play(rate.value)) return;
    blocked.value = true;
    playing.value = false;
  }

  function preload(): void {
    const following = clipToLoad(story.value, head.clip(), sounds.holdsNext);
    if (following) sounds.preload(following.url, following.segment < 0 ? startOf((head.clip()?.segment ?? 0) + 1) : 0);
  }

  function next(): void {
    const clip = head.clip();
    const isLast = !clip || clip.segment < 0 || clip.segment >= lastSpoken(story.value);
    if (story.value && isOver(story.value) && isLast) return finish();
    before = clip;
    eager = false;
    head.aim(segmentNow() + 1);
    head.unload();
    breath = window.setTimeout(start, BREATH_MS / rate.value);
  }

  function finish(): void {
    head.aim(0);
    head.unload();
    playing.value = waiting.value = false;
    ended.value = true;
    position.value = length.value;
  }

  /** Its address has run out, perhaps: goes on where it stopped. */
  async function lost(): Promise<void> {
    head.stay();
    eager = true;
    sounds.drop();
    waiting.value = playing.value;
    if (await mend()) start();
    else playing.value = waiting.value = false;
  }

  function seek(ms: number): void {
    const to = Math.min(Math.max(0, ms), Math.max(0, length.value - 1));
    const segment = segmentAt(starts.value, to);
    goTo(segment, to - startOf(segment));
  }

  /** Goes to a sentence, spoken already or not yet. */
  function goTo(segment: number, offset = 0): void {
    const clip = head.clip();
    ended.value = false;
    head.aim(segment, offset);
    before = null;
    eager = true;
    if (clip && clip.segment < 0) sounds.seek(placeIn(clip));
    else {
      head.unload();
      sounds.pause();
      start();
    }
    position.value = now();
  }

  /** Loads what is to take over, at a place, beside what sounds now. Whether it can be heard at once. */
  function warm({ url }: Clip, ms: number): boolean {
    if (silent() || waiting.value) return true;
    sounds.preload(url, ms);
    return sounds.isReady(url);
  }

  /** Drops the sound of the previous story; continues at a sentence of the next when it is spoken. warmed: the next one's. */
  function reset(segment = 0, warmed = ""): void {
    hold();
    head.aim(segment);
    head.unload();
    before = null;
    eager = false;
    sounds.drop(warmed);
    position.value = 0;
    ended.value = broken.value = blocked.value = waiting.value = false;
    heard();
  }

  /** After a fade; the place is kept. */
  function rest(): void {
    pause();
    head.stay();
    eager = true;
    sounds.renew();
  }

  watch(story, () => {
    if (silent() && playing.value && !breath) start();
    else preload();
    if (silent() && !ended.value) position.value = now();
  });
  watch(rate, sounds.setRate);
  onScopeDispose(() => {
    playing.value = false;
    reset();
  });

  return {
    playing, waiting, position, rate, ended, blocked, broken, length, starts,
    silent, now, segmentNow, play, pause, seek, goTo, warm, reset, rest, fade: sounds.fade, prepareFade: sounds.prepareFade,
    unlock: () => silent() && sounds.unlock(),
  };
}

export type Player = ReturnType<typeof usePlayer>;
