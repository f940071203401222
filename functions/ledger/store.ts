/**
 * The port of the store: what the ledger needs of a database, and what each method guarantees. It has no update, no
 * delete and no unconditional put, so that none can be called by mistake.
 */
import type { Deployment, Fact } from "../../schemas/fact.ts";

/** The identity of a fact. */
export interface Identity {
  readonly source: string;
  readonly id: string;
}

/**
 * One service's deployment in one environment, by folded names: the same deployment id may be used for several services
 * and environments, and a sender that may report one of them may not report the others. Without `service`: the
 * deployment of everything in the environment.
 */
export interface Run {
  readonly deployment: Deployment;
  readonly environment: string;
  readonly service?: string;
}

/**
 * Facts that are read together, in one order. Names in it are folded (see `fold`), so that they are case-insensitive.
 * `access-patterns.ts` decides which partitions index a fact.
 */
export type Partition =
  /** Deployments and removals of a whole service, or (without `service`) of everything in an environment. */
  | { of: "run"; environment: string; service?: string }
  /** Deployments and removals of exactly this set of components. The service's directory lists the sets. */
  | { of: "part"; environment: string; service: string; components: string }
  | { of: "observed" | "attempt"; environment: string; service: string }
  | { of: "schema"; environment: string; database: string }
  /** The snapshots alone of a database: the first one after a moment dates what was applied by then. */
  | { of: "snapshot"; environment: string; database: string }
  | { of: "tag"; repository: string; tag: string }
  /** All renames: they are few, and each may concern any image or service. */
  | { of: "renamed" }
  | { of: "service"; service: string }
  /** Freezes and unfreezes of a service, or (without `service`) of a whole environment. */
  | { of: "freeze"; environment: string; service?: string }
  | { of: "mark"; digest: string }
  | { of: "timeline"; environment: string; month: string }
  | { of: "deployment"; deployment: Deployment }
  /** The tasks of one component of a deployment that ran one digest; see `Directory` for which digests. */
  | { of: "task"; run: Run; component: string; digest: string }
  /** The tasks of a service, of any deployment. */
  | { of: "tasks"; environment: string; service: string }
  | { of: "digest"; digest: string; aspect: Aspect }
  | { of: "commit"; prefix: string; aspect: Aspect }
  /** A pull or merge request: its merge, and the evidence about it. */
  | { of: "change"; repository: string; number: number }
  /** Deployments and observations of a tag without its digest: of a repository or, if they name none, of a service. */
  | { of: "tagged"; repository: string; tag: string }
  | { of: "tagged"; service: string; tag: string };

/** Partitions per day of recording: a DynamoDB partition takes 1,000 writes a second. */
export const SHARDS = 8;

/** Partitions by `recordedAt`: shards of a day, and a day of one source. */
export type RecordedPartition =
  | { of: "recorded"; day: string; shard: number }
  | { of: "source"; source: string; day: string };

/**
 * What kind of fact names a digest or commit. `image`: pushes, deletes, restores, indexes and builds. `configured`:
 * deployments of which it is a revision of the configuration.
 */
export type Aspect = "image" | "configured" | "deployed" | "task" | "evidence" | "migrated" | "merged";

/** A list of names that only grows: a name stays even if every fact that used it is retracted. */
export type Directory =
  | { of: "environments" }
  /** Days on which anything was recorded. */
  | { of: "recorded" }
  | { of: "services" | "months"; environment: string }
  /** Databases of which a snapshot says when migrations were applied. */
  | { of: "dated"; environment: string }
  /** Every image repository that a fact names. */
  | { of: "repositories" }
  /** Every service, wherever it is known; and the environments of one. */
  | { of: "catalog" }
  | { of: "places"; service: string }
  /** One service in one environment: `part:…`, `cluster:…`, `database:…` and `service` (see `directory-names.ts`). */
  | { of: "service"; environment: string; service: string }
  | { of: "group"; group: string }
  /** Services that are described with an image repository. */
  | { of: "described"; repository: string }
  /** Digest and component of every task seen for a run, joined by a space. */
  | { of: "tasks"; run: Run }
  /** Places that were ever frozen (see `placeName`). */
  | { of: "frozen" }
  | { of: "sources" }
  | { of: "days"; source: string };

/** A name in a directory: `name` is folded and unique; `shown` is its first recorded spelling. */
export interface Name {
  readonly name: string;
  readonly shown: string;
  readonly recordedAt: string;
}

/** Bounds of one page. `from` and `to` are inclusive prefixes of sort keys: a time, or a whole key. */
export interface Range {
  readonly from?: string;
  readonly to?: string;
  readonly descending?: boolean;
  readonly limit: number;
  /** `cursor` of the previous page. */
  readonly cursor?: string;
}

/** A fact in a partition. A retraction is in each partition of its target, directly after it. */
export interface Entry {
  readonly fact: Fact;
  /**
   * The entry is a pointer, which is written before its fact: only `get` shows whether the fact was recorded.
   */
  readonly provisional: boolean;
}

export interface Page<T> {
  readonly entries: readonly T[];
  /** Absent at the end of the range. A short or empty page may still have one. */
  readonly cursor?: string;
}

/** An immutable item that is no fact: a name in a directory, or a pointer to a fact from a further partition. */
export type IndexEntry =
  | { is: "name"; directory: Directory; name: Name }
  | { is: "pointer"; partition: Partition; order: string; fact: Fact };

/** A fact as stored, with the partitions that contain it directly: at most one of each index. */
export interface IndexedFact {
  readonly fact: Fact;
  readonly order: string;
  readonly partitions: readonly Partition[];
  /** SHA-256 of the vendor's event under the salts of its persons (see `guardedHash`): beside the fact, in no index. */
  readonly rawHash?: string;
}

/** Stored facts are returned with their fields in canonical order, so that JSON.stringify gives their canonical form. */
export interface Store {
  /**
   * Writes a fact if its identity is free: one conditional request, durable when it returns. On `taken` the caller must
   * compare, because a retry inside the database client reports its own successful write as taken. A thrown error means
   * *unknown*: the fact may have been written. Putting the same fact again is always safe.
   */
  put(posted: IndexedFact): Promise<"written" | "taken">;

  /** Writes an index entry if it is absent: one conditional request. Idempotent. */
  derive(derived: IndexEntry): Promise<void>;

  /** The existing facts among these identities: strongly consistent, in no particular order. */
  get(identities: readonly Identity[]): Promise<Fact[]>;

  /** The `rawHash` stored beside a fact; undefined if there is none, or no fact: strongly consistent. */
  rawHashOf(identity: Identity): Promise<string | undefined>;

  /** One page of a partition, in order: eventually consistent, so a new fact may be missing. */
  query(partition: Partition, range: Range): Promise<Page<Entry>>;

  /**
   * One page of a partition by `recordedAt`. Retractions are facts of their own here. A partition of a source costs a
   * second request for the facts, so use it for a few.
   */
  queryRecorded(partition: RecordedPartition, range: Range): Promise<Page<Fact>>;

  /** About how many facts of a partition were recorded by `to`: it counts index entries and reads no facts. */
  count(partition: RecordedPartition, to?: string): Promise<number>;

  /** One page of a directory, by name. */
  names(directory: Directory, range: Range): Promise<Page<Name>>;
}

export const STORE_CODES = ["throttled", "unavailable", "misconfigured", "full", "clock", "damaged"] as const;

/**
 * A failure of the store: the outcome of the operation is unknown. `throttled` is worth a retry. The messages of `full`
 * (no space on the disk), `clock` (set wrong) and `damaged` (the data fails its checks) are shown to the client: they
 * say what to do.
 */
export class StoreError extends Error {
  readonly code: (typeof STORE_CODES)[number];

  constructor(code: StoreError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "StoreError";
    this.code = code;
  }
}

/** A fact as it is stored, and whether reading by the time of recording shows it. */
export interface StoredFact {
  readonly fact: Fact;
  readonly isListed: boolean;
}

/**
 * All stored facts in batches, in no particular order, whatever the indexes show of them: strongly consistent for those that
 * were there before. For the sweep alone, because it reads everything.
 */
export type StoredFacts = () => AsyncIterable<readonly StoredFact[]>;
