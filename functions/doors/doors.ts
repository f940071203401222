/** Doors under one address, with the answers that all of them give to what goes wrong. */
import { Hono } from "hono";
import type { Ledger } from "./ledger.ts";
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
