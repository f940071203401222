/** One request to a ledger's HTTP API. It knows no schemas: the caller parses the answer. */
import { exchange, parsed } from "./http-client.ts";

export interface LedgerRequest {
  /** Path below the ledger's URL, with the query string. */
  readonly path: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long to wait for the answer. Absent: as long as for any question. */
  readonly timeoutMs?: number;
}

export interface LedgerResponse {
  readonly status: number;
  /** The parsed body; undefined if it is not JSON. */
  readonly json: unknown;
}

/** Sends one request to a ledger, and decides about retries: every request is safe to repeat. */
export type Send = (request: LedgerRequest) => Promise<LedgerResponse>;

/** A path with the parameters that have a value. */
export function withQuery(path: string, query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const parameters = new URLSearchParams(
    given.map(([name, value]): [string, string] => [name, String(value)]),
  );
  return given.length === 0 ? path : `${path}?${parameters}`;
}

export interface Address {
  readonly url: string;
  readonly token?: string | undefined;
}

export const addressOf = ({ url }: Address, path: string): string => `${url.replace(/\/+$/, "")}${path}`;

export const authorizationOf = ({ token }: Address): { authorization?: string } =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** Sends a request once. @throws NoAnswer */
export async function sendOnce(
  address: Address,
  { path, headers, timeoutMs: own, ...request }: LedgerRequest,
  timeoutMs: number,
): Promise<LedgerResponse & { readonly headers: Headers }> {
  const answer = await exchange(addressOf(address, path), {
    ...request,
    headers: { ...headers, ...authorizationOf(address) },
    // A redirect could turn a POST into a GET of another page.
    redirect: "manual",
    timeoutMs: own ?? timeoutMs,
  });
  return { status: answer.status, headers: answer.headers, json: parsed(answer.text) };
}
