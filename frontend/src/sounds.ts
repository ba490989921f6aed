/** Two audio elements: one sounds while the other loads what comes after it. */
import { makeFade } from "./fade";
import { unsigned } from "./kept";

/** Each is called for the element that sounds only. paused: by somebody else than this page, perhaps. */
export interface Reports {
  ended: () => void;
  error: () => void;
  tick: () => void;
  playing: () => void;
  stuck: () => void;
  paused: () => void;
}

/** Of readyState: it can be played from where it is. */
const HAVE_FUTURE_DATA = 3;
/** A place that is reached without another seek, in milliseconds. */
const NEAR_MS = 20;

export function makeSounds(reports: Reports) {
  let sound = element();
  let spare = element();
  const fading = makeFade(() => [spare, sound]);

  function element(): HTMLAudioElement {
    const audio = new Audio();
    audio.preload = "auto";
    audio.preservesPitch = true;
    const on = (name: string, report: () => void) => audio.addEventListener(name, () => audio === sound && report());
    on("ended", reports.ended);
    on("error", reports.error);
    on("timeupdate", reports.tick);
    on("playing", reports.playing);
    on("waiting", reports.stuck);
    // Headphones pulled out, or another app took over; reported late, when it may have been played again already.
    on("pause", () => audio.paused && !audio.ended && !audio.error && reports.paused());
    return audio;
  }

  /** Puts a sound where it sounds, at a place. */
  function load(url: string, ms: number): void {
    if (holds(spare, url)) [sound, spare] = [spare, sound];
    else sound.src = url;
    spare.pause();
    seek(ms);
  }

  function preload(url: string, ms: number): void {
    if (!holds(spare, url)) spare.src = url;
    move(spare, ms);
  }

  /** Whether a preloaded sound can go on at once. */
  const isReady = (url: string): boolean => holds(spare, url) && !spare.seeking && spare.readyState >= HAVE_FUTURE_DATA;

  const seek = (ms: number): void => move(sound, ms);

  /** False where the browser wants a tap first. */
  async function play(rate: number): Promise<boolean> {
    setRate(rate);
    return sound.play().then(() => true, (error: unknown) => !(error instanceof DOMException && error.name === "NotAllowedError"));
  }

  /** A sound's own rate stays with its element: the next one gets it when it is played. */
  function setRate(rate: number): void {
    sound.playbackRate = sound.defaultPlaybackRate = rate;
  }

  /** Inside a tap, before there is anything to play: Safari lets these two elements play later. */
  function unlock(): void {
    sound.load();
    spare.load();
  }

  /** Lets both sounds go; but for one that is preloaded. */
  function drop(but = ""): void {
    for (const audio of [sound, spare]) {
      audio.pause();
      if (!but || audio === sound || !holds(audio, but)) audio.removeAttribute("src");
    }
  }

  /** After a fade in the sound itself: elements that sound by themselves again, as they must behind a locked screen. */
  function renew(): void {
    if (!fading.isRouted()) return;
    drop();
    sound = element();
    spare = element();
    fading.forget();
  }

  return {
    load, preload, isReady, play, seek, setRate, unlock, drop, renew,
    fade: fading.fade,
    prepareFade: fading.prepare,
    holdsNext: (url: string) => holds(spare, url),
    pause: () => sound.pause(),
    ms: () => sound.currentTime * 1000,
  };
}

function move(audio: HTMLAudioElement, ms: number): void {
  if (Math.abs(audio.currentTime * 1000 - ms) > NEAR_MS) audio.currentTime = ms / 1000;
}

/** An address is signed anew with each look at the story; its sound is the same. */
const holds = (audio: HTMLAudioElement, url: string): boolean => unsigned(audio.getAttribute("src") ?? "") === unsigned(url);
