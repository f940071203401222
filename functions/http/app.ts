/** Doors under one address, with the answers that all of them give to what goes wrong. */
import { Hono } from "hono";
import { allSources } from "../sources/sources.ts";
import type { Ledger } from "./context.ts";
import { problem, problemOf } from "./problem.ts";

export function guarded({ log }: Ledger, doors: readonly Hono[]): Hono {
  const app = new Hono();
  for (const door of doors) app.route("/", door);
  app.notFound(() => problem("unknown", "There is no such door. GET /openapi.json describes them all."));
  app.onError((error) => {
    const answer = problemOf(error);
    if (answer.status >= 500) log.error(error.message, { name: error.name, stack: error.stack ?? "" });
    return answer;
  });
  return app;
}

/**
 * Loads what a function on AWS loads when it is first asked. A server does so when it starts: an update of the packages
 * beside it must not break what runs.
 */
export async function loadAll(): Promise<void> {
  await Promise.all([
    allSources(),
    import("./gate.ts"),
    import("./openapi/document.ts"),
    import("./plan.ts"),
    import("./plan-check.ts"),
    import("./redeployments.ts"),
    import("../plan/redeployment/status.ts"),
    import("../sources/standards/sigstore.ts"),
  ]);
}
