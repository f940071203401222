/**
 * Copies one ledger into another, through the store's port: the bytes and `recordedAt` of every fact, the hashes beside
 * them, the names of the directories and the people. Entries of the indexes are computed again, so that facts recorded
 * under older keys get the present ones.
 *
 * An interrupted copy resumes where it stopped. That the target is such a copy is not noted anywhere: every fact
 * in it has to be in the source, byte for byte, before anything is written.
 */
import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { type Fact, isAboutAnother } from "../../../schemas/fact.ts";
import { accessPatternsOf } from "../access-patterns.ts";
import { fingerprint } from "../canonical.ts";
import { mapLimit } from "../map-limit.ts";
import type { People, PersonRecord, PersonRecords } from "../people/people.ts";
import { type IndexEntry, type IndexedFact, type Name, type Store, StoreError } from "../store.ts";
import { exportFacts } from "./export.ts";

/** One ledger of a copy. */
export interface Side {
  /** As a person named it. */
  readonly name: string;
  readonly store: Store;
  readonly people: People & PersonRecords;
  /** How long what was written may be missing in what is read. */
  readonly lagMs: number;
}

export interface Copied {
  readonly facts: number;
  /** Of them, those that this run wrote. */
  readonly written: number;
  readonly people: number;
  /** SHA-256 over the facts and the hashes beside them, in the order of an export; the same on both sides. */
  readonly sha256: string;
}

/** What a copy is at, and how many facts it has done of it. */
export type Progress = (phase: "comparing" | "copying" | "verifying", facts: number) => void;

/** The target is not a copy of the source; the message says what to do. */
export class CannotCopy extends Error {}

const BATCH = 200;
const AT_ONCE = 64;
const ATTEMPTS = 8;
const BEGINNING = "1970-01-01T00:00:00.000Z";

/** A fact's canonical bytes: the store gives it with its fields in their order. */
const bytesOf = (fact: Fact): string => JSON.stringify(fact);

async function* factsOf({ store }: Side, from: string, to: string): AsyncGenerator<Fact> {
  for await (const facts of exportFacts(store, { from, to })) yield* facts;
}

/** Repeats the work while the store is overloaded: tables need a while to scale up. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isTemporary = error instanceof StoreError && ["throttled", "unavailable"].includes(error.code);
      if (!isTemporary || attempt === ATTEMPTS) throw error;
      await setTimeout(2 ** attempt * 50 * Math.random());
    }
  }
}

/** Whether the target's fact comes before the source's in an export, or the source has no more. */
const isBefore = (target: Fact, source: Fact | undefined): boolean =>
  source === undefined ||
  target.recordedAt < source.recordedAt ||
  (target.recordedAt === source.recordedAt && fingerprint(target) < fingerprint(source));

/**
 * Compares what is in the target with the source.
 * @returns the first fact of the source that the target lacks; undefined where it lacks none
 * @throws CannotCopy where the target has another fact than the source
 */
async function firstMissing(
  from: Side,
  to: Side,
  until: string,
  progress: Progress,
): Promise<Fact | undefined> {
  const source = factsOf(from, BEGINNING, until);
  let missing: Fact | undefined;
  let [compared, next] = [0, await source.next()];
  for await (const fact of factsOf(to, BEGINNING, until)) {
    while (next.done !== true && !isBefore(fact, next.value) && bytesOf(fact) !== bytesOf(next.value)) {
      missing ??= next.value;
      next = await source.next();
    }
    if (next.done === true || bytesOf(fact) !== bytesOf(next.value)) {
      const other = `${to.name} has a fact that ${from.name} does not have (${fact.source} ${fact.id})`;
      throw new CannotCopy(`${other}; copy into an empty ledger, or go on with a copy of this one`);
    }
    next = await source.next();
    progress("comparing", ++compared);
  }
  return missing ?? (next.done === true ? undefined : next.value);
}

/** A name as the source has it; one that it does not have, because its keys are older, as the fact gives it. */
async function nameIn({ store }: Side, { directory, name }: IndexEntry & { is: "name" }): Promise<Name> {
  const { entries } = await store.names(directory, { from: name.name, to: name.name, limit: 1 });
  const [found] = entries;
  return found?.name === name.name ? found : name;
}

async function derive(from: Side, to: Side, entry: IndexEntry): Promise<void> {
  await to.store.derive(entry.is === "name" ? { ...entry, name: await nameIn(from, entry) } : entry);
}

interface Prepared {
  readonly posted: IndexedFact;
  readonly derived: readonly IndexEntry[];
}

async function prepared({ store }: Side, fact: Fact): Promise<Prepared> {
  const [target] = isAboutAnother(fact) ? await store.get([fact.target]) : [];
  const rawHash = await store.rawHashOf(fact);
  const { posted, derived } = accessPatternsOf(fact, target);
  return { posted: { ...posted, ...(rawHash === undefined ? {} : { rawHash }) }, derived };
}

/** Names that are in the target; forgets them all where they are many, which costs repeated writes alone. */
function seenNames(max = 20_000): (derived: IndexEntry & { is: "name" }) => boolean {
  const seen = new Set<string>();
  return ({ directory, name }) => {
    const key = JSON.stringify([directory, name.name]);
    if (seen.has(key)) return true;
    if (seen.size >= max) seen.clear();
    seen.add(key);
    return false;
  };
}

/** Puts one fact. Returns false where it was there before; throws CannotCopy where another one is. */
async function put(to: Side, posted: IndexedFact): Promise<boolean> {
  if ((await patiently(() => to.store.put(posted))) === "written") return true;
  const { fact, rawHash } = posted;
  const [stored] = await to.store.get([fact]);
  const isSame = stored !== undefined && bytesOf(stored) === bytesOf(fact);
  if (isSame && (await to.store.rawHashOf(fact)) === rawHash) return false;
  throw new CannotCopy(`${to.name} has another fact under source ${fact.source} and id ${fact.id}`);
}

/** Writes facts, first what has to be there before them. Returns how many were not there. */
async function write(
  from: Side,
  to: Side,
  facts: readonly Fact[],
  isSeen: ReturnType<typeof seenNames>,
): Promise<number> {
  const all = await mapLimit(AT_ONCE, facts, (fact) => patiently(() => prepared(from, fact)));
  const derived = all.flatMap((one) => one.derived).filter((one) => one.is === "pointer" || !isSeen(one));
  await mapLimit(AT_ONCE, derived, (one) => patiently(() => derive(from, to, one)));
  const written = await mapLimit(AT_ONCE, all, ({ posted }) => put(to, posted));
  return written.filter(Boolean).length;
}

async function copyFacts(
  from: Side,
  to: Side,
  first: Fact,
  until: string,
  progress: Progress,
): Promise<number> {
  const isSeen = seenNames();
  let [batch, written]: [Fact[], number] = [[], 0];
  for await (const fact of factsOf(from, first.recordedAt, until)) {
    batch.push(fact);
    if (batch.length < BATCH) continue;
    written += await write(from, to, batch, isSeen);
    progress("copying", written);
    batch = [];
  }
  return written + (await write(from, to, batch, isSeen));
}

async function* recordsOf({ people }: Side): AsyncGenerator<PersonRecord> {
  for await (const records of people.all()) yield* records;
}

/** Copies the people. Whom the source has erased since an earlier run is erased in the target. */
async function copyPeople(from: Side, to: Side): Promise<number> {
  const known = new Set<string>();
  for await (const { commitment } of recordsOf(from)) known.add(commitment);
  const erased: string[] = [];
  for await (const { commitment } of recordsOf(to)) if (!known.has(commitment)) erased.push(commitment);
  if (erased.length > 0) await to.people.erase(erased);
  for await (const records of from.people.all()) {
    await mapLimit(AT_ONCE, records, (record) => patiently(() => to.people.put(record)));
  }
  return known.size;
}

interface Digest {
  readonly facts: number;
  readonly sha256: string;
}

async function digestOf(side: Side, until: string, progress: Progress): Promise<Digest> {
  const hash = createHash("sha256");
  let facts = 0;
  for await (const some of exportFacts(side.store, { from: BEGINNING, to: until })) {
    const raw = await mapLimit(AT_ONCE, some, (fact) => patiently(() => side.store.rawHashOf(fact)));
    for (const [n, fact] of some.entries()) hash.update(`${bytesOf(fact)}\n${raw[n] ?? ""}\n`);
    facts += some.length;
    progress("verifying", facts);
  }
  return { facts, sha256: hash.digest("hex") };
}

/** Reads both sides again. What an index does not show yet is waited for. */
async function verify(from: Side, to: Side, until: string, progress: Progress): Promise<Digest> {
  const expected = await digestOf(from, until, progress);
  for (let waitedMs = 0; ; waitedMs += 5000) {
    const found = await digestOf(to, until, progress);
    if (found.sha256 === expected.sha256) return found;
    if (waitedMs >= to.lagMs) {
      const both = `${from.name} has ${expected.facts} facts and ${to.name} ${found.facts}`;
      throw new CannotCopy(
        `the copy is not the same: ${both}; was the source written meanwhile? Run it again`,
      );
    }
    await setTimeout(5000);
  }
}

/**
 * Copies all facts recorded until a time, and all people.
 * @param until an RFC 3339 time after which the source may still change
 * @throws CannotCopy, or a StoreError; the same call again goes on
 */
export async function copyLedger(from: Side, to: Side, until: string, progress: Progress): Promise<Copied> {
  const first = await firstMissing(from, to, until, progress);
  const people = await copyPeople(from, to);
  const written = first === undefined ? 0 : await copyFacts(from, to, first, until, progress);
  return { ...(await verify(from, to, until, progress)), written, people };
}
