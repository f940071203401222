/** A thread that checks bundles: takes a job as a message, answers with its report. */
import { parentPort } from "node:worker_threads";
import { BundleJob, checkBundle } from "../../functions/seal/verify/bundle.ts";

parentPort?.on("message", (message: unknown) => {
  parentPort?.postMessage(checkBundle(BundleJob.parse(message)));
});
