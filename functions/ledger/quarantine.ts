/** Quarantine: events that cannot become facts are kept unchanged where an operator finds them, so that none is lost. */
import type { Sources } from "../../schemas/answer.ts";

export interface QuarantineItem {
  readonly at: string;
  readonly why: "conflict" | "rejected" | "malformed";
  /** What was wrong, and in which field. */
  readonly reason: string;
  /** The endpoint that received it: a vendor's name, or `events`. */
  readonly door: string;
  readonly reportedBy: string;
  /** The event as received: JSON, or the text of a body that is not JSON. */
  readonly event: unknown;
}

export interface Quarantine {
  /** Durable when it returns. The same event is kept once. Throws if it cannot be kept. */
  keep(item: QuarantineItem): Promise<void>;
  /** What is quarantined: a summary for `GET /v1/sources`. */
  list(): Promise<Sources["keptAside"]>;
}
