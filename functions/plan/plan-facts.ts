/** Reads everything that a plan needs about its target, at once, before anything is decided. */
import type { Release } from "../../schemas/answer.ts";
import type { Renames } from "../ledger/names/renames.ts";
import { deployedBy } from "./deployers/own-tools.ts";
import type { Planning } from "./plan-options.ts";
import { type Schemas, schemasOf } from "./schema/planned-schema.ts";
import { deployedTogether } from "./schema/shared.ts";
import { type Artifacts, artifactsOf } from "./target/images.ts";
import type { TargetRelease } from "./target/target.ts";
import { isMarkedBad } from "./target/target-release.ts";

export interface PlanFacts {
  /** The images to deploy, and where they are held. */
  readonly artifacts: Artifacts;
  readonly schemas: Schemas;
  /** The digests of the target that are marked as bad. */
  readonly markedBad: readonly string[];
  /** The other services of the target's deployment. */
  readonly together: readonly string[];
  /** Renames of image repositories. */
  readonly renames: Renames;
}

/** @param target one image of each component */
export async function planFacts(
  planning: Planning,
  target: Release,
  aimed: TargetRelease,
): Promise<PlanFacts> {
  const { question, wish, current, description } = planning;
  const { environment, components } = target;
  const digests = [...new Set(components.flatMap(({ digest }) => digest ?? []))];
  const accepted = new Set(wish.acceptSubstitute ?? []);
  const [artifacts, schemas, marks, together, renames] = await Promise.all([
    artifactsOf(question, target, current, { accepted, by: deployedBy(description, wish.tools) }),
    schemasOf(planning, target, aimed),
    Promise.all(digests.map((digest) => isMarkedBad(question, { digest, environment }))),
    deployedTogether(question, target),
    question.images.renames(),
  ]);
  return { artifacts, schemas, markedBad: digests.filter((_, n) => marks[n]), together, renames };
}
