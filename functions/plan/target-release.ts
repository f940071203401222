/** The release that a plan goes back to: as of a moment, by digest, or the last one that is not marked as bad. */
import type { Release } from "../../schemas/answer.ts";
import type { Fact } from "../../schemas/fact.ts";
import type { Blocker, PlanWarning } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import { type AsOf, justBefore } from "../ledger/as-of.ts";
import { canonical, newestFirst } from "../ledger/canonical.ts";
import { EVER, history } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { markOf } from "../queries/marks.ts";
import type { Question } from "../queries/question.ts";
import { configurationChanges, locationOf } from "../queries/release/configuration.ts";
import { release } from "../queries/release/release.ts";
import type { Selector } from "../queries/release/running.ts";
import { byComponent, slotOf } from "../queries/release/slots.ts";

export type TargetQuery = { readonly at: string } | { readonly digest: string } | { readonly last: "good" };

/** The release to go back to; null: the blockers say why there is none. */
export interface TargetRelease {
  readonly release: Release | null;
  /** Migrations applied after this moment do not belong to the release. */
  readonly since: string | null;
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly PlanWarning[];
}

/** A moment after all facts: what runs now follows from the newest facts, whatever the clock says. */
export const LAST = "9999-12-31T23:59:59.999Z";

/** What runs according to the newest facts. Its `at` is `knownAt`. */
export async function currentRelease(moment: AsOf, selector: Selector): Promise<Release | undefined> {
  const found = await release({ ...moment, at: LAST }, selector);
  return found && { ...found, at: moment.knownAt };
}

/* Marks */

/** Whether the newest mark of an image, on any of its digests, is bad. */
export async function isMarkedBad(
  question: Question,
  image: { readonly digest: string; readonly environment: string },
): Promise<boolean> {
  return (await markOf(question, image, EVER))?.verdict === "bad";
}

/* By digest */

const EVIDENCE: ReadonlySet<Fact["kind"]> = new Set([
  "deployment.succeeded",
  "deployment.observed",
  "task.observed",
]);

/** Whether a fact is evidence that an image ran: the start or failure of a deployment is not. */
const isEvidence = (fact: Fact, { environment, service }: Selector): boolean =>
  EVIDENCE.has(fact.kind) &&
  "environment" in fact &&
  fold(fact.environment) === fold(environment) &&
  // A task may name no service: then the release at its time decides.
  (!("service" in fact) || fact.service === undefined || fold(fact.service) === fold(service));

async function evidenceOf(moment: AsOf, selector: Selector, digests: readonly string[]): Promise<Fact[]> {
  const partitions = digests.flatMap((digest) =>
    (["deployed", "task"] as const).map((aspect) => ({ of: "digest", digest, aspect }) as const),
  );
  const found = await mapLimit(AT_ONCE, partitions, async (partition) => {
    for await (const fact of history(moment, partition, { to: EVER, descending: true })) {
      if (isEvidence(fact, selector)) return fact;
    }
    return undefined;
  });
  return found.filter((fact) => fact !== undefined).sort(newestFirst);
}

/** How many of the newest pieces of evidence are tried, in case the release at their time does not have the image. */
const EVIDENCE_MAX = 3;

async function byDigest(question: Question, selector: Selector, digest: string): Promise<TargetRelease> {
  const { members } = await question.images.family(digest);
  const evidence = await evidenceOf(question, selector, [...members]);
  for (const at of [...new Set(evidence.map(({ occurredAt }) => occurredAt))].slice(0, EVIDENCE_MAX)) {
    const found = await release({ ...question, at }, selector);
    const isShown = found?.components.some((one) => one.digest !== null && members.has(one.digest));
    if (found !== undefined && isShown === true)
      return { release: found, since: found.since, blockers: [], warnings: [] };
  }
  const message = `no deployment, observation or task reports that ${digest} ran here; ask with at=… instead`;
  return { release: null, since: null, blockers: [{ code: "digest_never_ran", message }], warnings: [] };
}

/* The last good one */

/** How many releases are tried, going back. Each costs the round trips of a release. */
export const RELEASES_BACK_MAX = 24;

/** The images of a release as one string, for comparison. */
const imagesShown = ({ components }: Release): string =>
  canonical(components.map((one) => canonical([slotOf(one), one.digest])).sort());

/** The images and the content of the configuration of a release as one string. */
const wholeShown = (release: Release): string =>
  canonical([
    imagesShown(release),
    ...release.config.map((one) => canonical([locationOf(one), one.digest ?? one.revision])).sort(),
  ]);

/** Whether two releases have the same images and configuration. */
const isSameRelease = (one: Release, current: Release): boolean =>
  imagesShown(one) === imagesShown(current) &&
  // Configuration that is not known then is nothing to go back to.
  configurationChanges(current.config, one.config).every(({ to }) => to === null);

/** Whether different images of one component served at once, as while a canary runs: no release to go back to. */
const isMixture = ({ components }: Release): boolean =>
  [...byComponent(components.filter(({ weight }) => weight !== 0)).values()].some(
    (entries) => new Set(entries.map(({ digest }) => digest)).size > 1,
  );

/** What was rolled back from: images, or the same images with other configuration. */
const leftBy = (rollback: Release, from: Release): string =>
  imagesShown(rollback) === imagesShown(from) ? wholeShown(from) : imagesShown(from);

/** Why a release is not good; undefined if it is. @param goneFrom when the service was rolled back from it (see `leftBy`) */
async function faultOf(
  question: Question,
  found: Release,
  goneFrom: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const digests = found.components.flatMap(({ digest }) => digest ?? []);
  const left = goneFrom.get(imagesShown(found)) ?? goneFrom.get(wholeShown(found));
  if (found.status !== "running") return "nothing is known to have run";
  if (digests.length < found.components.length) return "an image of it is unknown";
  if (isMixture(found)) return "several variants ran side by side";
  const marks = await Promise.all(
    digests.map((digest) => markOf(question, { digest, environment: found.environment }, EVER)),
  );
  if (marks.some((mark) => mark?.verdict === "bad")) return "an image of it is marked as bad";
  const isVouchedFor = marks.every((mark) => mark !== undefined && mark.occurredAt > (left ?? ""));
  return left === undefined || isVouchedFor ? undefined : `it was rolled back from at ${left}`;
}

/**
 * Goes back release by release. What an operator, or a deployer that says so, rolled back from is not good: neither that
 * release nor earlier ones with the same images (if only configuration was taken back: nor earlier ones with both).
 */
async function lastGood(question: Question, selector: Selector, current: Release): Promise<TargetRelease> {
  const goneFrom = new Map<string, string>();
  const faults: string[] = [];
  let newer = current;
  for (let back = 0; back < RELEASES_BACK_MAX && newer.since !== null; back++) {
    const found = await release({ ...question, at: justBefore(newer.since) }, selector);
    if (found === undefined) break;
    if (newer.rollback) goneFrom.set(leftBy(newer, found), newer.since);
    newer = found;
    if (isSameRelease(found, current)) continue;
    const fault = await faultOf(question, found, goneFrom);
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
): Promise<TargetRelease> {
  if ("at" in aim) {
    const found = await release({ ...question, at: aim.at }, selector);
    return { release: found ?? null, since: aim.at, blockers: [], warnings: [] };
  }
  if ("digest" in aim) return byDigest(question, selector, aim.digest);
  const now = await currentRelease(question, selector);
  return now === undefined
    ? { release: null, since: null, blockers: [], warnings: [] }
    : lastGood(question, selector, now);
}

/**
 * Finds the release. By digest, and for the last good one, it is the release as it last ran. Migrations applied after it
 * started do not belong to it: usually they were applied for its successor.
 *
 * Sequential round trips: as of a moment, those of one release (at most five). By digest, those of three releases, and one
 * for each thousand facts that name the image elsewhere. For the last good one, those of each release tried.
 */
export const targetReleaseAt = async (...asked: Parameters<typeof releaseAimedAt>): Promise<TargetRelease> =>
  withStatusBlocker(await releaseAimedAt(...asked));
