/** The doors where something is said: events, the vendors' webhooks, attestations, retractions. */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Retraction } from "../../schemas/question.ts";
import { retractionId } from "../ledger/append.ts";
import { keepMalformed, receive, type Sender } from "../ledger/ingest.ts";
import { readJson, rejected, said } from "../sources/payload.ts";
import type { Delivery, Source } from "../sources/source.ts";
import { SOURCES } from "../sources/sources.ts";
import { readEvents, toStatement } from "../sources/standards/cloudevents.ts";
import { attesting } from "./attestations.ts";
import type { Ledger } from "./context.ts";
import { operating } from "./marks-and-freezes.ts";
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

/** Proves the sender of a webhook: by the vendor's own way, or by a writer's token where it has none. */
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
      `The delivery does not prove that ${source.vendor} sent it: is the secret the same at both ends?`,
    );
  }
  return { door: source.vendor, reportedBy: `webhook:${source.vendor}` };
}

/** Always 202: a vendor that is told of an error stops sending, or switches the webhook off. */
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
  const context = { headers: delivery.headers, receivedAt: ledger.now().toISOString() };
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
 * The answer to a sender of CloudEvents that asks whether it is welcome (CloudEvents, "HTTP 1.1 Web Hooks", 4.1).
 * Whether it may say anything, its first event tells.
 */
function welcomed(c: Context): Response {
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
    // Ours is the only clock, so that the same retraction again is a duplicate.
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
  problem("too large", `A body holds at most ${MAX_BODY_BYTES} bytes. Send fewer events at once.`);
const counted = bodyLimit({ maxSize: MAX_BODY_BYTES, onError: tooLarge });

/**
 * Refuses a body that is too large, by the length that the request states. Only without one is the body counted as it
 * comes: for that the HTTP adapter has to make a whole `Request` with a stream, at a tenth of what recording costs.
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
  app.post("/v1/attestations", attesting(ledger));
  for (const [path, door] of Object.entries(operating)) app.post(path, (c) => door(ledger, c));
  app.use("/v1/redeployments/*", revealing(ledger));
  // Plans are made there: loaded when somebody asks for one, for most of what is said here needs none.
  app.post("/v1/redeployments", async (c) => (await import("./redeployments.ts")).redeploy(ledger, c));
  app.post("/v1/redeployments/:id/end", async (c) =>
    (await import("./redeployments.ts")).endRedeployment(ledger, c),
  );
  for (const [vendor, load] of SOURCES) {
    app.post(`/v1/webhooks/${vendor}`, async (c) => webhook(ledger, c, await load()));
  }
  app.options("/v1/webhooks/:vendor/:secret", (c) => welcomed(c));
  app.post("/v1/webhooks/:vendor/:secret", async (c) => {
    const load = SOURCES.get(c.req.param("vendor"));
    return load === undefined ? c.notFound() : webhook(ledger, c, await load(), c.req.param("secret"));
  });
  return app;
}
