/** Reads after which time a source counts as silent, if that is set instead of learned from its rhythm. */
import * as z from "zod";
import { millisecondsOf } from "../../../schemas/words/durations.ts";
import { json, parse } from "./secrets.ts";

/** By prefix of the source's name. */
export const SilentAfter = z.record(
  z.string().min(1),
  z.string().regex(/^([1-9]\d{0,4}[mhd]|never)$/, "must be a time like 30m, 12h or 3d, or never"),
);
export type SilentAfter = z.infer<typeof SilentAfter>;

/** In milliseconds by prefix; infinite for sources that may stop. */
export function silentAfterFrom({ ASOF_SILENT_AFTER: text }: NodeJS.ProcessEnv): ReadonlyMap<string, number> {
  if (text === undefined || text === "") return new Map();
  const given = parse("ASOF_SILENT_AFTER", SilentAfter, json("ASOF_SILENT_AFTER", text));
  return new Map(
    Object.entries(given).map(([prefix, after]) => [
      prefix,
      after === "never" ? Number.POSITIVE_INFINITY : (millisecondsOf(after, "mhd") ?? 0),
    ]),
  );
}
