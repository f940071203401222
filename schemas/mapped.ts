/** The result of mapping a sender's event: what a source hands to the ledger. */
import type { Statement } from "./fact.ts";

/**
 * The result of mapping one event of a delivery. The ledger's schemas may still refuse a statement (an invalid digest,
 * for example). `raw` is the vendor's event without its delivery envelope; a quarantined event is kept whole.
 */
export type Mapped =
  | {
      readonly is: "statement";
      readonly statement: Said;
      readonly raw: unknown;
      /** The statement names an image by `repository` and `tag` only: the ledger asks the registry for the digest. */
      readonly lookUp?: true;
    }
  | { readonly is: "ignored"; readonly reason: string; readonly raw: unknown }
  | {
      readonly is: "rejected";
      readonly reason: string;
      readonly raw: unknown;
      /** This sender may not report this, in whatever form. */
      readonly forbidden?: true;
    };

/** A statement before it is parsed: kind and identity are known, the other fields are as the vendor sent them. */
export type Said = Pick<Statement, "kind" | "source" | "id" | "occurredAt"> & Record<string, unknown>;
