/** An executor of one's own: any HTTPS endpoint, told and signed as Standard Webhooks 1.0.0 has it. */
import { Webhook } from "standardwebhooks";
import * as z from "zod";
import { endpoint, signingSecret } from "../../../schemas/scalars.ts";
import type { Sending } from "./deliver.ts";
import { type Order, scope } from "./order.ts";

export const WebhookExecutor = z.strictObject({
  kind: z.literal("webhook"),
  url: endpoint,
  /** Several while one takes the place of another: each signs. */
  secrets: z.array(signingSecret).min(1).max(4),
  ...scope,
});
export type WebhookExecutor = z.infer<typeof WebhookExecutor>;

/** The same redeployment has the same `webhook-id` however often it is sent: the key by which it is done once. */
export function toWebhook({ url, secrets }: WebhookExecutor, order: Order, now: Date): Sending {
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
