/** Requests to the ledger, with retries. */
import { setTimeout } from "node:timers/promises";
import pRetry from "p-retry";
import { type LedgerRequest, type LedgerResponse, sendOnce } from "../../functions/adapters/api-request.ts";
import { NoAnswer } from "../../functions/adapters/http-client.ts";
import { isOnThisMachine } from "../../schemas/scalars.ts";
import { Unreachable } from "../error.ts";
import type { Ledger } from "./ledger.ts";

const RETRIES = 4;
const TIMEOUT_MS = 10_000;
const RETRY_AFTER_MAX_S = 20;
/** No retry begins after this. */
const RETRY_MS = 30_000;

/** Retry-After in seconds; its date form (RFC 9110, 10.2.3) is ignored. */
function retryAfter(headers: Headers): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, RETRY_AFTER_MAX_S) : undefined;
}

export function unreachable({ url, terminal }: Ledger, { message, code }: NoAnswer): Unreachable {
  const why = `${url} ${message}`;
  const isRefusedHere = code === "ECONNREFUSED" && isOnThisMachine(url);
  // CI may start the ledger beside this command. A person knows that none runs here, and can start one.
  if (terminal === undefined || !isRefusedHere) return new Unreachable(why);
  const hint = "no ledger listens there; start one, or set ASOF_URL or --url";
  return new Unreachable(`${why}: ${hint}`, { isFinal: true });
}

async function attempt(ledger: Ledger, request: LedgerRequest): Promise<LedgerResponse> {
  const token = ledger.token ?? (await ledger.identity?.());
  const answer = await sendOnce({ ...ledger, token }, request, TIMEOUT_MS).catch((error: unknown) => {
    throw error instanceof NoAnswer ? unreachable(ledger, error) : error;
  });
  const { status, headers } = answer;
  if (status === 429 || status >= 500)
    throw new Unreachable(`${ledger.url} answered ${status}`, { retryAfterS: retryAfter(headers) });
  return answer;
}

/** Prints why a request is retried and until when, at the first failure and whenever the reason changes. */
function retryReporter({ terminal }: Ledger): (reason: string) => void {
  if (terminal === undefined) return () => undefined;
  const until = new Date(terminal.now().getTime() + RETRY_MS).toISOString();
  let printed: string | undefined;
  return (reason) => {
    if (reason === printed || terminal.now().toISOString() >= until) return;
    terminal.print(`${reason}; waiting for the ledger to answer, until ${until} at the latest`);
    printed = reason;
  };
}

/** Sends a request, and sends it again after failures that may be temporary. Throws Unreachable. */
export const sendRequest = (ledger: Ledger, request: LedgerRequest): Promise<LedgerResponse> =>
  retried(ledger, () => attempt(ledger, request));

/** Does it again while it throws Unreachable and that may be temporary. Throws the last one. */
export function retried<T>(ledger: Ledger, once: () => Promise<T>): Promise<T> {
  const report = retryReporter(ledger);
  return pRetry(once, {
    retries: RETRIES,
    minTimeout: ledger.waitMs,
    maxRetryTime: RETRY_MS,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof Unreachable && !error.isFinal,
    onFailedAttempt: async ({ error, retriesLeft }) => {
      if (!(error instanceof Unreachable) || retriesLeft === 0 || error.isFinal) return;
      report(error.message);
      if (error.retryAfterS !== undefined) await setTimeout(error.retryAfterS * 1000);
    },
  });
}
