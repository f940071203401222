/** The gate's answer: whether an image may be deployed. CI asks before it deploys. */

import * as z from "zod";
import { coded } from "../plan-codes.ts";
import { renamed } from "../renamed-name.ts";
import { digest, name, sha } from "../scalars.ts";
import { REQUIREMENTS } from "../settings/gate-policy.ts";
import { attached, moment } from "./release.ts";

/** Reasons against a deployment. */
export const GateReasonCode = z.union([
  coded(
    "frozen",
    "the environment or the service is frozen, or was rolled back; the message has time, person and reason",
  ),
  coded("marked_bad", "the newest mark of the image is `bad`"),
  coded(
    "unknown_to_registry",
    "no registry is known to have received the image, or every registry that had it deleted it",
  ),
  coded("image_archived", "the registry has archived the image: it has to be restored first"),
  coded("no_commit", "no build reports the image's commit"),
  coded("schema_too_old", "the image requires a migration that is not applied here"),
  coded("policy_unmet", "the policy of this environment requires evidence that the image does not have"),
]);

/** Warnings, which do not forbid the deployment. */
export const GateWarningCode = z.union([
  coded("environment_unknown", "no fact names this environment: a first deployment, or a typo"),
  coded("service_unknown", "no fact names this service in this environment: a first deployment, or a typo"),
  coded("availability_unknown", "registries had the image, and no fact reports whether it is still there"),
  coded("schema_unknown", "the image requires a migration, and no fact reports whether it is applied here"),
  coded(
    "asked_back",
    "an operator requested a redeployment of this image; the message lists the reasons against it",
  ),
  coded(
    "older_build",
    "the image was built from an older commit than the one that runs, and nobody asked it back",
  ),
  coded(
    "schema_too_new",
    "the image ran here before a migration that is reported not to run with older code",
  ),
  coded(
    "evidence_against",
    "a test, scan, review or approval of the image or its commit has a verdict against it; the message names it",
  ),
  coded("disputed", "somebody disputes a fact about the image; the message names both"),
  coded("migrates_at_startup", "the image requires a migration that it applies when it starts"),
]);

const reason = z.strictObject({ code: GateReasonCode, message: z.string() });
const warning = z.strictObject({ code: GateWarningCode, message: z.string() });
export type GateReason = z.infer<typeof reason>;
export type GateWarning = z.infer<typeof warning>;

export const RequirementAnswer = z.strictObject({
  requirement: z.enum(REQUIREMENTS),
  met: z.boolean(),
  missing: z.string().exactOptional().meta({ description: "if it is not met: why" }),
  for: z.array(attached).meta({ description: "the evidence that speaks for it" }),
  against: z.array(attached).meta({ description: "the evidence that speaks against it" }),
});
export type RequirementAnswer = z.infer<typeof RequirementAnswer>;

export const Gate = z
  .strictObject({
    renamed,
    environment: name,
    service: name,
    digest: digest.exactOptional(),
    commit: sha
      .exactOptional()
      .meta({ description: "instead of the digest, if the question names a commit" }),
    ...moment,
    allowed: z.boolean().meta({ description: "true if there is no reason against the deployment" }),
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
    requirements: z.array(RequirementAnswer).exactOptional().meta({
      description:
        "what the policy requires in this environment, with the evidence; absent: no policy is configured",
    }),
  })
  .meta({ id: "Gate" });
export type Gate = z.infer<typeof Gate>;
