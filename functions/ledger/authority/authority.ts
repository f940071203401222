/** Authorisation: tokens with a role and a name, stored as SHA-256 hashes and compared in constant time. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import { text } from "../../../schemas/scalars.ts";
import { sha256 } from "../canonical.ts";
import { GRANTS, Grants } from "./grants.ts";
import type { RunsFor } from "./runs-for.ts";

export const ROLES = ["reader", "writer", "operator", "executor", "auditor", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** What an endpoint may require; only an admin has every right. */
export type Right =
  | "ask"
  | "write"
  | "rename"
  | "operate"
  | "execute"
  | "export"
  | "retract"
  | "erase"
  | "back up";

const RIGHTS = {
  reader: ["ask"],
  // A pipeline's token may leak, so it must not be able to read the history.
  writer: ["write"],
  operator: ["ask", "rename", "operate", "execute"],
  // Carries out redeployments that operators request; it cannot request any.
  executor: ["ask", "execute"],
  auditor: ["ask", "export"],
  admin: ["ask", "write", "rename", "operate", "execute", "export", "retract", "erase", "back up"],
} as const satisfies Record<Role, readonly Right[]>;

/** What a role allows. */
export const rightsOf = ({ role }: Pick<Holder, "role">): readonly Right[] => RIGHTS[role];

export const isAllowed = ({ role }: Holder, right: Right): boolean => new Set<Right>(RIGHTS[role]).has(right);

/** The holder of a token, and what the token is bound to. */
export interface Holder extends Grants {
  readonly role: Role;
  readonly name: string;
  /** The commit that the holder's job runs for, as the issuer of its token says. */
  readonly runsFor?: RunsFor;
}

export interface Token extends Holder {
  readonly hash: string;
  /** The last day on which it counts, UTC. Absent: it does not end. */
  readonly expires?: string;
}

/** Whether the last day of a token is over. */
export const hasEnded = ({ expires }: Token, now: Date): boolean =>
  expires !== undefined && now.toISOString().slice(0, 10) > expires;

const hashed = /^sha256=([0-9a-f]{64})$/;
export const holderName = text(128).regex(/^[A-Za-z0-9._@/-]+$/, "must be of A-Z a-z 0-9 . _ @ / -");

const fields = Grants.extend({
  role: z.enum(ROLES),
  name: holderName,
  token: z
    .string()
    .refine((value) => !value.startsWith("sha256=") || hashed.test(value), {
      error: "must be 64 lower-case hex digits after sha256=",
    })
    .min(16, "must be at least 16 characters long, or sha256= and the hash of one"),
  expires: z.iso.date("must be a date, like 2027-02-28").exactOptional(),
});

const OPTIONS: ReadonlySet<string> = new Set([...GRANTS, "expires"]);

/** `key=value` parts by key, lists apart by `|`. A colon within a value begins no part, as in `localhost:5000/acme`. */
function optionsIn(parts: string, n: number): Record<string, string | string[]> {
  const options = new Map<string, string>();
  for (const part of parts === "" ? [] : parts.split(/:(?=[A-Za-z]+=|$)/)) {
    const key = part.slice(0, Math.max(part.indexOf("="), 0));
    if (!OPTIONS.has(key))
      throw new Error(`entry ${n + 1}: expected one of ${[...OPTIONS].join("=…, ")}=… after the token`);
    if (options.has(key)) throw new Error(`entry ${n + 1}: ${key}=… may be given once`);
    options.set(key, part.slice(key.length + 1));
  }
  return Object.fromEntries(
    [...options].map(([key, value]) => [key, key === "expires" ? value : value.split("|")]),
  );
}

const ENTRY = /^([^:]*)(?::([^:]*))?(?::([^:]*))?(?::(.*))?$/s;

function parseToken(entry: string, n: number): Token {
  const [, role, called, token, parts] = ENTRY.exec(entry) ?? [];
  const given = { role, name: called, token, ...(parts === undefined ? {} : optionsIn(parts, n)) };
  const parsed = fields.safeParse(
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  );
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`entry ${n + 1}: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { token: secret, ...holder } = parsed.data;
  return { ...holder, hash: hashed.exec(secret)?.[1] ?? sha256(secret) };
}

/**
 * Parses `role:name:token,…`. A token may be given as `sha256=<hex>`, the hash of it, may have grants, and a last day:
 * `writer:ci:TOKEN:environments=staging:repositories=ghcr.io/acme/web:expires=2027-02-28`. Throws an Error that names
 * the invalid entry and field, and never contains a token.
 */
export const parseTokens = (list: string): Token[] =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .map(parseToken);

export const newToken = (): string => randomBytes(24).toString("base64url");

/** The token that a request carries (RFC 6750). */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];

/** The bearer token of this ledger, or undefined. It compares every token, so that timing reveals nothing. */
export function holderOf(tokens: readonly Token[], authorization: string | undefined): Token | undefined {
  const given = bearerOf(authorization);
  if (given === undefined) return undefined;
  const hash = Buffer.from(sha256(given));
  let holder: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(hash, Buffer.from(token.hash))) holder = token;
  return holder;
}
