/**
 * The events of a migration history. A snapshot describes one moment: two runs that find the same record two snapshots,
 * and applied, reverted and applied again are three. So each id includes the time. It is fixed before the first attempt
 * to send the event, so that a retry is a duplicate.
 */
import { createHash } from "node:crypto";
import type { Kind } from "../../schemas/fact.ts";
import type { CiRun } from "../record/ci.ts";
import { type Event, eventOf } from "../record/event.ts";
import type { History, Version } from "./history.ts";
import type { Run } from "./reports.ts";

/** The fields that all events of a history share. */
export interface Target {
  readonly environment: string;
  readonly database: string;
  readonly service?: string;
  /** The digest of the image that ran the migrations. */
  readonly image?: string;
  readonly url?: string;
  readonly actor?: string;
}

export interface Sender {
  readonly source: string;
  readonly run: CiRun | undefined;
}

/** Of the versions in one event. A fact may have 60,000 bytes; its other fields need far less than the rest. */
const MAX_BYTES = 50_000;
const MAX_VERSIONS = 1000;

const hashOf = (...parts: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

const later = (time: string, ms: number): string => new Date(Date.parse(time) + ms).toISOString();

/** Throws a CliError where the ledger's schemas would refuse it. */
function eventAt(kind: Kind, data: Record<string, unknown>, time: string, { source, run }: Sender): Event {
  return eventOf(kind, data, {
    source,
    time,
    isClock: false,
    run,
    id: hashOf(run ?? null, kind, time, data),
  });
}

/** The snapshot, in as many parts as it needs, then the failures, one millisecond later. */
export function historyEvents(history: History, target: Target, sender: Sender): Event[] {
  const { tool, mode, at, versions, failed } = history;
  const common = { ...target, tool };
  const failures = failed.map(({ version, checksum }) =>
    eventAt(
      "migration.failed",
      { ...common, version, ...(checksum === undefined ? {} : { checksum }) },
      later(at, 1),
      sender,
    ),
  );
  // With a failed migration, a head is at neither the old nor the new version.
  if (mode === "head" && failed.length > 0) return failures;
  const parts = partsOf(versions);
  const set = hashOf(sender, common, history.from, at).slice(0, 32);
  const snapshots = parts.map((some, n) => {
    const part = parts.length === 1 ? {} : { part: { set, n: n + 1, of: parts.length } };
    return eventAt("migration.snapshot", { ...common, mode, versions: some, ...part }, at, sender);
  });
  return [...snapshots, ...failures];
}

function partsOf(versions: readonly Version[]): Version[][] {
  const parts: Version[][] = [];
  let open: Version[] = [];
  let bytes = 0;
  for (const version of versions) {
    const more = Buffer.byteLength(JSON.stringify(version)) + 1;
    if (open.length === MAX_VERSIONS || bytes + more > MAX_BYTES) {
      parts.push(open);
      open = [];
      bytes = 0;
    }
    open.push(version);
    bytes += more;
  }
  return [...parts, open];
}

/** The migrations of a run in order, the last one at the run's end: the report has no times of its own. */
export function runEvents({ tool, at, applied, failed }: Run, target: Target, sender: Sender): Event[] {
  const steps = [
    ...applied.map((step) => ["migration.applied", step] as const),
    ...failed.map((step) => ["migration.failed", step] as const),
  ];
  return steps.map(([kind, step], n) =>
    eventAt(kind, { ...target, tool, ...step }, later(at, n + 1 - steps.length), sender),
  );
}
