/** Plays a story on one timeline: sentence by sentence while it is made, the whole mp3 once it is there. */
import { computed, onScopeDispose, ref, watch, type Ref } from "vue";
import type { Story } from "../api";
import { clipFor, lengthOf, segmentAt, startsOf, type Clip } from "../timeline";

const RENEWALS = 2;
/** Between sentences, where the whole mp3 has its pauses. */
const BREATH_MS = 300;

export function usePlayer(story: Readonly<Ref<Story | null>>, renew: () => Promise<void>) {
  /** Whether the listener wants sound; it may have to wait until a sentence is spoken. */
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

  // Two, so that the next sentence is loaded while this one sounds.
  let sound = element();
  let spare = element();
  let clip: Clip | null = null;
  /** Where to go on: a sentence, and milliseconds from its start. */
  let target = { segment: 0, offset: 0 };
  let renewals = 0;
  let breath = 0;

  function element(): HTMLAudioElement {
    const audio = new Audio();
    audio.preload = "auto";
    audio.preservesPitch = true;
    audio.addEventListener("ended", () => audio === sound && next());
    audio.addEventListener("error", () => audio === sound && clip && void mend());
    audio.addEventListener("timeupdate", () => audio === sound && tick());
    audio.addEventListener("playing", () => audio === sound && (waiting.value = false));
    audio.addEventListener("waiting", () => audio === sound && (waiting.value = playing.value));
    // Headphones pulled out, or another app took over; reported late, when it may have been played again already.
    audio.addEventListener("pause", () => audio === sound && clip && audio.paused && !audio.ended && !audio.error && (playing.value = false));
    return audio;
  }

  /** Milliseconds on the timeline, finer than `position`, which follows timeupdate. */
  function now(): number {
    if (!clip) return (starts.value[target.segment] ?? 0) + target.offset;
    return (clip.segment < 0 ? 0 : (starts.value[clip.segment] ?? 0)) + sound.currentTime * 1000;
  }

  /** Nothing is loaded: before the first sound, in a breath, after the end. */
  const silent = (): boolean => !clip;

  function segmentNow(): number {
    if (!clip) return target.segment;
    return clip.segment < 0 ? segmentAt(starts.value, now()) : clip.segment;
  }

  function tick(): void {
    position.value = now();
    renewals = sound.currentTime > 1 ? 0 : renewals;
  }

  /** Inside a tap, before there is anything to play: Safari lets these two elements play later. */
  function unlock(): void {
    if (clip) return;
    sound.load();
    spare.load();
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
    sound.pause();
  }

  function hold(): void {
    clearTimeout(breath);
    breath = 0;
  }

  /** Plays the target if it is spoken; the watch below comes back when it is. */
  function start(): void {
    hold();
    const next = clipFor(story.value, target.segment);
    if (!next) {
      waiting.value = playing.value;
      return;
    }
    if (spare.getAttribute("src") === next.url) [sound, spare] = [spare, sound];
    else sound.src = next.url;
    clip = next;
    spare.pause();
    const base = next.segment < 0 ? (starts.value[target.segment] ?? 0) : 0;
    sound.currentTime = (base + target.offset) / 1000;
    position.value = now();
    preload();
    if (playing.value) void sounding();
  }

  async function sounding(): Promise<void> {
    sound.playbackRate = sound.defaultPlaybackRate = rate.value;
    try {
      await sound.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") {
        blocked.value = true;
        playing.value = false;
      }
    }
  }

  function preload(): void {
    if (!clip || clip.segment < 0) return;
    const following = clipFor(story.value, clip.segment + 1);
    if (following && spare.getAttribute("src") !== following.url) spare.src = following.url;
  }

  function next(): void {
    const done = story.value?.status === "done";
    const last = (story.value?.segments.length ?? 0) - 1;
    if (done && (!clip || clip.segment < 0 || clip.segment >= last)) return finish();
    target = { segment: (clip?.segment ?? target.segment) + 1, offset: 0 };
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
    target = { segment: at, offset: Math.max(0, now() - (starts.value[at] ?? 0)) };
    clip = null;
    sound.removeAttribute("src");
    spare.removeAttribute("src");
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
    goTo(segment, to - (starts.value[segment] ?? 0));
  }

  /** Goes to a sentence, spoken already or not yet. */
  function goTo(segment: number, offset = 0): void {
    ended.value = false;
    target = { segment, offset };
    if (clip && clip.segment < 0) {
      sound.currentTime = ((starts.value[segment] ?? 0) + offset) / 1000;
      position.value = now();
    } else {
      clip = null;
      sound.pause();
      start();
      position.value = now();
    }
  }

  /** Drops the sound of the previous story; continues at a sentence of the next when it is spoken. */
  function reset(segment = 0): void {
    hold();
    clip = null;
    for (const audio of [sound, spare]) {
      audio.pause();
      audio.removeAttribute("src");
      audio.volume = 1;
    }
    target = { segment, offset: 0 };
    position.value = 0;
    ended.value = broken.value = blocked.value = waiting.value = false;
    renewals = 0;
  }

  function fade(volume: number): void {
    sound.volume = spare.volume = volume;
  }

  watch(story, () => {
    if (!clip && playing.value && !breath) start();
    else preload();
    if (!clip && !ended.value) position.value = now();
  });
  watch(rate, (value) => (sound.playbackRate = sound.defaultPlaybackRate = value));
  onScopeDispose(() => {
    playing.value = false;
    reset();
  });

  return {
    playing, waiting, position, rate, ended, blocked, broken, length, starts,
    silent, now, segmentNow, play, pause, seek, goTo, reset, unlock, fade,
  };
}

export type Player = ReturnType<typeof usePlayer>;
