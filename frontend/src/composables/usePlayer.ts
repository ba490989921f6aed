/** Plays a story on one timeline: sentence by sentence while it is made, the whole mp3 once it is there. */
import { computed, onScopeDispose, ref, watch, type Ref } from "vue";
import type { Story } from "../api";
import { BREATH_MS, isOver } from "../reserve";
import { makeSounds } from "../sounds";
import { clipAfter, clipFor, lengthOf, segmentAt, startsOf, type Clip } from "../timeline";

const RENEWALS = 2;

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
  const broken = ref(false);
  const starts = computed(() => startsOf(story.value?.segments ?? []));
  const length = computed(() => lengthOf(story.value));

  const sounds = makeSounds({
    ended: next,
    error: () => clip && void mend(),
    tick,
    playing: () => (waiting.value = false),
    stuck: () => (waiting.value = playing.value),
    paused: () => clip && (playing.value = false),
  });
  let clip: Clip | null = null;
  /** Where to go on: a sentence, and milliseconds from its start. */
  let target = { segment: 0, offset: 0 };
  /** The clip that ended just now, null: this is no going on. */
  let before: Clip | null = null;
  /** Plays what is there, as a tap on a sentence asks for, without a reserve. */
  let eager = false;
  let renewals = 0;
  let breath = 0;

  const startOf = (segment: number): number => starts.value[segment] ?? 0;

  /** Milliseconds on the timeline, finer than `position`, which follows timeupdate. */
  function now(): number {
    if (!clip) return startOf(target.segment) + target.offset;
    return (clip.segment < 0 ? 0 : startOf(clip.segment)) + sounds.ms();
  }

  /** Nothing is loaded: before the first sound, in a breath, after the end. */
  const silent = (): boolean => !clip;

  function segmentNow(): number {
    if (!clip) return target.segment;
    return clip.segment < 0 ? segmentAt(starts.value, now()) : clip.segment;
  }

  function tick(): void {
    position.value = now();
    renewals = sounds.ms() > 1000 ? 0 : renewals;
  }

  function unlock(): void {
    if (!clip) sounds.unlock();
  }

  async function play(): Promise<void> {
    playing.value = true;
    blocked.value = broken.value = false;
    if (ended.value) target = { segment: 0, offset: 0 };
    ended.value = false;
    if (!clip) start();
    else await sounding();
  }

  function pause(): void {
    playing.value = false;
    waiting.value = false;
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
    const next = before ? clipAfter(story.value, before, sounds.isReady) : clipFor(story.value, target.segment);
    if (!next || !(before || eager || canBegin(target.segment, rate.value))) {
      before = null;
      eager = false;
      waiting.value = playing.value;
      return;
    }
    before = null;
    clip = next;
    sounds.load(next.url, placeIn(next));
    position.value = now();
    preload();
    if (playing.value) void sounding();
  }

  /** Where the target is in a clip. */
  const placeIn = (next: Clip): number => (next.segment < 0 ? startOf(target.segment) : 0) + target.offset;

  async function sounding(): Promise<void> {
    try {
      await sounds.play(rate.value);
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        blocked.value = true;
        playing.value = false;
      }
    }
  }

  /** The next sentence's own sound, once loaded, is kept: the whole mp3 is loaded beside it and taken at the end after. */
  function preload(): void {
    if (!clip || clip.segment < 0) return;
    const segment = clip.segment + 1;
    const own = story.value?.segments[segment]?.audioUrl;
    if (own && sounds.holdsNext(own)) return;
    const following = segment <= lastSpoken() ? clipFor(story.value, segment) : null;
    if (following) sounds.preload(following.url, following.segment < 0 ? startOf(segment) : 0);
  }

  const lastSpoken = (): number => story.value?.segments.findLastIndex((segment) => segment.audioUrl) ?? -1;

  function next(): void {
    const isLast = !clip || clip.segment < 0 || clip.segment >= lastSpoken();
    if (story.value && isOver(story.value) && isLast) return finish();
    before = clip;
    target = { segment: (clip?.segment ?? target.segment) + 1, offset: 0 };
    eager = false;
    clip = null;
    breath = window.setTimeout(start, BREATH_MS / rate.value);
  }

  function finish(): void {
    clip = null;
    target = { segment: 0, offset: 0 };
    playing.value = waiting.value = false;
    ended.value = true;
    position.value = length.value;
  }

  /** An address that has run out: have it signed anew and go on where it stopped. */
  async function mend(): Promise<void> {
    const at = segmentNow();
    target = { segment: at, offset: Math.max(0, now() - startOf(at)) };
    clip = null;
    eager = true;
    sounds.drop();
    renewals += 1;
    if (renewals > RENEWALS) return giveUp();
    waiting.value = playing.value;
    await renew().then(start, giveUp);
  }

  function giveUp(): void {
    renewals = 0;
    broken.value = true;
    playing.value = waiting.value = false;
  }

  function seek(ms: number): void {
    const to = Math.min(Math.max(0, ms), Math.max(0, length.value - 1));
    const segment = segmentAt(starts.value, to);
    goTo(segment, to - startOf(segment));
  }

  /** Goes to a sentence, spoken already or not yet. */
  function goTo(segment: number, offset = 0): void {
    ended.value = false;
    target = { segment, offset };
    before = null;
    eager = true;
    if (clip && clip.segment < 0) sounds.seek(placeIn(clip));
    else {
      clip = null;
      sounds.pause();
      start();
    }
    position.value = now();
  }

  /** Drops the sound of the previous story; continues at a sentence of the next when it is spoken. */
  function reset(segment = 0): void {
    hold();
    clip = before = null;
    eager = false;
    sounds.drop();
    target = { segment, offset: 0 };
    position.value = 0;
    ended.value = broken.value = blocked.value = waiting.value = false;
    renewals = 0;
  }

  /** After a fade in the sound itself; the place is kept. */
  function rest(): void {
    const at = segmentNow();
    target = { segment: at, offset: Math.max(0, now() - startOf(at)) };
    pause();
    clip = null;
    eager = true;
    sounds.renew();
  }

  watch(story, () => {
    if (!clip && playing.value && !breath) start();
    else preload();
    if (!clip && !ended.value) position.value = now();
  });
  watch(rate, sounds.setRate);
  onScopeDispose(() => {
    playing.value = false;
    reset();
  });

  return {
    playing, waiting, position, rate, ended, blocked, broken, length, starts,
    silent, now, segmentNow, play, pause, seek, goTo, reset, rest, unlock, fade: sounds.fade, prepareFade: sounds.prepareFade,
  };
}

export type Player = ReturnType<typeof usePlayer>;
