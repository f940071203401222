/** The release that a plan goes back to: as of a moment, by its image, or the last one that is not marked as bad. */

import type { Blocker } from "../../../schemas/plan.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { DeployTools } from "../../../schemas/settings/deploy-tools.ts";
import { EVER } from "../../ledger/fact-reader.ts";
import { markOf } from "../../queries/images/marks.ts";
import type { Question, Selector } from "../../queries/question.ts";
import { release } from "../../queries/release/release.ts";
import { describedAt } from "../../queries/service-description.ts";
import { deployedBy } from "../deployers/own-tools.ts";
import { currentRelease, LAST } from "./current-release.ts";

import { imageTarget } from "./image-target.ts";
import { lastGood } from "./last-good.ts";
import type { TargetQuery, TargetRelease } from "./target.ts";

/** Whether the newest mark of an image, on any of its digests, is bad. */
export async function isMarkedBad(
  question: Question,
  image: { readonly digest: string; readonly environment: string },
): Promise<boolean> {
  return (await markOf(question, image, EVER))?.verdict === "bad";
}

/** Adds a blocker if nothing ran, or what ran is unknown. */
function withStatusBlocker(aimed: TargetRelease): TargetRelease {
  const status = aimed.release?.status ?? "running";
  if (status === "running") return aimed;
  const blocker: Blocker =
    status === "removed"
      ? { code: "target_removed", message: "the service had been removed by then, so nothing ran" }
      : { code: "target_unknown", message: "no fact says what ran then" };
  return { ...aimed, blockers: [...aimed.blockers, blocker] };
}

async function releaseAimedAt(
  question: Question,
  selector: Selector,
  aim: TargetQuery,
  tools?: DeployTools,
): Promise<TargetRelease> {
  if ("at" in aim) {
    const found = await release({ ...question, at: aim.at }, selector);
    return { release: found ?? null, since: aim.at, blockers: [], warnings: [] };
  }
  if (!("last" in aim)) return imageTarget(question, selector, aim);
  const [now, description] = await Promise.all([
    currentRelease(question, selector),
    describedAt(question, { ...selector, service: fold(selector.service) }, LAST),
  ]);
  return now === undefined
    ? { release: null, since: null, blockers: [], warnings: [] }
    : lastGood(question, selector, now, deployedBy(description, tools));
}

/**
 * Finds the release. By digest, and for the last good one, it is the release as it last ran. Migrations applied after it
 * started do not belong to it: usually they were applied for its successor.
 *
 * Sequential round trips: as of a moment, those of one release (at most five). By image, see
 * `imageTarget`. For the last good one, those of each release tried.
 */
export const targetReleaseAt = async (...asked: Parameters<typeof releaseAimedAt>): Promise<TargetRelease> =>
  withStatusBlocker(await releaseAimedAt(...asked));
