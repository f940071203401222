/**
 * Keys of the table of facts. No other file knows them; a change here needs a new table.
 *
 * An item is a fact, a name of a directory, or a pointer. Its primary key is `key`:
 *
 *     F#source#id                      a fact
 *     N#directory#name                 a name
 *     P#partition#occurredAt#statementHash#source#id
 *                                      a pointer: a key that a statement that was never recorded cannot share with
 *                                      a recorded one
 *
 * A fact's item also has `fact`, its canonical bytes, and, if it came from a vendor's event, `rawHash`, the hash of that
 * event. `rawHash` is in no index, so no question reads it.
 *
 * `%` and `#` in a part are percent-encoded, so that different lists of parts never give the same key. A part that is
 * longer than 512 bytes then stands as its SHA-256. So a key stays below DynamoDB's 2,048 bytes; an order stays below
 * 1,024 by the bounds of the schemas (names 255 bytes, which composing or lower-casing may triple).
 */
import type { Deployment, Fact } from "../../schemas/fact.ts";
import { dayOf, type Index, indexOf } from "../ledger/access-patterns.ts";
import { canonical, fingerprint, sha256 } from "../ledger/canonical.ts";
import {
  type Directory,
  type Identity,
  type IndexEntry,
  type IndexedFact,
  type Partition,
  type RecordedPartition,
  type Run,
  SHARDS,
} from "../ledger/store.ts";

/**
 * The table's indexes: partition key, sort key, and the attributes copied into them. Every index except `source`, which
 * is only counted, holds the facts, so that one read answers a question; `subject` also holds the directories' names.
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
 * The table of people, separate from the facts: one item for each person, put once and erased whole. Its key is issuer
 * and folded login (see `personKey`), so that a person has one commitment. The index finds the login by commitment, and
 * does not hold the salt.
 */
export const PEOPLE = {
  key: "person",
  index: { name: "commitment", partition: "commitment", include: ["login"] },
} as const;

/** The table of messages that were sent to chats; `ends` is the time, in seconds, at which DynamoDB may remove an item. */
export const SENT = { key: "message", ends: "ends" } as const;

const PART_MAX = 512;

/** No encoded part begins like a hash: in one, `%` is always followed by 25 or 23. */
function part(value: string): string {
  const encoded = value.replaceAll(/[%#]/g, (found) => (found === "%" ? "%25" : "%23"));
  // No text has more than three bytes for each of its units.
  return encoded.length * 3 <= PART_MAX || Buffer.byteLength(encoded) <= PART_MAX
    ? encoded
    : `%sha256:${sha256(encoded)}`;
}
const join = (...parts: readonly string[]): string => parts.map(part).join("#");

const deploymentParts = ({ provider, instance, id }: Deployment): [string, string, string] => [
  provider,
  instance,
  id,
];

/** SHA-256 in hex. */
const runKey = ({ deployment, environment, service }: Run): string =>
  sha256(canonical([deployment, environment, service ?? null]));

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
    case "snapshot":
      return join("SNAPSHOT", partition.environment, partition.database);
    case "tag":
      return join("TAG", partition.repository, partition.tag);
    case "renamed":
      return "RENAMED";
    case "service":
      return join("SERVICE", partition.service);
    case "mark":
      return join("MARK", partition.digest);
    case "task":
      return join("TASK", runKey(partition.run), partition.component, partition.digest);
    case "tasks":
      return join("TASKS", partition.environment, partition.service);
    case "timeline":
      return join(partition.environment, partition.month);
    case "deployment":
      return join(...deploymentParts(partition.deployment));
    case "digest":
      return join(partition.digest, partition.aspect);
    case "commit":
      return join(partition.prefix, partition.aspect);
    case "change":
      return join("CHANGE", partition.repository, String(partition.number));
    case "tagged":
      return "repository" in partition
        ? join("TAGGED", "repository", partition.repository, partition.tag)
        : join("TAGGED", "service", partition.service, partition.tag);
  }
}

function directoryKey(directory: Directory): string {
  switch (directory.of) {
    case "environments":
    case "recorded":
    case "sources":
    case "catalog":
    case "repositories":
    case "frozen":
      return directory.of;
    case "places":
      return join(directory.of, directory.service);
    case "services":
    case "months":
    case "dated":
      return join(directory.of, directory.environment);
    case "service":
      return join(directory.of, directory.environment, directory.service);
    case "group":
      return join(directory.of, directory.group);
    case "described":
      return join(directory.of, directory.repository);
    case "tasks":
      return join(directory.of, runKey(directory.run));
    case "days":
      return join(directory.of, directory.source);
  }
}

/** A partition's index and the value of its partition key. */
export const placeOf = (partition: Partition): { index: Index; key: string } => ({
  index: indexOf(partition),
  key: partitionKey(partition),
});

/** A directory's index and partition key; its names are the sort keys. */
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

/** A partition, a directory or a partition by `recordedAt` as one text, for a store with a single index. */
export const partOf = (partition: Partition): string => textOf(placeOf(partition));
export const partOfDirectory = (directory: Directory): string => directoryKey(directory);
export const partOfRecorded = (partition: RecordedPartition): string => textOf(placeOfRecorded(partition));
const textOf = ({ index, key }: { index: string; key: string }): string => `${index} ${key}`;

/** The order in which the ledger recorded facts. */
export const recordedOrder = (fact: Fact): string => `${fact.recordedAt}#${fingerprint(fact)}`;

export const shardOf = (fact: Identity): number =>
  Number.parseInt(fingerprint(fact).slice(0, 4), 16) % SHARDS;

export const recordedPartitions = (fact: Fact): RecordedPartition[] => [
  recordedIn(fact),
  { of: "source", source: fact.source, day: dayOf(fact.recordedAt) },
];

/** What the keys of all facts begin with. */
export const FACT_KEYS = "F#";

export const factKey = ({ source, id }: Identity): string => `${FACT_KEYS}${join(source, id)}`;

const recordedIn = (fact: Fact): RecordedPartition => ({
  of: "recorded",
  day: dayOf(fact.recordedAt),
  shard: shardOf(fact),
});

/** The entry by which reading by the time of recording shows a fact, in a store with a single index. */
export const listingOf = (fact: Fact): { part: string; order: string } => ({
  part: partOfRecorded(recordedIn(fact)),
  order: recordedOrder(fact),
});

/** Whether the keys of an item are those by which the fact is found, and by which its time of recording shows it. */
export const isListedBy = (keys: Readonly<Record<string, string | undefined>>, fact: Fact): boolean =>
  keys.key === factKey(fact) &&
  keys.recorded === placeOfRecorded(recordedIn(fact)).key &&
  keys.recordedOrder === recordedOrder(fact);

/** The partitions of a fact's own item, each with the fact's order there. */
export const entriesOf = ({ fact, order, partitions }: IndexedFact): [part: string, order: string][] => [
  ...partitions.map((partition): [string, string] => [partOf(partition), order]),
  ...recordedPartitions(fact).map((partition): [string, string] => [
    partOfRecorded(partition),
    recordedOrder(fact),
  ]),
];

/** The key of the copy that all pointers of one attempt share, in a store that keeps entries apart from items. */
export const pointerKey = ({ occurredAt, statementHash, source, id }: Fact): string =>
  `P#${join(occurredAt, statementHash, source, id)}`;

/** The attributes of a fact's item except the fact itself: its key, and its keys in the indexes. */
export function factKeys({ fact, order, partitions }: IndexedFact): Record<string, string> {
  const places = [...partitions.map(placeOf), ...recordedPartitions(fact).map(placeOfRecorded)];
  return {
    key: factKey(fact),
    order,
    recordedOrder: recordedOrder(fact),
    ...Object.fromEntries(places.map(({ index, key }) => [index, key])),
  };
}

/** The key attributes of a name or a pointer, without its content. */
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
