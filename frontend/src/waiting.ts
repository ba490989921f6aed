/** What a story in the making says of itself. */
import type { Story } from "./api";

export const STAGES = ["queued", "writing", "translating", "speaking"] as const;
export type Stage = (typeof STAGES)[number];

/** Stories are written in English: only another language is translated to. */
export const stagesOf = (locale: string): Stage[] => STAGES.filter((stage) => stage !== "translating" || locale !== "en");

/** The stage that it is in now; null: it is over, or not known yet. */
export const stageOf = (story: Story | null): Stage | null => STAGES.find((stage) => stage === story?.status) ?? null;

/** Sentences spoken and in all; null: nothing is spoken yet. */
export function spokenOf(story: Story | null): { done: number; total: number } | null {
  const done = story?.segments.filter((segment) => segment.audioUrl).length ?? 0;
  return story && done ? { done, total: Math.max(story.segments.length, story.progress?.total ?? 0) } : null;
}

const SOON_SECONDS = 8;
const ROUND_SECONDS = 5;

/** How a person says a time: the name of its words, and their figure. */
export function inWords(seconds: number): { name: "soon" | "seconds" | "minutes"; n: number } {
  if (seconds <= SOON_SECONDS) return { name: "soon", n: 0 };
  if (seconds <= 90) return { name: "seconds", n: Math.ceil(seconds / ROUND_SECONDS) * ROUND_SECONDS };
  return { name: "minutes", n: Math.ceil(seconds / 60) };
}
