/** The endpoint of the audit report. What it discloses is recorded, as an export is. */
import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { AuditQuestion } from "../../../schemas/questions/audit-question.ts";
import { VERSION } from "../../../schemas/version.ts";
import { sha256 } from "../../ledger/canonical.ts";
import { revealed } from "../../ledger/people/people.ts";
import { recordedPolicies } from "../../ledger/policies.ts";
import { currentRequest } from "../../ledger/request-context.ts";
import { audit } from "../../queries/audit/audit.ts";
import { sealingGaps } from "../../seal/gaps.ts";
import { comparedPersons, type Ledger } from "../context.ts";
import { byPresentNames } from "../present-names.ts";
import { askedBy, foundAt, holder, knownAtOf, query, stretch } from "../request.ts";

async function auditReport(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "export");
  const { environment, service, sample, seed, stratify, sealing, ...asked } = query(c, AuditQuestion);
  const known = await knownAtOf(askedBy(ledger, who), asked);
  const span = await stretch(known.now, asked);
  const place = { environment, ...(service === undefined ? {} : { service }) };
  const rules = {
    people: comparedPersons(ledger),
    policy: ledger.gatePolicy,
    recordedPolicies: () => recordedPolicies(ledger.store),
    silentAfter: ledger.silentAfter,
  };
  const drawing = sample === undefined ? undefined : { sample, seed, stratify };
  const until = span.to < known.knownAt ? span.to : known.knownAt;
  const [report, gaps] = await Promise.all([
    byPresentNames(known, place, async (one) =>
      foundAt(known, one, await audit(known, { ...one, ...span }, rules, drawing)),
    ),
    sealing === true && ledger.sealedLog ? sealingGaps(ledger.sealedLog, span.from, until) : undefined,
  ]);
  const whole = { asof: VERSION, ...report, ...(gaps === undefined ? {} : { sealing: gaps }) };
  const text = await revealed(ledger.people, JSON.stringify(whole));
  await ledger.jobs.put({
    is: "record export",
    id: currentRequest()?.id ?? randomUUID(),
    by: who.name,
    at: ledger.now().toISOString(),
    ...span,
    count: report.changes.length,
    sha256: sha256(text),
  });
  return c.body(text, 200, { "Content-Type": "application/json" });
}

export function auditEndpoint(ledger: Ledger): Hono {
  const app = new Hono();
  app.get("/v1/audit", (c) => auditReport(ledger, c));
  return app;
}
