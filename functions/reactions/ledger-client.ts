/** The ledger as its clients see it: over HTTP, with a token of the role `executor`. */
import type * as z from "zod";
import { readAnswer } from "../../schemas/answer.ts";
import { Gate } from "../../schemas/gate.ts";
import { Plan } from "../../schemas/plan.ts";
import { isOver, Redeployment } from "../../schemas/redeployment.ts";

/** The ledger has nothing of this name. */
export class Unknown extends Error {}

/** Each method throws an Error whose message may be told to anybody. */
export interface Asof {
  /** Throws Unknown where it is none of this ledger's. */
  readonly redeployment: (id: string) => Promise<Redeployment>;
  /** The plan of a redeployment: the answer to its own question, as it was known when it was asked for. */
  readonly planOf: (redeployment: Redeployment) => Promise<Plan>;
  /** Whether an image of it may be deployed, like any pipeline. */
  readonly gate: (redeployment: Redeployment, digest: string) => Promise<Gate>;
  /** Says how it ended; it may have ended otherwise before, and then that stays. */
  readonly end: (id: string, outcome: "succeeded" | "failed", reason: string) => Promise<void>;
}

/** Sends a request to the ledger, by its path. */
export type Send = (path: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 20_000;
/** In UTF-16: at most 1024 bytes of UTF-8, which the ledger takes. */
const REASON_MAX = 340;

export function asofOver(send: Send, token: string): Asof {
  async function asked<T>(schema: z.ZodType<T>, path: string, init: RequestInit = {}): Promise<T> {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await send(path, { ...init, headers, signal });
    const read = readAnswer(schema, response.status, await response.json());
    if (read.is === "answer") return read.value;
    const why = read.is === "problem" ? `: ${read.detail}` : ", as no ledger of this version does";
    const message = `the ledger answers ${response.status}${why}`;
    throw response.status === 404 ? new Unknown(message) : new Error(message);
  }
  return {
    redeployment: (id) => asked(Redeployment, `/v1/redeployments/${id}`),
    planOf: ({ plan }) => asked(Plan, plan),
    gate: ({ environment, service }, digest) =>
      asked(Gate, `/v1/gate?${new URLSearchParams({ environment, service, digest })}`),
    end: async (id, outcome, reason) => {
      const body = JSON.stringify({ outcome, reason: reason.slice(0, REASON_MAX).toWellFormed() });
      const path = `/v1/redeployments/${id}/end`;
      try {
        await asked(Redeployment, path, { method: "POST", body });
      } catch (error) {
        if (!isOver(await asked(Redeployment, `/v1/redeployments/${id}`))) throw error;
      }
    },
  };
}

/** A ledger at an address. */
export const over =
  (address: string): Send =>
  (path, init) =>
    fetch(new URL(path, address), init);
