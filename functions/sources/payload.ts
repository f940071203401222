/**
 * Payloads from outside: bounded before they are read, parsed by loose schemas (vendors add fields at any time), and
 * turned into results that state what was wrong, and where.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Mapped, Said } from "../../schemas/mapped.ts";
import { type Ending, faultsOf, login, url } from "../../schemas/scalars.ts";

/** Hashing and printing recurse into a value, so a deeper one could exhaust the stack. */
export const MAX_DEPTH = 32;
/** Maximum number of events in a delivery: each costs at least one request to the store. */
export const MAX_EVENTS = 500;

export type Json =
  | { readonly is: "json"; readonly value: unknown }
  | { readonly is: "fault"; readonly reason: string };

/** Parses JSON that is safe to traverse; else the reason. */
export function readJson(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { is: "fault", reason: "must be JSON" };
  }
  const reason = unsafe(value);
  return reason === undefined ? { is: "json", value } : { is: "fault", reason };
}

/**
 * Why a value is not safe to traverse: it is too deep, or one of its objects cannot be converted to a text or number,
 * which comparing code may try (zod does, with a `length` that is not a number). Works level by level, without recursion,
 * so that it cannot exhaust the stack itself.
 */
function unsafe(value: unknown): string | undefined {
  let level = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === MAX_DEPTH) return `must nest at most ${MAX_DEPTH} deep`;
    if (level.some((container) => Object.hasOwn(container, "toString")))
      return "must not have the key `toString`";
    level = level.flatMap((container) => Object.values(container)).filter(isContainer);
  }
  return undefined;
}
const isContainer = (value: unknown): value is object => typeof value === "object" && value !== null;

export const said = (statement: Said, raw: unknown): Mapped & { is: "statement" } => ({
  is: "statement",
  statement,
  raw,
});
/** A push by tag; the ledger asks the registry for the digest. */
export const saidByTag = (statement: Said, raw: unknown): Mapped => ({
  ...said(statement, raw),
  lookUp: true,
});
export const ignored = (reason: string, raw: unknown): Mapped => ({ is: "ignored", reason, raw });
export const rejected = (reason: string, raw: unknown): Mapped => ({ is: "rejected", reason, raw });
/** A statement that this sender may not report, in whatever form. */
export const forbidden = (reason: string, raw: unknown): Mapped => ({
  is: "rejected",
  reason,
  raw,
  forbidden: true,
});

/** Maps a payload of a known shape; rejects any other, with the path of the fault. */
export function mapping<T>(schema: z.ZodType<T>, payload: unknown, map: (it: T) => Mapped[]): Mapped[] {
  const parsed = schema.safeParse(payload);
  return parsed.success ? map(parsed.data) : [rejected(faultsOf(parsed.error), payload)];
}

/** A sender's text inside a reason: quoted, and cut to a length that fits a log. */
export const quoted = (word: string): string =>
  JSON.stringify(word.length > 64 ? `${word.slice(0, 64)}…` : word);

/** A text that vendors omit, set to null or leave empty if they have none. */
export const maybeText = z
  .string()
  .nullish()
  .transform((value) => (value === null || value === "" ? undefined : value));

/** The first valid link. Links are optional: an invalid one is never a reason to refuse a fact. */
export const firstLink = (...candidates: readonly (string | undefined)[]): string | undefined =>
  candidates.find((candidate) => url.safeParse(candidate).success);

/**
 * A login: no name and no mail address gets into a fact. A login that begins with `person:`, which only the ledger may
 * use, is left out, because no event is refused on account of a name.
 */
export const loginOnly = (given: string | undefined): string | undefined =>
  given !== undefined && (/[\s@]/.test(given) || !login.safeParse(given).success) ? undefined : given;

/** The first given time, else the time of receipt, which is then marked in `timeFrom`. */
export function timeOr(receivedAt: string, ...candidates: readonly (string | undefined)[]) {
  const occurredAt = candidates.find((candidate) => candidate !== undefined && !isZeroTime(candidate));
  return occurredAt === undefined ? { occurredAt: receivedAt, timeFrom: "receipt" as const } : { occurredAt };
}
/** Go's zero time: services written in Go (and GitHub's registry) send it if they have no time. */
const isZeroTime = (value: string): boolean => value.startsWith("0001-01-01");

/** Maximum length of a reason, in characters: always within the bytes of a fact's reason. */
const REASON_MAX = 300;

/**
 * Why something failed, as its sender reports it: the first paragraph, because logs may follow. Credentials in URLs and
 * mail addresses are left out, because facts can never be erased.
 */
export function reasonIn(text: string | undefined): string | undefined {
  const [paragraph = ""] = (text ?? "").trim().split(/\n\s*\n/);
  const line = paragraph
    .replaceAll(/[\p{Cc}\s]+/gu, " ")
    .replaceAll(/:\/\/[^/\s@]+@/g, "://")
    .replaceAll(/[\w.+-]+@([\w-]+\.)+[a-z]{2,}\b/gi, "…")
    .trim();
  if (line === "") return undefined;
  return (line.length > REASON_MAX ? `${line.slice(0, REASON_MAX)}…` : line).toWellFormed();
}

/** The title of a change, or another word for one that has none. */
export const titleOf = (title: string, otherwise: string): string => reasonIn(title) ?? otherwise;

/** Words that look like keys of tickets: names of standards and encodings, and of public advisories. */
const NO_TRACKERS = /^(UTF|SHA|ISO|RFC|CVE|CWE|GHSA|AES|RSA|MD|HTTP|TLS|IPV|ES|X)$/;

/** The key of the ticket that a title names, like `BIL-12`: the first one. */
export function ticketIn(title: string): string | undefined {
  const keys = title.matchAll(/(?<![\w-])([A-Z][A-Z0-9]{1,14})-[1-9]\d{0,8}(?![\w-]*\w)/g);
  return [...keys].find(([, project = ""]) => !NO_TRACKERS.test(project))?.[0];
}

/** The field `bots`: those of the persons that a statement names that are no humans. */
export function botsOf(...persons: readonly ({ login: string | undefined; isBot: boolean } | undefined)[]): {
  bots?: string[];
} {
  const bots = new Set(persons.flatMap((one) => (one?.isBot && one.login !== undefined ? [one.login] : [])));
  return bots.size === 0 ? {} : { bots: [...bots] };
}

/** How a failed deployment ended, and why; empty for every other kind. */
export const endingOf = (
  kind: string,
  reason: string | undefined,
  outcome?: Ending,
): Record<string, string> =>
  kind === "deployment.failed" ? present({ outcome, reason: reasonIn(reason) }) : {};

/** The fields with a value: a fact cannot have a field that is present and undefined. */
export const present = <T>(fields: Record<string, T | undefined>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );

/** The id of an event that its sender gave none: a hash of the fields that identify the event. */
export const hashOf = (...parts: readonly (string | number | undefined)[]): string =>
  createHash("sha256")
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest("hex");
