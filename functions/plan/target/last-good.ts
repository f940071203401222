/** The last good release: the newest one with other images or configuration against which nothing speaks. */
import type { Release } from "../../../schemas/answer.ts";
import type { PlanWarning } from "../../../schemas/plan.ts";
import { canonical } from "../../ledger/canonical.ts";
import { EVER } from "../../ledger/fact-reader.ts";
import { markOf } from "../../queries/images/marks.ts";
import type { Question, Selector } from "../../queries/question.ts";
import { locationOf } from "../../queries/release/configuration.ts";
import type { DeployedBy } from "../deployers/own-tools.ts";
import { isSameRelease, RELEASES_BACK_MAX, releasesBack } from "./releases-back.ts";
import { isMixture, isServedKnown, servedBy } from "./served.ts";
import type { TargetRelease } from "./target.ts";

/** The content of the configuration of a release as text, for comparison. */
const configured = ({ config }: Release): string =>
  canonical(config.map((one) => canonical([locationOf(one), one.digest ?? one.revision])).sort());

/** What a rollback left: the images that it replaced; or the same images with other configuration. */
interface Left {
  readonly at: string;
  readonly images: ReadonlyMap<string, string>;
  readonly configuration?: string;
}

function leftBy(rollback: Release, from: Release, at: string): Left {
  const after = servedBy(rollback);
  const images = new Map([...servedBy(from)].filter(([name, shown]) => after.get(name) !== shown));
  if (images.size > 0) return { at, images };
  return { at, images: servedBy(from), configuration: configured(from) };
}

/** Whether a release has everything that a rollback left. */
function isLeft(found: Release, { images, configuration }: Left): boolean {
  const served = servedBy(found);
  return (
    [...images].every(([name, shown]) => served.get(name) === shown) &&
    (configuration === undefined || configuration === configured(found))
  );
}

/** Why a release is not good; undefined if it is. @param left what the service was rolled back from, newest first */
async function faultOf(
  question: Question,
  found: Release,
  left: readonly Left[],
  by: readonly DeployedBy[],
): Promise<string | undefined> {
  if (found.status === "removed") return "the service had been removed";
  if (!isServedKnown(found, by.includes("commit")))
    return isServedKnown(found, true)
      ? "an image of it is unknown, only its commit (a service without images is described with images: [])"
      : "an image of it is unknown";
  if (isMixture(found)) return "several variants ran side by side";
  const { environment } = found;
  const digests = found.components.flatMap(({ digest }) => digest ?? []);
  const marks = await Promise.all(digests.map((digest) => markOf(question, { digest, environment }, EVER)));
  if (marks.some((mark) => mark?.verdict === "bad")) return "an image of it is marked as bad";
  const since = left.find((one) => isLeft(found, one))?.at;
  const isVouchedFor =
    marks.length > 0 && marks.every((mark) => mark !== undefined && mark.occurredAt > (since ?? ""));
  return since === undefined || isVouchedFor ? undefined : `it was rolled back from at ${since}`;
}

/**
 * Goes back release by release. What an operator, or a deployer that says so, rolled back from is not good: neither that
 * release nor earlier ones with the images that were replaced (if only configuration was taken back: nor earlier ones with
 * both). A rollback that takes back another rollback says nothing against what it leaves.
 */
export async function lastGood(
  question: Question,
  selector: Selector,
  current: Release,
  by: readonly DeployedBy[],
): Promise<TargetRelease> {
  const releases = releasesBack(question, selector, current);
  const left: Left[] = [];
  const faults: string[] = [];
  let newer = current;
  let n = 1;
  for (; n <= RELEASES_BACK_MAX; n++) {
    const found = await releases.nth(n);
    if (found === undefined) break;
    if (newer.since !== null && (await releases.isRollback(n - 1)))
      left.push(leftBy(newer, found, newer.since));
    newer = found;
    if (isSameRelease(found, current)) continue;
    const fault = await faultOf(question, found, left, by);
    if (fault === undefined)
      return { release: found, since: found.since, blockers: [], warnings: passedOver(faults) };
    faults.push(`the release since ${found.since} is not good: ${fault}`);
  }
  const which = n > RELEASES_BACK_MAX ? `none of the ${RELEASES_BACK_MAX} releases` : "no release";
  const why = faults.length === 0 ? "" : ` (${faults.join("; ")})`;
  const message = `${which} before this one has other images or other configuration, and is good${why}; ask with at=… or digest=…`;
  return { release: null, since: null, blockers: [{ code: "no_good_release", message }], warnings: [] };
}

const passedOver = (faults: readonly string[]): PlanWarning[] =>
  faults.length === 0 ? [] : [{ code: "passed_over", message: faults.join("; ") }];
