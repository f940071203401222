/** Problem details for HTTP (RFC 9457), and the status number of each problem. */
import type { Problem } from "../../schemas/answer.ts";
import { BadCursor } from "../ledger/cursor.ts";
import { StoreError } from "../ledger/store.ts";

const PROBLEMS = {
  malformed: { status: 400, title: "The request cannot be read" },
  unauthenticated: { status: 401, title: "The token is missing or unknown" },
  forbidden: { status: 403, title: "This token does not allow the request" },
  unknown: { status: 404, title: "Not found" },
  conflict: { status: 409, title: "Another statement was recorded under this source and id" },
  "not now": { status: 409, title: "The request cannot be carried out in the current state" },
  "too slow": { status: 408, title: "The request did not arrive in time" },
  "too large": { status: 413, title: "The request is too large" },
  unsupported: { status: 415, title: "The content type is not supported" },
  rejected: { status: 422, title: "The request is not of the expected form" },
  "headers too large": { status: 431, title: "The headers of the request are too large" },
  failed: { status: 500, title: "The ledger failed" },
  unavailable: { status: 503, title: "The ledger cannot answer now" },
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown by an endpoint that cannot go on. `detail` says what was wrong, where, and what to do. */
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

/** @param more further members of the problem, such as the outcomes of a request that was refused in part */
export function problem(code: ProblemCode, detail: string, more: object = {}): Response {
  const { status, title } = PROBLEMS[code];
  const type = `urn:asof:problem:${code.replaceAll(" ", "-")}`;
  const body: Problem = { type, title, status, detail };
  return new Response(JSON.stringify({ ...body, ...more }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...HEADERS[code] },
  });
}

/** The same problem, with the request's id as its `instance`: it says which request an operator looks for in the log. */
export async function withInstance(answer: Response, requestId: string): Promise<Response> {
  const body: object = JSON.parse(await answer.text());
  const { status, headers } = answer;
  return new Response(JSON.stringify({ ...body, instance: `urn:asof:request:${requestId}` }), {
    status,
    headers,
  });
}

/** Codes of store errors whose messages are meant for the client: they say what to do. */
const STORE_FAULTS: ReadonlySet<StoreError["code"]> = new Set(["full", "clock", "damaged"]);

const NOT_NOW = "The store did not answer in time. Sending the same request again is safe.";

/** The problem that a client receives for a thrown error. The cause of an internal error goes only to the log. */
export function problemOf(error: unknown): Response {
  if (error instanceof EndpointError) return problem(error.code, error.message, error.more);
  if (error instanceof BadCursor) return problem("rejected", `cursor: ${error.message}`);
  if (error instanceof StoreError && error.code !== "misconfigured")
    return problem("unavailable", STORE_FAULTS.has(error.code) ? error.message : NOT_NOW);
  return problem("failed", "An unexpected error was logged. Sending the same request again is safe.");
}
