/**
 * What is said of a history. It is of one moment: two runs that find the same say it twice, of two moments, which
 * derives nothing new; and what was applied, reverted and applied again is three facts. So each id holds the time,
 * which is fixed before the first try, and whatever is sent again is a duplicate.
 */
import { createHash } from "node:crypto";
import type { Kind } from "../../schemas/fact.ts";
import type { CiRun } from "../record/ci.ts";
import { type Event, eventOf } from "../record/event.ts";
import type { History, Version } from "./history.ts";
import type { Run } from "./reports.ts";

/** Whose database it is, and what else a fact says of where it was read. */
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

/** A fact holds 60,000 bytes; what is not versions is well below the rest. */
const MAX_BYTES = 50_000;
const MAX_VERSIONS = 1000;

const hashOf = (...parts: readonly unknown[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex");

const later = (time: string, ms: number): string => new Date(Date.parse(time) + ms).toISOString();

/** Throws a CliError where the ledger's schemas would refuse it. */
function said(kind: Kind, data: Record<string, unknown>, time: string, { source, run }: Sender): Event {
  return eventOf(kind, data, { source, time, run, id: hashOf(run ?? null, kind, time, data) });
}

/** The snapshot, in as many parts as it needs, then the failures, which stand on it. */
export function historyEvents(history: History, place: Target, speaker: Sender): Event[] {
  const { tool, mode, at, versions, failed } = history;
  const actorAndUrl = { ...place, tool };
  const failures = failed.map(({ version, checksum }) =>
    said(
      "migration.failed",
      { ...actorAndUrl, version, ...(checksum === undefined ? {} : { checksum }) },
      later(at, 1),
      speaker,
    ),
  );
  // A head that broke halfway is at neither of its ends.
  if (mode === "head" && failed.length > 0) return failures;
  const parts = partsOf(versions);
  const set = hashOf(speaker, actorAndUrl, history.from, at).slice(0, 32);
  const snapshots = parts.map((some, n) => {
    const part = parts.length === 1 ? {} : { part: { set, n: n + 1, of: parts.length } };
    return said("migration.snapshot", { ...actorAndUrl, mode, versions: some, ...part }, at, speaker);
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

/** Each migration of a run in its order, the last at the run's end: the report knows no times of theirs. */
export function runEvents({ tool, at, applied, failed }: Run, place: Target, speaker: Sender): Event[] {
  const steps = [
    ...applied.map((step) => ["migration.applied", step] as const),
    ...failed.map((step) => ["migration.failed", step] as const),
  ];
  return steps.map(([kind, step], n) =>
    said(kind, { ...place, tool, ...step }, later(at, n + 1 - steps.length), speaker),
  );
}
