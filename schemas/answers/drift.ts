/** Drift: what runs without having been deployed, and what was deployed and does not run. */
import * as z from "zod";
import { renamed } from "../renamed-name.ts";
import { digest, name, shownPerson, time } from "../scalars.ts";
import { deploymentId, identity, moment, Release } from "./release.ts";

const shown = { component: name, variant: name.exactOptional(), digest: digest.nullable() };

const undeployed = z.strictObject({
  ...shown,
  since: time
    .nullable()
    .meta({ description: "since when it runs, as far as observations show; null: unknown" }),
  seenAt: time,
  fact: identity.meta({ description: "the observation" }),
});

const missing = z.strictObject({
  ...shown,
  deployedAt: time,
  deployment: deploymentId.nullable(),
  deployedBy: shownPerson.nullable(),
  fact: identity.meta({ description: "the deployment" }),
});

export const DRIFT_STATES = {
  drifting: "something else runs than was deployed",
  undeployed: "it runs, and nobody reported that it was deployed",
  unobserved: "it was deployed, and nobody reports what runs",
  "as deployed": "what was deployed is what was last seen",
} as const;

const place = z.strictObject({
  environment: name,
  service: name,
  group: name.nullable(),
  state: z.enum(["drifting", "undeployed", "unobserved", "as deployed"]).meta({
    description: Object.entries(DRIFT_STATES)
      .map(([state, means]) => `${state}: ${means}`)
      .join("; "),
  }),
  since: time.nullable().meta({ description: "since when what runs there runs" }),
  seenAt: time.nullable().meta({ description: "when somebody last looked; null: nobody did" }),
  drift: Release.shape.drift,
  undeployed: z.array(undeployed).meta({ description: "what runs without having been deployed" }),
  missing: z.array(missing).meta({ description: "what was deployed and does not run" }),
});
export type PlaceDrift = z.infer<typeof place>;

export const Drift = z
  .strictObject({
    renamed,
    environment: name.exactOptional(),
    group: name.exactOptional(),
    ...moment,
    services: z.array(place).meta({ description: "every service in which something runs" }),
    next: z.string().nullable().meta({ description: "pass as `cursor` for the next page" }),
  })
  .meta({ id: "Drift" });
export type Drift = z.infer<typeof Drift>;
