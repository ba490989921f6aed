/** Where each sentence begins and which word is spoken, in milliseconds of one timeline. */
import type { Mark, Segment, Story } from "./api";

/** segment: index of the sentence, -1 for the whole mp3. */
export interface Clip {
  segment: number;
  url: string;
}

/** The API says where a sentence begins in the whole mp3 once that is known; until then they add up. */
export function startsOf(segments: readonly Segment[]): number[] {
  let end = 0;
  return segments.map((segment) => {
    const start = segment.startMs ?? end;
    end = start + (segment.durationMs ?? 0);
    return start;
  });
}

/** How long what is spoken so far lasts. */
export function lengthOf(story: Story | null): number {
  if (!story) return 0;
  const starts = startsOf(story.segments);
  const spoken = story.segments.map((segment, index) => (starts[index] ?? 0) + (segment.durationMs ?? 0));
  return Math.max(0, story.durationMs ?? 0, ...spoken);
}

/** The sentence at a time: the last that has begun; 0 before all. */
export function segmentAt(starts: readonly number[], ms: number): number {
  return Math.max(0, lastBegun(starts, ms));
}

/** The word at a time from the sentence's start: the last that has begun, -1 before the first. */
export function markAt(marks: readonly Mark[], ms: number): number {
  return lastBegun(
    marks.map((mark) => mark.timeMs),
    ms,
  );
}

function lastBegun(times: readonly number[], ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What sounds at a sentence: the whole mp3 if there is one, else the sentence's own; null: not spoken yet. */
export function clipFor(story: Story | null, segment: number): Clip | null {
  if (!story) return null;
  if (story.mp3Url) return { segment: -1, url: story.mp3Url };
  const url = story.segments[segment]?.audioUrl;
  return url ? { segment, url } : null;
}

/** What sounds after a clip: its successor of the same kind; the whole mp3 as soon as that goes on without a gap. */
export function clipAfter(story: Story | null, before: Clip, isReady: (url: string) => boolean): Clip | null {
  const segment = before.segment + 1;
  const own = story?.segments[segment]?.audioUrl;
  const isSmooth = !own || !story.mp3Url || isReady(story.mp3Url);
  return isSmooth ? clipFor(story, segment) : { segment, url: own };
}

/**
 * What to load while a clip sounds; null: nothing. The next sentence's own sound, once loaded, is kept: the whole mp3 is
 * loaded while that one sounds.
 */
export function clipToLoad(story: Story | null, now: Clip | null, isLoaded: (url: string) => boolean): Clip | null {
  if (!now || now.segment < 0 || now.segment >= lastSpoken(story)) return null;
  const own = story?.segments[now.segment + 1]?.audioUrl;
  return own && isLoaded(own) ? null : clipFor(story, now.segment + 1);
}

/** Index; -1: none is. */
export const lastSpoken = (story: Story | null): number =>
  (story?.segments ?? []).reduce((last, segment, index) => (segment.audioUrl ? index : last), -1);

/** mark: index into the marks, -1 between words. */
export interface Piece {
  text: string;
  mark: number;
}

/** A sentence cut at its words. The marks count characters (code points), JavaScript UTF-16 units. */
export function piecesOf(segment: Segment): Piece[] {
  const characters = Array.from(segment.text);
  const pieces: Piece[] = [];
  let at = 0;
  const push = (end: number, mark: number) => {
    if (end > at) pieces.push({ text: characters.slice(at, end).join(""), mark });
    at = Math.max(at, end);
  };
  segment.marks.forEach((mark, index) => {
    if (mark.start < at || mark.end <= mark.start || mark.end > characters.length) return;
    push(mark.start, -1);
    push(mark.end, index);
  });
  push(characters.length, -1);
  return pieces;
}
