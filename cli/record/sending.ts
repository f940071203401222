/** Sends events to the ledger, and tells what became of each: for as long as it is worth trying. */
import { setTimeout } from "node:timers/promises";
import pRetry from "p-retry";
import * as z from "zod";
import { present } from "../../functions/sources/payload.ts";
import { Outcomes } from "../../schemas/answer.ts";
import type { Event } from "./event.ts";

export interface Ledger {
  readonly url: string;
  readonly token: string | undefined;
  /** The first wait between two tries; it doubles. */
  readonly waitMs: number;
}

/** What became of an event; `reason` says what was wrong, and what to do. */
export type Sent =
  /** The ledger has it, or has no need of it. */
  | { readonly is: "taken"; readonly outcome: string; readonly recordedAt?: string; readonly reason?: string }
  /** The ledger will never take it as it is: it keeps it aside, whole. */
  | { readonly is: "refused"; readonly reason: string }
  /** Whoever sends it is not let in, or there is no ledger there: to be mended here, and sent again. */
  | { readonly is: "shut out"; readonly reason: string }
  /** There was no answer, or none that counts, for as long as it was tried. */
  | { readonly is: "unreachable"; readonly reason: string };

const RETRIES = 4;
const TIMEOUT_MS = 10_000;
const RETRY_AFTER_MAX_S = 20;
/** No further try begins after this: a pipeline waits. */
const TRYING_MS = 30_000;

class Unreachable extends Error {
  readonly retryAfterS: number | undefined;

  constructor(message: string, retryAfterS?: number) {
    super(message);
    this.retryAfterS = retryAfterS;
  }
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

const Problem = z.looseObject({ detail: z.string() });

/** Refused as it is: sending it again would change nothing (400, 409, 413, 415, 422). */
const REFUSALS: ReadonlySet<number> = new Set([400, 409, 413, 415, 422]);

/** What the ledger says of an event that it took; what answers otherwise is no ledger. */
function taken(url: string, json: unknown): Sent {
  const [one] = Outcomes.safeParse(json).data?.outcomes ?? [];
  if (one === undefined) return { is: "shut out", reason: `${url} is no ledger: check ASOF_URL or --url` };
  const { outcome, recordedAt, reason } = one;
  return { is: "taken", outcome, ...present({ recordedAt, reason }) };
}

function outcomeOf(url: string, status: number, json: unknown): Sent {
  if (status >= 200 && status < 300) return taken(url, json);
  if (status === 401) {
    return { is: "shut out", reason: "401: the token is missing or wrong: set ASOF_TOKEN or --token-file" };
  }
  const detail = Problem.safeParse(json).data?.detail;
  if (status === 403) return { is: "shut out", reason: `403: ${detail ?? "this token may not say it"}` };
  if (detail === undefined || !REFUSALS.has(status)) {
    return { is: "shut out", reason: `${url} answers ${status}, as no ledger does: check ASOF_URL or --url` };
  }
  const again = "If the same happened twice in one job, give the second its own --id.";
  return { is: "refused", reason: `${status}: ${detail}${status === 409 ? ` ${again}` : ""}` };
}

/** What fetch says of a connection that failed, in one line: its own words may hold what was sent. */
function whyUnreachable(url: string, error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError")
    return `${url} did not answer within ${TIMEOUT_MS / 1000} s`;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? `${url} cannot be reached (${code})` : `${url} cannot be reached`;
}

async function attempt({ url, token }: Ledger, event: Event): Promise<Sent> {
  const headers = {
    "content-type": "application/cloudevents+json",
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  let response: Response;
  let body: string;
  try {
    response = await fetch(`${url.replace(/\/+$/, "")}/v1/events`, {
      method: "POST",
      headers,
      body: JSON.stringify(event),
      // Followed, a POST may become a GET elsewhere.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    body = await response.text();
  } catch (error) {
    throw new Unreachable(whyUnreachable(url, error));
  }
  const { status } = response;
  if (status === 429 || status >= 500)
    throw new Unreachable(`${url} answers ${status}`, retryAfter(response));
  return outcomeOf(url, status, parsed(body));
}

/** Sends one event, again and again while that may help: each try is the same event. */
export async function send(ledger: Ledger, event: Event): Promise<Sent> {
  try {
    return await pRetry(() => attempt(ledger, event), {
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
  } catch (error) {
    if (error instanceof Unreachable) return { is: "unreachable", reason: error.message };
    throw error;
  }
}
