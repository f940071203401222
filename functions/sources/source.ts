/**
 * What a source of facts is: a vendor's way to prove who calls, and a pure mapping from its payloads to
 * statements. Nothing here asks a network or a clock; nothing is guessed: what a payload lacks is absent.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Statement } from "../../schemas/fact.ts";

/** One request of a sender, its body as the bytes came. */
export interface Delivery {
  readonly headers: Headers;
  readonly body: string;
}

/**
 * What one event of a delivery becomes. A statement may still be refused by the ledger's schemas (a digest that
 * is none); `raw` is the vendor's event without its delivery envelope, kept whole where something is kept aside.
 */
export type Mapped =
  | { readonly is: "statement"; readonly statement: Said; readonly raw: unknown }
  | { readonly is: "ignored"; readonly reason: string; readonly raw: unknown }
  | {
      readonly is: "rejected";
      readonly reason: string;
      readonly raw: unknown;
      /** The sender may not say this at all, however it is put. */
      readonly forbidden?: true;
    };

/** A statement before it is parsed: of a known kind and identity, its fields as the vendor gave them. */
export type Said = Pick<Statement, "kind" | "source" | "id" | "occurredAt"> & Record<string, unknown>;

/** What a mapping may know beside the payload. */
export interface Context {
  readonly headers: Headers;
  readonly receivedAt: string;
}

export interface Source {
  /** The last segment of its address: `/v1/webhooks/{vendor}`. */
  readonly vendor: string;
  /** Proves a delivery by any one of the secrets. Absent where the door asks for a writer's token instead. */
  readonly verify?: (delivery: Delivery, secrets: readonly string[]) => boolean | Promise<boolean>;
  /** Takes what `readJson` gave (bounded in depth). Throws nothing: a payload of an unknown shape is `rejected`, a known and unneeded one `ignored`. */
  readonly toStatements: (payload: unknown, context: Context) => Mapped[];
}

/** Every statement of a vendor's door stands under a prefix that no sender of `/v1/events` may use. */
export const RESERVED_PREFIXES = ["/webhooks/", "/asof/"] as const;
export const sourceOf = (vendor: string, ...path: readonly string[]): string =>
  ["/webhooks", vendor, ...path].join("/");

/** Compares two secrets in a time that tells nothing of either, not even their length. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(hashed(given), hashed(expected));
const hashed = (secret: string): Buffer => createHash("sha256").update(secret).digest();
