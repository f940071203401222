/**
 * Prometheus Alertmanager: the webhook receiver, version 4. An alert that fires opens an incident, and its end resolves it.
 *
 * Key: `<fingerprint>/<startsAt>/firing`, `…/resolved/<endsAt>`, under `/webhooks/alertmanager/<environment>`. The fingerprint
 * is a hash of the labels. Groups have no identity of their own, because alerts come and go in them. Repeated notifications,
 * and those of every member of a cluster, are duplicates: annotations and links, which may differ between them (a summary
 * often holds the value of the moment), are no part of the event that is compared, and the first ones stay.
 * Proof: the `Authorization` header, configured in `http_config`; the secret is its whole value.
 * The place is read from the labels that Prometheus and its exporters use: `environment` or `env`, else
 * `<cluster>/<namespace>`; `service`, else `app`, else `job`. An alert whose labels name no environment is refused: taken
 * without one, it would be an incident of every environment.
 * Not in the payload: alerts beyond the receiver's `max_alerts`, of which only the number is known.
 * Format: prometheus/alertmanager, template/template.go and notify/webhook/webhook.go.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import {
  firstLink,
  hashOf,
  MAX_EVENTS,
  mapping,
  maybeText,
  present,
  rejected,
  said,
  titleOf,
} from "../payload.ts";
import { byHeader, type Source, sourceOf } from "../source.ts";

const Texts = z.record(z.string(), z.string());

const Alert = z.looseObject({
  status: z.enum(["firing", "resolved"]),
  labels: Texts,
  annotations: Texts.nullish(),
  startsAt: z.string(),
  endsAt: maybeText,
  generatorURL: maybeText,
  /** Absent before Alertmanager 0.19. */
  fingerprint: maybeText,
});
type Alert = z.infer<typeof Alert>;

const Notification = z.looseObject({
  version: z.literal("4", { error: "must be version 4 of the webhook" }),
  alerts: z.array(Alert).max(MAX_EVENTS),
});

export const alertmanager: Source = {
  vendor: "alertmanager",
  verify: byHeader("authorization"),
  toStatements,
  covers: [
    {
      name: "Alertmanager (incidents)",
      time: "yes",
      identity: "fingerprint of the alert, and its start or end",
      authentication: "`Authorization`, as configured",
      tried: "Alertmanager 0.25 in CI",
    },
  ],
};

function toStatements(payload: unknown): Mapped[] {
  return mapping(Notification, payload, ({ alerts }) => alerts.map(mapAlert));
}

const firstOf = (labels: Alert["labels"], ...names: readonly string[]): string | undefined =>
  names.map((name) => labels[name]).find((value) => value !== undefined && value !== "");

function environmentOf(labels: Alert["labels"]): string | undefined {
  const { cluster, namespace } = labels;
  const named = firstOf(labels, "environment", "env");
  return named ?? (cluster && namespace ? `${cluster}/${namespace}` : cluster || undefined);
}

/** One spelling of a time; an unknown form stays, and is refused by the schemas. */
function normalized(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toISOString();
}

function mapAlert({ annotations, generatorURL, ...alert }: Alert): Mapped {
  const { labels, status, endsAt = "" } = alert;
  const environment = environmentOf(labels);
  if (environment === undefined)
    return rejected(
      "labels: no environment, env or cluster says where it fires: set one in Prometheus' external_labels",
      alert,
    );
  const fingerprint = alert.fingerprint ?? hashOf(...Object.entries(labels).sort().flat());
  const startsAt = normalized(alert.startsAt);
  const isOver = status === "resolved";
  const incident = `${fingerprint}/${startsAt}`;
  const statement = {
    kind: isOver ? ("incident.resolved" as const) : ("incident.opened" as const),
    source: sourceOf("alertmanager", ...environment.split("/").map(encodeURIComponent)),
    id: isOver ? `${incident}/resolved/${normalized(endsAt)}` : `${incident}/firing`,
    occurredAt: isOver ? endsAt : alert.startsAt,
    environment,
    incident,
    title: titleOf(annotations?.summary ?? "", labels.alertname ?? "an alert without a name"),
    ...present({
      service: firstOf(labels, "service", "app", "job"),
      type: firstOf(labels, "severity"),
      url: firstLink(generatorURL),
    }),
  };
  return said(statement, alert);
}
