/** The endpoints that record: events, vendors' webhooks, attestations, retractions. */

import { type Context, Hono } from "hono";
import type { Mapped } from "../../../schemas/mapped.ts";
import { Dispute, Retraction } from "../../../schemas/operation.ts";
import { retractionId } from "../../ledger/append.ts";
import { grantsOf, isBound } from "../../ledger/authority/grants.ts";
import { disputeOf, keepMalformed, receive } from "../../ledger/ingest/ingest.ts";
import type { Sender } from "../../ledger/ingest/ingest-context.ts";
import { memoised } from "../../ledger/loader.ts";
import { identify } from "../../ledger/request-context.ts";
import { readJson, rejected, said } from "../../sources/payload.ts";
import { type Delivery, type Source, sourceOf } from "../../sources/source.ts";
import { SOURCES } from "../../sources/sources.ts";
import { readEvents, toStatement } from "../../sources/standards/cloudevents.ts";
import { limited } from "../body-limit.ts";
import type { Ledger, WebhookSecret } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { bodyOf, holder, senderOf, textOf } from "../request.ts";
import { revealing } from "../reveal.ts";
import { operations } from "./marks-and-freezes.ts";
import { answerOne } from "./outcomes.ts";
import { review } from "./reviews.ts";

const UNREADABLE = { malformed: "malformed", unsupported: "unsupported", "too many": "too large" } as const;

async function events(ledger: Ledger, c: Context): Promise<Response> {
  const sender = senderOf("events", await holder(ledger, c, "write", "rename"));
  const body = await textOf(c);
  const reading = readEvents({ headers: c.req.raw.headers, body });
  if (reading.is === "unreadable") {
    if (reading.why === "malformed") await keepMalformed(ledger, sender, reading.reason, body);
    throw new EndpointError(UNREADABLE[reading.why], reading.reason);
  }
  const received = await receive(ledger, sender, reading.events.map(toStatement));
  return reading.is === "batch"
    ? c.json({ outcomes: received.map((one) => one.said) }, 200)
    : answerOne(c, received);
}

/** Authenticates the sender of a webhook: by the vendor's own method or, if it has none, by a writer's token. */
async function webhookSender(
  ledger: Ledger,
  c: Context,
  source: Source,
  delivery: Delivery,
): Promise<Sender> {
  if (source.verify === undefined) return senderOf(source.vendor, await holder(ledger, c, "write"));
  const { webhooks } = await ledger.secrets();
  const secrets = webhooks[source.vendor] ?? [];
  if (secrets.length === 0) {
    throw new EndpointError(
      "unauthenticated",
      `No secret is configured for ${source.vendor}: add one to ASOF_WEBHOOK_SECRETS.`,
    );
  }
  const found = await secretOf(source.verify, delivery, secrets);
  if (found === undefined) {
    throw new EndpointError(
      "unauthenticated",
      `The delivery cannot be authenticated as sent by ${source.vendor}. Check that both sides use the same secret (ASOF_WEBHOOK_SECRETS).`,
    );
  }
  const { name } = found;
  const reportedBy = ["webhook", source.vendor, ...(name === undefined ? [] : [name])].join(":");
  identify(reportedBy, "webhook");
  return {
    door: source.vendor,
    reportedBy,
    ...(isBound(found) ? { bound: { ...grantsOf(found), name: reportedBy } } : {}),
  };
}

/** The secret that proves a delivery. All are tried, so that the time does not show which one it was. */
async function secretOf(
  verify: NonNullable<Source["verify"]>,
  delivery: Delivery,
  given: readonly (string | WebhookSecret)[],
): Promise<WebhookSecret | undefined> {
  const secrets = given.map((one) => (typeof one === "string" ? { secret: one } : one));
  const proven = await Promise.all(secrets.map(({ secret }) => verify(delivery, [secret])));
  return secrets.find((_, n) => proven[n]);
}

/**
 * Statements of a bound secret have sources of their own, so that its holder cannot take an identity of another
 * sender of this vendor.
 */
function underOwnSource({ bound }: Sender, { vendor }: Source, mapped: Mapped): Mapped {
  if (bound === undefined || mapped.is !== "statement") return mapped;
  const { source } = mapped.statement;
  const prefix = `${sourceOf(vendor)}/`;
  if (typeof source !== "string" || !source.startsWith(prefix)) return mapped;
  const own = sourceOf(vendor, `@${bound.name.split(":").at(-1)}`, source.slice(prefix.length));
  return { ...mapped, statement: { ...mapped.statement, source: own } };
}

/** Always answers 202: after errors, vendors stop sending or disable the webhook. */
async function webhook(ledger: Ledger, c: Context, source: Source, pathSecret?: string): Promise<Response> {
  const delivery = {
    headers: c.req.raw.headers,
    body: await textOf(c),
    ...(pathSecret === undefined ? {} : { pathSecret }),
  };
  const sender = await webhookSender(ledger, c, source, delivery);
  const json = readJson(delivery.body);
  const welcome = json.is === "json" ? source.handshake?.(json.value) : undefined;
  if (welcome !== undefined) return c.json(welcome, 200);
  const { observationStepMs } = ledger;
  const context = {
    headers: delivery.headers,
    receivedAt: ledger.now().toISOString(),
    ...(observationStepMs === undefined ? {} : { observationStepMs }),
  };
  const mapped =
    json.is === "json"
      ? source.toStatements(json.value, context)
      : [
          rejected(
            `the body ${json.reason}; set the webhook's content type to application/json`,
            delivery.body,
          ),
        ];
  const own = source.verify === undefined ? mapped : mapped.map((one) => underOwnSource(sender, source, one));
  const received = await receive(ledger, sender, own);
  return c.json({ outcomes: received.map((one) => one.said) }, 202);
}

/**
 * Answers the handshake in which a sender of CloudEvents asks for permission (CloudEvents, "HTTP 1.1 Web Hooks", 4.1).
 * Every sender is admitted here; the secret is checked with each event.
 */
function handshake(c: Context): Response {
  const origin = c.req.header("webhook-request-origin");
  if (origin === undefined || !/^[\w.:*-]{1,255}$/.test(origin)) {
    throw new EndpointError("rejected", "The header WebHook-Request-Origin must be the sender's DNS name.");
  }
  return c.body(null, 204, { "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*" });
}

async function retraction(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "retract");
  const body = await bodyOf(c, Retraction);
  const { source, id, reason } = body;
  const target = { source, id };
  const statement = {
    kind: "fact.retracted",
    source: "/asof/retractions",
    id: retractionId(target),
    occurredAt: ledger.now().toISOString(),
    // The time is not part of the comparison, so that the same retraction again is a duplicate.
    timeFrom: "receipt",
    actor: who.name,
    target,
    reason,
  } as const;
  return answerOne(c, await receive(ledger, senderOf("retractions", who), [said(statement, body)]));
}

/** Disputes a fact, which everybody may who may report for its place. The fact stays. */
async function dispute(ledger: Ledger, c: Context): Promise<Response> {
  const who = await holder(ledger, c, "write", "operate");
  const body = await bodyOf(c, Dispute);
  const { source, id, reason } = body;
  const statement = { ...disputeOf({ source, id }, ledger.now()), actor: who.name, reason };
  return answerOne(c, await receive(ledger, senderOf("disputes", who), [said(statement, body)]));
}

export function recordingEndpoints(ledger: Ledger): Hono {
  const app = new Hono();
  app.post("*", limited);
  app.post("/v1/events", (c) => events(ledger, c));
  app.post("/v1/retractions", (c) => retraction(ledger, c));
  app.post("/v1/disputes", (c) => dispute(ledger, c));
  app.post("/v1/reviews", (c) => review(ledger, c));
  // Loaded lazily: few senders have attestations.
  const attestations = memoised(async () => (await import("./attestations.ts")).attestationHandler(ledger));
  app.post("/v1/attestations", async (c) => (await attestations())(c));
  for (const [path, operation] of Object.entries(operations)) app.post(path, (c) => operation(ledger, c));
  app.use("/v1/redeployments/*", revealing(ledger));
  // Loaded lazily: these make plans, which most recording requests do not need.
  app.post("/v1/redeployments", async (c) => (await import("./redeployments.ts")).redeploy(ledger, c));
  app.post("/v1/redeployments/:id/take", async (c) =>
    (await import("./redeployments.ts")).takeRedeployment(ledger, c),
  );
  app.post("/v1/redeployments/:id/end", async (c) =>
    (await import("./redeployments.ts")).endRedeployment(ledger, c),
  );
  app.post("/v1/redeployments/:id/cancel", async (c) =>
    (await import("./redeployments.ts")).cancelRedeployment(ledger, c),
  );
  const quarantine = () => import("../operations/quarantine.ts");
  app.post("/v1/quarantine/:key/retry", async (c) => (await quarantine()).retry(ledger, c));
  app.post("/v1/quarantine/:key/discard", async (c) => (await quarantine()).discard(ledger, c));
  for (const [vendor, load] of SOURCES) {
    app.post(`/v1/webhooks/${vendor}`, async (c) => webhook(ledger, c, await load()));
  }
  app.options("/v1/webhooks/:vendor/:secret", (c) => handshake(c));
  app.post("/v1/webhooks/:vendor/:secret", async (c) => {
    const load = SOURCES.get(c.req.param("vendor"));
    return load === undefined ? c.notFound() : webhook(ledger, c, await load(), c.req.param("secret"));
  });
  return app;
}
