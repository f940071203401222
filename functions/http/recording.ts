/** The endpoints that record: events, vendors' webhooks, attestations, retractions. */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Retraction } from "../../schemas/operation.ts";
import { retractionId } from "../ledger/append.ts";
import { keepMalformed, receive, type Sender } from "../ledger/ingest.ts";
import { identify } from "../ledger/request-context.ts";
import { readJson, rejected, said } from "../sources/payload.ts";
import type { Delivery, Source } from "../sources/source.ts";
import { SOURCES } from "../sources/sources.ts";
import { readEvents, toStatement } from "../sources/standards/cloudevents.ts";
import { attestationHandler } from "./attestations.ts";
import type { Ledger } from "./context.ts";
import { operations } from "./marks-and-freezes.ts";
import { answerOne } from "./outcomes.ts";
import { EndpointError, problem } from "./problem.ts";
import { bodyOf, holder, MAX_BODY_BYTES, senderOf, textOf } from "./request.ts";
import { revealing } from "./reveal.ts";

const UNREADABLE = { malformed: "malformed", unsupported: "unsupported", "too many": "too large" } as const;

async function events(ledger: Ledger, c: Context): Promise<Response> {
  const sender = senderOf("events", await holder(ledger, c, "write"));
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
  if (!(await source.verify(delivery, secrets))) {
    throw new EndpointError(
      "unauthenticated",
      `The delivery cannot be authenticated as sent by ${source.vendor}. Check that both sides use the same secret (ASOF_WEBHOOK_SECRETS).`,
    );
  }
  const reportedBy = `webhook:${source.vendor}`;
  identify(reportedBy, "webhook");
  return { door: source.vendor, reportedBy };
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
  const received = await receive(ledger, sender, mapped);
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
  const { name } = await holder(ledger, c, "retract");
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
    actor: name,
    target,
    reason,
  } as const;
  return answerOne(
    c,
    await receive(ledger, { door: "retractions", reportedBy: name }, [said(statement, body)]),
  );
}

const tooLarge = () =>
  problem("too large", `A body may hold at most ${MAX_BODY_BYTES} bytes. Send fewer events at once.`);
const counted = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge });

/**
 * Refuses a body that is too large, by its Content-Length. Only without that header are the bytes counted as they
 * arrive: the HTTP adapter then has to make a `Request` with a stream, which adds a tenth to the cost of recording.
 */
const limited: MiddlewareHandler = async (c, next) => {
  const length = c.req.header("content-length");
  if (length === undefined || c.req.header("transfer-encoding") !== undefined) return counted(c, next);
  return Number(length) > MAX_BODY_BYTES ? tooLarge() : next();
};

export function recordingEndpoints(ledger: Ledger): Hono {
  const app = new Hono();
  app.post("*", limited);
  app.post("/v1/events", (c) => events(ledger, c));
  app.post("/v1/retractions", (c) => retraction(ledger, c));
  app.post("/v1/attestations", attestationHandler(ledger));
  for (const [path, operation] of Object.entries(operations)) app.post(path, (c) => operation(ledger, c));
  app.use("/v1/redeployments/*", revealing(ledger));
  // Loaded lazily: these make plans, which most recording requests do not need.
  app.post("/v1/redeployments", async (c) => (await import("./redeployments.ts")).redeploy(ledger, c));
  app.post("/v1/redeployments/:id/end", async (c) =>
    (await import("./redeployments.ts")).endRedeployment(ledger, c),
  );
  app.post("/v1/redeployments/:id/cancel", async (c) =>
    (await import("./redeployments.ts")).cancelRedeployment(ledger, c),
  );
  const quarantine = () => import("./quarantine.ts");
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
