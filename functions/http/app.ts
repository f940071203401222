/** Combines endpoints into one application, with common answers for unknown paths and thrown errors. */
import { Hono, type MiddlewareHandler } from "hono";
import { allSources } from "../sources/sources.ts";
import type { Ledger } from "./context.ts";
import { problem, problemOf } from "./problem.ts";
import { requestLog } from "./request-log.ts";
import { temporal } from "./times.ts";

/** @param before runs first with each request, and may refuse it */
export function guarded(ledger: Ledger, endpoints: readonly Hono[], before?: MiddlewareHandler): Hono {
  const { log } = ledger;
  const app = new Hono();
  app.use("*", requestLog(ledger));
  if (before !== undefined) app.use("*", before);
  for (const endpoint of endpoints) app.route("/", endpoint);
  app.notFound(() => problem("unknown", "No such endpoint. GET /openapi.json describes them all."));
  app.onError((error) => {
    const answer = problemOf(error);
    if (answer.status >= 500) log.error(error.message, { name: error.name, stack: error.stack ?? "" });
    return answer;
  });
  return app;
}

/**
 * Loads the modules that a function on AWS loads lazily. A server loads them at start, so that updating the installed
 * packages does not break a running process.
 */
export async function loadAll(): Promise<void> {
  await Promise.all([
    allSources(),
    import("./recording/attestations.ts"),
    import("./questions/gate.ts"),
    import("./openapi/document.ts"),
    import("./questions/plan.ts"),
    import("./questions/plan-check.ts"),
    import("./operations/quarantine.ts"),
    import("./recording/redeployments.ts"),
    import("./questions/timeline-table.ts"),
    temporal(),
    import("../plan/redeployment/list.ts"),
    import("../plan/redeployment/status.ts"),
    import("../sources/standards/sigstore.ts"),
  ]);
}
