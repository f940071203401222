/** The ledger's file in tests: what lies in its tables, as an operator would read it. */
import * as z from "zod";
import type { Database } from "../../functions/adapters/sqlite/database.ts";

const Quarantined = z.strictObject({
  at: z.string(),
  why: z.enum(["conflict", "rejected", "malformed"]),
  reason: z.string(),
  door: z.string(),
  reportedBy: z.string(),
  event: z.unknown(),
});
export type Quarantined = z.infer<typeof Quarantined>;

/** Everything in quarantine, each event parsed. */
export function quarantined(database: Database): Quarantined[] {
  const rows = database
    .prepare(
      "SELECT json_group_array(json_object('at', at, 'why', why, 'reason', reason, 'door', door, 'reportedBy', reportedBy, 'event', json(event))) FROM quarantine",
    )
    .text();
  return z.array(Quarantined).parse(JSON.parse(rows));
}

/** The bodies of the jobs that are kept, in the order in which they were put. */
export const jobsIn = (database: Database): string[] =>
  database
    .prepare("SELECT body FROM jobs ORDER BY id")
    .rows()
    .map(([body]) => String(body));
