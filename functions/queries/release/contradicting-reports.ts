/**
 * Reports that contradict each other within minutes: one says that a deployment succeeded, another that one failed, or
 * the runtime shows what ran before. The runtime decides which images run; the answer names both.
 */

import type { Warning } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { byOrder, canonical, newestFirst } from "../../ledger/canonical.ts";
import { backwards } from "../../ledger/fact-reader.ts";
import type { Question, Selector } from "../question.ts";
import type { Claim, Effective, Observation } from "./effective-deployments.ts";
import type { Reconciled } from "./reconcile.ts";
import type { ResolvedComponent } from "./resolved-component.ts";
import { isSameSlot } from "./slots.ts";

const MINUTES_MS = 15 * 60_000;

type Failed = FactOf<"deployment.failed">;
type Started = FactOf<"deployment.started">;

const apartMs = (a: Fact, b: Fact): number => Math.abs(Date.parse(a.occurredAt) - Date.parse(b.occurredAt));

/** How far back starts and failures are read. */
const ATTEMPTS_MAX = 100;

/** Starts and failures of a service that may still count, and those failures that are within minutes of its newest claim. */
interface Attempts {
  readonly started: Started | undefined;
  /** Newest first, back to the oldest claim in effect. */
  readonly failed: readonly Failed[];
  readonly near: readonly Failed[];
}

/** Reads the newest start, and the failures that no claim in effect is certain to have settled. */
export async function attemptsOf(
  question: Question,
  selector: Selector,
  { lastClaim, claimed }: Pick<Effective, "lastClaim" | "claimed">,
): Promise<Attempts> {
  const claims = [...claimed.values()].map(({ claim }) => claim);
  const [oldest] = [...claims, ...(lastClaim === undefined ? [] : [lastClaim])].sort(byOrder);
  let started: Started | undefined;
  const failed: Failed[] = [];
  let count = 0;
  for await (const fact of backwards(question, { of: "attempt", ...selector }, question.at)) {
    if (fact.kind === "deployment.started") started ??= fact;
    if (fact.kind === "deployment.failed") failed.push(fact);
    count += 1;
    // A newer attempt may come before those that are near the newest claim.
    const isNear = lastClaim !== undefined && apartMs(fact, lastClaim) <= MINUTES_MS;
    const isPast = oldest === undefined ? started !== undefined : fact.occurredAt < oldest.occurredAt;
    if ((!isNear && isPast) || count === ATTEMPTS_MAX) break;
  }
  const near = failed.filter((one) => lastClaim !== undefined && apartMs(one, lastClaim) <= MINUTES_MS);
  return { started, failed, near };
}

/** Whether a failure may be of what a claim says to have succeeded: it names no other commit and no other image. */
function isAbout(failed: Failed, claim: FactOf<"deployment.succeeded">): boolean {
  const claimed = claim.components ?? [];
  const isOtherCommit =
    failed.commit !== undefined &&
    claim.commit !== undefined &&
    !isSameCommit(failed.commit.sha, claim.commit.sha);
  const isOtherImage = (failed.components ?? []).some(({ digest, ...slot }) =>
    claimed.some(
      (one) =>
        isSameSlot(one, slot) && digest !== undefined && one.digest !== undefined && one.digest !== digest,
    ),
  );
  return !isOtherCommit && !isOtherImage;
}

const named = ({ source, id, occurredAt }: Fact): string => `${source} ${id} at ${occurredAt}`;

const warning = (claim: Claim, other: Fact, what: string): Warning => ({
  code: "tellers_contradict",
  message: `${named(claim)} reports success, and ${named(other)} ${what}`,
});

/** Whether an observation contradicts a claim within minutes, or shows what has been running since before it. */
const isContradiction = (look: Observation, claim: Claim): boolean =>
  apartMs(look, claim) <= MINUTES_MS || (look.since !== undefined && look.since < claim.occurredAt);

/** The tasks of a rollout show another image than its deployment names. */
function taskWarning({ by, contradicts, resolution }: ResolvedComponent): Warning[] {
  const [task] = [...resolution.facts].sort(newestFirst);
  if (contradicts === undefined || task === undefined || by.kind !== "deployment.succeeded") return [];
  return [warning(by, task, "shows other images")];
}

export function contradictionWarnings(
  { running: { lastClaim: claim }, observation, contradicted, shown }: Reconciled,
  failures: readonly Failed[],
): Warning[] {
  const looked =
    contradicted?.kind === "deployment.succeeded" &&
    observation !== undefined &&
    isContradiction(observation, contradicted)
      ? [warning(contradicted, observation, "shows other images")]
      : [];
  const seen = [...looked, ...shown.flatMap(taskWarning)];
  if (claim?.kind !== "deployment.succeeded") return seen;
  const failed = failures.filter(
    (one) =>
      one.source !== claim.source &&
      canonical(one.deployment) !== canonical(claim.deployment) &&
      isAbout(one, claim),
  );
  return [...seen, ...failed.map((one) => warning(claim, one, "a failure"))];
}
