/** Appending: parses a statement, hashes it, applies the naming rules, stamps it and writes it once. */
import * as z from "zod";
import { type AboutAnother, type Fact, isAboutAnother, OWN_KINDS, Statement } from "../../schemas/fact.ts";
import { personsIn, withPersons } from "../../schemas/persons.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { accessPatternsOf, dayOf } from "./access-patterns.ts";
import { MAX_AHEAD_MS } from "./as-of.ts";
import { type Bound, isBound, narrowed, refusal, refusedEffect } from "./authority/grants.ts";
import { type RunsFor, withEvidence } from "./authority/runs-for.ts";
import { canonical, MAX_FACT_BYTES, sha256, statementHash } from "./canonical.ts";
import { liveReport } from "./fact-reader.ts";
import { type Rule, rename, sentNames } from "./names/naming-rules.ts";
import { guardedHash, issuerOf, type People } from "./people/people.ts";
import type { Recorder } from "./recorder.ts";
import { withDirection } from "./redeployed.ts";
import type { IndexEntry, Store } from "./store.ts";

/** The outcome of one statement. `recorded` and `duplicate` are both success. */
export type Outcome =
  | { outcome: "recorded" | "duplicate"; fact: Fact }
  /** `refused`: the hash of the statement that came second. */
  | { outcome: "conflict"; fact: Fact; reason: string; refused: string }
  | { outcome: "rejected"; reason: string; forbidden?: true };

/** How a statement arrived. */
export interface Receipt {
  /** The name of the token or identity that sent it. */
  readonly reportedBy: string;
  /** The endpoint that received it: a vendor's name, or `events`. */
  readonly vendor: string;
  /** SHA-256 in hex of the vendor's event without its delivery envelope; absent for `events`. */
  readonly rawHash?: string;
  /** The sender and its grants, which bind the names that the naming rules gave. Absent: the ledger itself. */
  readonly sender?: Bound;
  /** The commit that the sender's CI job runs for, by the sender's token. */
  readonly runsFor?: RunsFor;
}

/** What appending needs. */
export interface Appending {
  readonly store: Store;
  readonly people: People;
  readonly rules: readonly Rule[];
  readonly now: () => Date;
  /** Absent where nobody reads metrics. */
  readonly recorder?: Recorder;
  /** Keys of index entries that are known to exist. A cache: it saves writes, and may be cleared at any time. */
  readonly heard: Set<string>;
}

const HEARD_MAX = 20_000;

const rejected = (reason: string): Outcome => ({ outcome: "rejected", reason });
const forbidden = (reason: string): Outcome => ({ outcome: "rejected", reason, forbidden: true });

/**
 * Records a statement once. Deliveries may repeat and race: the second one gets `duplicate` if it states the same, and
 * `conflict` otherwise. Throws a StoreError when it is unknown whether the fact was written; calling again is safe.
 * @param input the statement, not yet parsed
 */
export async function append(appending: Appending, input: unknown, receipt: Receipt): Promise<Outcome> {
  const parsed = Statement.safeParse(input);
  if (!parsed.success) return rejected(faultsOf(parsed.error));
  const now = appending.now();
  if (Date.parse(parsed.data.occurredAt) > now.getTime() + MAX_AHEAD_MS) {
    return rejected(
      `occurredAt: ${parsed.data.occurredAt} is more than 10 minutes ahead of the ledger's clock`,
    );
  }
  const named = underRules(appending, receipt, parsed.data);
  if (typeof named === "string") return rejected(named);
  const { sender } = receipt;
  const bound = sender === undefined ? named : narrowed(sender, named);
  const refused = sender === undefined ? undefined : refusal(sender, bound);
  if (refused !== undefined) return forbidden(refused);
  const fact: Fact = {
    // After the hash: the same statement under another kind of token is a duplicate.
    ...(await withDirection(appending.store, withEvidence(bound, receipt.runsFor))),
    v: 1,
    recordedAt: now.toISOString(),
    reportedBy: receipt.reportedBy,
    ...(sender !== undefined && isBound(sender) ? { bound: true } : {}),
    ...sentIn(appending, receipt, parsed.data),
    statementHash: statementHash(parsed.data),
  };
  // Canonical form has the same length as JSON.stringify. Logins are replaced by commitments, whose length is fixed.
  const bytes = Buffer.byteLength(JSON.stringify(withPersons(fact, () => A_COMMITMENT)));
  if (bytes > MAX_FACT_BYTES)
    return rejected(`is ${bytes} bytes long in canonical form; at most ${MAX_FACT_BYTES} fit`);
  const live = await reportedBefore(appending, receipt, fact);
  if (live !== undefined) return { outcome: "duplicate", fact: live };
  const { rawHash } = receipt;
  const pending: Pending = { fact, ...(rawHash === undefined ? {} : { rawHash }) };
  const outcome = await (isAboutAnother(fact)
    ? recordAbout(appending, pending, fact, sender)
    : record(appending, pending));
  if (outcome.outcome !== "conflict" || sender === undefined) return outcome;
  // A sender who may not report for the place of the recorded fact does not dispute it, either.
  const foreign = refusedEffect(sender, outcome.fact);
  return foreign === undefined ? outcome : forbidden(`another fact has this source and id: ${foreign}`);
}

/** What a vendor reported of an event that its own history tells again. */
const reportedBefore = async ({ store }: Appending, { vendor }: Receipt, fact: Fact) =>
  vendor === "events" ? undefined : liveReport({ store, knownAt: fact.recordedAt }, fact);

const A_COMMITMENT = `person:${"0".repeat(64)}`;

/** A fact that is not yet written, the hash of its event, and the salts of the persons that it names. */
interface Pending {
  readonly fact: Fact;
  readonly rawHash?: string;
  readonly salts?: readonly string[];
}

/** The sender's own names, where naming rules applied. */
function sentIn({ rules }: Appending, { vendor }: Receipt, statement: Statement): Pick<Fact, "sent"> {
  const sent = OWN_KINDS.has(statement.kind) ? undefined : sentNames(rules, vendor, statement);
  return sent === undefined ? {} : { sent };
}

/** A statement with the naming rules applied, or (as text) what is wrong with a name that they gave. */
function underRules({ rules }: Appending, { vendor }: Receipt, statement: Statement): Statement | string {
  // Statements that the ledger itself makes already use its names.
  if (OWN_KINDS.has(statement.kind)) return statement;
  try {
    return rename(rules, vendor, statement);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return `a naming rule gave an invalid name: ${faultsOf(error)}`;
  }
}

/** The id of the retraction of a fact, and of its dispute: SHA-256 of its source and id, so that it has at most one. */
export const retractionId = (target: { source: string; id: string }): string =>
  sha256(canonical([target.source, target.id]));

const ENDPOINT = { "fact.retracted": "/v1/retractions", "statement.disputed": "/v1/disputes" } as const;

/** Records a retraction or a dispute, if its sender has a say in its target. */
async function recordAbout(
  appending: Appending,
  pending: Pending,
  fact: AboutAnother,
  sender: Bound | undefined,
): Promise<Outcome> {
  if (fact.id !== retractionId(fact.target))
    return rejected(`id: must be derived from the target's source and id; use POST ${ENDPOINT[fact.kind]}`);
  const [target] = await appending.store.get([fact.target]);
  if (target === undefined)
    return rejected(`target: no fact has source ${fact.target.source} and id ${fact.target.id}`);
  const refused = sender === undefined ? undefined : REFUSED[fact.kind](sender, target);
  if (refused !== undefined) return forbidden(refused);
  const fault = faultOfTarget(fact, target);
  return fault === undefined ? record(appending, pending, target) : rejected(`target: ${fault}`);
}

/** A dispute may come from another source than its target: what counts is the place. */
const REFUSED = { "fact.retracted": refusal, "statement.disputed": refusedEffect } as const;

/** Why a fact cannot be retracted or disputed. */
function faultOfTarget({ kind }: Fact, target: Fact): string | undefined {
  if (isAboutAnother(target)) {
    const what = target.kind === "fact.retracted" ? "retraction" : "dispute";
    return `a ${what} is final; retract the fact that it is about, and restate that one under a new id`;
  }
  if (kind === "statement.disputed")
    return OWN_KINDS.has(target.kind)
      ? "only what senders report can be disputed; what people do at the ledger's own endpoints is ended or retracted there"
      : undefined;
  if (target.kind === "policy.changed" || target.kind === "token.changed")
    return "how the ledger was configured cannot be retracted; configure it otherwise";
  // Its number stays in use, and what it started has already happened.
  return target.kind === "redeployment.requested"
    ? "a requested redeployment cannot be retracted; report that it ended"
    : undefined;
}

/**
 * Replaces logins by commitments, then writes the fact. An unknown login gets a new commitment only if the fact is new:
 * a redelivery must not restore a person who was erased.
 */
async function record(appending: Appending, pending: Pending, target?: Fact): Promise<Outcome> {
  const { people, store } = appending;
  const logins = personsIn(pending.fact);
  if (logins.length === 0) return put(appending, pending, target);
  const issuer = issuerOf(pending.fact.source);
  const known = await Promise.all(logins.map((login) => people.find({ issuer, login })));
  if (known.includes(undefined)) {
    const [stored] = await store.get([pending.fact]);
    if (stored !== undefined) return compare(appending, pending, stored);
  }
  const committed = await Promise.all(
    logins.map(async (login, n) => known[n] ?? people.commit({ issuer, login })),
  );
  const fact = withPersons(pending.fact, (login) => committed[logins.indexOf(login)]?.commitment ?? login);
  return put(appending, { ...pending, fact, salts: committed.map(({ salt }) => salt) }, target);
}

async function put(appending: Appending, pending: Pending, target?: Fact): Promise<Outcome> {
  const { posted, derived } = accessPatternsOf(pending.fact, target);
  await Promise.all(derived.map((one) => derive(appending, one)));
  // Stamped after the index entries: no name gets a later `recordedAt` than a fact that uses it.
  const fact: Fact = { ...pending.fact, recordedAt: appending.now().toISOString() };
  // Midnight passed in between: the index entries name the day before.
  if (dayOf(fact.recordedAt) !== dayOf(pending.fact.recordedAt))
    return put(appending, { ...pending, fact }, target);
  const { store } = appending;
  const { rawHash, salts = [] } = pending;
  const beside = rawHash === undefined ? {} : { rawHash: guardedHash(rawHash, salts) };
  if ((await store.put({ ...posted, ...beside, fact })) === "written") {
    appending.recorder?.record("facts", { kind: fact.kind });
    return { outcome: "recorded", fact };
  }
  const [stored] = await store.get([fact]);
  if (stored === undefined)
    throw new Error("the store reported that the identity of a fact is taken, but does not find the fact");
  return compare(appending, { ...pending, fact }, stored);
}

/** Whether a fact was made of the event with this hash; false if a person whom it names was erased. */
export async function isOfEvent(
  { store, people }: Pick<Appending, "store" | "people">,
  fact: Fact,
  rawHash: string,
): Promise<boolean> {
  const persons = new Set(personsIn(fact));
  const [kept, salts] = await Promise.all([store.rawHashOf(fact), people.saltsOf([...persons])]);
  return salts.size === persons.size && kept === guardedHash(rawHash, salts.values());
}

async function compare(appending: Appending, { fact, rawHash }: Pending, stored: Fact): Promise<Outcome> {
  // A retry inside the database client reports the client's own write as `taken`.
  if (canonical(fact) === canonical(stored)) return { outcome: "recorded", fact: stored };
  const same =
    fact.statementHash === stored.statementHash ||
    (rawHash !== undefined && (await isOfEvent(appending, stored, rawHash)));
  if (same) return { outcome: "duplicate", fact: stored };
  const reason = `another statement was recorded under this source and id at ${stored.recordedAt}`;
  return { outcome: "conflict", fact: stored, reason, refused: fact.statementHash };
}

/** Writes an index entry. Names repeat with almost every fact, so written ones are cached; pointers are unique to a fact. */
async function derive({ store, heard }: Appending, derived: IndexEntry): Promise<void> {
  if (derived.is === "pointer") return store.derive(derived);
  const key = JSON.stringify([derived.directory, derived.name.name]);
  if (heard.has(key)) return;
  await store.derive(derived);
  if (heard.size >= HEARD_MAX) heard.clear();
  heard.add(key);
}
