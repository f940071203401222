/** How a statement becomes a fact: parsed, hashed, named, stamped, and put once. */
import * as z from "zod";
import { type Fact, OWN_KINDS, Statement } from "../../schemas/fact.ts";
import { personsIn, withPersons } from "../../schemas/persons.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { accessPatternsOf, dayOf } from "./access-patterns.ts";
import { canonical, MAX_FACT_BYTES, sha256, statementHash } from "./canonical.ts";
import { type Rule, rename } from "./naming-rules.ts";
import { issuerOf, type People } from "./people.ts";
import type { IndexEntry, Store } from "./store.ts";

/** A clock that runs ahead by more than this is no clock, and a fact can never be corrected. */
const MAX_AHEAD_MS = 10 * 60_000;

/** What becomes of a statement. `recorded` and `duplicate` are both success. */
export type Outcome =
  | { outcome: "recorded" | "duplicate"; fact: Fact }
  | { outcome: "conflict"; fact: Fact; reason: string }
  | { outcome: "rejected"; reason: string; forbidden?: true };

/** What the ledger knows of a statement's coming in. */
export interface Receipt {
  /** The name of the token or identity that sent it. */
  readonly reportedBy: string;
  /** The door it came through: a vendor's name, or `events`. */
  readonly vendor: string;
  /** SHA-256 of the vendor's event without its delivery envelope, where it came from a vendor. */
  readonly rawHash?: string;
  /** Why the sender may not say this, under the names it is recorded with. */
  readonly refuse?: (statement: Statement) => string | undefined;
}

/** What appending needs beside the store. */
export interface Appending {
  readonly store: Store;
  readonly people: People;
  readonly rules: readonly Rule[];
  readonly now: () => Date;
  /** Derived items known to be there; only saves requests, so it may forget at any time. */
  readonly heard: Set<string>;
}

const HEARD_MAX = 20_000;

const rejected = (reason: string): Outcome => ({ outcome: "rejected", reason });

/**
 * Records a statement, once. Delivery may repeat and race: whoever comes second is told so, by comparing what
 * was said. Throws a StoreError when it is not known whether the fact was written; the same call again is safe.
 */
export async function append(appending: Appending, said: unknown, receipt: Receipt): Promise<Outcome> {
  const parsed = Statement.safeParse(said);
  if (!parsed.success) return rejected(faultsOf(parsed.error));
  const now = appending.now();
  if (Date.parse(parsed.data.occurredAt) > now.getTime() + MAX_AHEAD_MS) {
    return rejected(
      `occurredAt: ${parsed.data.occurredAt} is more than 10 minutes ahead of the ledger's clock`,
    );
  }
  const named = underRules(appending, receipt, parsed.data);
  if (typeof named === "string") return rejected(named);
  const refused = receipt.refuse?.(named);
  if (refused !== undefined) return { outcome: "rejected", reason: refused, forbidden: true };
  const fact: Fact = {
    ...named,
    v: 1,
    recordedAt: now.toISOString(),
    reportedBy: receipt.reportedBy,
    statementHash: statementHash(parsed.data),
  };
  // Canonical form changes the order of fields, not their length; a commitment has a length of its own.
  const bytes = Buffer.byteLength(JSON.stringify(withPersons(fact, () => A_COMMITMENT)));
  if (bytes > MAX_FACT_BYTES)
    return rejected(`is ${bytes} bytes long in canonical form; at most ${MAX_FACT_BYTES} fit`);
  const { rawHash } = receipt;
  const whole: Said = { fact, ...(rawHash === undefined ? {} : { rawHash }) };
  return fact.kind === "fact.retracted" ? retract(appending, whole, fact) : record(appending, whole);
}

const A_COMMITMENT = `person:${"0".repeat(64)}`;

/** What was said as a fact, and the hash that stands beside it. */
interface Said {
  readonly fact: Fact;
  readonly rawHash?: string;
}

/** A statement under the names that it is recorded with, or why there are none. */
function underRules({ rules }: Appending, { vendor }: Receipt, statement: Statement): Statement | string {
  // What is said here is said in the ledger's own names.
  if (OWN_KINDS.has(statement.kind)) return statement;
  try {
    return rename(rules, vendor, statement);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return `a naming rule gave a name that is none: ${faultsOf(error)}`;
  }
}

/** A retraction is bound to its target by its id, so that there is one for each fact, and it is final. */
export const retractionId = (target: { source: string; id: string }): string =>
  sha256(canonical([target.source, target.id]));

async function retract(
  appending: Appending,
  said: Said,
  fact: Extract<Fact, { kind: "fact.retracted" }>,
): Promise<Outcome> {
  if (fact.id !== retractionId(fact.target))
    return rejected("id: must be made from the target's source and id");
  const [target] = await appending.store.get([fact.target]);
  if (target === undefined)
    return rejected(`target: no fact has source ${fact.target.source} and id ${fact.target.id}`);
  if (target.kind === "fact.retracted")
    return rejected("target: a retraction is final; restate the fact under a new id");
  // Its number is taken for ever, and what it set off has happened.
  if (target.kind === "redeployment.requested")
    return rejected("target: a redeployment that was requested cannot be taken back; say that it ended");
  return record(appending, said, target);
}

/**
 * Puts commitments in the place of logins, and then the fact. Somebody unknown is committed to only for a fact that is
 * new: what is delivered again must not bring back who was erased.
 */
async function record(appending: Appending, said: Said, target?: Fact): Promise<Outcome> {
  const { people, store } = appending;
  const logins = personsIn(said.fact);
  if (logins.length === 0) return put(appending, said, target);
  const issuer = issuerOf(said.fact.source);
  const known = await Promise.all(logins.map((login) => people.find({ issuer, login })));
  if (known.includes(undefined)) {
    const [stored] = await store.get([said.fact]);
    if (stored !== undefined) return compare(store, said, stored);
  }
  const commitments = await Promise.all(
    logins.map(async (login, n) => known[n] ?? people.commit({ issuer, login })),
  );
  const fact = withPersons(said.fact, (login) => commitments[logins.indexOf(login)] ?? login);
  return put(appending, { ...said, fact }, target);
}

async function put(appending: Appending, said: Said, target?: Fact): Promise<Outcome> {
  const { posted, derived } = accessPatternsOf(said.fact, target);
  await Promise.all(derived.map((one) => derive(appending, one)));
  // Stamped only now, so that no name is heard of later than a fact that uses it was recorded.
  const fact: Fact = { ...said.fact, recordedAt: appending.now().toISOString() };
  // Names of the day were put for the one before midnight.
  if (dayOf(fact.recordedAt) !== dayOf(said.fact.recordedAt))
    return put(appending, { ...said, fact }, target);
  const { store } = appending;
  if ((await store.put({ ...posted, ...said, fact })) === "written") return { outcome: "recorded", fact };
  const [stored] = await store.get([fact]);
  if (stored === undefined) throw new Error("the store says that a fact is there, and does not find it");
  return compare(store, { ...said, fact }, stored);
}

async function compare(store: Store, { fact, rawHash }: Said, stored: Fact): Promise<Outcome> {
  // A retry inside the client finds its own write and calls it taken.
  if (canonical(fact) === canonical(stored)) return { outcome: "recorded", fact: stored };
  const same =
    fact.statementHash === stored.statementHash ||
    (rawHash !== undefined && rawHash === (await store.rawHashOf(stored)));
  if (same) return { outcome: "duplicate", fact: stored };
  const reason = `another statement was recorded under this source and id at ${stored.recordedAt}`;
  return { outcome: "conflict", fact: stored, reason };
}

/** Names repeat with almost every fact, so what was heard is remembered; pointers are a fact's own. */
async function derive({ store, heard }: Appending, derived: IndexEntry): Promise<void> {
  if (derived.is === "pointer") return store.derive(derived);
  const key = JSON.stringify([derived.directory, derived.name.name]);
  if (heard.has(key)) return;
  await store.derive(derived);
  if (heard.size >= HEARD_MAX) heard.clear();
  heard.add(key);
}
