/** Keeping aside: what cannot become a fact is kept whole where an operator finds it, and nothing is lost. */
import type { Sources } from "../../schemas/answer.ts";

export interface QuarantineItem {
  readonly at: string;
  readonly why: "conflict" | "rejected" | "malformed";
  /** What was wrong, and where. */
  readonly reason: string;
  /** The door it came through: a vendor's name, or `events`. */
  readonly door: string;
  readonly reportedBy: string;
  /** The event as it came: JSON, or the text of a body that is none. */
  readonly event: unknown;
}

export interface Quarantine {
  /** Durable when it returns; the same event again is kept once. Throws where it cannot keep it. */
  keep(item: QuarantineItem): Promise<void>;
  /** What lies there, for whoever asks after the sources. */
  list(): Promise<Sources["keptAside"]>;
}
