/** Worker threads from a bundle, or from TypeScript sources. */
import { Worker } from "node:worker_threads";

/** When run from sources, a thread has to register the loader itself: Node 20 does not pass `--import` on. */
const fromSources = (module: URL): string =>
  `import("tsx/esm/api").then(({ register }) => { register(); return import(${JSON.stringify(module.href)}); });`;

/** Runs a module in a thread of its own. */
export const startThread = (module: URL, workerData?: unknown): Worker =>
  module.pathname.endsWith(".ts")
    ? new Worker(fromSources(module), { workerData, eval: true })
    : new Worker(module, { workerData });
