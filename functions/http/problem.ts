/** Problems over HTTP (RFC 9457): the one place that knows status numbers. */
import type { Problem } from "../../schemas/answer.ts";
import { StoreError } from "../ledger/store.ts";

const PROBLEMS = {
  malformed: { status: 400, title: "The request cannot be read" },
  unauthenticated: { status: 401, title: "Who is asking is not known" },
  forbidden: { status: 403, title: "This may not be asked or said with this token" },
  unknown: { status: 404, title: "This was never heard of" },
  conflict: { status: 409, title: "Another statement was recorded under this source and id" },
  "not now": { status: 409, title: "This cannot be done as things stand" },
  "too large": { status: 413, title: "The request is too large" },
  unsupported: { status: 415, title: "The content type is not understood" },
  rejected: { status: 422, title: "The request is not of the expected form" },
  failed: { status: 500, title: "The ledger failed" },
  unavailable: { status: 503, title: "The ledger cannot answer now" },
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown by a door where it cannot go on; `detail` says what was wrong, where, and what to do. */
export class EndpointError extends Error {
  readonly code: ProblemCode;
  /** Further members of the problem. */
  readonly more: object;

  constructor(code: ProblemCode, detail: string, more: object = {}) {
    super(detail);
    this.name = "EndpointError";
    this.code = code;
    this.more = more;
  }
}

const HEADERS: Partial<Record<ProblemCode, Record<string, string>>> = {
  unauthenticated: { "WWW-Authenticate": 'Bearer realm="asof"' },
  unavailable: { "Retry-After": "1" },
};

/** @param more further members of the problem, like the outcomes of a request that was refused in part */
export function problem(code: ProblemCode, detail: string, more: object = {}): Response {
  const { status, title } = PROBLEMS[code];
  const type = `urn:asof:problem:${code.replaceAll(" ", "-")}`;
  const body: Problem = { type, title, status, detail };
  return new Response(JSON.stringify({ ...body, ...more }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...HEADERS[code] },
  });
}

/** Faults whose messages are for whoever asked: they say what to do. */
const STORE_FAULTS: ReadonlySet<StoreError["code"]> = new Set(["full", "clock", "damaged"]);

const NOT_NOW = "The store did not answer in time. Send the same request again: it is safe.";

/** What a thrown error is to the one who asked. The cause of a fault of ours is for the log alone. */
export function problemOf(error: unknown): Response {
  if (error instanceof EndpointError) return problem(error.code, error.message, error.more);
  if (error instanceof StoreError && error.code !== "misconfigured")
    return problem("unavailable", STORE_FAULTS.has(error.code) ? error.message : NOT_NOW);
  return problem("failed", "An unexpected fault was logged. Sending the same request again is safe.");
}
