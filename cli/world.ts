/** What a command sees of the world around it, so that a test can be its world. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly now: () => Date;
  /** The first wait between two tries to reach a ledger; it doubles. */
  readonly waitMs: number;
  /** Says how it ended: the process's exit code. */
  readonly end: (code: number) => void;
}

/** How a command ended. Two is how commander ends where a command cannot be understood. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 4 } as const;
