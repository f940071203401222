/**
 * Payloads as they come from outside: bounded before they are looked at, read by loose schemas (a vendor adds
 * fields as it likes), and turned into outcomes that say what was wrong where.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import type { Mapped, Said } from "../../schemas/mapped.ts";
import { faultsOf, login, url } from "../../schemas/scalars.ts";

/** Hashing and printing walk a value recursively, so a deeper one could exhaust the stack. */
export const MAX_DEPTH = 32;
/** One delivery holds at most this many events: each costs at least one request to the store. */
export const MAX_EVENTS = 500;

export type Json =
  | { readonly is: "json"; readonly value: unknown }
  | { readonly is: "fault"; readonly reason: string };

/** JSON that is safe to walk; or why it is none. */
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
 * Why a value is not safe to walk: it is too deep, or an object in it cannot be turned into a text or number, which
 * whatever compares it may try (zod does, with a `length` that is no number). Looks level by level, without recursion:
 * the stack must not decide.
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
/** A push by tag, whose digest the registry is asked for. */
export const saidByTag = (statement: Said, raw: unknown): Mapped => ({
  ...said(statement, raw),
  lookUp: true,
});
export const ignored = (reason: string, raw: unknown): Mapped => ({ is: "ignored", reason, raw });
export const rejected = (reason: string, raw: unknown): Mapped => ({ is: "rejected", reason, raw });
/** What this sender may never say, however it is put. */
export const forbidden = (reason: string, raw: unknown): Mapped => ({
  is: "rejected",
  reason,
  raw,
  forbidden: true,
});

/** Maps a payload of a known shape; another shape is rejected, with the path of what is wrong. */
export function mapping<T>(schema: z.ZodType<T>, payload: unknown, map: (it: T) => Mapped[]): Mapped[] {
  const parsed = schema.safeParse(payload);
  return parsed.success ? map(parsed.data) : [rejected(faultsOf(parsed.error), payload)];
}

/** A sender's own word inside a reason: quoted, and cut to a length that fits a log. */
export const quoted = (word: string): string =>
  JSON.stringify(word.length > 64 ? `${word.slice(0, 64)}…` : word);

/** A text that vendors leave out, set to null or leave empty when they have none. */
export const maybeText = z
  .string()
  .nullish()
  .transform((value) => (value === null || value === "" ? undefined : value));

/** Links are an ornament: the first usable one, and never a reason to refuse a fact. */
export const firstLink = (...candidates: readonly (string | undefined)[]): string | undefined =>
  candidates.find((candidate) => url.safeParse(candidate).success);

/**
 * A login, no more: no name and no mail address of a person gets into a fact. Whoever is called what only the ledger may
 * say is left out as well, for no event is refused on account of a name.
 */
export const loginOnly = (given: string | undefined): string | undefined =>
  given !== undefined && (/[\s@]/.test(given) || !login.safeParse(given).success) ? undefined : given;

/** When it happened: the first time given, or, where there is none, the receipt's, which is then said. */
export function timeOr(receivedAt: string, ...candidates: readonly (string | undefined)[]) {
  const occurredAt = candidates.find((candidate) => candidate !== undefined && !isZeroTime(candidate));
  return occurredAt === undefined ? { occurredAt: receivedAt, timeFrom: "receipt" as const } : { occurredAt };
}
/** Go's zero time, which is how services written in Go (and GitHub's registry) say that they have none. */
const isZeroTime = (value: string): boolean => value.startsWith("0001-01-01");

/** The fields that have a value: facts have no place for one that is there and undefined. */
export const present = <T>(fields: Record<string, T | undefined>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );

/** What names an event that its sender gave no id: a hash of what makes it this event and no other. */
export const hashOf = (...parts: readonly (string | number | undefined)[]): string =>
  createHash("sha256")
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest("hex");
