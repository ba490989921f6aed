import { createApp } from "vue";
import App from "./App.vue";
import { install } from "./install";
import "./style.css";

const page = document.documentElement.dataset;
const app = createApp(App);
/** What Vue calls set-up and rendering, here and in the build: where they fail, a part of the page is missing. */
const FATAL = /(setup function|render function|#runtime-[01])$/;
let isWhole = true;

app.config.errorHandler = (error, _, where) => {
  console.error(error);
  if (!FATAL.test(where) || !isWhole) return;
  isWhole = false;
  // Not in the middle of Vue's work.
  setTimeout(() => giveUp(error));
};

/** public/fallback.js then has a sentence and a button. */
function giveUp(error: unknown): void {
  delete page.page;
  try {
    app.unmount();
  } finally {
    dispatchEvent(new ErrorEvent("error", { error, message: String(error) }));
  }
}

app.mount("#app");
if (isWhole) page.page = "ready";
if (import.meta.env.PROD) void install(import.meta.url);
