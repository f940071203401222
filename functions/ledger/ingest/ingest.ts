/**
 * Ingestion: appends events, quarantines those that cannot become facts, and returns the outcome of each. It knows
 * nothing of HTTP: endpoints, queues and jobs all call it.
 */
import type { Outcomes } from "../../../schemas/answer.ts";
import { OWN_KINDS } from "../../../schemas/fact.ts";
import type { Mapped } from "../../../schemas/mapped.ts";
import { append, type Outcome, retractionId } from "../append.ts";
import { canonicalFact, leafHash, rawHash } from "../canonical.ts";
import { ERASURES, erasureId } from "../people/erasure.ts";
import { ERASED } from "../people/occurrences.ts";
import { currentRequest } from "../request-context.ts";
import type { Identity } from "../store.ts";
import type { Ingest, Sender } from "./ingest-context.ts";
import type { Job } from "./jobs.ts";
import { QuarantineItem } from "./quarantine.ts";
import { lookUpOrDefer, queueImageRead, resultOf } from "./registry-lookup.ts";
import { scrubbed, scrubbedText } from "./scrub.ts";

export type Said = Outcomes["outcomes"][number];

export interface Received {
  readonly said: Said;
  /** Whether the sender may not report this, so that the endpoint can answer 403. */
  readonly forbidden: boolean;
}

const AT_ONCE = 16;

const named = ({ source, id, kind }: { source: unknown; id: unknown; kind: unknown }) =>
  Object.fromEntries(Object.entries({ source, id, kind }).filter(([, value]) => typeof value === "string"));

const isObject = (value: unknown): value is { source?: unknown; id?: unknown } =>
  typeof value === "object" && value !== null;

/** Source and id of an event that did not become a statement, if it has them. */
const identityIn = (raw: unknown) =>
  isObject(raw) ? named({ source: raw.source, id: raw.id, kind: undefined }) : {};

interface Unrecorded {
  readonly why: "conflict" | "rejected" | "malformed";
  readonly reason: string;
  readonly event: unknown;
  /** What the event was mapped to, if it was. */
  readonly statement?: object;
}

async function quarantine(
  ledger: Ingest,
  sender: Sender,
  { why, reason, event, statement }: Unrecorded,
): Promise<void> {
  const about = { why, reason: scrubbedText(reason), door: sender.door, reportedBy: sender.reportedBy };
  const at = ledger.now().toISOString();
  const item = { at, ...about, event: scrubbed(event) };
  const mapped = QuarantineItem.safeParse({ ...item, statement: scrubbed(statement) });
  const kept = await ledger.quarantine.keep(mapped.data ?? item);
  if (kept === "new") ledger.recorder?.record("quarantined", { why });
  ledger.log.info("quarantined", about);
}

/** Quarantines a body that contains no events. */
export const keepMalformed = (ledger: Ingest, sender: Sender, reason: string, body: string): Promise<void> =>
  quarantine(ledger, sender, { why: "malformed", reason, event: body });

function reportOf(outcome: Outcome): Said {
  switch (outcome.outcome) {
    case "recorded":
    case "duplicate": {
      const { recordedAt, statementHash } = outcome.fact;
      const leaf = leafHash(canonicalFact(outcome.fact));
      return { outcome: outcome.outcome, recordedAt, statementHash, leafHash: leaf };
    }
    case "conflict":
      return { outcome: "conflict", reason: outcome.reason, recordedAt: outcome.fact.recordedAt };
    case "rejected":
      return { outcome: "rejected", reason: outcome.reason };
  }
}

/** Reasons may quote the sender, so the number of distinct ones is bounded. */
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

/**
 * Records that another statement came under a fact's identity, as a fact of its own: at most one for each fact. Later
 * ones are quarantined alone.
 */
async function dispute(
  ledger: Ingest,
  { reportedBy, bound }: Sender,
  { fact, refused }: Outcome & { outcome: "conflict" },
): Promise<void> {
  // What people do at the ledger's own endpoints is theirs to correct.
  if (OWN_KINDS.has(fact.kind)) return;
  const target = { source: fact.source, id: fact.id };
  const statement = { ...disputeOf(target, ledger.now()), refused } as const;
  const sender = bound === undefined ? {} : { sender: bound };
  const outcome = await append(ledger, statement, { vendor: "disputes", reportedBy, ...sender });
  if (outcome.outcome === "recorded") await ledger.publish?.(outcome.fact);
}

/** The statement that disputes a fact. Its time is no part of the comparison: the same dispute again is a duplicate. */
export const disputeOf = (target: Identity, now: Date) =>
  ({
    kind: "statement.disputed",
    source: "/asof/disputes",
    id: retractionId(target),
    occurredAt: now.toISOString(),
    timeFrom: "receipt",
    target,
  }) as const;

async function receiveOne(ledger: Ingest, sender: Sender, mapped: Mapped): Promise<Received> {
  if (mapped.is === "ignored") {
    countIgnored(ledger, mapped.reason);
    return {
      said: { ...identityIn(mapped.raw), outcome: "ignored", reason: mapped.reason },
      forbidden: false,
    };
  }
  if (mapped.is === "rejected") {
    await quarantine(ledger, sender, { why: "rejected", reason: mapped.reason, event: mapped.raw });
    const said: Said = { ...identityIn(mapped.raw), outcome: "rejected", reason: mapped.reason };
    return { said, forbidden: mapped.forbidden === true };
  }
  if (mapped.lookUp === true) return receiveByTag(ledger, sender, mapped);
  const { statement, raw } = mapped;
  const outcome = await append(ledger, statement, {
    vendor: sender.door,
    reportedBy: sender.reportedBy,
    ...(sender.door === "events" ? {} : { rawHash: rawHash(raw) }),
    ...(sender.bound === undefined ? {} : { sender: sender.bound }),
    ...(sender.runsFor === undefined ? {} : { runsFor: sender.runsFor }),
  });
  if (outcome.outcome === "conflict" || outcome.outcome === "rejected") {
    await quarantine(ledger, sender, {
      why: outcome.outcome,
      reason: outcome.reason,
      event: raw,
      statement,
    });
    if (outcome.outcome === "conflict") await dispute(ledger, sender, outcome);
  } else {
    // Before the acknowledgement: if one of these fails, the sender delivers again, so that none is lost.
    await queueImageRead(ledger, mapped);
    await ledger.publish?.(outcome.fact);
  }
  const forbidden = outcome.outcome === "rejected" && outcome.forbidden === true;
  return { said: { ...named(statement), ...reportOf(outcome) }, forbidden };
}

/**
 * Takes the events of one delivery and returns their outcomes in the same order. Throws if the store or the quarantine
 * fails: then nothing is acknowledged, and on the sender's retry the recorded events are duplicates.
 */
export async function receive(
  ledger: Ingest,
  sender: Sender,
  events: readonly Mapped[],
): Promise<Received[]> {
  const received: Received[] = [];
  const requestId = currentRequest()?.id;
  for (let n = 0; n < events.length; n += AT_ONCE) {
    const slice = events.slice(n, n + AT_ONCE).map((mapped) => receiveOne(ledger, sender, mapped));
    for (const one of await Promise.all(slice)) {
      ledger.recorder?.record("outcomes", { outcome: one.said.outcome });
      received.push(requestId === undefined ? one : { ...one, said: { ...one.said, requestId } });
    }
  }
  return received;
}

/** The fact that an export was made. Key: the request's id. */
function exportMade({ is: _, id, by, at, ...made }: Job & { is: "record export" }): Mapped {
  const statement = {
    kind: "export.made",
    source: "/asof/exports",
    id,
    occurredAt: at,
    ...actorOf(by),
    ...made,
  } as const;
  return { is: "statement", statement, raw: statement };
}

/** The name under which somebody asked for something; absent if the login was erased since. */
const actorOf = (by: string): { actor?: string } => (by === ERASED ? {} : { actor: by });

/** The fact that a person was erased. Key: the commitment. */
function personErased({ person, by, at, reason }: Job & { is: "record erasure" }): Mapped {
  const statement = {
    kind: "person.erased",
    source: ERASURES,
    id: erasureId(person),
    occurredAt: at,
    // The first erasure counts; the same one again is a duplicate, whenever it is asked for.
    timeFrom: "receipt",
    ...actorOf(by),
    person,
    reason,
  } as const;
  return { is: "statement", statement, raw: statement };
}

function senderOfJob(job: Job): Sender {
  if (job.is === "look up")
    return {
      door: job.door,
      reportedBy: job.reportedBy,
      ...(job.grants === undefined ? {} : { bound: { name: job.reportedBy, ...job.grants } }),
    };
  if (job.is === "record export") return { door: "exports", reportedBy: job.by };
  if (job.is === "record erasure") return { door: "people", reportedBy: job.by };
  return { door: "registry", reportedBy: "asof" };
}

function mappedBy(ledger: Ingest, job: Job): Promise<Mapped[]> | Mapped[] {
  if (job.is === "record export") return [exportMade(job)];
  return job.is === "record erasure" ? [personErased(job)] : resultOf(ledger, job);
}

/** Does a queued job. Throws if it must be retried. */
export async function work(ledger: Ingest, job: Job): Promise<void> {
  const sender = senderOfJob(job);
  try {
    await receive(ledger, sender, await mappedBy(ledger, job));
  } catch (error) {
    // The queue that retries does not log the error.
    const reason = error instanceof Error ? error.message : String(error);
    ledger.log.info("the job will be retried", { reason, job: job.is, door: sender.door });
    throw error;
  }
}

/** Quarantines a job that never succeeded, so that an operator finds it. */
export const giveUp = (ledger: Ingest, job: string, error: unknown): Promise<void> =>
  quarantine(
    ledger,
    { door: "registry", reportedBy: "asof" },
    { why: "rejected", reason: error instanceof Error ? error.message : String(error), event: job },
  );
