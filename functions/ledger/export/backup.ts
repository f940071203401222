/** The port for backups of a ledger that is stored in one file. */

/** A consistent copy of the file at one moment; its body can be read once. */
export interface Backup {
  /** Number of facts in the ledger before the copy was made; the copy has at least as many. */
  readonly facts: number;
  readonly bytes: number;
  readonly body: ReadableStream<Uint8Array>;
}

/** Makes a backup; undefined while another one is being made. Rejects with an Error if the file cannot be copied. */
export type BackUp = () => Promise<Backup | undefined>;
