/** What every door needs of the ledger, made once at start. */
import type { Fact } from "../../schemas/fact.ts";
import type { Registries } from "../adapters/registry/oci.ts";
import type { Appending } from "../ledger/append.ts";
import type { Token } from "../ledger/authority.ts";
import type { BackUp } from "../ledger/backup.ts";
import type { Later } from "../ledger/jobs.ts";
import type { Aside } from "../ledger/quarantine.ts";
import type { Trust } from "../sources/standards/attestation.ts";

export interface Secrets {
  readonly tokens: readonly Token[];
  /** By vendor; several at once, for rotation. */
  readonly webhooks: Readonly<Record<string, readonly string[]>>;
}

export interface Ledger extends Appending {
  readonly aside: Aside;
  readonly later: Later;
  /** Read anew by and by, so that a removed token stops within a minute. */
  readonly secrets: () => Promise<Secrets>;
  /** The registries that may be asked; no other ever is. */
  readonly registries: () => Promise<Registries>;
  /** How long a registry is waited for; absent: as long as those wait who wait for the answer. */
  readonly patienceMs?: number;
  /**
   * Tells others what was recorded, before it is acknowledged; so what was never told is told with the sender's retry,
   * and some things twice. Absent on AWS, where the table's stream does it.
   */
  readonly publish?: (fact: Fact) => Promise<void>;
  /** Whose signatures on attestations count; absent: nobody's. */
  readonly trust?: Trust;
  /** How long facts of a moment may still appear after it: index lag and the clocks of others. */
  readonly settleMs: number;
  /** Events known and not needed, by reason; absent where the doors do not share a process. */
  readonly ignored?: Map<string, number>;
  /** Absent where the ledger is not kept in one file. */
  readonly backup?: BackUp;
  readonly log: Log;
}

/** Structured lines; nothing that came with a request but its outcome is ever written to them. */
export interface Log {
  info(message: string, fields: Record<string, string | number>): void;
  error(message: string, fields: Record<string, string | number>): void;
}
