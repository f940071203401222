/** The release that a plan goes back to: as of a moment, by its image, or the last one that is not marked as bad. */
import type { Release, ReleasedComponent } from "../../../schemas/answer.ts";
import type { Blocker, PlanWarning } from "../../../schemas/plan.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { DeployTools } from "../../../schemas/settings/deploy-tools.ts";
import { justBefore } from "../../ledger/as-of.ts";
import { canonical } from "../../ledger/canonical.ts";
import { EVER } from "../../ledger/fact-reader.ts";
import { markOf } from "../../queries/images/marks.ts";
import type { Question, Selector } from "../../queries/question.ts";
import { configurationChanges, locationOf } from "../../queries/release/configuration.ts";
import { release } from "../../queries/release/release.ts";
import { byComponent, slotOf } from "../../queries/release/slots.ts";
import { describedAt } from "../../queries/service-description.ts";
import { type DeployedBy, deployedBy } from "../deployers/own-tools.ts";
import { currentRelease, LAST } from "./current-release.ts";
import { imageTarget } from "./image-target.ts";
import type { TargetQuery, TargetRelease } from "./target.ts";

/* Marks */

/** Whether the newest mark of an image, on any of its digests, is bad. */
export async function isMarkedBad(
  question: Question,
  image: { readonly digest: string; readonly environment: string },
): Promise<boolean> {
  return (await markOf(question, image, EVER))?.verdict === "bad";
}

/* The last good one */

/** How many releases are tried, going back. Each costs the round trips of a release. */
export const RELEASES_BACK_MAX = 24;

/** What ran as a component: its image or, if that is not known, its commit. */
const ranAs = ({ digest, commit }: ReleasedComponent): string | null => digest ?? commit?.sha ?? null;

/** The images of a release as one string, for comparison. */
const imagesShown = ({ components }: Release): string =>
  canonical(components.map((one) => canonical([slotOf(one), ranAs(one)])).sort());

/** The images and the content of the configuration of a release as one string. */
const wholeShown = (release: Release): string =>
  canonical([
    imagesShown(release),
    ...release.config.map((one) => canonical([locationOf(one), one.digest ?? one.revision])).sort(),
  ]);

/** Whether two releases have the same images and configuration. */
const isSameRelease = (one: Release, current: Release): boolean =>
  imagesShown(one) === imagesShown(current) &&
  // What is known on one side alone is no difference: several deployers report one deployment, and not all name it.
  configurationChanges(current.config, one.config).every(({ from, to }) => from === null || to === null);

/** Whether different images of one component served at once, as while a canary runs: no release to go back to. */
const isMixture = ({ components }: Release): boolean =>
  [...byComponent(components.filter(({ weight }) => weight !== 0)).values()].some(
    (entries) => new Set(entries.map(ranAs)).size > 1,
  );

/** What was rolled back from: images, or the same images with other configuration. */
const leftBy = (rollback: Release, from: Release): string =>
  imagesShown(rollback) === imagesShown(from) ? wholeShown(from) : imagesShown(from);

/** Why a release is not good; undefined if it is. @param goneFrom when the service was rolled back from it (see `leftBy`) */
async function faultOf(
  question: Question,
  found: Release,
  goneFrom: ReadonlyMap<string, string>,
  by: readonly DeployedBy[],
): Promise<string | undefined> {
  const known = found.components.filter((one) => (by.includes("commit") ? ranAs(one) : one.digest) !== null);
  const digests = found.components.flatMap(({ digest }) => digest ?? []);
  const left = goneFrom.get(imagesShown(found)) ?? goneFrom.get(wholeShown(found));
  if (found.status !== "running") return "nothing is known to have run";
  if (known.length < found.components.length) return "an image of it is unknown";
  if (isMixture(found)) return "several variants ran side by side";
  const marks = await Promise.all(
    digests.map((digest) => markOf(question, { digest, environment: found.environment }, EVER)),
  );
  if (marks.some((mark) => mark?.verdict === "bad")) return "an image of it is marked as bad";
  const isVouchedFor =
    marks.length > 0 && marks.every((mark) => mark !== undefined && mark.occurredAt > (left ?? ""));
  return left === undefined || isVouchedFor ? undefined : `it was rolled back from at ${left}`;
}

/**
 * Goes back release by release. What an operator, or a deployer that says so, rolled back from is not good: neither that
 * release nor earlier ones with the same images (if only configuration was taken back: nor earlier ones with both).
 */
async function lastGood(
  question: Question,
  selector: Selector,
  current: Release,
  by: readonly DeployedBy[],
): Promise<TargetRelease> {
  const goneFrom = new Map<string, string>();
  const faults: string[] = [];
  let newer = current;
  for (let back = 0; back < RELEASES_BACK_MAX && newer.since !== null; back++) {
    const found = await release({ ...question, at: justBefore(newer.since) }, selector);
    if (found === undefined) break;
    if (newer.rollback) goneFrom.set(leftBy(newer, found), newer.since);
    newer = found;
    if (isSameRelease(found, current)) continue;
    const fault = await faultOf(question, found, goneFrom, by);
    if (fault === undefined) {
      return { release: found, since: found.since, blockers: [], warnings: passedOver(faults) };
    }
    faults.push(`the release since ${found.since} is not good: ${fault}`);
  }
  const why = faults.length === 0 ? "" : ` (${faults.join("; ")})`;
  const message = `none of the ${RELEASES_BACK_MAX} releases before this one has other images or other configuration, and is good${why}; ask with at=… or digest=…`;
  return { release: null, since: null, blockers: [{ code: "no_good_release", message }], warnings: [] };
}

const passedOver = (faults: readonly string[]): PlanWarning[] =>
  faults.length === 0 ? [] : [{ code: "passed_over", message: faults.join("; ") }];

/* All three */

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
