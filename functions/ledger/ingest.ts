/**
 * Takes events, whatever way they came: appends each, quarantines what cannot become a fact, and reports what became of
 * each. No HTTP in here: endpoints, queues and jobs call it alike.
 */
import type { Outcomes } from "../../schemas/answer.ts";
import type { Fact, Statement } from "../../schemas/fact.ts";
import type { Mapped } from "../../schemas/mapped.ts";
import { type Appending, append, type Outcome } from "./append.ts";
import { rawHash } from "./canonical.ts";
import type { Job, Jobs } from "./jobs.ts";
import type { Quarantine } from "./quarantine.ts";
import type { Registries } from "./registries.ts";
import { lookUpOrDefer, queueImageRead, resultOf } from "./registry-lookup.ts";

/** What taking events needs, made once at start. */
export interface Ingest extends Appending {
  readonly quarantine: Quarantine;
  readonly jobs: Jobs;
  /** The registries that may be asked; no other ever is. */
  readonly registries: () => Promise<Registries>;
  /** How long a registry is waited for; absent: as long as those wait who wait for the answer. */
  readonly patienceMs?: number;
  /**
   * Tells others what was recorded, before it is acknowledged; so what was never reportOf is reportOf with the sender's retry,
   * and some things twice. Absent on AWS, where the table's stream does it.
   */
  readonly publish?: (fact: Fact) => Promise<void>;
  /** Events known and not needed, by reason; absent where the endpoints do not share a process. */
  readonly ignored?: Map<string, number>;
  readonly log: Log;
}

/** Structured lines; nothing that came with a request but its outcome is ever written to them. */
export interface Log {
  info(message: string, fields: Record<string, string | number>): void;
  error(message: string, fields: Record<string, string | number>): void;
}

export type Said = Outcomes["outcomes"][number];

/** Who sent it, and through which door. */
export interface Sender {
  readonly door: string;
  readonly reportedBy: string;
  readonly refuse?: (statement: Statement) => string | undefined;
}

export interface Received {
  readonly said: Said;
  /** The sender may not say this: its door may answer so. */
  readonly forbidden: boolean;
}

const AT_ONCE = 16;

const named = ({ source, id, kind }: { source: unknown; id: unknown; kind: unknown }) =>
  Object.fromEntries(Object.entries({ source, id, kind }).filter(([, value]) => typeof value === "string"));

const isObject = (value: unknown): value is { source?: unknown; id?: unknown } =>
  typeof value === "object" && value !== null;

/** What an event calls itself that became no statement. */
const identityIn = (raw: unknown) =>
  isObject(raw) ? named({ source: raw.source, id: raw.id, kind: undefined }) : {};

async function quarantine(
  ledger: Ingest,
  sender: Sender,
  why: "conflict" | "rejected" | "malformed",
  reason: string,
  event: unknown,
) {
  const at = ledger.now().toISOString();
  await ledger.quarantine.keep({ at, why, reason, door: sender.door, reportedBy: sender.reportedBy, event });
  ledger.log.info("kept aside", { why, reason, door: sender.door, reportedBy: sender.reportedBy });
}

/** Keeps a body that holds no events at all, and says why. */
export const keepMalformed = (ledger: Ingest, sender: Sender, reason: string, body: string): Promise<void> =>
  quarantine(ledger, sender, "malformed", reason, body);

function reportOf(outcome: Outcome): Said {
  switch (outcome.outcome) {
    case "recorded":
    case "duplicate": {
      const { recordedAt, statementHash } = outcome.fact;
      return { outcome: outcome.outcome, recordedAt, statementHash };
    }
    case "conflict":
      return { outcome: "conflict", reason: outcome.reason, recordedAt: outcome.fact.recordedAt };
    case "rejected":
      return { outcome: "rejected", reason: outcome.reason };
  }
}

/** Reasons may quote what a sender wrote: so many different ones are kept, and no more. */
const REASONS_MAX = 200;

function countIgnored({ ignored, log }: Ingest, reason: string): void {
  if (ignored === undefined) {
    log.info("ignored", { reason });
    return;
  }
  const key = ignored.has(reason) || ignored.size < REASONS_MAX ? reason : "other reasons";
  ignored.set(key, (ignored.get(key) ?? 0) + 1);
}

async function receiveByTag(
  ledger: Ingest,
  sender: Sender,
  mapped: Mapped & { is: "statement" },
): Promise<Received> {
  const found = await lookUpOrDefer(ledger, sender, mapped);
  if (found.is === "found") return receiveOne(ledger, sender, found.mapped);
  if (found.is === "none") {
    return receiveOne(ledger, sender, { is: "rejected", reason: found.reason, raw: mapped.raw });
  }
  return {
    said: { ...named(mapped.statement), outcome: "deferred", reason: found.reason },
    forbidden: false,
  };
}

async function receiveOne(ledger: Ingest, sender: Sender, mapped: Mapped): Promise<Received> {
  if (mapped.is === "ignored") {
    countIgnored(ledger, mapped.reason);
    return {
      said: { ...identityIn(mapped.raw), outcome: "ignored", reason: mapped.reason },
      forbidden: false,
    };
  }
  if (mapped.is === "rejected") {
    await quarantine(ledger, sender, "rejected", mapped.reason, mapped.raw);
    const said: Said = { ...identityIn(mapped.raw), outcome: "rejected", reason: mapped.reason };
    return { said, forbidden: mapped.forbidden === true };
  }
  if (mapped.lookUp === true) return receiveByTag(ledger, sender, mapped);
  const { statement, raw } = mapped;
  const outcome = await append(ledger, statement, {
    vendor: sender.door,
    reportedBy: sender.reportedBy,
    ...(sender.door === "events" ? {} : { rawHash: rawHash(raw) }),
    ...(sender.refuse === undefined ? {} : { refuse: sender.refuse }),
  });
  if (outcome.outcome === "conflict" || outcome.outcome === "rejected") {
    await quarantine(ledger, sender, outcome.outcome, outcome.reason, raw);
  } else {
    // Before it is acknowledged: a sender that hears nothing sends again, and so nothing is left unread.
    await queueImageRead(ledger, mapped);
    await ledger.publish?.(outcome.fact);
  }
  const forbidden = outcome.outcome === "rejected" && outcome.forbidden === true;
  return { said: { ...named(statement), ...reportOf(outcome) }, forbidden };
}

/**
 * Takes the events of one delivery, in order of their outcomes. Throws where the store or the place aside does
 * not answer: then nothing is acknowledged, and the sender's retry makes duplicates of what was recorded.
 */
export async function receive(
  ledger: Ingest,
  sender: Sender,
  events: readonly Mapped[],
): Promise<Received[]> {
  const received: Received[] = [];
  for (let n = 0; n < events.length; n += AT_ONCE) {
    const slice = events.slice(n, n + AT_ONCE).map((mapped) => receiveOne(ledger, sender, mapped));
    received.push(...(await Promise.all(slice)));
  }
  return received;
}

/** Does a job that was kept for later. Throws where it has to be tried again. */
export async function work(ledger: Ingest, job: Job): Promise<void> {
  const sender =
    job.is === "look up"
      ? { door: job.door, reportedBy: job.reportedBy }
      : { door: "registry", reportedBy: "asof" };
  try {
    await receive(ledger, sender, await resultOf(ledger, job));
  } catch (error) {
    // Whoever tries it again keeps the error to himself.
    const reason = error instanceof Error ? error.message : String(error);
    ledger.log.info("has to be tried again", { reason, job: job.is, door: sender.door });
    throw error;
  }
}

/** A job that never succeeded, where an operator finds it. */
export const giveUp = (ledger: Ingest, job: string, error: unknown): Promise<void> =>
  quarantine(
    ledger,
    { door: "registry", reportedBy: "asof" },
    "rejected",
    error instanceof Error ? error.message : String(error),
    job,
  );
