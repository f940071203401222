/** An HTTP client: one exchange within a time limit, and a safe message when no answer comes. */

const causesOf = (error: unknown): unknown[] => [error, error instanceof Error ? error.cause : undefined];

/** The system's error code of a failed connection, like ECONNREFUSED. */
const systemCodeOf = (error: unknown): string | undefined =>
  causesOf(error)
    .map((one) => (one instanceof Error && "code" in one ? one.code : undefined))
    // A numeric code belongs to a DOMException.
    .find((code) => typeof code === "string");

/**
 * Why `fetch`, or reading its answer, failed: the rest of a sentence that begins with the host. It never quotes the
 * error's own message, which may contain what was sent.
 * @param timeoutMs the time limit of the exchange
 */
export function whyNoAnswer(error: unknown, timeoutMs: number): string {
  const isLate = causesOf(error).some((one) => one instanceof Error && one.name === "TimeoutError");
  if (isLate) return `did not answer within ${timeoutMs / 1000} s`;
  const code = systemCodeOf(error);
  return code === undefined ? "cannot be reached" : `cannot be reached (${code})`;
}

/** No complete answer came. `message` comes from `whyNoAnswer`. */
export class NoAnswer extends Error {
  readonly code: string | undefined;

  constructor(cause: unknown, timeoutMs: number) {
    super(whyNoAnswer(cause, timeoutMs), { cause });
    this.code = systemCodeOf(cause);
  }
}

export interface Exchange<Body = string> {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** `manual` if the request must not reach any other address. */
  readonly redirect: "manual" | "follow";
  /** Limits the whole exchange, including the answer's body. */
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends a request once. The body is still to be read, within the same time limit. Throws NoAnswer. */
export async function responseTo(
  url: string | URL,
  { timeoutMs, ...request }: Exchange<string | Uint8Array<ArrayBuffer>>,
): Promise<Response> {
  try {
    return await fetch(url, { ...request, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    throw new NoAnswer(error, timeoutMs);
  }
}

/** Sends a request once and reads the complete answer. Throws NoAnswer. */
export async function exchange(url: string | URL, request: Exchange): Promise<Answer> {
  const response = await responseTo(url, request);
  try {
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw new NoAnswer(error, request.timeoutMs);
  }
}

export interface Download {
  readonly status: number;
  readonly headers: Headers;
  /** The body, streamed. Throws NoAnswer if it breaks off. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Node's own limit for the start of an answer, and between two chunks of it. */
const SILENCE_MS = 300_000;

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body ?? []) yield chunk;
  } catch (error) {
    throw new NoAnswer(error, SILENCE_MS);
  }
}

/** Sends a request once and streams its answer, without a limit on the whole exchange. Throws NoAnswer. */
export async function download(url: string | URL, request: Omit<Exchange, "timeoutMs">): Promise<Download> {
  try {
    const response = await fetch(url, request);
    return { status: response.status, headers: response.headers, chunks: chunksOf(response) };
  } catch (error) {
    throw new NoAnswer(error, SILENCE_MS);
  }
}

/** The value of a JSON text; undefined if it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
