/** The step of looks: times of looking are rounded down to it, so that an unchanged state costs one fact a step. */
import * as z from "zod";
import { UsageError } from "../error.ts";

const Minutes = z.coerce.number().int().min(1).max(60);
/** As the ledger's own for lists of pods. */
const DEFAULT_MINUTES = 5;

/** The step of `ASOF_OBSERVATION_MINUTES`, in milliseconds. */
export function stepMsFrom({
  ASOF_OBSERVATION_MINUTES: text = "",
}: Readonly<Record<string, string | undefined>>): number {
  const minutes = Minutes.safeParse(text === "" ? DEFAULT_MINUTES : text);
  if (!minutes.success) throw new UsageError("ASOF_OBSERVATION_MINUTES: must be whole minutes: 1 to 60");
  return minutes.data * 60_000;
}

/** A time of looking, rounded down to a step: RFC 3339, UTC. */
export const stepOf = (at: Date, stepMs: number): string =>
  new Date(Math.floor(at.getTime() / stepMs) * stepMs).toISOString();
