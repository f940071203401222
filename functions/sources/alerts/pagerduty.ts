/**
 * PagerDuty: webhooks V3, `incident.triggered` and `incident.reopened`, which open an incident, and `incident.resolved`.
 *
 * Key: the incident's id with the type and time of the event, under `/webhooks/pagerduty/<account>`: two subscriptions may
 * report one event, each under an id of its own.
 * Proof: `X-PagerDuty-Signature`, `v1=` and the HMAC-SHA256 of the body; several of them while a secret is rotated.
 * The environment is the account (`acme.pagerduty.com`) and the service is PagerDuty's, by its name: naming rules say which
 * environment and service these are.
 * Persons are PagerDuty's ids of users.
 * Not in the payload: the alerts of an incident; what an incident is about, besides its title and service.
 * Format: PagerDuty/developer-docs, docs/webhooks/01-Overview.md and 04-Signatures.md.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import {
  firstLink,
  ignored,
  loginOnly,
  mapping,
  maybeText,
  present,
  quoted,
  said,
  titleOf,
} from "../payload.ts";
import { byHmac, type Delivery, type Source, sourceOf } from "../source.ts";

const reference = z.looseObject({ id: z.string(), type: maybeText, summary: maybeText });

const Incident = z.looseObject({
  id: z.string().min(1),
  html_url: z.url(),
  title: maybeText,
  service: reference.nullish(),
  priority: reference.nullish(),
  urgency: maybeText,
});

const Notification = z.looseObject({
  event: z.looseObject({
    event_type: z.string(),
    occurred_at: z.string(),
    agent: reference.nullish(),
    data: z.unknown(),
  }),
});
type Event = z.infer<typeof Notification>["event"];

const KIND_OF_EVENT = new Map([
  ["incident.triggered", "incident.opened" as const],
  ["incident.reopened", "incident.opened" as const],
  ["incident.resolved", "incident.resolved" as const],
]);

export const pagerduty: Source = {
  vendor: "pagerduty",
  verify,
  toStatements,
  covers: [
    {
      name: "PagerDuty (incidents)",
      time: "yes",
      identity: "incident, type and time of the event",
      authentication: "`X-PagerDuty-Signature`",
      tried: "documented shape",
    },
  ],
};

function verify(delivery: Delivery, secrets: readonly string[]): boolean {
  const given = (delivery.headers.get("x-pagerduty-signature") ?? "").split(",");
  const signatures = given.flatMap((one) => /^v1=(.+)$/.exec(one.trim())?.[1] ?? []);
  return signatures.filter((signature) => byHmac(delivery, signature, secrets)).length > 0;
}

function toStatements(payload: unknown): Mapped[] {
  return mapping(Notification, payload, ({ event }) => {
    const kind = KIND_OF_EVENT.get(event.event_type);
    if (kind === undefined)
      return [
        ignored(`PagerDuty's event ${quoted(event.event_type)} neither opens nor ends an incident`, payload),
      ];
    return mapping(Incident, event.data, (incident) => [mapIncident(event, kind, incident, payload)]);
  });
}

function mapIncident(
  { event_type, occurred_at, agent }: Event,
  kind: "incident.opened" | "incident.resolved",
  { id, html_url, title, service, priority, urgency }: z.infer<typeof Incident>,
  raw: unknown,
): Mapped {
  const account = new URL(html_url).host;
  const statement = {
    kind,
    source: sourceOf("pagerduty", account),
    id: `${id}/${event_type}/${occurred_at}`,
    occurredAt: occurred_at,
    environment: account,
    incident: id,
    title: titleOf(title ?? "", `incident ${id}`),
    ...present({
      service: service?.summary,
      type: priority?.summary ?? urgency,
      url: firstLink(html_url),
      actor: agent?.type === "user_reference" ? loginOnly(agent.id) : undefined,
    }),
  };
  return said(statement, raw);
}
