/** The context of ingestion: what it depends on, and who sends. */
import type { Fact } from "../../../schemas/fact.ts";
import type { Appending } from "../append.ts";
import type { Bound } from "../authority/grants.ts";
import type { RunsFor } from "../authority/runs-for.ts";
import type { Jobs } from "./jobs.ts";
import type { Quarantine } from "./quarantine.ts";
import type { Registries } from "./registries.ts";

/** What ingestion needs; made once at startup. */
export interface Ingest extends Appending {
  readonly quarantine: Quarantine;
  readonly jobs: Jobs;
  /** The registries that may be queried; no other ever is. */
  readonly registries: () => Promise<Registries>;
  /** How long to wait for a registry while a client waits for the answer, in milliseconds; absent: each caller's default. */
  readonly patienceMs?: number;
  /**
   * Publishes a recorded fact before it is acknowledged. If that fails, the sender's retry publishes it again, so
   * delivery is at least once. Absent on AWS, where the table's stream publishes.
   */
  readonly publish?: (fact: Fact) => Promise<void>;
  /** Counts of ignored events by reason; absent if the endpoints do not share a process. */
  readonly ignored?: Map<string, number>;
  readonly log: Log;
}

/** Structured log lines. Of a request's content they contain only the outcome. */
export interface Log {
  info(message: string, fields: Record<string, string | number>): void;
  error(message: string, fields: Record<string, string | number>): void;
}

/** Who sent an event, and the endpoint that received it. */
export interface Sender {
  readonly door: string;
  readonly reportedBy: string;
  /** Absent: nothing is refused. */
  readonly bound?: Bound;
  readonly runsFor?: RunsFor;
}
