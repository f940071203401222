/**
 * What a source of facts is: a vendor's way to prove who calls, and a pure mapping from its payloads to
 * statements. No mapping asks a network or a clock; nothing is guessed: what a payload lacks is absent.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Mapped } from "../../schemas/mapped.ts";

/** One request of a sender, its body as the bytes came. */
export interface Delivery {
  readonly headers: Headers;
  readonly body: string;
  /** What follows the vendor's name in the address: the secret of a sender that has no other place for one. */
  readonly pathSecret?: string;
}

/** What a mapping may know beside the payload. */
export interface Context {
  readonly headers: Headers;
  readonly receivedAt: string;
}

/** What a sender's events hold, in a few words each (absent: nothing): a line of the table in docs/sources.md. */
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
  /** On what the mapping was tried: published samples, the vendor's own software. */
  readonly tried: string;
}

export interface Source {
  /** What follows in its address: `/v1/webhooks/{vendor}`. */
  readonly vendor: string;
  /** One line for each kind of sender behind this address. */
  readonly covers: readonly Coverage[];
  /** Proves a delivery by any one of the secrets. Absent where the door asks for a writer's token instead. */
  readonly verify?: (delivery: Delivery, secrets: readonly string[]) => boolean | Promise<boolean>;
  /** The answer to a sender that asks, before its first event, whether it is welcome; undefined for an event. */
  readonly handshake?: (payload: unknown) => object | undefined;
  /** Takes what `readJson` gave (bounded in depth). Throws nothing: a payload of an unknown shape is `rejected`, a known and unneeded one `ignored`. */
  readonly toStatements: (payload: unknown, context: Context) => Mapped[];
}

/** Every statement of a vendor's door stands under a prefix that no sender of `/v1/events` may use. */
export const RESERVED_PREFIXES = ["/webhooks/", "/asof/"] as const;
export const sourceOf = (vendor: string, ...path: readonly string[]): string =>
  ["/webhooks", vendor, ...path].join("/");

/** Compares two secrets in a time that tells nothing of either, not even their length. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(hashed(given), hashed(expected));
const hashed = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** Whether a text is any one of the secrets. All are compared, so that the time does not tell which one matched. */
export const isAnyOf = (given: string | null | undefined, secrets: readonly string[]): boolean =>
  secrets.filter((secret) => secret !== "" && sameSecret(given ?? "", secret)).length > 0;

/** Proof by a header that the sender was told to send; the secret is its whole value. */
export const byHeader =
  (name: string): NonNullable<Source["verify"]> =>
  ({ headers }, secrets) =>
    isAnyOf(headers.get(name), secrets);

/** Proof by the address, where a sender can be given nothing else: `/v1/webhooks/{vendor}/{secret}`. */
export const byPath: NonNullable<Source["verify"]> = ({ pathSecret }, secrets) =>
  isAnyOf(pathSecret, secrets);

/** Proof by HMAC-SHA256 of the raw body, in lower-case hex. */
export const byHmac = ({ body }: Delivery, given: string, secrets: readonly string[]): boolean =>
  secrets.filter(
    (secret) => secret !== "" && sameSecret(given, createHmac("sha256", secret).update(body).digest("hex")),
  ).length > 0;
