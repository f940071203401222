/** Sends one request to an executor. Only the status of the answer counts. */
import { NoAnswer, responseTo } from "../../adapters/http-client.ts";

const TIMEOUT_MS = 10_000;
/** Statuses below 500 after which a request is retried. */
const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);
/** Whether the same request may succeed later. */
export const isTemporary = (status: number): boolean => status >= 500 || RETRYABLE.has(status);

/** A refusal that a retry would not change. Its message, like that of every error from this module, holds no secret. */
export class Refused extends Error {}

/** Appends a path to a base URL, which may have a path of its own. */
export function urlUnder(base: string, path: string): URL {
  const address = new URL(base);
  address.pathname = `${address.pathname.replace(/\/$/, "")}/${path}`;
  return address;
}

export interface ExecutorRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
}

async function statusOf(
  { url: address, headers, body }: ExecutorRequest,
  timeoutMs: number,
): Promise<{ status: number; hasRetryAfter: boolean }> {
  const response = await responseTo(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "User-Agent": "asof", ...headers },
    body,
    // The signature and credentials are meant for this address only.
    redirect: "manual",
    timeoutMs,
  }).catch((error: unknown) => {
    throw error instanceof NoAnswer ? new Error(`${address.host} ${error.message}`) : error;
  });
  // The body is not needed, and a body that breaks off does not change the status.
  response.body?.cancel().catch(() => undefined);
  return { status: response.status, hasRetryAfter: response.headers.has("retry-after") };
}

/** Sends the request. Throws Refused, or another Error if it should be retried. */
export async function post(request: ExecutorRequest, timeoutMs = TIMEOUT_MS): Promise<void> {
  const { status, hasRetryAfter } = await statusOf(request, timeoutMs);
  if (status >= 200 && status < 300) return;
  const answer = `${request.url.host} answers ${status}`;
  if (isTemporary(status) || hasRetryAfter) throw new Error(answer);
  throw new Refused(answer);
}
