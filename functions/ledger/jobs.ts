/** Work that no sender waits for, because a registry has to be asked: kept until it is done. */
import * as z from "zod";

const Said = z.looseObject({
  kind: z.literal("artifact.pushed"),
  source: z.string(),
  id: z.string(),
  occurredAt: z.string(),
  repository: z.string(),
  tag: z.string(),
});

export const Job = z.discriminatedUnion("is", [
  /** A push by tag, whose digest the registry did not say at receipt. */
  z.strictObject({
    is: z.literal("look up"),
    door: z.string(),
    reportedBy: z.string(),
    statement: Said,
    raw: z.unknown(),
  }),
  /** An image that was pushed: what its manifest says of its commit, and what an index holds. */
  z.strictObject({ is: z.literal("read image"), repository: z.string(), digest: z.string() }),
]);
export type Job = z.infer<typeof Job>;
export type PushedByTag = z.infer<typeof Said>;
export const PushedByTag = Said;

export interface Jobs {
  /** Durable when it returns; the same job again is kept once or done twice, which comes to the same. */
  put(job: Job): Promise<void>;
}
