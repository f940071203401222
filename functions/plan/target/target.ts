/** What a plan is to deploy: the question, and the release that answers it. */
import type { Release } from "../../../schemas/answer.ts";
import type { Blocker, PlanWarning } from "../../../schemas/plan.ts";
import type { ImageQuery } from "../../../schemas/questions/image-query.ts";
import type { Elsewhere } from "../schema/schema-elsewhere.ts";

/** A moment, an image, or the last good release. */
export type TargetQuery = { readonly at: string } | { readonly last: "good" } | ImageQuery;

/** The release to go back to; null: the blockers say why there is none. */
export interface TargetRelease {
  readonly release: Release | null;
  /** Migrations applied after this moment do not belong to the release. */
  readonly since: string | null;
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly PlanWarning[];
  /** Of images that never ran here: where they ran. The schema of there and then is theirs. */
  readonly elsewhere?: Elsewhere;
}
