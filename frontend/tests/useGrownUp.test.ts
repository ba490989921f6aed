import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api";
import { useGrownUp } from "../src/composables/useGrownUp";
import { Problem } from "../src/http";

/** A server that is guarded by a PIN; null: by a sign-in. "": none is set yet. */
function guardedBy(pin: string | null) {
  let right = pin;
  const answers: string[] = [];
  const api = {
    pin: async () => ({ needed: right !== null, set: Boolean(right) }),
    choosePin: async (chosen: string) => void (right = chosen),
  } as unknown as Api;
  const { question, guarded } = useGrownUp(async () => api);
  const act = vi.fn(async (_: Api, sent: string) => {
    if (right !== null && sent !== right) throw new Problem("wrong-pin", 403);
    return `done with ${sent}`;
  });
  /** Answers the questions that come, one after the other; each is noted. */
  async function answering(...pins: (string | null)[]): Promise<string | null> {
    const result = guarded(act);
    for (const each of pins) {
      await vi.waitFor(() => expect(question.value).not.toBeNull());
      answers.push(`${question.value!.isNew ? "choose" : "enter"} ${question.value!.slug}`);
      question.value!.answer(each);
    }
    return result;
  }
  return { answering, answers, act, question };
}

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => vi.useRealTimers());

describe("a grown-up's act", () => {
  it("wants no PIN where a sign-in guards it", async () => {
    const { answering, answers } = guardedBy(null);
    expect([await answering(), answers]).toEqual(["done with ", []]);
  });

  it("has a PIN chosen where none is set", async () => {
    const { answering, answers } = guardedBy("");
    expect([await answering("2468"), answers]).toEqual(["done with 2468", ["choose "]]);
  });

  it("asks for the PIN once, and again after ten minutes", async () => {
    const { answering, answers } = guardedBy("2468");
    await answering("2468");
    vi.setSystemTime(Date.now() + 9 * 60_000);
    expect(await answering()).toBe("done with 2468");
    vi.setSystemTime(Date.now() + 11 * 60_000);
    await answering("2468");
    expect(answers).toEqual(["enter ", "enter "]);
  });

  it("is asked for again where it was wrong, and says so", async () => {
    const { answering, answers } = guardedBy("2468");
    expect([await answering("1111", "2468"), answers]).toEqual(["done with 2468", ["enter ", "enter wrong-pin"]]);
  });

  it("is not done where the grown-up thinks better of it", async () => {
    const { answering, act } = guardedBy("2468");
    expect([await answering(null), act.mock.calls.length]).toEqual([null, 0]);
  });

  it("that is refused for another reason says which, and keeps the PIN", async () => {
    const { answering, act, question } = guardedBy("2468");
    await answering("2468");
    act.mockRejectedValueOnce(new Problem("unsafe-violence", 422));
    await expect(answering()).rejects.toMatchObject({ slug: "unsafe-violence" });
    expect([await answering(), question.value]).toEqual(["done with 2468", null]);
  });
});
