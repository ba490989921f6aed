import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nextTick } from "vue";
import type { Api } from "../src/api";
import PencilText from "../src/components/PencilText.vue";
import { Problem } from "../src/http";
import { aStory, ID, Sound } from "./fakes";
import { mounted } from "./mounted";

let page: ReturnType<typeof mounted>;
const accepted = { id: "1".repeat(32), locale: "en", status: "queued" as const };
const edit = vi.fn<Api["edit"]>();
const done = vi.fn();

function pencil(locale = "en") {
  const api = { edit, pin: async () => ({ needed: false, set: false }) } as unknown as Api;
  page = mounted(PencilText, { story: aStory(3, 3, { status: "done", title: "A snail", locale }), onDone: done }, api);
  return page;
}

/** Taps a sentence and types in its place. */
async function change(index: number, text: string): Promise<void> {
  page.all("li")[index]?.querySelector("button")?.click();
  await nextTick();
  const field = page.host.querySelector("textarea")!;
  field.value = text;
  field.dispatchEvent(new Event("input"));
  await nextTick();
}

beforeEach(() => {
  edit.mockReset().mockResolvedValue(accepted);
  done.mockReset();
  vi.stubGlobal("Audio", Sound);
  vi.stubGlobal("requestAnimationFrame", () => 0);
});
afterEach(() => {
  page.end();
  vi.unstubAllGlobals();
});

describe("the pencil", () => {
  it("sends the sentences that were changed, and no other", async () => {
    const { tap } = pencil();
    await change(0, "A snail went out. ");
    await change(1, "Sentence number 1, of forty characters.");
    await change(2, "It came home.");
    await tap("Save and speak it");
    const changes = [
      { segment: 0, text: "A snail went out." },
      { segment: 2, text: "It came home." },
    ];
    expect(edit.mock.calls).toEqual([[ID, "en", { changes }, ""]]);
    expect(done).toHaveBeenCalledWith(accepted);
  });

  it("sends nothing where nothing was changed, or where a sentence lost all its words", async () => {
    const { tap, texts } = pencil("fr");
    await tap("Save and speak it");
    await change(0, " ");
    await tap("Save and speak it");
    expect([edit.mock.calls.length, texts("li .wrong")]).toEqual([0, ["Leave a word or two in the sentence."]]);
  });

  it("takes a whole sentence out of the English text, which the other languages follow", async () => {
    const { tap } = pencil();
    await change(0, "");
    await tap("Save and speak it");
    expect(edit.mock.calls[0]?.[2].changes).toEqual([{ segment: 0, text: "" }]);
  });

  it("says beside the sentence why it cannot be told, and keeps what was typed", async () => {
    edit.mockRejectedValue(new Problem("unsafe-rude", 422));
    const { tap, all, host } = pencil();
    await change(1, "You stupid snail.");
    await tap("Save and speak it");
    expect(all("li")[1]?.textContent).toContain("There is a rude word in it.");
    expect([host.querySelector("textarea")?.value, done.mock.calls.length]).toEqual(["You stupid snail.", 0]);
  });
});
