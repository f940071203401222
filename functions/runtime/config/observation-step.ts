/** The step to which times of looking at a runtime are rounded down. */
import * as z from "zod";
import { parse } from "./secrets.ts";

const minutes = z
  .string()
  .regex(/^\d+$/, "must be whole minutes: 1 to 60")
  .transform(Number)
  .pipe(z.int().min(1).max(60));

/** In milliseconds; nothing if the variable is not set. */
export function observationStepFrom({ ASOF_OBSERVATION_MINUTES: text }: NodeJS.ProcessEnv): {
  observationStepMs?: number;
} {
  if (text === undefined || text === "") return {};
  return { observationStepMs: parse("ASOF_OBSERVATION_MINUTES", minutes, text) * 60_000 };
}
