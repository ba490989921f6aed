/** A follower of one edition in the making: request, progress, retries. */
import { onScopeDispose, ref, shallowRef } from "vue";
import type { Accepted, Api, Story } from "../api";
import type { Wishes } from "../family";
import { problemOf, type Problem } from "../http";
import { hasReserve, isOver, rateOf, spokenMs, type Arrival } from "../reserve";

/** Tells of changes; onLink: whether changes arrive now. Returns how to leave. */
export interface Push {
  follow(id: string, edition: string, onChange: () => void, onLink: (connected: boolean) => void): () => void;
}

const POLL_MS = 800;
/** Beside a connection that tells of changes: a net below it. */
const BESIDE_PUSH_MS = 10_000;
const SLOWEST_POLL_MS = 8_000;
const TRIES = 40;
/** Problems that waiting can solve. */
const PASSING = new Set(["offline", "slow", "unavailable", "throttled", "busy", "queue-full"]);

/** A day's quota is no wait for a listener, though its status is 429. */
export const isPassing = (problem: Problem): boolean =>
  problem.slug !== "quota-exceeded" && (PASSING.has(problem.slug) || problem.status === 429 || problem.status === 503);

export function useMaking(api: () => Promise<Api>, push: Push | null = null) {
  const story = shallowRef<Story | null>(null);
  const problem = shallowRef<Problem | null>(null);
  /** True from a tap until the API accepted or rejected it. */
  const asking = ref(false);
  /** Seconds until the next try of its own accord; 0: none is planned. */
  const waiting = ref(0);
  let run = 0;
  let wake: (() => void) | null = null;
  let leave: (() => void) | null = null;
  let isLinked = false;
  /** Something changed since the story was last read. */
  let isStale = false;
  let arrivals: Arrival[] = [];

  function stop(): void {
    run += 1;
    leave?.();
    leave = null;
    isLinked = false;
    asking.value = false;
    waiting.value = 0;
    wake?.();
  }

  /** A tap: one key, kept through every retry, so that a tap is one story. */
  async function ask(context: string, locale: string, wishes: Wishes = {}): Promise<Accepted | null> {
    const key = newKey();
    return send(async () => (await api()).ask(context, locale, key, wishes));
  }

  async function askEdition(id: string, edition: string): Promise<Accepted | null> {
    return send(async () => (await api()).askEdition(id, edition));
  }

  async function send(post: () => Promise<Accepted>): Promise<Accepted | null> {
    const mine = begin();
    asking.value = true;
    const accepted = await patiently(mine, post);
    if (mine === run) asking.value = false;
    return accepted;
  }

  /** Reads the story until it is done or failed; what was read stays while the network is away. */
  async function follow(id: string, edition: string): Promise<void> {
    const mine = begin();
    if (story.value?.id !== id || story.value.edition !== edition) {
      story.value = null;
      arrivals = [];
    }
    while (mine === run) {
      isStale = false;
      const read = await patiently(mine, async () => (await api()).story(id, edition));
      if (!read || mine !== run) return;
      take(read);
      if (isOver(read)) return stop();
      listen(id, edition);
      if (!isStale) await pause(isLinked ? BESIDE_PUSH_MS : POLL_MS);
    }
  }

  function take(read: Story): void {
    story.value = read;
    const ms = spokenMs(read);
    if (ms > (arrivals.at(-1)?.ms ?? 0)) arrivals.push({ at: performance.now(), ms });
  }

  /** Only a story that is still made can change. */
  function listen(id: string, edition: string): void {
    if (leave || !push) return;
    leave = push.follow(id, edition, changed, (connected) => {
      isLinked = connected;
      if (!connected) changed();
    });
  }

  function changed(): void {
    isStale = true;
    if (!waiting.value) wake?.();
  }

  /** Whether playing can begin at a sentence and go on to the end. speed: of playing. */
  function canBegin(segment: number, speed: number): boolean {
    if (!story.value) return false;
    const first = arrivals[0];
    const slow = Boolean(first && performance.now() - first.at > first.ms);
    return hasReserve(story.value, segment, { rate: rateOf(story.value.progress?.soundRate ?? null, arrivals), speed, slow });
  }

  /** The same story with its addresses signed anew. */
  async function renew(): Promise<void> {
    const old = story.value;
    if (!old) return;
    const read = await (await api()).story(old.id, old.edition);
    if (story.value?.id === old.id && story.value.edition === old.edition) story.value = read;
  }

  function begin(): number {
    stop();
    problem.value = null;
    return run;
  }

  async function patiently<T>(mine: number, call: () => Promise<T>): Promise<T | null> {
    for (let tries = 0; mine === run; tries += 1) {
      try {
        const value = await call();
        if (mine === run) problem.value = null;
        return mine === run ? value : null;
      } catch (error) {
        if (mine !== run) return null;
        problem.value = problemOf(error);
        if (!isPassing(problem.value) || tries >= TRIES) return null;
        await countDown(mine, problem.value.retryAfter ?? backoff(tries) / 1000);
      }
    }
    return null;
  }

  async function countDown(mine: number, seconds: number): Promise<void> {
    for (waiting.value = Math.max(1, Math.ceil(seconds)); mine === run && waiting.value > 0; waiting.value -= 1) {
      await pause(1000);
    }
    if (mine === run) waiting.value = 0;
  }

  /** The wait is over: the listener pressed "Try now", or the network is back. */
  function hurry(): void {
    if (waiting.value > 0) {
      waiting.value = 0;
      wake?.();
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Stops following the story; the server continues. */
  function close(): void {
    stop();
    story.value = null;
    problem.value = null;
  }

  addEventListener("online", hurry);
  onScopeDispose(() => {
    removeEventListener("online", hurry);
    stop();
  });
  return { story, problem, asking, waiting, ask, askEdition, follow, renew, canBegin, hurry, close };
}

export type Making = ReturnType<typeof useMaking>;

function backoff(tries: number): number {
  return Math.min(SLOWEST_POLL_MS, POLL_MS * 2 ** tries);
}

/** 128 random bits; crypto.randomUUID needs https. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
