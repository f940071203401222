/**
 * Schema changes on a timeline that no statement reports: at the snapshot that shows them, or at the time that its rows
 * give.
 */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { datedOrder, endOf, order } from "../../ledger/canonical.ts";
import type { KnownAt } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { allKnownNames } from "../../ledger/names/directories.ts";
import { type Comparing, comparing } from "../migrations/changes.ts";
import type { Change } from "../migrations/history.ts";
import type { Inferred } from "../migrations/own-times.ts";
import { factsAfter, factsUntil, snapshotsAfter } from "../migrations/versions.ts";
import type { Event } from "./entries.ts";

type Snapshot = FactOf<"migration.snapshot">;
const isSet = (fact: Event): fact is Snapshot => fact.kind === "migration.snapshot" && fact.mode === "set";

/* At the snapshot */

/** A comparison that starts with the facts before a sort key. It reads back only to the previous set. */
async function comparingFrom(
  knowledge: KnownAt,
  environment: string,
  database: string,
  before: string,
): Promise<Comparing> {
  const compare = comparing();
  const facts = await factsUntil(knowledge, environment, database, before, before);
  for (const fact of facts) compare(fact);
  return compare;
}

/** Compares consecutive sets of each database, starting with its first set among the events. */
export function comparisons(knowledge: KnownAt, environment: string) {
  const databases = new Map<string, { compare: Comparing; since: string }>();
  const changes = new Map<Fact, readonly Change[]>();
  return {
    /** @param facts what the events are chosen from: those of other services may report a change, too */
    async prepare(events: readonly Event[], facts: readonly Fact[]): Promise<void> {
      const unknown = new Map<string, Snapshot>();
      for (const fact of events.filter(isSet)) {
        const database = fold(fact.database);
        if (!databases.has(database) && !unknown.has(database)) unknown.set(database, fact);
      }
      await mapLimit(AT_ONCE, [...unknown], async ([database, fact]) => {
        const since = order(fact);
        const compare = await comparingFrom(knowledge, environment, database, since);
        databases.set(database, { compare, since });
      });
      for (const fact of facts) {
        const found = "database" in fact ? databases.get(fold(fact.database)) : undefined;
        if (found !== undefined && order(fact) >= found.since) changes.set(fact, found.compare(fact).changes);
      }
    },
    changesAt: (fact: Fact): readonly Change[] => changes.get(fact) ?? [],
  };
}

/* At the time that its rows give */

/** What a snapshot dates at one moment. */
export interface DatedEvent {
  readonly order: string;
  readonly snapshot: Snapshot;
  readonly inferred: readonly Inferred[];
}

/** The next facts of a timeline, with inclusive bounds: times or sort keys. */
interface Chunk {
  readonly facts: readonly Fact[];
  readonly low: string;
  readonly high: string;
}

function datedBy(facts: readonly Fact[], { low, high }: Chunk): DatedEvent[] {
  const compare = comparing();
  return facts.flatMap((snapshot) => {
    const { inferred } = compare(snapshot);
    if (snapshot.kind !== "migration.snapshot") return [];
    const times = [...new Set(inferred.map(({ occurredAt }) => occurredAt))];
    return times
      .map((time) => ({
        order: datedOrder(time, snapshot),
        snapshot,
        inferred: inferred.filter(({ occurredAt }) => occurredAt === time),
      }))
      .filter((event) => event.order >= low && event.order <= endOf(high));
  });
}

/**
 * What snapshots date, chunk by chunk: those in the chunk and before it, and the next one of each database. Environments
 * without such a database cost one request, others as `factsAt` for each of them and chunk.
 * @param databases (folded) undefined: all
 * @param start a time or a sort key: the facts up to it are before the first chunk
 */
export function datedEvents(
  knowledge: KnownAt,
  environment: string,
  databases: ReadonlySet<string> | undefined,
  start: string,
): (chunk: Chunk) => Promise<DatedEvent[]> {
  const known = new Map<string, readonly Fact[]>();

  async function eventsOf(database: string, chunk: Chunk): Promise<DatedEvent[]> {
    const [before, snapshots] = await Promise.all([
      known.get(database) ?? factsUntil(knowledge, environment, database, start),
      snapshotsAfter(knowledge, environment, database, chunk.high),
    ]);
    const own = chunk.facts.filter(
      (fact) => "database" in fact && fold(fact.database) === database && order(fact) > endOf(start),
    );
    const facts = [...before, ...own];
    known.set(database, facts);
    const after = await factsAfter(knowledge, environment, database, chunk.high, facts, snapshots);
    return datedBy([...facts, ...after], chunk);
  }

  return async (chunk) => {
    const dated = await allKnownNames(knowledge, { of: "dated", environment });
    const names = dated.map(({ name }) => name).filter((name) => databases?.has(name) ?? true);
    return (await mapLimit(AT_ONCE, names, (name) => eventsOf(name, chunk))).flat();
  };
}
