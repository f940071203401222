/** The endpoint that Prometheus reads, of a ledger on one machine. */
import type { IncomingMessage } from "node:http";
import { type Context, Hono } from "hono";
import type { Ledger } from "../context.ts";
import { EndpointError } from "../problem.ts";
import { unboundHolder } from "../request.ts";

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/**
 * Whether a process of this machine asks, for itself. A proxy on this machine asks for others, and says so in one of these
 * headers.
 */
function isLocal(c: Context): boolean {
  const { incoming }: { readonly incoming?: IncomingMessage } = c.env ?? {};
  const isForwarded = ["forwarded", "x-forwarded-for", "via"].some(
    (name) => c.req.header(name) !== undefined,
  );
  return LOOPBACK.test(incoming?.socket.remoteAddress ?? "") && !isForwarded;
}

async function metrics(ledger: Ledger, c: Context): Promise<Response> {
  // The numbers are about the whole ledger, so a token that may see only a part of it may not read them.
  if (!isLocal(c)) await unboundHolder(ledger, c, "ask", "the metrics are about all of it");
  if (ledger.metrics === undefined)
    throw new EndpointError("unknown", "This ledger's metrics are in CloudWatch, in the namespace asof.");
  const { type, text } = await ledger.metrics();
  return new Response(text, { headers: { "Content-Type": type } });
}

export function metricsEndpoint(ledger: Ledger): Hono {
  const app = new Hono();
  app.get("/metrics", (c) => metrics(ledger, c));
  return app;
}
