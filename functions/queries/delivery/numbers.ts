/** DORA's four numbers, from the entries of a timeline. Plain functions: what each number means is in `schemas/answers/delivery.ts`. */
import type { TimelineEntry } from "../../../schemas/answer.ts";
import type { Delivery, DeliveryDeployment, DeliveryIncident } from "../../../schemas/answers/delivery.ts";
import { fold } from "../../../schemas/scalars.ts";

/** When the lead time of a deployment begins. */
export interface Beginning {
  readonly sha: string;
  readonly at: string;
  readonly from: "commit" | "merge";
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Point = Writable<DeliveryDeployment>;
type Incident = Writable<DeliveryIncident>;

/** An incident counts against a deployment that is no older. */
const BLAME_MS = 24 * 3600_000;
const DAY_MS = 86_400_000;
/** Maximum number of points, and of incidents, in an answer. */
const MOST = 1000;

const between = (from: string, to: string): number => Date.parse(to) - Date.parse(from);
const secondsBetween = (from: string, to: string): number => Math.round(between(from, to) / 1000);

/** Whether an entry is a deployment that counts. */
export const isDeployment = ({ what, service, changesImage, components }: TimelineEntry): boolean =>
  what === "deployed" && service !== null && (changesImage !== false || components === undefined);

function pointOf(entry: TimelineEntry, begins: Beginning | undefined): Point {
  const { at, service, rollback = false, fact } = entry;
  const start = rollback || begins === undefined || begins.at > at ? undefined : begins;
  return {
    at,
    service: service ?? "",
    rollback,
    commit: start?.sha ?? entry.commit ?? null,
    begins: start === undefined ? null : { at: start.at, from: start.from },
    leadS: start === undefined ? null : secondsBetween(start.at, at),
    failed: null,
    fact,
  };
}

/** What connects the end of an incident with its start: the sender's id of it, else what it is about. */
const keyOf = ({ fact, incident, service, title = "" }: TimelineEntry): string =>
  JSON.stringify([fact.source, incident ?? [fold(service ?? ""), title]]);

interface Told {
  readonly points: Point[];
  readonly incidents: Incident[];
}

/** Goes through the entries in order, and keeps the newest deployment of each service and the open incidents. */
function told(entries: readonly TimelineEntry[], beginnings: ReadonlyMap<TimelineEntry, Beginning>): Told {
  const points: Point[] = [];
  const incidents: Incident[] = [];
  const newest = new Map<string, Point>();
  const open = new Map<string, Incident>();

  const deploy = (entry: TimelineEntry): void => {
    const point = pointOf(entry, beginnings.get(entry));
    const last = newest.get(fold(point.service));
    if (point.rollback && last !== undefined && !last.rollback)
      last.failed ??= { by: "rollback", at: point.at, fact: point.fact };
    newest.set(fold(point.service), point);
    points.push(point);
  };

  const begin = (entry: TimelineEntry): void => {
    const { at, service, title = "", url, fact } = entry;
    if (open.has(keyOf(entry))) return;
    const last = service === null ? points.at(-1) : newest.get(fold(service));
    const after = last !== undefined && between(last.at, at) <= BLAME_MS ? last : undefined;
    if (after !== undefined && !after.rollback) after.failed ??= { by: "incident", at, fact };
    const incident = {
      at,
      service,
      title,
      url,
      endedAt: null,
      restoreS: null,
      after: after?.fact ?? null,
      fact,
    };
    open.set(keyOf(entry), incident);
    incidents.push(incident);
  };

  const end = (entry: TimelineEntry): void => {
    const incident = open.get(keyOf(entry));
    if (incident === undefined) return;
    incident.endedAt = entry.at;
    incident.restoreS = secondsBetween(incident.at, entry.at);
    open.delete(keyOf(entry));
  };

  for (const entry of entries) {
    if (isDeployment(entry)) deploy(entry);
    if (entry.what === "incident opened") begin(entry);
    if (entry.what === "incident resolved") end(entry);
  }
  return { points, incidents };
}

/** The middle of numbers, or the mean of the two in the middle; null if there are none. */
function median(numbers: readonly number[]): number | null {
  const sorted = numbers.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : Math.round((low + high) / 2);
}

const rounded = (value: number, decimals: number): number => Number(value.toFixed(decimals));

type Numbers = Pick<
  Delivery,
  "deployments" | "leadTime" | "changeFailureRate" | "timeToRestore" | "points" | "incidents" | "more"
>;

/**
 * The numbers of a span.
 * @param entries of the whole environment in the span, oldest first
 * @param beginnings of deployments whose lead time is known
 * @param service only what concerns it counts
 */
export function numbersOf(
  entries: readonly TimelineEntry[],
  beginnings: ReadonlyMap<TimelineEntry, Beginning>,
  {
    from,
    to,
    service,
  }: { readonly from: string; readonly to: string; readonly service?: string | undefined },
): Numbers {
  const all = told(entries, beginnings);
  const isMeant = (one: string): boolean => service === undefined || fold(one) === fold(service);
  const points = all.points.filter((point) => isMeant(point.service));
  const facts = new Set(points.map(({ fact }) => JSON.stringify(fact)));
  const incidents = all.incidents.filter((one) =>
    one.service === null
      ? service === undefined || facts.has(JSON.stringify(one.after))
      : isMeant(one.service),
  );
  const changes = points.filter(({ rollback }) => !rollback);
  const failed = changes.filter((point) => point.failed !== null);
  const leads = changes.flatMap(({ leadS }) => leadS ?? []);
  const restores = [
    ...incidents.flatMap(({ restoreS }) => restoreS ?? []),
    ...failed.flatMap(({ at, failed: how }) => (how?.by === "rollback" ? secondsBetween(at, how.at) : [])),
  ];
  return {
    deployments: {
      count: points.length,
      perDay: rounded(points.length / Math.max(between(from, to) / DAY_MS, 1), 3),
    },
    leadTime: { medianS: median(leads), known: leads.length, unknown: changes.length - leads.length },
    changeFailureRate: {
      rate: changes.length === 0 ? null : rounded(failed.length / changes.length, 4),
      failed: failed.length,
      of: changes.length,
    },
    timeToRestore: {
      medianS: median(restores),
      restored: restores.length,
      open: incidents.filter(({ endedAt }) => endedAt === null).length,
    },
    points: points.toReversed().slice(0, MOST),
    incidents: incidents.toReversed().slice(0, MOST),
    more: points.length > MOST || incidents.length > MOST,
  };
}
