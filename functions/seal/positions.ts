/**
 * Where each fact stands in the log, as files by the hour of `recordedAt`. They are derived from the log's entries, and
 * can be rebuilt from them; no proof rests on them. The sealer skips facts that are listed there.
 */
import type { Fact } from "../../schemas/fact.ts";
import { fingerprint } from "../ledger/canonical.ts";
import type { LogStore } from "./log-store.ts";
import { readSeal } from "./seal-leaf.ts";

/** A sealed fact, and the index of its entry. */
export interface Sealed {
  readonly source: string;
  readonly id: string;
  readonly recordedAt: string;
  readonly index: number;
}

/** `2026-11-28T09` of a time. */
const hourOf = (time: string): string => time.slice(0, 13);

const pathOf = (hour: string): string => `positions/${hour}`;

/** By fingerprint. */
type Hour = ReadonlyMap<string, number>;

/** Lines of a fingerprint and an index. */
const readHour = (bytes: Buffer): Hour =>
  new Map(
    bytes
      .toString()
      .split("\n")
      .slice(0, -1)
      .map((line) => [line.slice(0, 32), Number(line.slice(33))]),
  );

const writeHour = (hour: Hour): Buffer =>
  Buffer.from([...hour].map(([print, index]) => `${print} ${index}\n`).join(""));

/** The facts of entries, the first of which has the index `start`. */
export const sealedIn = (entries: readonly Buffer[], start: number): Sealed[] =>
  entries.flatMap((entry, n) => {
    if (readSeal(entry) !== undefined) return [];
    const { source, id, recordedAt }: Fact = JSON.parse(entry.toString());
    return [{ source, id, recordedAt, index: start + n }];
  });

async function addToHour(log: LogStore, hour: string, sealed: readonly Sealed[]): Promise<void> {
  for (;;) {
    const stored = await log.get(pathOf(hour));
    const known = new Map(stored === undefined ? [] : readHour(stored.bytes));
    const missing = sealed.filter((one) => !known.has(fingerprint(one)));
    if (missing.length === 0) return;
    for (const one of missing) known.set(fingerprint(one), one.index);
    const bytes = writeHour(known);
    const outcome =
      stored === undefined
        ? await log.putIfAbsent(pathOf(hour), bytes)
        : await log.putIfMatch(pathOf(hour), bytes, stored.etag);
    if (outcome === "written") return;
    // Another sealer has added something, or the write was repeated by the client: read again.
  }
}

/** Adds sealed facts; those that are there stay as they are. */
export async function addPositions(log: LogStore, sealed: readonly Sealed[]): Promise<void> {
  const hours = new Map<string, Sealed[]>();
  for (const one of sealed) {
    const hour = hourOf(one.recordedAt);
    const some = hours.get(hour) ?? [];
    some.push(one);
    hours.set(hour, some);
  }
  for (const [hour, some] of hours) await addToHour(log, hour, some);
}

/** How many hours are kept of those that were read: facts are looked up in the order of their times. */
const HOURS_MAX = 24;

/** Looks facts up. It keeps hours that it has read, so use one for each run. */
export function positionsIn(log: LogStore): (fact: Omit<Sealed, "index">) => Promise<number | undefined> {
  const hours = new Map<string, Promise<Hour>>();
  const load = async (hour: string): Promise<Hour> => {
    const stored = await log.get(pathOf(hour));
    return stored === undefined ? new Map() : readHour(stored.bytes);
  };
  return async (fact) => {
    const hour = hourOf(fact.recordedAt);
    const reading = hours.get(hour) ?? load(hour);
    if (hours.size >= HOURS_MAX) hours.clear();
    hours.set(hour, reading);
    return (await reading).get(fingerprint(fact));
  };
}
