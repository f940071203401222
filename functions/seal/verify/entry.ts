/** Classifies one entry of the log: a seal, a fact, or neither. */
import { isUtf8 } from "node:buffer";
import { canonical } from "../../../schemas/canonical.ts";
import { readSeal, type SealLeaf } from "../seal-leaf.ts";
import type { FactName } from "./findings.ts";

export type Entry =
  | { readonly is: "seal"; readonly seal: SealLeaf }
  | { readonly is: "fact"; readonly name: FactName; readonly recordedAtMs: number }
  | { readonly is: "fault"; readonly why: string };

const fault = (why: string): Entry => ({ is: "fault", why });

export function readEntry(entry: Buffer): Entry {
  const seal = readSeal(entry);
  if (seal !== undefined) return { is: "seal", seal };
  if (!isUtf8(entry)) return fault("is not UTF-8");
  const text = entry.toString();
  const value = parsed(text);
  if (!isObject(value)) return fault("is no JSON object");
  if (!isCanonical(value, text)) return fault("is not in canonical form");
  const { kind, source, id, recordedAt } = value;
  if (typeof kind !== "string" || !isText(source) || !isText(id))
    return fault("is no fact: it has no kind, source or id");
  if (kind === "seal") return fault("is no seal: its fields are not those of a seal");
  const recordedAtMs = msOf(recordedAt);
  if (recordedAtMs === undefined) return fault("is no fact: it has no recordedAt with milliseconds, in UTC");
  return { is: "fact", name: { source, id }, recordedAtMs };
}

/** The source and id of an entry that may be altered; undefined where they cannot be read. */
export function nameOf(entry: Buffer): FactName | undefined {
  const value = parsed(entry.toString());
  return isObject(value) && isText(value.source) && isText(value.id)
    ? { source: value.source, id: value.id }
    : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** The milliseconds of a time as the ledger writes it. */
function msOf(time: unknown): number | undefined {
  if (typeof time !== "string") return undefined;
  const date = new Date(time);
  return !Number.isNaN(date.getTime()) && date.toISOString() === time ? date.getTime() : undefined;
}

/**
 * Whether this is the value's text by RFC 8785. JSON.stringify writes numbers and strings as the RFC does, which asks
 * for sorted keys besides, and for no lone surrogate. That is a fifth of the work of writing the canonical text.
 */
function isCanonical(value: unknown, text: string): boolean {
  try {
    if (JSON.stringify(value) === text && !text.includes("\\ud") && isSorted(value)) return true;
    return canonical(value) === text;
  } catch {
    return false;
  }
}

/** Whether the keys of all objects are in the order of their UTF-16 units. */
function isSorted(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isSorted);
  if (!isObject(value)) return true;
  let before: string | undefined;
  for (const key in value) {
    if (before !== undefined && before >= key) return false;
    if (!isSorted(value[key])) return false;
    before = key;
  }
  return true;
}
