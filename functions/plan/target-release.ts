/** Which release a plan goes back to: as of a moment, by digest, or the last one that nobody marked as bad. */
import type { Release } from "../../schemas/answer.ts";
import type { Fact } from "../../schemas/fact.ts";
import type { Blocker } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import { type AsOf, justBefore } from "../ledger/as-of.ts";
import { canonical, newestFirst } from "../ledger/canonical.ts";
import { EVER, history } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { markOf } from "../queries/marks.ts";
import type { Question } from "../queries/question.ts";
import { release } from "../queries/release/release.ts";
import type { Selector } from "../queries/release/running.ts";
import { slotOf } from "../queries/release/slots.ts";

export type TargetQuery = { readonly at: string } | { readonly digest: string } | { readonly last: "good" };

/** What is gone back to; without a release only the reason why there is none. */
export interface TargetRelease {
  readonly release: Release | null;
  /** Migrations applied after this moment are not its own. */
  readonly since: string | null;
  readonly blockers: readonly Blocker[];
}

/** After everything that is known: what runs now is what the facts say last, at whatever time that is asked. */
export const LAST = "9999-12-31T23:59:59.999Z";

/** What runs by the newest that is known. Its `at` is `knownAt`, the moment when this was so. */
export async function currentRelease(moment: AsOf, selector: Selector): Promise<Release | undefined> {
  const found = await release({ ...moment, at: LAST }, selector);
  return found && { ...found, at: moment.knownAt };
}

/* Marks */

/** Whether the newest mark of any digest of an image says that it is bad. */
export async function isMarkedBad(question: Question, digest: string): Promise<boolean> {
  return (await markOf(question, digest, EVER))?.verdict === "bad";
}

/* By digest */

const SIGNS: ReadonlySet<Fact["kind"]> = new Set([
  "deployment.succeeded",
  "deployment.observed",
  "task.observed",
]);

/** What says of an image that it ran: a start or a failure does not. */
const isSign = (fact: Fact, { environment, service }: Selector): boolean =>
  SIGNS.has(fact.kind) &&
  "environment" in fact &&
  fold(fact.environment) === fold(environment) &&
  // A task may name no service: the release of its moment tells.
  (!("service" in fact) || fact.service === undefined || fold(fact.service) === fold(service));

async function signsOf(moment: AsOf, selector: Selector, digests: readonly string[]): Promise<Fact[]> {
  const partitions = digests.flatMap((digest) =>
    (["deployed", "task"] as const).map((aspect) => ({ of: "digest", digest, aspect }) as const),
  );
  const found = await mapLimit(AT_ONCE, partitions, async (partition) => {
    for await (const fact of history(moment, partition, { to: EVER, descending: true })) {
      if (isSign(fact, selector)) return fact;
    }
    return undefined;
  });
  return found.filter((fact) => fact !== undefined).sort(newestFirst);
}

/** So many of the newest signs are followed, should the release of their moment not show the image after all. */
const SIGNS_MAX = 3;

async function byDigest(question: Question, selector: Selector, digest: string): Promise<TargetRelease> {
  const { members } = await question.images.family(digest);
  const signs = await signsOf(question, selector, [...members]);
  for (const at of [...new Set(signs.map(({ occurredAt }) => occurredAt))].slice(0, SIGNS_MAX)) {
    const found = await release({ ...question, at }, selector);
    const isShown = found?.components.some((one) => one.digest !== null && members.has(one.digest));
    if (found !== undefined && isShown === true) return { release: found, since: found.since, blockers: [] };
  }
  const message = `no deployment, observation or task says that ${digest} ran here; ask by moment (at) instead`;
  return { release: null, since: null, blockers: [{ code: "digest_never_ran", message }] };
}

/* The last good one */

/** So many releases are looked at, going back: each costs a release's round trips. */
export const RELEASES_BACK_MAX = 24;

/** Which images a release has, in one text. */
const imagesShown = ({ components }: Release): string =>
  canonical(components.map((one) => canonical([slotOf(one), one.digest])).sort());

async function isGood(question: Question, { status, components }: Release): Promise<boolean> {
  const digests = components.flatMap(({ digest }) => digest ?? []);
  if (status !== "running" || digests.length < components.length) return false;
  const marks = await Promise.all(digests.map((digest) => isMarkedBad(question, digest)));
  return !marks.includes(true);
}

async function lastGood(question: Question, selector: Selector, current: Release): Promise<TargetRelease> {
  const running = imagesShown(current);
  let found: Release | undefined = current;
  for (let back = 0; back < RELEASES_BACK_MAX && found?.since != null; back++) {
    const at = justBefore(found.since);
    found = await release({ ...question, at }, selector);
    if (found === undefined || imagesShown(found) === running) continue;
    if (await isGood(question, found)) return { release: found, since: found.since, blockers: [] };
  }
  const message = `of the ${RELEASES_BACK_MAX} releases before this one, none has other images that are all known and not marked as bad; ask by moment (at) or digest`;
  return { release: null, since: null, blockers: [{ code: "no_good_release", message }] };
}

/* Any of them */

/** What there is to say against a release that cannot be gone back to. */
function judged(aimed: TargetRelease): TargetRelease {
  const status = aimed.release?.status ?? "running";
  if (status === "running") return aimed;
  const blocker: Blocker =
    status === "removed"
      ? { code: "target_removed", message: "the service had been removed by then: nothing ran" }
      : { code: "target_unknown", message: "no fact says what ran by then" };
  return { ...aimed, blockers: [...aimed.blockers, blocker] };
}

async function releaseAimedAt(
  question: Question,
  selector: Selector,
  aim: TargetQuery,
): Promise<TargetRelease> {
  if ("at" in aim) {
    const found = await release({ ...question, at: aim.at }, selector);
    return { release: found ?? null, since: aim.at, blockers: [] };
  }
  if ("digest" in aim) return byDigest(question, selector, aim.digest);
  const now = await currentRelease(question, selector);
  return now === undefined ? { release: null, since: null, blockers: [] } : lastGood(question, selector, now);
}

/**
 * Finds the release. By digest and the last good one it is the release as it last ran; but what was migrated after
 * it began to run is not counted as its own: mostly that was done for the release after it.
 * As of a moment it costs a release's five sequential round trips at most; by digest three releases', and one round
 * trip for each thousand facts that name the image elsewhere; the last good one a release's for each stepped over.
 */
export const targetReleaseAt = async (...asked: Parameters<typeof releaseAimedAt>): Promise<TargetRelease> =>
  judged(await releaseAimedAt(...asked));
