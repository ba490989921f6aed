import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";
import { offline, OLDEST } from "./installable.ts";
import { words } from "./words.ts";

const api = process.env.STORIES_API ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [vue(), words(), offline()],
  base: "./",
  // The story is a template's text, never a template: the runtime compiler stays out, and with it eval.
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
  },
  build: {
    target: [...OLDEST],
    // No inline data: the page's CSP names 'self' only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/stories": api,
      "/locales": api,
      "/media": api,
      "/tablet.json": api,
      "/tablet.svg": api,
      "/push": api,
      "/ws": { target: api, ws: true },
    },
  },
});
