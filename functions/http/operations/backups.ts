/** The endpoint where an admin takes a backup: the whole ledger as one file, including people and quarantine. */
import { type Context, Hono } from "hono";
import { FACTS_HEADER } from "../../../schemas/read-answer.ts";
import type { Ledger } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { unboundHolder } from "../request.ts";

async function backUp(ledger: Ledger, c: Context): Promise<Response> {
  // A backup cannot leave out the parts that a token may not see.
  const { name } = await unboundHolder(ledger, c, "back up", "a backup contains all of it");
  if (ledger.backup === undefined)
    throw new EndpointError(
      "unknown",
      "This ledger is stored in DynamoDB. Use DynamoDB's own backups: point-in-time recovery.",
    );
  const backup = await ledger.backup();
  if (backup === undefined)
    throw new EndpointError("not now", "Another backup is in progress. Try again when it is done.");
  const { facts, bytes, body } = backup;
  ledger.log.info("a backup was made", { by: name, facts, bytes });
  const headers = {
    "Content-Type": "application/vnd.sqlite3",
    "Content-Length": String(bytes),
    [FACTS_HEADER]: String(facts),
  };
  return new Response(body, { headers });
}

export function backupEndpoint(ledger: Ledger): Hono {
  const app = new Hono();
  app.post("/v1/backups", (c) => backUp(ledger, c));
  return app;
}
