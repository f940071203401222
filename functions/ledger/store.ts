/**
 * The store's port: everything the ledger needs of a database, with what each method promises.
 * There is no update, no delete and no unconditional put, so that nobody can call one by mistake.
 */
import type { Deployment, Fact } from "../../schemas/fact.ts";

/** A fact's identity. */
export interface Identity {
  readonly source: string;
  readonly id: string;
}

/**
 * Facts that are read together, in one order. Names in it are folded (see `fold`), so that they compare
 * without case. Which fact stands in which partitions, `postings` says.
 */
export type Partition =
  /** What took effect for a whole service, or (without `service`) for everything in an environment. */
  | { of: "run"; environment: string; service?: string }
  /** What took effect for just this set of components; which sets there are, the service's directory says. */
  | { of: "part"; environment: string; service: string; components: string }
  | { of: "observed" | "attempt"; environment: string; service: string }
  | { of: "schema"; environment: string; database: string }
  | { of: "tag"; repository: string; tag: string }
  /** Every rename of a repository there is: they are few, and any of them may concern any image. */
  | { of: "renamed" }
  | { of: "service"; service: string }
  /** What was frozen and unfrozen of a service, or (without `service`) of a whole environment. */
  | { of: "freeze"; environment: string; service?: string }
  | { of: "mark"; digest: string }
  | { of: "timeline"; environment: string; month: string }
  | { of: "deployment"; deployment: Deployment }
  /** The tasks of one component of a deployment that ran one digest; see `Directory` for which digests. */
  | { of: "task"; run: string; component: string; digest: string }
  | { of: "digest"; digest: string; aspect: Aspect }
  | { of: "commit"; prefix: string; aspect: Aspect };

/** Facts of a day are spread over this many partitions: one of DynamoDB's takes 1,000 writes a second. */
export const SHARDS = 8;

/** Partitions by `recordedAt`: shards of a day, and a day of one source. */
export type RecordedPartition =
  | { of: "recorded"; day: string; shard: number }
  | { of: "source"; source: string; day: string };

/** What a fact says of a digest or commit; `image`: pushes, deletes, indexes and builds. */
export type Aspect = "image" | "deployed" | "task" | "evidence" | "migrated";

/** A list of names that only grows; a name stays, even if every fact that used it is retracted. */
export type Directory =
  | { of: "environments" }
  /** Days on which anything was recorded. */
  | { of: "recorded" }
  | { of: "services" | "months"; environment: string }
  /** Of one service in one environment: `part:…`, `cluster:…`, `database:…`, and `service`. */
  | { of: "service"; environment: string; service: string }
  | { of: "group"; group: string }
  /** Digest and component of every task seen for a run (see `runOf`), joined by a space. */
  | { of: "tasks"; run: string }
  | { of: "sources" }
  | { of: "days"; source: string };

/** A name in a directory: `name` is folded and unique, `shown` as it was first heard. */
export interface Name {
  readonly name: string;
  readonly shown: string;
  readonly recordedAt: string;
}

/** One reading of a partition. Bounds are inclusive prefixes of orders: a time, or a time and what follows it. */
export interface Range {
  readonly from?: string;
  readonly to?: string;
  readonly descending?: boolean;
  readonly limit: number;
  /** Where an earlier page ended. */
  readonly cursor?: string;
}

/** A fact as it stands in a partition. A retraction stands in each of its target's, right after it. */
export interface Entry {
  readonly fact: Fact;
  /**
   * The entry is a pointer, put before its fact: whether the fact was ever recorded is not known until `get`
   * says so.
   */
  readonly provisional: boolean;
}

export interface Page<T> {
  readonly entries: readonly T[];
  /** Absent when the range ends here. A page may be short, even empty, and still have one. */
  readonly cursor?: string;
}

/** An item beside the facts, immutable: a name of a directory, or a pointer from one more partition to a fact. */
export type IndexEntry =
  | { is: "name"; directory: Directory; name: Name }
  | { is: "pointer"; partition: Partition; order: string; fact: Fact };

/** A fact as it is kept, with the partitions that it stands in itself: at most one of each index. */
export interface IndexedFact {
  readonly fact: Fact;
  readonly order: string;
  readonly partitions: readonly Partition[];
  /** Of the vendor's event (see `rawHash`): kept beside the fact, in no index. */
  readonly rawHash?: string;
}

/** Facts that were recorded come back with their fields in canonical order: their JSON text is their canonical bytes. */
export interface Store {
  /**
   * Writes a fact if its identity is free: one conditional request, durable when it returns. `taken` tells
   * nothing of what is there: a retry inside the client reports its own applied write as taken, so compare.
   * A thrown error means *unknown*: it may have been written. Putting the same again is always safe.
   */
  put(posted: IndexedFact): Promise<"written" | "taken">;

  /** Writes an item beside the facts if it is absent: one conditional request. Present counts as done. */
  derive(derived: IndexEntry): Promise<void>;

  /** The facts of these identities that exist: strongly consistent, in no order, absent ones left out. */
  get(identities: readonly Identity[]): Promise<Fact[]>;

  /** The hash of the vendor's event that stands beside a fact; `undefined` where there is none, or no fact: strongly consistent. */
  rawHashOf(identity: Identity): Promise<string | undefined>;

  /** One page of a partition, by order: eventually consistent, so a fact of a moment ago may be missing. */
  query(partition: Partition, range: Range): Promise<Page<Entry>>;

  /**
   * One page of a partition by `recordedAt`. Retractions stand here as facts of their own. A source's costs a
   * second request: it is for looking at a few.
   */
  queryRecorded(partition: RecordedPartition, range: Range): Promise<Page<Fact>>;

  /** About how many facts a partition holds, of those recorded by `to`: it counts index entries, and reads no fact. */
  count(partition: RecordedPartition, to?: string): Promise<number>;

  /** One page of a directory, by name. */
  names(directory: Directory, range: Range): Promise<Page<Name>>;
}

export const STORE_CODES = ["throttled", "unavailable", "misconfigured", "full", "clock", "damaged"] as const;

/**
 * A fault of the store: nothing is known of what was asked for. `throttled` is worth a retry later. The messages of
 * `full` (no room on the disk), `clock` (set wrong) and `damaged` (the data fails its checks) are for whoever asked:
 * they say what to do.
 */
export class StoreError extends Error {
  readonly code: (typeof STORE_CODES)[number];

  constructor(code: StoreError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "StoreError";
    this.code = code;
  }
}
