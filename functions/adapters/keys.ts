/**
 * Keys of the one table. No other file knows them; a change here is a new table.
 *
 * An item is a fact, or stands beside the facts (a name of a directory, a pointer). Its primary key is `key`:
 *
 *     F#source#id                      a fact
 *     N#directory#name                 a name
 *     P#partition#occurredAt#statementHash#source#id
 *                                      a pointer: what was never recorded must not take the place of what was
 *
 * Beside its keys a fact's item has `fact`, its canonical bytes, and `rawHash`, the hash of the vendor's event where it
 * came from one: in no index, so that no question reads it.
 *
 * Every part is percent-encoded where it holds `%` or `#`, so that no two lists of parts make one key. With the
 * bounds of the schemas (source 512 bytes, id 256, names 128) a key stays below DynamoDB's 2,048 bytes, and an
 * order below 1,024.
 */
import type { Deployment, Fact } from "../../schemas/fact.ts";
import { dayOf, type Index, indexOf } from "../ledger/access-patterns.ts";
import { fingerprint } from "../ledger/canonical.ts";
import {
  type Directory,
  type Identity,
  type IndexEntry,
  type IndexedFact,
  type Partition,
  type RecordedPartition,
  SHARDS,
} from "../ledger/store.ts";

/**
 * The table's indexes: partition key, sort key, and what they carry beside the keys. Facts are copied into all
 * but `source`, which only counts, so that one read answers; `subject` also carries the directories' names.
 */
export const INDEXES: readonly {
  name: string;
  partition: string;
  order: string;
  include: readonly string[];
}[] = [
  { name: "subject", partition: "subject", order: "order", include: ["fact", "shown", "recordedAt"] },
  { name: "environment", partition: "environment", order: "order", include: ["fact"] },
  { name: "deployment", partition: "deployment", order: "order", include: ["fact"] },
  { name: "digest", partition: "digest", order: "order", include: ["fact"] },
  { name: "commit", partition: "commit", order: "order", include: ["fact"] },
  { name: "recorded", partition: "recorded", order: "recordedOrder", include: ["fact"] },
  { name: "source", partition: "source", order: "recordedOrder", include: [] },
];

/**
 * The table of people, apart from the facts': an item for each person, put once and erased whole. Its key is issuer and
 * folded login (see `personKey`), so that a person has one commitment; an index finds it by that, without the salt.
 */
export const PEOPLE = {
  key: "person",
  index: { name: "commitment", partition: "commitment", include: ["login"] },
} as const;

const part = (value: string): string => value.replaceAll(/[%#]/g, (found) => (found === "%" ? "%25" : "%23"));
const join = (...parts: readonly string[]): string => parts.map(part).join("#");

const deploymentParts = ({ provider, instance, id }: Deployment): [string, string, string] => [
  provider,
  instance,
  id,
];

function partitionKey(partition: Partition): string {
  switch (partition.of) {
    case "run":
    case "freeze":
      return join(
        partition.of.toUpperCase(),
        ...[partition.environment, partition.service].filter((one) => one !== undefined),
      );
    case "part":
      return join("PART", partition.environment, partition.service, partition.components);
    case "observed":
      return join("OBSERVED", partition.environment, partition.service);
    case "attempt":
      return join("ATTEMPT", partition.environment, partition.service);
    case "schema":
      return join("SCHEMA", partition.environment, partition.database);
    case "tag":
      return join("TAG", partition.repository, partition.tag);
    case "renamed":
      return "RENAMED";
    case "service":
      return join("SERVICE", partition.service);
    case "mark":
      return join("MARK", partition.digest);
    case "task":
      return join("TASK", partition.run, partition.component, partition.digest);
    case "timeline":
      return join(partition.environment, partition.month);
    case "deployment":
      return join(...deploymentParts(partition.deployment));
    case "digest":
      return join(partition.digest, partition.aspect);
    case "commit":
      return join(partition.prefix, partition.aspect);
  }
}

function directoryKey(directory: Directory): string {
  switch (directory.of) {
    case "environments":
    case "recorded":
    case "sources":
      return directory.of;
    case "services":
    case "months":
      return join(directory.of, directory.environment);
    case "service":
      return join(directory.of, directory.environment, directory.service);
    case "group":
      return join(directory.of, directory.group);
    case "tasks":
      return join(directory.of, directory.run);
    case "days":
      return join(directory.of, directory.source);
  }
}

/** Where a partition is: an index and the value of its partition key. */
export const placeOf = (partition: Partition): { index: Index; key: string } => ({
  index: indexOf(partition),
  key: partitionKey(partition),
});

/** Where a directory is; its names are the orders there. */
export const placeOfDirectory = (directory: Directory): { index: Index; key: string } => ({
  index: "subject",
  key: `NAMES#${directoryKey(directory)}`,
});

export const placeOfRecorded = (
  partition: RecordedPartition,
): { index: "recorded" | "source"; key: string } =>
  partition.of === "recorded"
    ? { index: "recorded", key: join(partition.day, String(partition.shard)) }
    : { index: "source", key: join(partition.source, partition.day) };

/** A partition, a directory or a partition by `recordedAt` as one text, for a store that has one index alone. */
export const partOf = (partition: Partition): string => textOf(placeOf(partition));
export const partOfDirectory = (directory: Directory): string => directoryKey(directory);
export const partOfRecorded = (partition: RecordedPartition): string => textOf(placeOfRecorded(partition));
const textOf = ({ index, key }: { index: string; key: string }): string => `${index} ${key}`;

/** Facts in the order in which the ledger took them. */
export const recordedOrder = (fact: Fact): string => `${fact.recordedAt}#${fingerprint(fact)}`;

export const shardOf = (fact: Identity): number =>
  Number.parseInt(fingerprint(fact).slice(0, 4), 16) % SHARDS;

export const recordedPartitions = (fact: Fact): RecordedPartition[] => [
  { of: "recorded", day: dayOf(fact.recordedAt), shard: shardOf(fact) },
  { of: "source", source: fact.source, day: dayOf(fact.recordedAt) },
];

export const factKey = ({ source, id }: Identity): string => `F#${join(source, id)}`;

/** Where a fact stands itself: each of its partitions, with its order there. */
export const entriesOf = ({ fact, order, partitions }: IndexedFact): [part: string, order: string][] => [
  ...partitions.map((partition): [string, string] => [partOf(partition), order]),
  ...recordedPartitions(fact).map((partition): [string, string] => [
    partOfRecorded(partition),
    recordedOrder(fact),
  ]),
];

/** The key of the one copy that all pointers of a try share, in a store that keeps entries apart from items. */
export const pointerKey = ({ occurredAt, statementHash, source, id }: Fact): string =>
  `P#${join(occurredAt, statementHash, source, id)}`;

/** The attributes of a fact's item that are not the fact: its key and its places in the indexes. */
export function factKeys({ fact, order, partitions }: IndexedFact): Record<string, string> {
  const places = [...partitions.map(placeOf), ...recordedPartitions(fact).map(placeOfRecorded)];
  return {
    key: factKey(fact),
    order,
    recordedOrder: recordedOrder(fact),
    ...Object.fromEntries(places.map(({ index, key }) => [index, key])),
  };
}

/** The attributes of an item beside the facts, without its content. */
export function derivedKeys(derived: IndexEntry): Record<string, string> {
  if (derived.is === "name") {
    const { index, key } = placeOfDirectory(derived.directory);
    return { key: `N#${key}#${part(derived.name.name)}`, order: derived.name.name, [index]: key };
  }
  const { index, key } = placeOf(derived.partition);
  const { occurredAt, statementHash, source, id } = derived.fact;
  return {
    key: `P#${key}#${join(occurredAt, statementHash, source, id)}`,
    order: derived.order,
    [index]: key,
  };
}
