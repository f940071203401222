/** Requests to the ledger, each sent again for as long as that may help. */
import { setTimeout } from "node:timers/promises";
import pRetry from "p-retry";
import * as http from "../functions/client/http.ts";
import { isOnThisMachine } from "../schemas/scalars.ts";
import type { Ledger } from "./ledger.ts";

const RETRIES = 4;
const TIMEOUT_MS = 10_000;
const RETRY_AFTER_MAX_S = 20;
/** No further try begins after this: a pipeline waits. */
const TRYING_MS = 30_000;

/** There was no answer, or none that counts, for as long as it was tried. */
export class Unreachable extends Error {
  readonly retryAfterS: number | undefined;
  /** Another try is not worth the wait. */
  readonly isFinal: boolean;

  constructor(message: string, more: { retryAfterS?: number | undefined; isFinal?: boolean } = {}) {
    super(message);
    this.retryAfterS = more.retryAfterS;
    this.isFinal = more.isFinal ?? false;
  }
}

/** What may be sent twice without being done twice. */
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

/** Seconds; a date, which may also stand there (RFC 9110, 10.2.3), is not waited for. */
function retryAfter({ headers }: http.Answer): number | undefined {
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

function unreachable({ url, person }: Ledger, { message, code }: http.NoAnswer): Unreachable {
  const why = `${url} ${message}`;
  const isRefusedHere = code === "ECONNREFUSED" && isOnThisMachine(url);
  // A pipeline may be ahead of the ledger that it starts. A person can see that none runs, and start one.
  if (person === undefined || !isRefusedHere) return new Unreachable(why);
  const hint = "no ledger listens there; start one, or set ASOF_URL or --url";
  return new Unreachable(`${why}: ${hint}`, { isFinal: true });
}

async function attempt(
  ledger: Ledger,
  { path, headers, ...request }: LedgerRequest,
): Promise<LedgerResponse> {
  const { url, token } = ledger;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let answer: http.Answer;
  try {
    answer = await http.exchange(`${url.replace(/\/+$/, "")}${path}`, {
      ...request,
      headers: { ...headers, ...authorization },
      // Followed, a POST may become a GET elsewhere.
      redirect: "manual",
      timeoutMs: TIMEOUT_MS,
    });
  } catch (error) {
    throw error instanceof http.NoAnswer ? unreachable(ledger, error) : error;
  }
  const { status, text } = answer;
  if (status === 429 || status >= 500)
    throw new Unreachable(`${url} answers ${status}`, { retryAfterS: retryAfter(answer) });
  return { status, json: parsed(text) };
}

/** Tells a person at once why they wait, and until when; again only where the reason changes. */
function explaining({ person }: Ledger): (reason: string) => void {
  if (person === undefined) return () => undefined;
  const until = new Date(person.now().getTime() + TRYING_MS).toISOString();
  let told: string | undefined;
  return (reason) => {
    if (reason === told || person.now().toISOString() >= until) return;
    person.tell(`${reason}; waiting for the ledger to answer, until ${until} at the latest`);
    told = reason;
  };
}

/** Sends a request, again and again while that may help: each try is the same. Throws Unreachable. */
export function sendRequest(ledger: Ledger, request: LedgerRequest): Promise<LedgerResponse> {
  const explain = explaining(ledger);
  return pRetry(() => attempt(ledger, request), {
    retries: RETRIES,
    minTimeout: ledger.waitMs,
    maxRetryTime: TRYING_MS,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof Unreachable && !error.isFinal,
    onFailedAttempt: async ({ error, retriesLeft }) => {
      if (!(error instanceof Unreachable) || retriesLeft === 0 || error.isFinal) return;
      explain(error.message);
      if (error.retryAfterS !== undefined) await setTimeout(error.retryAfterS * 1000);
    },
  });
}
