/** What a command sees of the world around it, so that a test can be its world. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly now: () => Date;
  /** The first wait between two tries to reach a ledger; it doubles. */
  readonly waitMs: number;
  /** Somebody reads along at a terminal: what takes long is explained at once. False in a pipeline. */
  readonly isAttended: boolean;
  /** Asks whoever sits at the terminal for a yes; absent where nobody does. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Aborted by Ctrl-C, which from this call on ends nothing by itself, but the second time. */
  readonly interrupted: () => AbortSignal;
  /** Says how it ended: the process's exit code. */
  readonly end: (code: number) => void;
}

/** How a command ended. Two is how commander ends where a command cannot be understood. */
export const EXIT = { done: 0, refused: 1, usage: 2, failed: 3, unreachable: 4 } as const;
