/** Starts worker threads from a bundle or from TypeScript sources. */
import { type ResourceLimits, Worker } from "node:worker_threads";

/** When run from sources, a thread has to register the loader itself: Node 20 does not pass `--import` on. */
const fromSources = (module: URL): string =>
  `import("tsx/esm/api").then(({ register }) => { register(); return import(${JSON.stringify(module.href)}); });`;

interface Options {
  readonly workerData?: unknown;
  readonly resourceLimits?: ResourceLimits;
}

/** Runs a module in a thread of its own. */
export const startThread = (module: URL, options: Options): Worker =>
  module.pathname.endsWith(".ts")
    ? new Worker(fromSources(module), { ...options, eval: true })
    : new Worker(module, options);
