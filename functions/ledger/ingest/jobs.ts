/** Jobs: registry queries that no sender waits for, and exports to be recorded. Each is kept until it is done. */
import * as z from "zod";
import { Grants } from "../authority/grants.ts";

export const PushedByTag = z.looseObject({
  kind: z.literal("artifact.pushed"),
  source: z.string(),
  id: z.string(),
  occurredAt: z.string(),
  repository: z.string(),
  tag: z.string(),
});

export const Job = z.discriminatedUnion("is", [
  /** A push by tag whose digest the registry did not return at receipt. */
  z.strictObject({
    is: z.literal("look up"),
    door: z.string(),
    reportedBy: z.string(),
    /** What the sender was bound to at receipt. */
    grants: Grants.exactOptional(),
    statement: PushedByTag,
    raw: z.unknown(),
  }),
  /** A pushed image whose manifest is to be read: its commit, and the manifests of an index. */
  z.strictObject({ is: z.literal("read image"), repository: z.string(), digest: z.string() }),
  /** An export that ended: the endpoint that exports may not write. */
  z.strictObject({
    is: z.literal("record export"),
    id: z.string(),
    by: z.string(),
    at: z.string(),
    from: z.string(),
    to: z.string(),
    count: z.int(),
    sha256: z.string(),
  }),
  /** A person to be erased, put before the erasure: the endpoint that erases may not write facts. */
  z.strictObject({
    is: z.literal("record erasure"),
    person: z.string(),
    by: z.string(),
    at: z.string(),
    reason: z.string(),
  }),
]);
export type Job = z.infer<typeof Job>;
export type RegistryJob = Exclude<Job, { is: "record export" | "record erasure" }>;
export type PushedByTag = z.infer<typeof PushedByTag>;

/** The port of the job queue. */
export interface Jobs {
  /** Durable when it returns. The same job may be done twice; jobs are idempotent. */
  put(job: Job): Promise<void>;
}
