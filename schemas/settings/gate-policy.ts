/** The gate's policy: which evidence an image needs in which environment. An operator's file. */
import * as z from "zod";
import { name } from "../scalars.ts";

export const REQUIREMENTS = [
  "build_evidence",
  "verified_provenance",
  "tests_passed",
  "approved_by_another",
  "no_failed_scan",
] as const;
export type Requirement = (typeof REQUIREMENTS)[number];

/** In bytes of JSON: a policy is recorded as one fact. */
const MAX_BYTES = 50_000;

export const GatePolicy = z
  .array(
    z.strictObject({
      environment: name.exactOptional().meta({
        description: "of one environment, or with `*` for any characters of several; absent: of all",
      }),
      require: z.array(z.enum(REQUIREMENTS)).min(1),
      reviewWithinDays: z.int().min(1).max(366).exactOptional().meta({
        description: "how long an exception there may wait for its review (the audit report; default: 14)",
      }),
    }),
  )
  .max(256)
  .refine((rules) => new TextEncoder().encode(JSON.stringify(rules)).length <= MAX_BYTES, {
    error: `must be at most ${MAX_BYTES} bytes long`,
  });
export type GatePolicy = z.infer<typeof GatePolicy>;
