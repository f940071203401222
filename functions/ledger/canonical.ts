/** Bytes and hashes: the one form in which a fact is kept, compared and sealed. */
import { createHash } from "node:crypto";
import { canonical, sha256 } from "../../schemas/canonical.ts";
import type { Statement } from "../../schemas/fact.ts";
import { PERSON_FIELDS } from "../../schemas/persons.ts";

export { canonical, sha256 };

/** Facts are sealed as entries with a 16-bit length, and DynamoDB bills by the kilobyte. */
export const MAX_FACT_BYTES = 60_000;

/** RFC 6962, 2.1: the hash of a log's leaf, H(0x00 ‖ entry). */
export const leafHash = (entry: string): string =>
  createHash("sha256").update(Uint8Array.of(0)).update(entry).digest("hex");

/**
 * What a sender said, as a hash: equal for every redelivery. It is taken before naming rules, and leaves out
 * what is only ours, a time of receipt and a digest that was looked up, for these would turn a redelivery into
 * a conflict. It leaves out persons too: logins are few and short, so that whoever reads a hash could try them all.
 */
export function statementHash(statement: Statement): string {
  const ours = new Set<string>(PERSON_FIELDS);
  if (statement.timeFrom === "receipt") ours.add("occurredAt");
  if ("digestFrom" in statement) ours.add("digest");
  return sha256(
    canonical(Object.fromEntries(Object.entries(statement).filter(([field]) => !ours.has(field)))),
  );
}

/**
 * The hash of a vendor's event without its delivery envelope. The event may name persons, so that the hash stands beside
 * a fact, and leaves the ledger in no answer and no export. It never throws: an event may hold what has no
 * canonical form (a lone surrogate, 1e999) where nobody looks.
 */
export function rawHash(raw: unknown): string {
  try {
    return sha256(canonical(raw));
  } catch {
    return sha256(JSON.stringify(raw) ?? "");
  }
}

/** Hashing is most of what an order costs, and facts are compared again and again. */
const fingerprints = new WeakMap<object, string>();

/** What names a fact in all orders: SHA-256 of (source, id), cut to 128 bits. It is made once for each object. */
export function fingerprint(fact: { readonly source: string; readonly id: string }): string {
  const known = fingerprints.get(fact);
  if (known !== undefined) return known;
  // A list of two well-formed texts is in canonical form as it is.
  const made = sha256(JSON.stringify([fact.source, fact.id])).slice(0, 32);
  fingerprints.set(fact, made);
  return made;
}

interface Ordered {
  readonly occurredAt: string;
  readonly source: string;
  readonly id: string;
}

/** A total order of facts by when they happened; ties are broken the same way everywhere. */
export const order = (fact: Ordered): string => `${fact.occurredAt}#${fingerprint(fact)}`;

/** Oldest first. */
export function byOrder(a: Ordered, b: Ordered): number {
  if (a.occurredAt !== b.occurredAt) return a.occurredAt < b.occurredAt ? -1 : 1;
  const [one, other] = [fingerprint(a), fingerprint(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

export const newestFirst = (a: Ordered, b: Ordered): number => byOrder(b, a);

/** A retraction stands right behind its target in every order. */
export const retractionOrder = (target: Ordered): string => `${order(target)}~`;

/** Behind all that starts with this: a moment with all its orders, or an order with the retraction of its fact. */
export const endOf = (start: string): string => `${start}~~`;
