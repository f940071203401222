/** HTTP as a client: one exchange within a bound of time, and what may be said where no answer comes. */

const causesOf = (error: unknown): unknown[] => [error, error instanceof Error ? error.cause : undefined];

/** The system's code of a connection that failed, like ECONNREFUSED. */
const systemCodeOf = (error: unknown): string | undefined =>
  causesOf(error)
    .map((one) => (one instanceof Error && "code" in one ? one.code : undefined))
    // A number is DOMException's.
    .find((code) => typeof code === "string");

/**
 * Why `fetch`, or reading its answer, failed: the rest of a sentence that begins with the host. Never the error's own
 * message, which may hold what was sent.
 * @param timeoutMs the bound that was set
 */
export function whyNoAnswer(error: unknown, timeoutMs: number): string {
  const isLate = causesOf(error).some((one) => one instanceof Error && one.name === "TimeoutError");
  if (isLate) return `did not answer within ${timeoutMs / 1000} s`;
  const code = systemCodeOf(error);
  return code === undefined ? "cannot be reached" : `cannot be reached (${code})`;
}

/** No whole answer came. `message` is whyNoAnswer's. */
export class NoAnswer extends Error {
  readonly code: string | undefined;

  constructor(cause: unknown, timeoutMs: number) {
    super(whyNoAnswer(cause, timeoutMs), { cause });
    this.code = systemCodeOf(cause);
  }
}

export interface Exchange {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** `manual` where what is sent is for this address and no other. */
  readonly redirect: "manual" | "follow";
  /** Bounds the whole exchange, the answer's body included. */
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends a request once and reads the whole answer. Throws NoAnswer. */
export async function exchange(url: string | URL, { timeoutMs, ...init }: Exchange): Promise<Answer> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw new NoAnswer(error, timeoutMs);
  }
}
