/** How much sound must be there so that playing reaches the end without a stop. */
import type { Segment, Story } from "./api";
import { clipFor } from "./timeline";

/** What was spoken by a moment. at: milliseconds of a clock; ms: of sound. */
export interface Arrival {
  at: number;
  ms: number;
}

/** rate: seconds of sound made in a second, null: not known. speed: of playing. slow: a sentence takes longer than it sounds. */
export interface Pace {
  rate: number | null;
  speed: number;
  slow: boolean;
}

/** A voice may become this much slower than it was. */
const MARGIN = 1.15;
/** From a sentence's end in the making to its sound here: the next look at the story, and loading. */
const DELIVERY_MS = 1000;
/** Between two sentences; usePlayer makes it. */
export const BREATH_MS = 300;
/** Of speech, where no sentence is spoken yet: 15 characters a second. */
const MS_PER_CHARACTER = 67;
const ENOUGH = 2;
const ENOUGH_SLOW = 3;

/** Whether playing can begin at a sentence (an index) and go on to the end. A story that is over plays what is there. */
export function hasReserve(story: Story, from: number, { rate, speed, slow }: Pace): boolean {
  if (!clipFor(story, from)) return false;
  if (story.mp3Url || isOver(story)) return true;
  const { spoken, unspoken } = lengthsFrom(story, from);
  // Told in scenes: the next one is not written yet, nobody knows how long it takes.
  const isOpen = story.status === "writing";
  if (!unspoken.length && !isOpen) return true;
  if (rate === null || isOpen) return spoken.length >= (slow ? ENOUGH_SLOW : ENOUGH);
  let heard = sounding(spoken, speed);
  let made = DELIVERY_MS;
  for (const length of unspoken) {
    made += (length * MARGIN) / rate;
    if (made > heard) return false;
    heard += sounding([length], speed);
  }
  return true;
}

/** By the figure of earlier runs and by what this run does now: the slower, since a stop is worse than a wait. */
export function rateOf(known: number | null, arrivals: readonly Arrival[]): number | null {
  const [first, last] = [arrivals[0], arrivals.at(-1)];
  const took = (last?.at ?? 0) - (first?.at ?? 0);
  if (!first || !last || took <= 0) return known;
  const measured = (last.ms - first.ms) / took;
  return known === null || arrivals.length < 3 ? (known ?? measured) : Math.min(known, measured);
}

/** Milliseconds of sound that a story has so far. */
export const spokenMs = (story: Story): number => sum(story.segments.map(lengthOf));

export const isOver = (story: Story): boolean => story.status === "done" || story.status === "failed";

/** Of the sentences that can be played one after the other, and of those that follow them, as far as can be told. */
function lengthsFrom(story: Story, from: number): { spoken: number[]; unspoken: number[] } {
  const rest = story.segments.slice(from);
  const gap = rest.findIndex((segment) => !segment.audioUrl);
  const there = gap < 0 ? rest.length : gap;
  const guess = guessing(story);
  const missing = Math.max(0, (story.progress?.total ?? 0) - Math.max(story.segments.length, from));
  const usual = mean(story.segments.map(guess));
  return {
    spoken: rest.slice(0, there).map(lengthOf),
    unspoken: [...rest.slice(there).map(guess), ...Array<number>(missing).fill(usual)],
  };
}

/** The length of a sentence's sound: its own, else by its characters, as this voice speaks. */
function guessing(story: Story): (segment: Segment) => number {
  const spoken = story.segments.filter((segment) => segment.durationMs);
  const characters = sum(spoken.map(({ text }) => text.length));
  const each = characters ? sum(spoken.map(lengthOf)) / characters : MS_PER_CHARACTER;
  return (segment) => segment.durationMs ?? segment.text.length * each;
}

const sounding = (lengths: readonly number[], speed: number): number => sum(lengths.map((ms) => (ms + BREATH_MS) / speed));
const lengthOf = (segment: Segment): number => segment.durationMs ?? 0;
const sum = (figures: readonly number[]): number => figures.reduce((all, figure) => all + figure, 0);
const mean = (figures: readonly number[]): number => (figures.length ? sum(figures) / figures.length : 0);
