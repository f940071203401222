/**
 * Exports as jobs, with a link that expires. A ledger on one machine has no limit on how long an answer takes, so it needs
 * no job: the link is that of the stream.
 */
import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import type { ExportJob } from "../../../schemas/answers/export-job.ts";
import { ExportQuestion } from "../../../schemas/questions/export-question.ts";
import { grantsOf } from "../../ledger/authority/grants.ts";
import type { Ledger } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { found, holder, query, stretch } from "../request.ts";

/** A task that has no file after this time has failed: its function may run for a quarter of an hour, three times. */
const FAILED_MS = 3 * 3600_000;

/** The parameters of a question, with its times as instants. */
async function parametersOf(now: Date, c: Context): Promise<Record<string, string>> {
  const asked = query(c, ExportQuestion);
  if (asked.cursor !== undefined) throw new EndpointError("rejected", "cursor: a job has none");
  const { tz: _, ...given } = c.req.query();
  return { ...given, ...(await stretch(now, asked)) };
}

async function ask(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "export");
  const now = ledger.now();
  const parameters = await parametersOf(now, c);
  const [id, askedAt] = [randomUUID(), now.toISOString()];
  const nothing = { link: null, expires: null, sha256: null };
  if (ledger.exportJobs === undefined) {
    const link = `/v1/export?${new URLSearchParams(parameters)}`;
    return c.json({ id, status: "ready", askedAt, ...nothing, link } satisfies ExportJob);
  }
  await ledger.exportJobs.start({ id, by: who.name, grants: grantsOf(who), parameters, askedAt });
  return c.json({ id, status: "running", askedAt, ...nothing } satisfies ExportJob, 202, {
    Location: `/v1/exports/${id}`,
  });
}

async function state(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "export");
  const id = c.req.param("id") ?? "";
  const known = /^[0-9a-f-]{36}$/.test(id) ? await ledger.exportJobs?.find(id) : undefined;
  // Whoever has the link needs no token, so nobody but the asker gets it.
  const { task, file } = found(
    known?.task.by === who.name ? known : undefined,
    `export ${id} of ${who.name}`,
  );
  const { askedAt } = task;
  const isLate = ledger.now().getTime() - Date.parse(askedAt) > FAILED_MS;
  const answer: ExportJob =
    file === undefined
      ? { id, status: isLate ? "failed" : "running", askedAt, link: null, expires: null, sha256: null }
      : { id, status: "ready", askedAt, ...file };
  return c.json(answer, 200, { "Cache-Control": "private, no-store" });
}

export function exportJobEndpoints(ledger: Ledger): Hono {
  const app = new Hono();
  app.post("/v1/exports", (c) => ask(ledger, c));
  app.get("/v1/exports/:id", (c) => state(ledger, c));
  return app;
}
