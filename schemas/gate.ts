/** Whether something may be deployed, as CI asks before it does. */
import * as z from "zod";
import { coded } from "./plan.ts";
import { moment } from "./release.ts";
import { digest, name } from "./scalars.ts";

/** Why something may not be deployed. */
export const GateReasonCode = z.union([
  coded(
    "frozen",
    "the environment or the service is frozen, or was put back; the message says since when, by whom and why",
  ),
  coded("marked_bad", "the newest mark of the image says that it is bad"),
  coded(
    "unknown_to_registry",
    "no registry is known to have taken the image, or all that had it have deleted it",
  ),
  coded("no_commit", "no build says which commit the image came from"),
  coded("schema_too_old", "the image says that it needs a migration which is not applied here"),
]);

/** What somebody should know before deploying it all the same. */
export const GateWarningCode = z.union([
  coded("environment_unknown", "nothing was ever said of this environment: a first deployment, or a typo"),
  coded("service_unknown", "nothing was ever said of this service here: a first deployment, or a typo"),
  coded("availability_unknown", "registries had the image, and no fact says whether it is still there"),
  coded("schema_unknown", "the image needs a migration, and no fact says whether it is applied here"),
  coded(
    "asked_back",
    "an operator asked for this image back; what would speak against it stands in the message",
  ),
  coded("migrates_at_startup", "the image needs a migration that is to be applied when it starts"),
]);

const reason = z.strictObject({ code: GateReasonCode, message: z.string() });
const warning = z.strictObject({ code: GateWarningCode, message: z.string() });
export type GateReason = z.infer<typeof reason>;
export type GateWarning = z.infer<typeof warning>;

export const Gate = z
  .strictObject({
    environment: name,
    service: name,
    digest,
    ...moment,
    allowed: z.boolean().meta({ description: "whether there is no reason against it" }),
    reasons: z.array(reason).meta({
      examples: [
        [
          {
            code: "frozen",
            message: "production is frozen since 2026-12-20T17:00:00.000Z by hubot: holidays",
          },
        ],
      ],
    }),
    warnings: z.array(warning),
  })
  .meta({ id: "Gate" });
export type Gate = z.infer<typeof Gate>;
