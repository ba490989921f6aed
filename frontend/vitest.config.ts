import vue from "@vitejs/plugin-vue";
import { configDefaults, defineConfig } from "vitest/config";

// A Web Crypto key and its bytes are of one realm: what signs and digests needs a process of its own, and a second.
const CRYPTOGRAPHIC = ["tests/useSignIn.test.ts"];

export default defineConfig({
  plugins: [vue()],
  test: {
    environment: "happy-dom",
    restoreMocks: true,
    projects: [
      {
        extends: true,
        // A file has its own globals, and its worker's window: made anew for each file, it takes most of the time.
        test: { name: "page", pool: "vmThreads", include: ["tests/**/*.test.ts"], exclude: [...configDefaults.exclude, ...CRYPTOGRAPHIC] },
      },
      { extends: true, test: { name: "cryptography", pool: "forks", include: CRYPTOGRAPHIC } },
    ],
  },
});
