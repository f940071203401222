/** The options of a plan, and the context that its parts share. */

import type { Release } from "../../schemas/answer.ts";
import type { DeployTools } from "../../schemas/settings/deploy-tools.ts";
import type { Hosts } from "../../schemas/settings/hosts.ts";
import type { Question, Selector } from "../queries/question.ts";
import type { Description } from "../queries/service-description.ts";
import type { TargetQuery } from "./target/target.ts";

/** What the request asks for, and which risks it accepts. */
export interface PlanOptions {
  readonly aim: TargetQuery;
  readonly schema?: "keep" | "revert" | undefined;
  /** What becomes of configuration that no deploy step brings. */
  readonly config?: "revert" | undefined;
  readonly acceptDataLoss?: boolean | undefined;
  /** Whether configuration may stay as it is now, where no step restores it. */
  readonly acceptConfiguration?: boolean | undefined;
  /** Digests of images that may replace images that are gone. */
  readonly acceptSubstitute?: readonly string[] | undefined;
  /** Services that share a database and accept that it is reverted. */
  readonly acceptShared?: readonly string[] | undefined;
  /** Databases that the redeployment of another service reverts: no steps for them. */
  readonly revertedElsewhere?: readonly string[] | undefined;
  /** Commands of deploy tools that the ledger does not know, from its configuration. */
  readonly tools?: DeployTools | undefined;
  /** The hosts that commands may name, from the ledger's configuration. */
  readonly hosts?: Hosts | undefined;
}

/** What all parts of one plan share. */
export interface Planning {
  readonly question: Question;
  readonly selector: Selector;
  readonly wish: PlanOptions;
  readonly current: Release;
  readonly description: Description | undefined;
}
