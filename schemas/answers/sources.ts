/** Who reports to the ledger, when each was last heard, and what was quarantined. */
import * as z from "zod";
import { source, time } from "../scalars.ts";
import { Hosts } from "../settings/hosts.ts";

export const Sources = z
  .strictObject({
    knownAt: time,
    sources: z.array(
      z.strictObject({
        source,
        lastRecordedAt: time.meta({ description: "`recordedAt` of the source's newest fact" }),
        facts: z
          .strictObject({ today: z.int(), week: z.int() })
          .meta({ description: "facts recorded on this UTC day, and in the last seven UTC days" }),
        silent: z.boolean().exactOptional().meta({ description: "late by its own rhythm, or the one set" }),
        usualPauseS: z.int().exactOptional().meta({
          description:
            "the longest pause that is usual for it, in seconds; absent if too little is known, or it was set",
        }),
        lateAt: time.exactOptional().meta({ description: "it is silent if it reports nothing until then" }),
      }),
    ),
    keptAside: z.strictObject({
      where: z.string().meta({ description: "where an operator finds the quarantine" }),
      count: z.int().nullable().meta({ description: "null if this endpoint cannot count the quarantine" }),
      newest: z.array(
        z.strictObject({
          at: time,
          why: z.enum(["conflict", "rejected", "malformed"]),
          reason: z.string(),
          door: z.string(),
          file: z.string(),
        }),
      ),
    }),
    ignored: z.record(z.string(), z.int()).nullable().meta({
      description:
        "ignored events by reason, since this process started; null if this endpoint cannot count them",
    }),
    tokensEnding: z
      .array(z.strictObject({ name: z.string(), expires: z.iso.date() }))
      .exactOptional()
      .meta({ description: "tokens whose last day is within two weeks; absent: none, or not yours to see" }),
    proposedHosts: Hosts.exactOptional().meta({
      description:
        "hosts that verified webhooks of this page's sources come from, and that commands of plans may not name: add those that are yours to ASOF_HOSTS; absent: none",
    }),
    next: z.string().nullable(),
  })
  .meta({ id: "Sources" });
export type Sources = z.infer<typeof Sources>;
