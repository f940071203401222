/** The endpoint where an admin takes a backup: the whole ledger as one file, with persons and quarantine. */
import { type Context, Hono } from "hono";
import { FACTS_HEADER } from "../../schemas/read-answer.ts";
import type { Ledger } from "./context.ts";
import { EndpointError } from "./problem.ts";
import { holder } from "./request.ts";

async function backUp(ledger: Ledger, c: Context): Promise<Response> {
  const { name, sources, environments } = await holder(ledger, c, "back up");
  // A backup cannot leave out what a token may not see.
  if (sources !== undefined || environments !== undefined)
    throw new EndpointError(
      "forbidden",
      `The token ${name} is bound to a part of the ledger; a backup holds all of it.`,
    );
  if (ledger.backup === undefined)
    throw new EndpointError(
      "unknown",
      "This ledger is kept in DynamoDB, which has its own backups: restore to a point in time.",
    );
  const backup = await ledger.backup();
  if (backup === undefined)
    throw new EndpointError("not now", "Another backup is being made. Try again when it is done.");
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
