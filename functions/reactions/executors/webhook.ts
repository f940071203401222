/** A custom executor: any HTTPS endpoint. Requests are signed as in Standard Webhooks 1.0.0. */
import { Webhook } from "standardwebhooks";
import * as z from "zod";
import { endpoint, signingSecret } from "../../../schemas/scalars.ts";
import type { ExecutorRequest } from "./deliver.ts";
import { type Order, scope } from "./order.ts";

export const WebhookExecutor = z.strictObject({
  kind: z.literal("webhook"),
  url: endpoint,
  /** Several during rotation: each of them signs. */
  secrets: z.array(signingSecret).min(1).max(4),
  ...scope,
});
export type WebhookExecutor = z.infer<typeof WebhookExecutor>;

/** Every retry has the same `webhook-id`, by which the receiver detects duplicates. */
export function toWebhook({ url, secrets }: WebhookExecutor, order: Order, now: Date): ExecutorRequest {
  const { id, requestedAt } = order.redeployment;
  const body = JSON.stringify({ type: "redeployment.requested", timestamp: requestedAt, data: order });
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, now, body));
  return {
    url: new URL(url),
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": signatures.join(" "),
    },
    body,
  };
}
