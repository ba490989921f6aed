import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick, shallowRef } from "vue";
import type { Story } from "../src/api";
import { useKept } from "../src/composables/useKept";
import * as offline from "../src/offline";
import type { Kept } from "../src/offline";
import { aStory, endScopes, ID, inScope } from "./fakes";

const made = (sound: string, more: Partial<Story> = {}) => aStory(1, 1, { status: "done", mp3Url: `/media/${sound}?signature=1`, ...more });
let held: Story[] = [];

beforeEach(() => {
  held = [];
  vi.spyOn(offline, "keep").mockImplementation(async (story) => void held.push(story));
  vi.spyOn(offline, "list").mockImplementation(async () => held.map(({ id, edition }) => ({ id, edition }) as Kept));
  vi.spyOn(offline, "drop").mockImplementation(async (id) => void (held = held.filter((story) => story.id !== id)));
});
afterEach(endScopes);

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await nextTick();
}

describe("a story on the page", () => {
  it("is kept once it is made, and not again with each look at it", async () => {
    const story = shallowRef<Story | null>(null);
    const { isKept } = inScope(() => useKept(story));
    for (const view of [aStory(2, 1), made("a.mp3"), { ...made("a.mp3"), mp3Url: "/media/a.mp3?signature=2" }, made("b.mp3")]) {
      story.value = view;
      await settle();
    }
    expect([held.map(({ mp3Url }) => mp3Url), isKept(ID, "en"), isKept(ID, "fr")]).toEqual([["/media/a.mp3?signature=1", "/media/b.mp3?signature=1"], true, false]);
  });

  it("that was deleted is kept no longer", async () => {
    const story = shallowRef<Story | null>(null);
    const { isKept, remove } = inScope(() => useKept(story));
    story.value = made("a.mp3");
    await settle();
    await remove(ID);
    expect(isKept(ID, "en")).toBe(false);
  });
});
