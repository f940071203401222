/** Sends events to the ledger, with retries, and returns what became of each. */
import { present } from "../../functions/sources/payload.ts";
import { Outcomes } from "../../schemas/answer.ts";
import { readAnswer } from "../../schemas/read-answer.ts";
import { Unreachable } from "../error.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { sendRequest } from "../ledger/request.ts";
import type { Event } from "./event.ts";

/** What became of an event. `reason` says what was wrong and what to do. */
export type Delivery =
  /** Recorded, a duplicate, or ignored. */
  | {
      readonly is: "accepted";
      readonly outcome: string;
      readonly recordedAt?: string;
      readonly reason?: string;
    }
  /** The ledger will never accept it as it is; it has quarantined it. */
  | { readonly is: "refused"; readonly reason: string }
  /** The token is not accepted, or the address is not a ledger's: fix that, and send it again. */
  | { readonly is: "denied"; readonly reason: string }
  /** No usable answer until the retries ended. */
  | { readonly is: "unreachable"; readonly reason: string };

/** Permanent: sending the same event again gives the same answer. */
const REFUSALS: ReadonlySet<number> = new Set([400, 409, 413, 415, 422]);

const notALedger = (url: string, status: number): Delivery => ({
  is: "denied",
  reason: `${url} answered ${status}, which is no answer of a ledger: check ASOF_URL or --url`,
});

function accepted(url: string, status: number, { outcomes: [one] }: Outcomes): Delivery {
  if (one === undefined) return notALedger(url, status);
  const { outcome, recordedAt, reason } = one;
  return { is: "accepted", outcome, ...present({ recordedAt, reason }) };
}

function deliveryOf(url: string, status: number, json: unknown): Delivery {
  if (status === 401) {
    return { is: "denied", reason: "401: the token is missing or wrong: set ASOF_TOKEN or --token-file" };
  }
  const read = readAnswer(Outcomes, status, json);
  if (read.is === "answer") return accepted(url, status, read.value);
  const detail = read.is === "problem" ? read.detail : undefined;
  if (status === 403) return { is: "denied", reason: `403: ${detail ?? "this token may not report it"}` };
  if (detail === undefined || !REFUSALS.has(status)) return notALedger(url, status);
  const again = "If it really happened twice in one job, give the second its own --id.";
  return { is: "refused", reason: `${status}: ${detail}${status === 409 ? ` ${again}` : ""}` };
}

/** Sends one event; every retry sends the same event. */
export async function deliver(ledger: Ledger, event: Event): Promise<Delivery> {
  const headers = { "content-type": "application/cloudevents+json" };
  const body = JSON.stringify(event);
  try {
    const { status, json } = await sendRequest(ledger, { path: "/v1/events", method: "POST", headers, body });
    return deliveryOf(ledger.url, status, json);
  } catch (error) {
    if (error instanceof Unreachable) return { is: "unreachable", reason: error.message };
    throw error;
  }
}
