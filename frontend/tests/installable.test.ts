// @vitest-environment node
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { filesOf, manifestOf } from "../installable";

interface Manifest {
  icons: { src: string; sizes: string; purpose: string }[];
}

/** Width and height, of a PNG's first chunk. */
function sizeOf(path: string): string {
  const png = readFileSync(path);
  return `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`;
}

function folder(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "built-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

describe("the web app manifest", () => {
  it("says the page's name in its language", () => {
    expect(manifestOf("ar")).toMatchObject({ lang: "ar", dir: "rtl", display: "standalone", start_url: "../" });
    expect(manifestOf("en")).toMatchObject({ name: "Once upon a line", dir: "ltr" });
  });

  it("has icons of the sizes that it says, for a mask too", () => {
    const { icons } = manifestOf("en") as Manifest;
    expect(icons.map(({ src }) => sizeOf(join("public/app", src)))).toEqual(icons.map(({ sizes }) => sizes));
    expect(icons.map(({ purpose }) => purpose)).toEqual(["any", "any", "maskable"]);
  });
});

describe("the files that are kept of a build", () => {
  const BUILT = { "index.html": "1", "assets/app-1a.js": "1", "app/icon.png": "1", "config.json": "1", "sw.js": "1" };

  it("are all that the page loads; what a deployment writes anew is not among them", () => {
    expect(filesOf(folder(BUILT)).map(({ url }) => url)).toEqual(["assets/app-1a.js", "./"]);
  });

  it("are fetched again only where they changed", () => {
    const before = filesOf(folder(BUILT));
    expect(filesOf(folder(BUILT))).toEqual(before);
    expect(filesOf(folder({ ...BUILT, "index.html": "2" }))[1]).not.toEqual(before[1]);
    expect(before[0]).toEqual({ url: "assets/app-1a.js", revision: null });
  });
});
