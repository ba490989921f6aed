/** The build's part of an installable page: a web app manifest for each language, and the service worker. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin, type ResolvedConfig } from "vite";
import { directionOf, UI_LANGUAGES, type UiLanguage } from "./src/languages.ts";
import ar from "./src/locales/ar.ts";
import de from "./src/locales/de.ts";
import en from "./src/locales/en.ts";
import es from "./src/locales/es.ts";
import fr from "./src/locales/fr.ts";
import it from "./src/locales/it.ts";
import nl from "./src/locales/nl.ts";
import pt from "./src/locales/pt.ts";

/** The oldest browsers that the page promises to work in; docs/hosting.md. */
export const OLDEST = ["safari15.4", "ios15.4", "chrome100", "edge100", "firefox100"] as const;

const WORDS: Record<UiLanguage, { name: string; tagline: string }> = { en, fr, nl, ar, it, es, de, pt };
/** Drawn by infra/frontend/icons.py. */
const ICONS = [
  { src: "icon-192.png", sizes: "192x192", type: "image/png", purpose: "any" },
  { src: "icon-512.png", sizes: "512x512", type: "image/png", purpose: "any" },
  { src: "icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
];
const WORKER = "sw.js";
/** The address of index.html: a server need not have it by that name. */
const PAGE = "./";
/** Not for a cache: a deployment writes the first anew, the worker is the browser's own, the icons are the system's. */
const NOT_KEPT = /^(config\.json|sw\.js|app\/.*\.png)$/;
/** Such a file's name has its digest. */
const NAMED = /^assets\//;

export function manifestOf(language: UiLanguage): object {
  const { name, tagline } = WORDS[language];
  return {
    name,
    short_name: name,
    description: tagline,
    lang: language,
    dir: directionOf(language),
    start_url: "../",
    scope: "../",
    display: "standalone",
    background_color: "#faf4e6",
    theme_color: "#faf4e6",
    icons: ICONS,
  };
}

/** The files of a build that the page needs without a network; revision: of those whose name stays. */
export function filesOf(folder: string): { url: string; revision: string | null }[] {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).replaceAll("\\", "/"));
  return names
    .filter((name) => !NOT_KEPT.test(name))
    .sort()
    .map((name) => ({ url: name === "index.html" ? PAGE : name, revision: NAMED.test(name) ? null : digest(join(folder, name)) }));
}

const digest = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16);

export function offline(): Plugin {
  let config: ResolvedConfig;
  return {
    name: "offline",
    apply: "build",
    configResolved(resolved) {
      config = resolved;
    },
    generateBundle() {
      for (const language of UI_LANGUAGES) {
        this.emitFile({ type: "asset", fileName: `app/manifest-${language}.webmanifest`, source: JSON.stringify(manifestOf(language)) });
      }
    },
    // Once all else is written: the worker has the list of it.
    async closeBundle() {
      const folder = join(config.root, config.build.outDir);
      await build({
        root: config.root,
        configFile: false,
        publicDir: false,
        logLevel: "warn",
        define: { FILES: JSON.stringify(filesOf(folder)) },
        build: {
          outDir: folder,
          emptyOutDir: false,
          target: [...OLDEST],
          // A classic script: a browser of 2022 runs no module as a worker.
          rolldownOptions: { input: join(config.root, "src/worker.ts"), output: { format: "iife", entryFileNames: WORKER } },
        },
      });
    },
  };
}
