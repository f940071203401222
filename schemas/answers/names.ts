/** Names as senders gave them, and the places that they stand for. */
import * as z from "zod";
import { source, text, time } from "../scalars.ts";

const given = {
  group: text(255).exactOptional(),
  environment: text(255).exactOptional(),
  service: text(255).exactOptional(),
  component: text(255).exactOptional(),
  database: text(255).exactOptional(),
  repository: text(255).exactOptional(),
};

/** The names of a statement as its sender gave them; the ledger keeps them beside those that naming rules gave. */
export const Sent = z.strictObject({
  /** The endpoint that received it, which rules match as `vendor`. */
  vendor: text(64),
  /** The numbers of the rules that applied, from 1, in the list of that time. */
  rules: z.array(z.int().min(1)).min(1).max(1000),
  group: given.group,
  environment: given.environment,
  service: given.service,
  database: given.database,
  repository: given.repository,
  /** In the order of the fact's own components. */
  components: z
    .array(z.strictObject({ component: text(255), repository: given.repository }))
    .max(64)
    .exactOptional(),
});
export type Sent = z.infer<typeof Sent>;

const row = z.strictObject({
  source,
  vendor: z.string(),
  sent: z.strictObject(given).meta({ description: "the names as the sender gives them" }),
  named: z.strictObject(given).meta({ description: "the names that the ledger knows them by" }),
  rules: z.array(z.int()).meta({
    description:
      "the numbers of the naming rules that gave them, from 1, when it was recorded; empty: none applied",
  }),
  lastRecordedAt: time,
});
export type NameRow = z.infer<typeof row>;

export const Names = z
  .strictObject({
    knownAt: time,
    names: z.array(row).meta({
      description: "of the newest 500 facts of each source in the last seven days, sources in order",
    }),
    next: z.string().nullable(),
  })
  .meta({ id: "Names" });
export type Names = z.infer<typeof Names>;
