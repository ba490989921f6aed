import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { copy } from "../src/clipboard";

const LINK = "http://192.168.1.23:8000/#/story/x/en";

/** What is selected in the field that has the focus when a browser would copy. */
function selected(): string {
  const field = document.activeElement;
  return field instanceof HTMLTextAreaElement ? field.value.slice(field.selectionStart, field.selectionEnd) : "";
}

function withClipboard(value: unknown): void {
  Object.defineProperty(navigator, "clipboard", { value, configurable: true });
}

beforeEach(() => void (document.body.innerHTML = "<button>Copy</button>"));
afterEach(() => void Reflect.deleteProperty(document, "execCommand"));

describe("copying a link", () => {
  it("uses the clipboard where there is one", async () => {
    const writeText = vi.fn(async () => undefined);
    withClipboard({ writeText });
    expect(await copy(LINK)).toBe(true);
    expect(writeText).toHaveBeenCalledWith(LINK);
  });

  it.each([
    ["over plain http", undefined],
    ["where the browser forbids it", { writeText: () => Promise.reject(new DOMException("", "NotAllowedError")) }],
  ])("copies what is selected %s", async (_, clipboard) => {
    withClipboard(clipboard);
    const copied: string[] = [];
    document.execCommand = () => copied.push(selected()) > 0;
    document.querySelector("button")?.focus();
    expect(await copy(LINK)).toBe(true);
    expect(copied).toEqual([LINK]);
    // Nothing of it is left, and the focus is back.
    expect(document.querySelector("textarea")).toBeNull();
    expect(document.activeElement?.textContent).toBe("Copy");
  });

  it.each([
    ["refuses", () => false],
    ["fails", () => { throw new Error("no such command"); }], // prettier-ignore
  ])("says so where the browser %s", async (_, command) => {
    withClipboard(undefined);
    document.execCommand = command;
    expect(await copy(LINK)).toBe(false);
  });
});
