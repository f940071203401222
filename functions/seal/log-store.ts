/**
 * The port of the place where the sealed log lies, a folder or a bucket, and what each method guarantees. It has no delete
 * and no unconditional put. Paths are relative, with `/` between their parts.
 */

export interface Stored {
  readonly bytes: Buffer;
  /** Names this content: another content under the path has another etag. */
  readonly etag: string;
}

export interface LogStore {
  /** Strongly consistent: it shows each write that returned. Undefined if there is nothing. */
  get(path: string): Promise<Stored | undefined>;

  /**
   * Writes if nothing is there: one conditional request, all bytes or none, durable when it returns. On `present` the
   * caller must compare, because a retry inside the client reports its own successful write as present. A thrown error
   * means *unknown*: it may have been written. Writing the same again is always safe.
   */
  putIfAbsent(path: string, bytes: Uint8Array): Promise<"written" | "present">;

  /**
   * Replaces what has this etag: one conditional request, all bytes or none, durable when it returns. Of several writers
   * with one etag at most one gets `written`. `changed` may be the caller's own write (see `putIfAbsent`), and a thrown
   * error means *unknown*: read again before going on.
   */
  putIfMatch(path: string, bytes: Uint8Array, etag: string): Promise<"written" | "changed">;
}

/** What proofs are made of: a log's files, wherever they are read from. */
export interface ReadableLog {
  get(path: string): Promise<Pick<Stored, "bytes"> | undefined>;
}

/** A log whose folders can be listed, for those who copy it; the sealer needs no list. */
export interface ListedLog extends LogStore {
  /** The names of the files in a folder, without those below it; none if there is no such folder. */
  names(folder: string): Promise<string[]>;
}

/**
 * Sealing has stopped, and a person must look. `altered`: a file of the log is not what was sealed. `behind`: the ledger
 * or the head is older than the published log, so that something is missing. The message says where, and what to do.
 */
export class LogFault extends Error {
  readonly code: "altered" | "behind";

  constructor(code: LogFault["code"], message: string) {
    super(message);
    this.name = "LogFault";
    this.code = code;
  }
}

/** Writes what may be there already, with the same bytes. Throws a LogFault if it is there with others. */
export async function putSame(log: LogStore, path: string, bytes: Uint8Array): Promise<void> {
  if ((await log.putIfAbsent(path, bytes)) === "written") return;
  const stored = await log.get(path);
  if (stored?.bytes.equals(bytes)) return;
  throw new LogFault(
    "altered",
    `${path}: holds other bytes than this seal has; nothing is sealed until the file is what was sealed: check the log with \`asof verify\``,
  );
}
