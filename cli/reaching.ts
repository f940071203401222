/** Requests to the ledger, each sent again for as long as that may help. */
import { setTimeout } from "node:timers/promises";
import pRetry from "p-retry";
import type { Ledger } from "./ledger.ts";

const RETRIES = 4;
const TIMEOUT_MS = 10_000;
const RETRY_AFTER_MAX_S = 20;
/** No further try begins after this: a pipeline waits. */
const TRYING_MS = 30_000;

/** There was no answer, or none that counts, for as long as it was tried. */
export class Unreachable extends Error {
  readonly retryAfterS: number | undefined;

  constructor(message: string, retryAfterS?: number) {
    super(message);
    this.retryAfterS = retryAfterS;
  }
}

/** What may be sent twice without being done twice. */
export interface Request {
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  /** The body, where it is JSON. */
  readonly json: unknown;
}

/** Seconds; a date, which may also stand there (RFC 9110, 10.2.3), is not waited for. */
function retryAfter({ headers }: Response): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, RETRY_AFTER_MAX_S) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What fetch says of a connection that failed, in one line: its own words may hold what was sent. */
function whyUnreachable(url: string, error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError")
    return `${url} did not answer within ${TIMEOUT_MS / 1000} s`;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? `${url} cannot be reached (${code})` : `${url} cannot be reached`;
}

async function attempt({ url, token }: Ledger, { path, method = "GET", headers, body }: Request) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url.replace(/\/+$/, "")}${path}`, {
      method,
      headers: { ...headers, ...authorization },
      body: body ?? null,
      // Followed, a POST may become a GET elsewhere.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new Unreachable(whyUnreachable(url, error));
  }
  const { status } = response;
  if (status === 429 || status >= 500)
    throw new Unreachable(`${url} answers ${status}`, retryAfter(response));
  return { status, json: parsed(text) };
}

/** Sends a request, again and again while that may help: each try is the same. Throws Unreachable. */
export function reach(ledger: Ledger, request: Request): Promise<Answer> {
  return pRetry(() => attempt(ledger, request), {
    retries: RETRIES,
    minTimeout: ledger.waitMs,
    maxRetryTime: TRYING_MS,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof Unreachable,
    onFailedAttempt: async ({ error, retriesLeft }) => {
      if (!(error instanceof Unreachable) || retriesLeft === 0) return;
      if (error.retryAfterS !== undefined) await setTimeout(error.retryAfterS * 1000);
    },
  });
}
