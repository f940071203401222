/**
 * The store with the present names of services and environments: a read of a present name includes what was recorded
 * under former ones, and the facts have present names.
 */
import { isAboutAnother } from "../../../schemas/fact.ts";
import { order } from "../canonical.ts";
import { all } from "../fact-reader.ts";
import { memoised, type Reads } from "../loader.ts";
import type { Directory, Entry, Page, Partition, Range } from "../store.ts";
import { pageOfNames } from "./name-pages.ts";
import { isNothingRenamed, type NameRenames, nameRenamesIn, underPresentNames } from "./name-renames.ts";
import { isRenamed, namesUnder } from "./renamed-directories.ts";
import { isOf, placeOf, underEachName } from "./renamed-places.ts";

export interface RenamedReads extends Reads {
  /** The renames that are known. */
  readonly renames: () => Promise<NameRenames>;
}

/** A partition that is read page by page: entries that were read, and where the rest begins. */
interface Stream {
  readonly partition: Partition;
  readonly read: readonly Entry[];
  readonly rest: { readonly cursor?: string } | undefined;
}

/** Reads on until there is an entry, or the end. */
async function filled(
  load: (partition: Partition, from: { readonly cursor?: string }) => Promise<Page<Entry>>,
  stream: Stream,
): Promise<Stream> {
  let { read, rest } = stream;
  while (read.length === 0 && rest !== undefined) {
    const { entries, cursor }: Page<Entry> = await load(stream.partition, rest);
    read = entries;
    rest = cursor === undefined ? undefined : { cursor };
  }
  return { ...stream, read, rest };
}

/** The stream with the next entry. What is about another fact, as a retraction is, goes with its target: before what other streams have. */
function nextCursor(streams: readonly Stream[], descending: boolean): number {
  let next = -1;
  let best = "";
  for (const [n, { read }] of streams.entries()) {
    const [entry] = read;
    if (entry === undefined) continue;
    if (isAboutAnother(entry.fact)) return n;
    const key = order(entry.fact);
    if (next !== -1 && key < best !== !descending) continue;
    next = n;
    best = key;
  }
  return next;
}

/** Takes entries of several streams in one order, up to a limit. */
async function merged(
  start: readonly Stream[],
  { limit, descending = false }: Range,
  load: (partition: Partition, from: { readonly cursor?: string }) => Promise<Page<Entry>>,
): Promise<{ readonly entries: Entry[]; readonly streams: readonly Stream[] }> {
  let streams = start;
  const entries: Entry[] = [];
  while (entries.length < limit) {
    streams = await Promise.all(streams.map((one) => (one.read.length > 0 ? one : filled(load, one))));
    const next = nextCursor(streams, descending);
    const [entry] = streams[next]?.read ?? [];
    if (entry === undefined) break;
    entries.push(entry);
    streams = streams.map((one, n) => (n === next ? { ...one, read: one.read.slice(1) } : one));
  }
  return { entries, streams };
}

/** The store as known at a moment, by the names that its services and environments have by then. */
export function renamedReads(store: Reads, knownAt: string): RenamedReads {
  const query: Reads["query"] = memoised((partition, range) => store.query(partition, range));
  /** Once it is known that nothing was ever renamed, readings go straight to the store. */
  let isPlain = false;
  const renames = memoised(async () => {
    const known = nameRenamesIn(await all({ store: { ...store, query }, knownAt }, { of: "renamed" }));
    isPlain = isNothingRenamed(known);
    return known;
  });
  const continued = new Map<string, readonly Stream[]>();

  async function queryEach(
    known: NameRenames,
    partition: Partition,
    partitions: readonly Partition[],
    range: Range,
  ) {
    const place = placeOf(known, partition);
    const { cursor, ...bare } = range;
    const load = async (one: Partition, from: { readonly cursor?: string }): Promise<Page<Entry>> => {
      const page = await store.query(one, { ...bare, ...from });
      const entries = page.entries
        .map((entry) => ({ ...entry, fact: underPresentNames(known, entry.fact) }))
        .filter(({ fact }) => isOf(place, fact));
      return { ...page, entries };
    };
    const start = partitions.map((one) => ({ partition: one, read: [], rest: {} }));
    const streams = cursor === undefined ? start : (continued.get(cursor) ?? []);
    const page = await merged(streams, range, load);
    if (page.streams.every(({ read, rest }) => read.length === 0 && rest === undefined))
      return { entries: page.entries };
    const next = `merged ${continued.size}`;
    continued.set(next, page.streams);
    return { entries: page.entries, cursor: next };
  }

  async function queryByNames(partition: Partition, range: Range): Promise<Page<Entry>> {
    // Nearly nothing was ever renamed, so the renames are read in parallel with what is asked for.
    const isOwn = range.cursor !== undefined && continued.has(range.cursor);
    const [known, page] = await Promise.all([
      renames(),
      isOwn ? { entries: [] } : store.query(partition, range),
    ]);
    if (isNothingRenamed(known)) return page;
    const partitions = underEachName(known, partition);
    if (partitions.length > 1) return queryEach(known, partition, partitions, range);
    const entries = page.entries.map((entry) => ({ ...entry, fact: underPresentNames(known, entry.fact) }));
    return { ...page, entries };
  }

  const gathered = memoised(async (asked: Directory) => namesUnder(store, await renames(), asked));

  return {
    ...store,
    renames,
    get: async (identities) => {
      const [known, facts] = await Promise.all([renames(), store.get(identities)]);
      return facts.map((fact) => underPresentNames(known, fact));
    },
    queryRecorded: async (partition, range) => {
      const [known, page] = await Promise.all([renames(), store.queryRecorded(partition, range)]);
      return { ...page, entries: page.entries.map((fact) => underPresentNames(known, fact)) };
    },
    query: (partition, range) => {
      if (partition.of === "renamed") return query(partition, range);
      return isPlain ? store.query(partition, range) : queryByNames(partition, range);
    },
    names: async (directory, range) => {
      const [known, page] = await Promise.all([renames(), store.names(directory, range)]);
      return isRenamed(known, directory) ? pageOfNames(await gathered(directory), range) : page;
    },
  };
}
