/** Everything that a command reads or changes outside itself; tests pass their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
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
  /** Aborted by the first SIGINT or SIGTERM after this call; a second one ends the process. */
  readonly interrupted: () => AbortSignal;
  /** Sets the exit code of the process. */
  readonly end: (code: number) => void;
}

/** Exit codes. 2 is also what commander uses for invalid arguments. */
export const EXIT = {
  done: 0,
  refused: 1,
  usage: 2,
  failed: 3,
  /** Questions: the ledger does not know it. */
  unknown: 3,
  unreachable: 4,
  /** Questions: the token may not ask this. */
  denied: 5,
} as const;
