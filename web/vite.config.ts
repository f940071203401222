/**
 * The page while it is being worked on: `npm run web` serves it from its sources, reloads it at each change, and passes
 * on to a running ledger what it asks. What ships is built by `functions/runtime/page.ts`.
 */
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { colours, withFiles } from "../functions/runtime/page.ts";

const LEDGER = process.env.ASOF_URL ?? "http://127.0.0.1:8787";
const ASKED = ["/v1", "/auth", "/openapi.json"];

/** What the build does to the HTML and the style. */
const page: Plugin = {
  name: "asof-page",
  transformIndexHtml: {
    order: "pre",
    handler: (html) =>
      withFiles(html, { "main.js": "main.tsx", "theme.js": "theme.ts", "style.css": "style.css" }),
  },
  transform: (code, id) => (/\/style\.css(\?|$)/.test(id) ? `${colours()}\n${code}` : undefined),
};

export default defineConfig({
  plugins: [page],
  cacheDir: join(import.meta.dirname, "../.build/vite"),
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(ASKED.map((path) => [path, { target: LEDGER, changeOrigin: true }])),
  },
});
