/** What a source makes of a sender's events, and the ledger takes. */
import type { Statement } from "./fact.ts";

/**
 * What one event of a delivery becomes. A statement may still be refused by the ledger's schemas (a digest that
 * is none); `raw` is the vendor's event without its delivery envelope, kept whole where something is kept aside.
 */
export type Mapped =
  | {
      readonly is: "statement";
      readonly statement: Said;
      readonly raw: unknown;
      /** Names an image by `repository` and `tag`, and no digest: the registry is asked for it at receipt. */
      readonly lookUp?: true;
    }
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
