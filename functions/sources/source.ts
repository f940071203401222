/**
 * The interface of a source: a vendor's authentication, and a pure mapping from its payloads to statements. No mapping
 * uses the network or a clock. Nothing is guessed: what a payload lacks is absent.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Mapped } from "../../schemas/mapped.ts";

/** One request of a sender, with its raw body. */
export interface Delivery {
  readonly headers: Headers;
  readonly body: string;
  /** The path segment after the vendor's name: the secret of a sender that has no other place for one. */
  readonly pathSecret?: string;
}

/** The input of a mapping besides the payload. */
export interface Context {
  readonly headers: Headers;
  readonly receivedAt: string;
  /** The step to which times of looking at a runtime are rounded down, in milliseconds; absent: the source's own. */
  readonly observationStepMs?: number;
}

/** What a sender's events report, in a few words each (absent: nothing): a row of the table in docs/sources.md. */
export interface Coverage {
  readonly name: string;
  readonly push?: string;
  readonly delete?: string;
  readonly deploy?: string;
  readonly commit?: string;
  readonly digest?: string;
  readonly time: string;
  /** What makes a redelivery a duplicate. */
  readonly identity: string;
  readonly authentication: string;
  /** How the mapping was tested: published samples, the vendor's own software. */
  readonly tried: string;
}

export interface Source {
  /** The path segment in `/v1/webhooks/{vendor}`. */
  readonly vendor: string;
  /** One row for each kind of sender at this endpoint. */
  readonly covers: readonly Coverage[];
  /** Authenticates a delivery by any of the secrets. Absent if the endpoint requires a writer's token instead. */
  readonly verify?: (delivery: Delivery, secrets: readonly string[]) => boolean | Promise<boolean>;
  /** The answer to a sender's handshake before its first event; undefined for an event. */
  readonly handshake?: (payload: unknown) => object | undefined;
  /** Maps the result of `readJson` (bounded in depth). Never throws: an unknown shape is `rejected`, a known and unneeded event `ignored`. */
  readonly toStatements: (payload: unknown, context: Context) => Mapped[];
}

/** Prefixes of sources that only the ledger's own endpoints use; senders of `/v1/events` may not. */
export const RESERVED_PREFIXES = ["/webhooks/", "/asof/"] as const;
export const sourceOf = (vendor: string, ...path: readonly string[]): string =>
  ["/webhooks", vendor, ...path].join("/");

/** Compares two secrets in constant time, whatever their lengths. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(hashed(given), hashed(expected));
const hashed = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** Whether a text is one of the secrets. All are compared, so that the time does not show which one matched. */
export const isAnyOf = (given: string | null | undefined, secrets: readonly string[]): boolean =>
  secrets.filter((secret) => secret !== "" && sameSecret(given ?? "", secret)).length > 0;

/** Proof by a configured header; the secret is its whole value. */
export const byHeader =
  (name: string): NonNullable<Source["verify"]> =>
  ({ headers }, secrets) =>
    isAnyOf(headers.get(name), secrets);

/** Proof by the URL, for senders that support nothing else: `/v1/webhooks/{vendor}/{secret}`. */
export const byPath: NonNullable<Source["verify"]> = ({ pathSecret }, secrets) =>
  isAnyOf(pathSecret, secrets);

/** Proof by HMAC-SHA256 of the raw body, in lower-case hex. */
export const byHmac = ({ body }: Delivery, given: string, secrets: readonly string[]): boolean =>
  secrets.filter(
    (secret) => secret !== "" && sameSecret(given, createHmac("sha256", secret).update(body).digest("hex")),
  ).length > 0;
