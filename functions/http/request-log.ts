/** Logs one line for each request, with its metrics, and puts the request's id into the answer. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { inRequest, newContext, type RequestContext } from "../ledger/request-context.ts";
import type { Ledger } from "./context.ts";
import { withInstance } from "./problem.ts";

const REQUEST_ID = "x-request-id";

/** What the server (@hono/node-server) or Lambda (hono/aws-lambda) hands over with a request; nothing in tests. */
interface Bindings {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: ServerResponse;
  readonly lambdaContext?: { readonly awsRequestId: string };
}
const bindingsOf = (c: Context): Bindings => c.env ?? {};

/** The template of the path, which holds no id, name or secret. */
const routeOf = (c: Context): string =>
  matchedRoutes(c)
    .map(({ path }) => path)
    .findLast((path) => !path.includes("*")) ?? "none";

/** Counts the bytes of a streamed answer. Calls `ended` once: at its end, or when it breaks off. */
async function* counting(
  body: AsyncIterable<Uint8Array>,
  ended: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      yield chunk;
    }
  } finally {
    ended(bytes);
  }
}

/**
 * Calls `sent` once, with the size of the answer in bytes, when it was sent. On the server, the size includes the headers,
 * as measured at the connection: to read the body would cost a tenth of the time to record a fact.
 */
async function onceSent(c: Context, before: number, sent: (bytes: number) => void): Promise<void> {
  const { incoming, outgoing } = bindingsOf(c);
  if (incoming !== undefined && outgoing !== undefined) {
    const { socket } = incoming;
    outgoing.once("close", () => sent(socket.bytesWritten - before));
    return;
  }
  const { status, headers, body } = c.res;
  // Compressed bytes are no text; a table may be an export of any length, and begin with a byte order mark.
  const isText =
    /^(application\/(problem\+)?json|text\/(?!csv))/.test(headers.get("content-type") ?? "") &&
    !headers.has("content-encoding");
  if (body !== null && !isText) {
    c.res = undefined;
    c.res = new Response(ReadableStream.from(counting(body, sent)), { status, headers });
    return;
  }
  const text = await c.res.text();
  if (body !== null) {
    c.res = undefined;
    c.res = new Response(text, { status, headers });
  }
  sent(Buffer.byteLength(text));
}

function report({ log, recorder }: Ledger, line: Record<string, string | number>, seconds: number): void {
  log.info("request", line);
  const { route, status, storeRequests } = line;
  recorder?.record("request_duration", { route: String(route) }, seconds);
  recorder?.record("store_requests", { route: String(route) }, Number(storeRequests));
  if (Number(status) < 400) return;
  recorder?.record(Number(status) < 500 ? "refusals" : "failures", { status: String(status) });
}

/** Middleware for every endpoint. The line holds no secret, no parameter and nothing of a body. */
export const requestLog =
  (ledger: Ledger): MiddlewareHandler =>
  async (c, next) => {
    const { incoming, lambdaContext } = bindingsOf(c);
    const context: RequestContext = newContext(lambdaContext?.awsRequestId ?? randomUUID());
    const before = incoming?.socket.bytesWritten ?? 0;
    const startMs = performance.now();
    await inRequest(context, next);
    if (c.res.headers.get("content-type") === "application/problem+json") {
      const answer = await withInstance(c.res, context.id);
      c.res = undefined;
      c.res = answer;
    }
    c.header(REQUEST_ID, context.id);
    const { status } = c.res;
    await onceSent(c, before, (bytes) => {
      const ms = performance.now() - startMs;
      report(
        ledger,
        {
          requestId: context.id,
          ...context.who,
          method: c.req.method,
          route: routeOf(c),
          status,
          ms: Math.round(ms * 10) / 10,
          storeRequests: context.storeRequests,
          bytes,
        },
        ms / 1000,
      );
    });
  };
