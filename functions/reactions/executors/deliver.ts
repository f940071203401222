/** One request to somebody who carries out what was asked for: of the answer its status counts, and nothing else. */
import { whyNoAnswer } from "../../adapters/http-client.ts";

/** How long one request may take. */
const TIMEOUT_MS = 10_000;
/** Statuses below 500 that say: not now. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 425, 429]);

/** The same again would be refused again. The message may be told to anybody, like that of each error from here. */
export class Refused extends Error {}

/** An address under another one, which may have a path of its own. */
export function under(base: string, path: string): URL {
  const address = new URL(base);
  address.pathname = `${address.pathname.replace(/\/$/, "")}/${path}`;
  return address;
}

export interface Sending {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, as it is sent. */
  readonly body: string;
}

async function statusOf(
  { url: address, headers, body }: Sending,
  timeoutMs: number,
): Promise<{ status: number; isLater: boolean }> {
  let response: Response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "User-Agent": "asof", ...headers },
      body,
      // What is signed or authorized is for this address and no other.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    throw new Error(`${address.host} ${whyNoAnswer(error, timeoutMs)}`);
  }
  // Not read, however long it is; and one that breaks off was an answer all the same.
  response.body?.cancel().catch(() => undefined);
  return { status: response.status, isLater: response.headers.has("retry-after") };
}

/** Posts it. Throws Refused, or another Error where it has to be tried again. */
export async function post(sending: Sending, timeoutMs = TIMEOUT_MS): Promise<void> {
  const { status, isLater } = await statusOf(sending, timeoutMs);
  if (status >= 200 && status < 300) return;
  const answer = `${sending.url.host} answers ${status}`;
  if (status >= 500 || NOT_NOW.has(status) || isLater) throw new Error(answer);
  throw new Refused(answer);
}
