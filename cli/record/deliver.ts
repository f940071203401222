/** Sends events to the ledger, and tells what became of each: for as long as it is worth trying. */
import { present } from "../../functions/sources/payload.ts";
import { Outcomes, readAnswer } from "../../schemas/answer.ts";
import type { Ledger } from "../ledger.ts";
import { sendRequest, Unreachable } from "../request.ts";
import type { Event } from "./event.ts";

/** What became of an event; `reason` says what was wrong, and what to do. */
export type Delivery =
  /** The ledger has it, or has no need of it. */
  | { readonly is: "taken"; readonly outcome: string; readonly recordedAt?: string; readonly reason?: string }
  /** The ledger will never take it as it is: it keeps it aside, whole. */
  | { readonly is: "refused"; readonly reason: string }
  /** Whoever sends it is not let in, or there is no ledger there: to be mended here, and sent again. */
  | { readonly is: "shut out"; readonly reason: string }
  /** There was no answer, or none that counts, for as long as it was tried. */
  | { readonly is: "unreachable"; readonly reason: string };

/** Refused as it is: sending it again would change nothing (400, 409, 413, 415, 422). */
const REFUSALS: ReadonlySet<number> = new Set([400, 409, 413, 415, 422]);

const notALedger = (url: string, status: number): Delivery => ({
  is: "shut out",
  reason: `${url} answers ${status}, as no ledger does: check ASOF_URL or --url`,
});

function taken(url: string, status: number, { outcomes: [one] }: Outcomes): Delivery {
  if (one === undefined) return notALedger(url, status);
  const { outcome, recordedAt, reason } = one;
  return { is: "taken", outcome, ...present({ recordedAt, reason }) };
}

function outcomeOf(url: string, status: number, json: unknown): Delivery {
  if (status === 401) {
    return { is: "shut out", reason: "401: the token is missing or wrong: set ASOF_TOKEN or --token-file" };
  }
  const read = readAnswer(Outcomes, status, json);
  if (read.is === "answer") return taken(url, status, read.value);
  const detail = read.is === "problem" ? read.detail : undefined;
  if (status === 403) return { is: "shut out", reason: `403: ${detail ?? "this token may not say it"}` };
  if (detail === undefined || !REFUSALS.has(status)) return notALedger(url, status);
  const again = "If the same happened twice in one job, give the second its own --id.";
  return { is: "refused", reason: `${status}: ${detail}${status === 409 ? ` ${again}` : ""}` };
}

/** Sends one event, again and again while that may help: each try is the same event. */
export async function deliver(ledger: Ledger, event: Event): Promise<Delivery> {
  const headers = { "content-type": "application/cloudevents+json" };
  const body = JSON.stringify(event);
  try {
    const { status, json } = await sendRequest(ledger, { path: "/v1/events", method: "POST", headers, body });
    return outcomeOf(ledger.url, status, json);
  } catch (error) {
    if (error instanceof Unreachable) return { is: "unreachable", reason: error.message };
    throw error;
  }
}
