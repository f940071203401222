/**
 * What two consecutive sets of a database's migrations show that nobody said: most tools delete a migration's row
 * when they revert it. Heads derive nothing, for they do not say what lies below them.
 */
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { order } from "./canonical.ts";
import { assembling } from "./databases.ts";
import type { Change } from "./entries.ts";
import { history, type Knowledge } from "./read.ts";

type Snapshot = FactOf<"migration.snapshot">;

/** All parts of a set, as of the oldest of them. */
interface Complete {
  readonly rows: readonly Snapshot["versions"][number][];
  readonly at: string;
  readonly oldest: string;
}

/**
 * Puts the parts of sets together, oldest first. Of parts read twice the newest counts, so that a set is complete
 * with the same parts whether it is read from here on or, as `assembling` does, from there back.
 */
function assemblingUp(): (fact: Snapshot) => Complete | undefined {
  const sets = new Map<string, Map<number, Snapshot>>();
  return (fact) => {
    if (fact.mode !== "set") return undefined;
    const { n, of, set } = fact.part ?? { n: 1, of: 1, set: "" };
    const key = JSON.stringify([set, of]);
    const parts = (sets.get(key) ?? new Map<number, Snapshot>()).set(n, fact);
    sets.set(key, parts);
    if (parts.size < of) return undefined;
    const facts = [...parts].sort(([a], [b]) => a - b).map(([, one]) => one);
    const oldest = facts.map(order).sort()[0] ?? order(fact);
    const at = facts.map(({ occurredAt }) => occurredAt).sort()[0] ?? fact.occurredAt;
    return { rows: facts.flatMap(({ versions }) => versions), at, oldest };
  };
}

/** The last word about a version since a set. */
interface Word {
  readonly applied: boolean;
  readonly at: string;
}

function changesBetween(last: Complete, next: Complete, words: ReadonlyMap<string, Word>): Change[] {
  const before = new Set(last.rows.map(({ version }) => version));
  const after = new Map(next.rows.map((row) => [row.version, row]));
  const versions = new Set([...after.keys(), ...before, ...words.keys()]);
  return [...versions].flatMap((version): Change[] => {
    const word = words.get(version) ?? { applied: before.has(version), at: last.at };
    const row = after.get(version);
    // What was said while the parts of a set were read, the set may or may not show.
    if (word.at > next.at || word.applied === (row !== undefined)) return [];
    const when =
      row?.appliedAt === undefined
        ? { between: { after: word.at, before: next.at } }
        : { appliedAt: row.appliedAt };
    return [{ what: row === undefined ? "reverted" : "migrated", version, ...when }];
  });
}

export type Comparing = (fact: Fact) => Change[];

/** Takes the facts of one database in order; returns the changes with the fact that completes a set. */
export function comparing(): Comparing {
  const assemble = assemblingUp();
  let last: Complete | undefined;
  let words = new Map<string, Word>();
  return (fact) => {
    if (fact.kind === "migration.applied" || fact.kind === "migration.reverted") {
      words.set(fact.version, { applied: fact.kind === "migration.applied", at: fact.occurredAt });
    }
    const next = fact.kind === "migration.snapshot" ? assemble(fact) : undefined;
    if (next === undefined || (last !== undefined && next.oldest < last.oldest)) return [];
    const changes = last === undefined ? [] : changesBetween(last, next, words);
    words = new Map([...words].filter(([, { at }]) => at > next.at));
    last = next;
    return changes;
  };
}

/** As if all facts of a database before an order had been taken: reads back to the set before it, no further. */
export async function comparingFrom(
  knowledge: Knowledge,
  environment: string,
  database: string,
  before: string,
): Promise<Comparing> {
  const assemble = assembling();
  const facts: Fact[] = [];
  const partition = { of: "schema", environment, database } as const;
  for await (const fact of history(knowledge, partition, { to: before, descending: true })) {
    if (order(fact) >= before) continue;
    facts.push(fact);
    if (fact.kind === "migration.snapshot" && assemble(fact)?.mode === "set") break;
  }
  const compare = comparing();
  for (const fact of facts.reverse()) compare(fact);
  return compare;
}
