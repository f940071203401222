/** Quarantine: events that cannot become facts are kept where an operator finds them, so that none is lost. */
import * as z from "zod";
import type { Sources } from "../../../schemas/answer.ts";
import { KINDS } from "../../../schemas/fact.ts";
import type { Page } from "../store.ts";

export const QuarantineItem = z.object({
  at: z.string(),
  why: z.enum(["conflict", "rejected", "malformed"]),
  /** What was wrong, and in which field. */
  reason: z.string(),
  /** The endpoint that received it: a vendor's name, or `events`. */
  door: z.string(),
  reportedBy: z.string(),
  /** The event as received, without credentials: JSON, or the text of a body that is not JSON. */
  event: z.unknown(),
  /** What the event was mapped to, if it was. */
  statement: z
    .looseObject({ kind: z.enum(KINDS), source: z.string(), id: z.string(), occurredAt: z.string() })
    .optional(),
});
export type QuarantineItem = z.infer<typeof QuarantineItem>;

/** An item without its content, under its key. */
export type QuarantineEntry = Omit<QuarantineItem, "event" | "statement"> & { readonly key: string };

/** The entry of an item that cannot be read, as after a crash in the middle of writing it: it must hide no others. */
export const unreadable = (key: string, at: string): QuarantineEntry => ({
  key,
  at,
  why: "malformed",
  reason: "the entry itself cannot be read",
  door: "unknown",
  reportedBy: "unknown",
});

export interface Quarantine {
  /** Durable when it returns. The same event is kept once: then it was `known`. Throws if it cannot be kept. */
  keep(item: QuarantineItem): Promise<"new" | "known">;
  /** What is quarantined: a summary for `GET /v1/sources`. */
  list(): Promise<Sources["keptAside"]>;
  /** One page, newest first. */
  page(range: { readonly limit: number; readonly cursor?: string }): Promise<Page<QuarantineEntry>>;
  /** Undefined if there is none, or it cannot be read. */
  get(key: string): Promise<QuarantineItem | undefined>;
  /** Takes it out, after it was retried or discarded. */
  remove(key: string): Promise<void>;
}
