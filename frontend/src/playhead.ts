/** Where a story is: in a clip that is loaded, or else at a sentence that is to be loaded. */
import { segmentAt, type Clip } from "./timeline";

/** starts: of the sentences, in milliseconds. heardMs: into the clip that is loaded. */
export function makePlayhead(starts: () => readonly number[], heardMs: () => number) {
  let clip: Clip | null = null;
  /** A sentence, and milliseconds from its start. */
  let target = { segment: 0, offset: 0 };

  const startOf = (segment: number): number => starts()[segment] ?? 0;

  /** Milliseconds on the timeline. */
  function now(): number {
    if (!clip) return startOf(target.segment) + target.offset;
    return (clip.segment < 0 ? 0 : startOf(clip.segment)) + heardMs();
  }

  function segmentNow(): number {
    if (!clip) return target.segment;
    return clip.segment < 0 ? segmentAt(starts(), now()) : clip.segment;
  }

  function unload(): void {
    clip = null;
  }

  /** Aims at a sentence; what is loaded stays. */
  function aim(segment: number, offset = 0): void {
    target = { segment, offset };
  }

  /** Unloads the clip; goes on where it was. */
  function stay(): void {
    const at = segmentNow();
    aim(at, Math.max(0, now() - startOf(at)));
    unload();
  }

  return {
    now, segmentNow, startOf, unload, aim, stay,
    load: (next: Clip) => void (clip = next),
    clip: () => clip,
    segment: () => target.segment,
    /** Where the target is in a clip, in milliseconds. */
    placeIn: (next: Clip): number => (next.segment < 0 ? startOf(target.segment) : 0) + target.offset,
  };
}
