/** The executor's endpoint: accepts signed redeployment requests (Standard Webhooks 1.0.0). */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Webhook } from "standardwebhooks";
import * as z from "zod";
import { readJson } from "../../functions/sources/payload.ts";
import { Order } from "./commands.ts";
import type { Executor } from "./executor.ts";

const BODY_MAX = 1024 * 1024;

const Message = z.looseObject({
  type: z.literal("redeployment.requested"),
  data: z.looseObject({ redeployment: Order }),
});

/** Verifies the raw bytes; the timestamp may be off by five minutes. */
function isSigned(webhook: Webhook, body: Buffer, headers: Headers): boolean {
  try {
    webhook.verify(body, Object.fromEntries(headers), { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}

/** @param secret `whsec_` and base64 */
export function orderEndpoint(secret: string, { take }: Executor): Hono {
  const webhook = new Webhook(secret);
  const app = new Hono();
  app.post("/", bodyLimit({ maxSize: BODY_MAX }), async (c) => {
    const body = Buffer.from(await c.req.arrayBuffer());
    if (!isSigned(webhook, body, c.req.raw.headers)) return c.text("The signature is missing or wrong.", 401);
    const json = readJson(body.toString("utf8"));
    const message = Message.safeParse(json.is === "json" ? json.value : undefined);
    if (!message.success) return c.text("Expected a redeployment.requested message.", 422);
    return take(message.data.data.redeployment) ? c.text("Accepted.", 202) : c.text("Accepted before.", 200);
  });
  return app;
}
