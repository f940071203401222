/** Everything that a command reads or changes outside itself; tests pass their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: the working folder. */
  readonly folder?: string;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** As `out`, for lines with colours and links, in which nothing that others named is raw. */
  readonly styled?: (line: string) => void;
  readonly now: () => Date;
  /** Milliseconds before the first retry of a request; doubles with each retry. */
  readonly waitMs: number;
  /** A person watches standard error on a terminal. False in CI: retries are then silent. */
  readonly isAttended: boolean;
  /** Characters a line, if standard output is a terminal. */
  readonly columns?: number;
  /** Asks the person at the terminal to confirm; absent without a terminal. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Opens an address in this person's browser; absent without a terminal. */
  readonly browse?: (url: string) => void;
  /** Aborted by the first SIGINT or SIGTERM after this call; a second one ends the process. */
  readonly interrupted: () => AbortSignal;
  /** Sets the exit code of the process. */
  readonly end: (code: number) => void;
}

/** The exit codes of every command. */
export const EXIT = {
  /** Yes, or done. */
  done: 0,
  /** No: blocked, failed, something is wrong, or it cannot be done. */
  no: 1,
  /** The command line is wrong, or means several things. */
  usage: 2,
  /** The ledger does not know it. */
  unknown: 3,
  unreachable: 4,
  /** The ledger refused: the token may not, or the place does not let it happen now. */
  denied: 5,
} as const;

/** The end of a command's list of exit codes, for its help. */
export const EXIT_CODES = `  2  the command line is invalid, or means several things
  3  the ledger does not know it
  4  the ledger cannot be reached
  5  the ledger refused: the token may not, or it cannot happen there now`;
