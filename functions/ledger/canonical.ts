/** Canonical form, hashes and order of facts: how they are stored, compared and sealed. */

import { createHash } from "node:crypto";
import { canonical, sha256 } from "../../schemas/canonical.ts";
import type { Fact, Statement } from "../../schemas/fact.ts";
import { PERSON_FIELDS } from "../../schemas/persons.ts";
import { byText } from "../../schemas/words/ordering.ts";

export { canonical, sha256 };

/** In bytes of canonical form. Facts are sealed as entries with a 16-bit length, and DynamoDB bills by the kilobyte. */
export const MAX_FACT_BYTES = 60_000;

/** RFC 6962, 2.1: the hash of a Merkle tree leaf, SHA-256(0x00 ‖ entry), in hex. */
export const leafHash = (entry: string): string =>
  createHash("sha256").update(Uint8Array.of(0)).update(entry).digest("hex");

/**
 * SHA-256 of a statement, equal for every redelivery. It is taken before the naming rules apply. It leaves out fields
 * that the ledger adds (a time of receipt, a digest that was looked up), and the time of a sender's clock, because these
 * would turn a redelivery into a conflict. It also leaves out persons: logins are few and short, so a reader of the hash could try them all.
 */
export function statementHash(statement: Statement): string {
  const ours = new Set<string>(PERSON_FIELDS);
  if (statement.timeFrom !== undefined) ours.add("occurredAt");
  if ("digestFrom" in statement) ours.add("digest");
  return sha256(
    canonical(Object.fromEntries(Object.entries(statement).filter(([field]) => !ours.has(field)))),
  );
}

const texts = new WeakMap<Fact, string>();

/** The canonical form of a fact, made once: it is stored, and hashed for the acknowledgement. */
export function canonicalFact(fact: Fact): string {
  const known = texts.get(fact);
  if (known !== undefined) return known;
  const made = canonical(fact);
  texts.set(fact, made);
  return made;
}

/**
 * SHA-256 of a vendor's event without its delivery envelope. The event may name persons, so the hash is stored beside
 * the fact and appears in no answer and no export. It never throws: an event may hold values without a canonical form
 * (a lone surrogate, 1e999) in fields that are not read.
 */
export function rawHash(raw: unknown): string {
  try {
    return sha256(canonical(raw));
  } catch {
    return sha256(JSON.stringify(raw) ?? "");
  }
}

/** Cache by object: facts are compared often, and hashing is most of the cost of a comparison. */
const fingerprints = new WeakMap<object, string>();

/** Identifies a fact in every order: SHA-256 of its source and id, cut to 128 bits, as 32 hex digits. */
export function fingerprint(fact: { readonly source: string; readonly id: string }): string {
  const known = fingerprints.get(fact);
  if (known !== undefined) return known;
  // JSON.stringify of two well-formed strings is already canonical.
  const made = sha256(JSON.stringify([fact.source, fact.id])).slice(0, 32);
  fingerprints.set(fact, made);
  return made;
}

interface Ordered {
  readonly occurredAt: string;
  readonly source: string;
  readonly id: string;
  readonly sequence?: number;
  /** Of an observation: of two looks at one time, the one of the younger state is the later. */
  readonly since?: string;
}

/** Of facts of one time: the sender's own order, as digits of one length; empty if the sender has none. */
const sequenceOf = ({ sequence, since }: Ordered): string =>
  sequence === undefined && since === undefined
    ? ""
    : String(sequence ?? Math.max(0, Date.parse(since ?? ""))).padStart(16, "0");

/**
 * The sort key of a fact: `occurredAt`, the sender's own order, then the fingerprint, so that ties have one order
 * everywhere. The last part is no knowledge: answers say so where it decides.
 */
export const order = (fact: Ordered): string => `${fact.occurredAt}#${sequenceOf(fact)}#${fingerprint(fact)}`;

/** Oldest first. */
export function byOrder(a: Ordered, b: Ordered): number {
  return byText(a.occurredAt, b.occurredAt) || byText(order(a), order(b));
}

/** Whether nobody says which of two facts came first: they have one time, and no sequence of one sender. */
export const isTie = (a: Ordered, b: Ordered): boolean =>
  a.occurredAt === b.occurredAt &&
  (a.source !== b.source ||
    a.sequence === undefined ||
    a.sequence === b.sequence ||
    b.sequence === undefined);

export const newestFirst = (a: Ordered, b: Ordered): number => byOrder(b, a);

/** The sort key of what a fact dates at another time: before all facts of that time. */
export const datedOrder = (time: string, by: Ordered): string => `${time}#!${fingerprint(by)}`;

/** The sort key of a retraction: directly after its target. */
export const retractionOrder = (target: Ordered): string => `${order(target)}~`;

/** The sort key of a dispute: after its target, and after the target's retraction. */
export const disputeOrder = (target: Ordered): string => `${order(target)}~d`;

/** Upper bound of all sort keys with this prefix: those of a time, or those of a fact, its retraction and its dispute. */
export const endOf = (start: string): string => `${start}~~`;
