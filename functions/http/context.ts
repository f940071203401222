/** What every endpoint needs of the ledger, made once at start. */
import type { Token } from "../ledger/authority.ts";
import type { BackUp } from "../ledger/backup.ts";
import type { Ingest } from "../ledger/ingest.ts";
import type { Trust } from "../sources/standards/attestation.ts";

export interface Secrets {
  readonly tokens: readonly Token[];
  /** By vendor; several at once, for rotation. */
  readonly webhooks: Readonly<Record<string, readonly string[]>>;
}

export interface Ledger extends Ingest {
  /** Read anew by and by, so that a removed token stops within a minute. */
  readonly secrets: () => Promise<Secrets>;
  /** Whose signatures on attestations count; absent: nobody's. */
  readonly trust?: Trust;
  /** How long facts of a moment may still appear after it: index lag and the clocks of others. */
  readonly settleMs: number;
  /** Absent where the ledger is not kept in one file. */
  readonly backup?: BackUp;
}
