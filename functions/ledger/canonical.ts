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

let latest = { source: "", id: "", fingerprint: "" };

/** What names a fact in all orders: SHA-256 of (source, id), cut to 128 bits. */
export function fingerprint({ source, id }: { source: string; id: string }): string {
  // Recording one fact asks for this several times in a row.
  if (latest.source !== source || latest.id !== id) {
    // A list of two well-formed texts is in canonical form as it is.
    latest = { source, id, fingerprint: sha256(JSON.stringify([source, id])).slice(0, 32) };
  }
  return latest.fingerprint;
}

/** A total order of facts by when they happened; ties are broken the same way everywhere. */
export const order = (fact: { occurredAt: string; source: string; id: string }): string =>
  `${fact.occurredAt}#${fingerprint(fact)}`;

/** A retraction stands right behind its target in every order. */
export const retractionOrder = (target: { occurredAt: string; source: string; id: string }): string =>
  `${order(target)}~`;

/** Behind all that starts with this: a moment with all its orders, or an order with the retraction of its fact. */
export const endOf = (start: string): string => `${start}~~`;
