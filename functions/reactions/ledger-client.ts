/** A client of the ledger over HTTP, with a token of the role `executor`. */
import type { Gate } from "../../schemas/answers/gate.ts";
import { pinnedImage } from "../../schemas/pinned-image.ts";
import type { Plan } from "../../schemas/plan.ts";
import { isOver, type Redeployment } from "../../schemas/redeployment.ts";
import { clientOver, type LedgerClient, LedgerError } from "../adapters/api-client.ts";

/** The ledger answered 404. */
export class Unknown extends Error {}

/** What the gate is asked about: an image or artifact, or the commit of a service without images. */
export type GateSubject = { readonly digest: string } | { readonly commit: string };

/** @param image of a redeployment's component */
export function gateSubjectOf(image: string): GateSubject {
  const digest = pinnedImage(image)?.digest ?? image;
  return digest.includes(":") ? { digest } : { commit: digest };
}

/** Each method throws an Error whose message holds no secret. */
export interface Asof {
  /** Questions, as anybody may ask them. */
  readonly ask: Pick<
    LedgerClient,
    "release" | "snapshot" | "redeployment" | "redeployments" | "freezes" | "sources"
  >;
  /** Throws Unknown if the ledger has no such redeployment. */
  readonly redeployment: (id: string) => Promise<Redeployment>;
  /** The plan of a redeployment, as it was known at its request. */
  readonly planOf: (redeployment: Redeployment) => Promise<Plan>;
  /** Whether an image of the redeployment may be deployed; the same gate that pipelines ask. */
  readonly gate: (redeployment: Redeployment, image: GateSubject) => Promise<Gate>;
  /** Takes the redeployment for this executor; false if another one has it, or it is not to be carried out any more. */
  readonly take: (id: string) => Promise<boolean>;
  /** Reports how the redeployment ended. If it has already ended, that outcome stays. */
  readonly end: (id: string, outcome: "succeeded" | "failed", reason?: string) => Promise<void>;
}

/** Sends a request to the ledger, by its path. */
export type Send = (path: string, init: RequestInit) => Promise<Response>;

const TIMEOUT_MS = 20_000;
/** UTF-16 units: at most 1024 bytes of UTF-8, which is what the ledger accepts. */
const REASON_MAX = 340;

export function asofOver(send: Send, token: string): Asof {
  const client = clientOver(async ({ path, headers, ...init }) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const bearer = { ...headers, authorization: `Bearer ${token}` };
    const response = await send(path, { ...init, headers: bearer, signal });
    return { status: response.status, json: await response.json() };
  });
  const unknownIf404 = (error: unknown): never => {
    throw error instanceof LedgerError && error.status === 404 ? new Unknown(error.message) : error;
  };
  const redeployment = (id: string) => client.redeployment(id).catch(unknownIf404);
  return {
    ask: client,
    redeployment,
    planOf: ({ plan }) => client.planAt(plan).catch(unknownIf404),
    gate: ({ environment, service }, image) =>
      client.gate({ environment, service, ...image }).catch(unknownIf404),
    take: async (id) => {
      try {
        await client.takeRedeployment(id);
        return true;
      } catch (error) {
        if (error instanceof LedgerError && error.status === 409) return false;
        return unknownIf404(error);
      }
    },
    end: async (id, outcome, reason) => {
      const why = reason === undefined ? {} : { reason: reason.slice(0, REASON_MAX).toWellFormed() };
      try {
        await client.endRedeployment(id, { outcome, ...why });
      } catch (error) {
        if (!isOver(await redeployment(id))) throw error;
      }
    },
  };
}

/** Sends requests to the ledger at an address. */
export const sendTo =
  (address: string): Send =>
  (path, init) =>
    // The token is meant for this address alone.
    fetch(new URL(path, address), { ...init, redirect: "manual" });
