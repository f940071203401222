/** The ledger as its clients see it: over HTTP, with a token of the role `executor`. */
import type { Gate } from "../../schemas/gate.ts";
import type { Plan } from "../../schemas/plan.ts";
import { isOver, type Redeployment } from "../../schemas/redeployment.ts";
import { clientOver, LedgerError } from "../adapters/api-client.ts";

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
  const client = clientOver(async ({ path, headers, ...init }) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const bearer = { ...headers, authorization: `Bearer ${token}` };
    const response = await send(path, { ...init, headers: bearer, signal });
    return { status: response.status, json: await response.json() };
  });
  const known = (error: unknown): never => {
    throw error instanceof LedgerError && error.status === 404 ? new Unknown(error.message) : error;
  };
  const redeployment = (id: string) => client.redeployment(id).catch(known);
  return {
    redeployment,
    planOf: ({ plan }) => client.planAt(plan).catch(known),
    gate: ({ environment, service }, digest) => client.gate({ environment, service, digest }).catch(known),
    end: async (id, outcome, reason) => {
      try {
        await client.endRedeployment(id, { outcome, reason: reason.slice(0, REASON_MAX).toWellFormed() });
      } catch (error) {
        if (!isOver(await redeployment(id))) throw error;
      }
    },
  };
}

/** A ledger at an address. */
export const over =
  (address: string): Send =>
  (path, init) =>
    fetch(new URL(path, address), init);
