import { EXIT } from "./io.ts";

/** A command cannot do what was requested. The message is one line: what is wrong, where, and what to do. */
export class CliError extends Error {
  /** The exit code; default: 1. */
  readonly exit: number | undefined;

  constructor(message: string, more: ErrorOptions & { readonly exit?: number } = {}) {
    super(message, more);
    this.exit = more.exit;
  }
}

/** The command line is wrong, or means several things. */
export class UsageError extends CliError {
  constructor(message: string, more: ErrorOptions = {}) {
    super(message, { ...more, exit: EXIT.usage });
  }
}

/** No answer, or only 429 and 5xx, until the retries ended. */
export class Unreachable extends Error {
  readonly retryAfterS: number | undefined;
  /** Do not retry. */
  readonly isFinal: boolean;

  constructor(message: string, more: { retryAfterS?: number | undefined; isFinal?: boolean } = {}) {
    super(message);
    this.retryAfterS = more.retryAfterS;
    this.isFinal = more.isFinal ?? false;
  }
}
