/** How a statement becomes a fact: parsed, hashed, named, stamped, and put once. */
import * as z from "zod";
import { type Fact, OWN_KINDS, Statement } from "../../schemas/fact.ts";
import { faultsOf } from "../../schemas/scalars.ts";
import { canonical, MAX_FACT_BYTES, sha256, statementHash } from "./canonical.ts";
import { dayOf, postings } from "./postings.ts";
import { type Rule, rename } from "./rules.ts";
import type { Derived, Store } from "./store.ts";

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
  let statement: Statement;
  try {
    // What is said here is said in the ledger's own names.
    statement = OWN_KINDS.has(parsed.data.kind)
      ? parsed.data
      : rename(appending.rules, receipt.vendor, parsed.data);
  } catch (error) {
    if (error instanceof z.ZodError)
      return rejected(`a naming rule gave a name that is none: ${faultsOf(error)}`);
    throw error;
  }
  const refused = receipt.refuse?.(statement);
  if (refused !== undefined) return { outcome: "rejected", reason: refused, forbidden: true };
  const fact: Fact = {
    ...statement,
    v: 1,
    recordedAt: now.toISOString(),
    reportedBy: receipt.reportedBy,
    statementHash: statementHash(parsed.data),
    ...(receipt.rawHash === undefined ? {} : { rawHash: receipt.rawHash }),
  };
  // Canonical form changes the order of fields, not their length.
  const bytes = Buffer.byteLength(JSON.stringify(fact));
  if (bytes > MAX_FACT_BYTES)
    return rejected(`is ${bytes} bytes long in canonical form; at most ${MAX_FACT_BYTES} fit`);
  return fact.kind === "fact.retracted" ? retract(appending, fact) : put(appending, fact);
}

/** A retraction is bound to its target by its id, so that there is one for each fact, and it is final. */
export const retractionId = (target: { source: string; id: string }): string =>
  sha256(canonical([target.source, target.id]));

async function retract(
  appending: Appending,
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
  return put(appending, fact, target);
}

async function put(appending: Appending, said: Fact, target?: Fact): Promise<Outcome> {
  const { posted, derived } = postings(said, target);
  await Promise.all(derived.map((one) => derive(appending, one)));
  // Stamped only now, so that no name is heard of later than a fact that uses it was recorded.
  const fact: Fact = { ...said, recordedAt: appending.now().toISOString() };
  // Names of the day were put for the one before midnight.
  if (dayOf(fact.recordedAt) !== dayOf(said.recordedAt)) return put(appending, fact, target);
  if ((await appending.store.put({ ...posted, fact })) === "written") return { outcome: "recorded", fact };
  const [stored] = await appending.store.get([fact]);
  if (stored === undefined) throw new Error("the store says that a fact is there, and does not find it");
  return compare(fact, stored);
}

function compare(fact: Fact, stored: Fact): Outcome {
  // A retry inside the client finds its own write and calls it taken.
  if (canonical(fact) === canonical(stored)) return { outcome: "recorded", fact: stored };
  const same =
    fact.statementHash === stored.statementHash ||
    (fact.rawHash !== undefined && fact.rawHash === stored.rawHash);
  if (same) return { outcome: "duplicate", fact: stored };
  const reason = `another statement was recorded under this source and id at ${stored.recordedAt}`;
  return { outcome: "conflict", fact: stored, reason };
}

/** Names repeat with almost every fact, so what was heard is remembered; pointers are a fact's own. */
async function derive({ store, heard }: Appending, derived: Derived): Promise<void> {
  if (derived.is === "pointer") return store.derive(derived);
  const key = JSON.stringify([derived.directory, derived.name.name]);
  if (heard.has(key)) return;
  await store.derive(derived);
  if (heard.size >= HEARD_MAX) heard.clear();
  heard.add(key);
}
