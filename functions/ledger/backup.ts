/** The port of a ledger that is kept in one file. */

/** A copy of the file as it was at one moment, handed out once. */
export interface Backup {
  /** How many facts the ledger had before the copy, which has at least as many. */
  readonly facts: number;
  readonly bytes: number;
  readonly body: ReadableStream<Uint8Array>;
}

/** Makes a backup; undefined while another one is made. Rejects with an Error where the file cannot be copied. */
export type BackUp = () => Promise<Backup | undefined>;
