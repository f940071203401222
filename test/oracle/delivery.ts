/** What the numbers of delivery have to be, in plain code from the statements of a history; shares no code with the ledger. */
import type { Statement } from "../../schemas/fact.ts";

type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;
type Deploy = Of<"deployment.succeeded">;
type Open = Of<"incident.opened">;

export interface Asked {
  readonly environment: string;
  readonly service: string | undefined;
  readonly from: string;
  readonly to: string;
}

const HOURS_24 = 24 * 60 * 60 * 1000;
const seconds = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;

function middle(values: number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(half)] ?? null;
  return Math.round(((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2);
}

/** Statements of distinct moments, in which each deployment is of the component main or of configuration alone. */
export function deliveryOf(statements: readonly Statement[], { environment, service, from, to }: Asked) {
  const sorted = [...statements].sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1));
  const deploys = sorted.filter(
    (one): one is Deploy => one.kind === "deployment.succeeded" && one.environment === environment,
  );
  const digestOf = (one: Deploy): string | undefined => one.components?.[0]?.digest;
  const counted = deploys.filter((one, n) => {
    if (one.components === undefined) return true;
    const before = deploys.slice(0, n).filter((other) => other.service === one.service && other.components);
    return digestOf(before[before.length - 1] ?? one) !== digestOf(one) || before.length === 0;
  });
  const inSpan = (one: Statement): boolean => one.occurredAt >= from && one.occurredAt <= to;
  const all = counted.filter(inSpan);

  // Incidents: a second start while it is open says nothing new.
  const told = sorted.filter(
    (one) =>
      (one.kind === "incident.opened" || one.kind === "incident.resolved") &&
      one.environment === environment &&
      inSpan(one),
  );
  const incidents: { open: Open; end: string | undefined }[] = [];
  for (const one of told) {
    if (one.kind !== "incident.opened" && one.kind !== "incident.resolved") continue;
    const running = incidents.find(({ open, end }) => open.incident === one.incident && end === undefined);
    if (one.kind === "incident.resolved" && running !== undefined) running.end = one.occurredAt;
    if (one.kind === "incident.opened" && running === undefined)
      incidents.push({ open: one, end: undefined });
  }

  const newestBefore = (at: string, name: string | undefined): Deploy | undefined => {
    const before = all.filter((one) => one.occurredAt < at && (name === undefined || one.service === name));
    const last = before[before.length - 1];
    return last !== undefined && Date.parse(at) - Date.parse(last.occurredAt) <= HOURS_24 ? last : undefined;
  };
  const nextOf = (one: Deploy): Deploy | undefined =>
    all.find((other) => other.service === one.service && other.occurredAt > one.occurredAt);
  const failureOf = (one: Deploy) => {
    const [incident] = incidents
      .map(({ open }) => open)
      .filter((open) => newestBefore(open.occurredAt, open.service) === one);
    const next = nextOf(one);
    const rollback = next?.rollback === true ? next : undefined;
    if (incident !== undefined) return { by: "incident", at: incident.occurredAt };
    return rollback === undefined ? undefined : { by: "rollback", at: rollback.occurredAt };
  };

  const builds = sorted.filter((one): one is Of<"artifact.built"> => one.kind === "artifact.built");
  const merges = sorted.filter((one): one is Of<"change.merged"> => one.kind === "change.merged");
  const leadOf = (one: Deploy): number | undefined => {
    const build = builds.find(({ digest }) => digest === digestOf(one));
    const commit = build?.commit ?? one.commit;
    const start =
      commit?.committedAt ??
      (one.commit?.sha === commit?.sha ? one.commit?.committedAt : undefined) ??
      merges.find(({ mergeCommit }) => mergeCommit === commit?.sha)?.occurredAt;
    return start === undefined || start > one.occurredAt
      ? undefined
      : Math.round(seconds(start, one.occurredAt));
  };

  const mine = all.filter((one) => service === undefined || one.service === service);
  const changes = mine.filter((one) => one.rollback !== true);
  const failed = changes.filter((one) => failureOf(one) !== undefined);
  const leads = changes.map(leadOf).filter((lead) => lead !== undefined);
  const concerning = incidents.filter(({ open }) => {
    if (service === undefined || open.service === service) return true;
    return open.service === undefined && newestBefore(open.occurredAt, undefined)?.service === service;
  });
  const restores = [
    ...concerning.flatMap(({ open, end }) => (end === undefined ? [] : [seconds(open.occurredAt, end)])),
    ...failed.flatMap((one) => {
      const failure = failureOf(one);
      return failure?.by === "rollback" ? [seconds(one.occurredAt, failure.at)] : [];
    }),
  ];
  return {
    count: mine.length,
    lead: { medianS: middle(leads), known: leads.length, unknown: changes.length - leads.length },
    failure: { failed: failed.length, of: changes.length },
    restore: {
      medianS: middle(restores),
      restored: restores.length,
      open: concerning.filter(({ end }) => end === undefined).length,
    },
    points: mine.map((one) => ({
      at: one.occurredAt,
      leadS: one.rollback === true ? null : (leadOf(one) ?? null),
      failed: one.rollback === true ? null : (failureOf(one)?.at ?? null),
    })),
  };
}
