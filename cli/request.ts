/** Requests to the ledger, with retries. */
import { setTimeout } from "node:timers/promises";
import pRetry from "p-retry";
import * as http from "../functions/adapters/http-client.ts";
import { isOnThisMachine } from "../schemas/scalars.ts";
import type { Ledger } from "./ledger.ts";

const RETRIES = 4;
const TIMEOUT_MS = 10_000;
const RETRY_AFTER_MAX_S = 20;
/** No retry begins after this. */
const RETRY_MS = 30_000;

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

/** Must be idempotent: it may be sent several times. */
export interface LedgerRequest {
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LedgerResponse {
  readonly status: number;
  /** The body, where it is JSON. */
  readonly json: unknown;
}

/** Retry-After in seconds; its date form (RFC 9110, 10.2.3) is ignored. */
function retryAfter({ headers }: http.Answer): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, RETRY_AFTER_MAX_S) : undefined;
}

/** Undefined where the text is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function unreachable({ url, terminal }: Ledger, { message, code }: http.NoAnswer): Unreachable {
  const why = `${url} ${message}`;
  const isRefusedHere = code === "ECONNREFUSED" && isOnThisMachine(url);
  // CI may start the ledger beside this command. A person knows that none runs here, and can start one.
  if (terminal === undefined || !isRefusedHere) return new Unreachable(why);
  const hint = "no ledger listens there; start one, or set ASOF_URL or --url";
  return new Unreachable(`${why}: ${hint}`, { isFinal: true });
}

export const addressOf = ({ url }: Ledger, path: string): string => `${url.replace(/\/+$/, "")}${path}`;

export const authorizationOf = ({ token }: Ledger): { authorization?: string } =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

async function attempt(
  ledger: Ledger,
  { path, headers, ...request }: LedgerRequest,
): Promise<LedgerResponse> {
  const { url } = ledger;
  let answer: http.Answer;
  try {
    answer = await http.exchange(addressOf(ledger, path), {
      ...request,
      headers: { ...headers, ...authorizationOf(ledger) },
      // A redirected POST may become a GET of another page.
      redirect: "manual",
      timeoutMs: TIMEOUT_MS,
    });
  } catch (error) {
    throw error instanceof http.NoAnswer ? unreachable(ledger, error) : error;
  }
  const { status, text } = answer;
  if (status === 429 || status >= 500)
    throw new Unreachable(`${url} answered ${status}`, { retryAfterS: retryAfter(answer) });
  return { status, json: parsed(text) };
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
export function sendRequest(ledger: Ledger, request: LedgerRequest): Promise<LedgerResponse> {
  const report = retryReporter(ledger);
  return pRetry(() => attempt(ledger, request), {
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
