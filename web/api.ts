/** The ledger's API, typed by its schemas. */

import type {
  Changes,
  CommitAnswer,
  Delivery,
  Environments,
  History,
  Problem,
  Release,
  Sources,
  Timeline,
} from "../schemas/answer.ts";
import type { Audit } from "../schemas/answers/audit.ts";
import type { Quarantine } from "../schemas/answers/quarantine.ts";
import type { Session } from "../schemas/answers/session.ts";
import type { StoredFact } from "../schemas/answers/stored-fact.ts";
import type { Whoami } from "../schemas/answers/whoami.ts";
import type { Plan } from "../schemas/plan.ts";
import type { Freezes, Redeployment, RedeploymentList, Redeployments } from "../schemas/redeployment.ts";
import { allPages, answerPages } from "../schemas/words/answer-pages.ts";

export interface Answers {
  "/auth/session": Session;
  "/v1/whoami": Whoami;
  "/v1/environments": Environments;
  "/v1/history": History;
  "/v1/release": Release;
  "/v1/fact": StoredFact;
  "/v1/plan": Plan;
  "/v1/changes": Changes;
  "/v1/commit": CommitAnswer;
  "/v1/audit": Audit;
  "/v1/delivery": Delivery;
  "/v1/timeline": Timeline;
  "/v1/freezes": Freezes;
  "/v1/sources": Sources;
  "/v1/quarantine": Quarantine;
  "/v1/redeployments": RedeploymentList;
}
export type Path = keyof Answers;
export type Query = Readonly<Record<string, string | undefined>>;

/** The ledger refused, or no ledger answered (`status` 0). */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

const TOKEN = "asof.token";
/** Kept for the session only. */
export const heldToken = (): string | null => sessionStorage.getItem(TOKEN);
export function keepToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, token);
}

async function answered(path: string, init: RequestInit) {
  const token = heldToken();
  // Without a token the browser sends the cookie of its session, if it has one.
  const headers = { ...init.headers, ...(token === null ? {} : { Authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...init, headers }).catch(() => {
    throw new ApiError(0, "The ledger does not answer.");
  });
  if (response.ok) return response.status === 204 ? undefined : response.json();
  const problem: Partial<Problem> = await response.json().catch(() => ({}));
  throw new ApiError(response.status, problem.detail ?? `The ledger answered ${response.status}.`);
}

export function ask<P extends Path>(path: P, query: Query = {}, signal?: AbortSignal): Promise<Answers[P]> {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  const text = new URLSearchParams(given).toString();
  return answered(text === "" ? path : `${path}?${text}`, signal === undefined ? {} : { signal });
}

const posting = (body: object): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
  body: JSON.stringify(body),
});

export const requestRedeployment = (body: object): Promise<Redeployment | Redeployments> =>
  answered("/v1/redeployments", posting(body));

export const cancelRedeployment = (id: string, reason: string): Promise<unknown> =>
  answered(`/v1/redeployments/${encodeURIComponent(id)}/cancel`, posting({ reason }));

/** Takes something out of the quarantine: has it taken again, or discards it. */
export const retryQuarantined = (key: string): Promise<unknown> =>
  answered(`/v1/quarantine/${encodeURIComponent(key)}/retry`, posting({}));
export const discardQuarantined = (key: string, reason: string): Promise<unknown> =>
  answered(`/v1/quarantine/${encodeURIComponent(key)}/discard`, posting({ reason }));

/** Ends the session of this browser. */
export const endSession = (): Promise<unknown> => answered("/auth/logout", { method: "POST" });

/** Every environment: a page may be short, and yet not the last. */
export async function allEnvironments(): Promise<Environments> {
  const pages = await allPages((more) => ask("/v1/environments", { limit: "100", ...more }));
  return { ...pages[0], environments: pages.flatMap(({ environments }) => environments), next: null };
}

/** Every page of a history, as it comes. */
export const historyPages = (query: Query, signal?: AbortSignal): AsyncGenerator<History> =>
  answerPages((more) => ask("/v1/history", { ...query, limit: "10000", ...more }, signal));
