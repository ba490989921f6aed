/**
 * Builds a language file as its sentences alone, in English's order: their names stand once, in English.
 *
 * With their names, seven files are a quarter larger (23.3 and 17.9 kB, gzipped).
 */
import { pathToFileURL } from "node:url";
import type { Plugin } from "vite";
import { leavesOf } from "./src/leaves.ts";
import en from "./src/locales/en.ts";

const TRANSLATED = /\/src\/locales\/(?!en\.)\w+\.ts$/;

export const words = (): Plugin => ({
  name: "words",
  apply: "build",
  async transform(_, id) {
    if (!TRANSLATED.test(id)) return null;
    const file = (await import(pathToFileURL(id).href)) as { default: object };
    const known = new Map(leavesOf(file.default));
    return { code: `export default ${JSON.stringify(leavesOf(en).map(([path]) => known.get(path)))}`, moduleType: "js", map: null };
  },
});
