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

export interface Download {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it comes. Throws NoAnswer where it breaks off. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Node's own bound: so long it waits for an answer to begin, and for each further piece of it. */
const SILENCE_MS = 300_000;

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body ?? []) yield chunk;
  } catch (error) {
    throw new NoAnswer(error, SILENCE_MS);
  }
}

/** Sends a request once and hands over its answer while it comes, however long that takes. Throws NoAnswer. */
export async function download(url: string | URL, request: Omit<Exchange, "timeoutMs">): Promise<Download> {
  try {
    const response = await fetch(url, request);
    return { status: response.status, headers: response.headers, chunks: chunksOf(response) };
  } catch (error) {
    throw new NoAnswer(error, SILENCE_MS);
  }
}
