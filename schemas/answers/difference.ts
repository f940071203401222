/** What differs between two moments, or two environments. */
import * as z from "zod";
import { renamed } from "../renamed-name.ts";
import { digest, name, sha, time } from "../scalars.ts";
import { configuration, warning } from "./release.ts";

const side = z.strictObject({ environment: name, at: time });
const shownImage = z
  .strictObject({
    image: z.string().nullable(),
    digest: digest.nullable(),
    commit: sha.nullable(),
    weight: z.number().exactOptional(),
  })
  .nullable()
  .meta({ description: "null: no such component there" });
const shownMigration = z
  .strictObject({
    status: z.enum(["known", "empty", "unknown"]),
    version: z.string().nullable().meta({ description: "several heads, joined by commas" }),
  })
  .nullable()
  .meta({ description: "null: no such database there" });
const shownStatus = z.enum(["running", "removed", "unknown", "never heard of"]);
const serviceDifference = z.strictObject({
  service: name,
  status: z.strictObject({ from: shownStatus, to: shownStatus }).exactOptional(),
  components: z
    .array(
      z.strictObject({
        component: name,
        variant: name.exactOptional(),
        from: shownImage,
        to: shownImage,
      }),
    )
    .meta({ description: "a different digest or commit, or unresolved digests, which cannot be compared" }),
  migrations: z.array(z.strictObject({ database: name, from: shownMigration, to: shownMigration })),
  config: z.strictObject({ from: z.array(configuration), to: z.array(configuration) }).exactOptional(),
});
export type ServiceDifference = z.infer<typeof serviceDifference>;

export const Difference = z
  .strictObject({
    renamed,
    from: side,
    to: side,
    knownAt: time,
    settled: z.boolean(),
    services: z.array(serviceDifference),
    same: z.int().meta({ description: "number of services on this page without a difference" }),
    next: z
      .string()
      .nullable()
      .meta({ description: "pass as `cursor` for the next page; a short page may have one, too" }),
    warnings: z
      .array(warning)
      .exactOptional()
      .meta({ description: "of facts that it rests on and somebody disputes; absent if there are none" }),
  })
  .meta({ id: "Difference" });
export type Difference = z.infer<typeof Difference>;
