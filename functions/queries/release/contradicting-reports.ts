/**
 * Reports that contradict each other within minutes: one says that a deployment succeeded, another that one failed, or
 * the runtime shows what ran before. The runtime decides which images run; the answer names both.
 */

import type { Warning } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { canonical, newestFirst } from "../../ledger/canonical.ts";
import { backwards } from "../../ledger/fact-reader.ts";
import type { Question, Selector } from "../question.ts";
import type { Claim, Observation } from "./effective-deployments.ts";
import type { Reconciled } from "./reconcile.ts";
import type { ResolvedComponent } from "./resolved-component.ts";
import { isSameSlot } from "./slots.ts";

const MINUTES_MS = 15 * 60_000;

type Failed = FactOf<"deployment.failed">;
type Started = FactOf<"deployment.started">;

const apartMs = (a: Fact, b: Fact): number => Math.abs(Date.parse(a.occurredAt) - Date.parse(b.occurredAt));

/** The newest start and failure of a service, and the failures within minutes of its newest claim. */
export async function attemptsOf(
  question: Question,
  selector: Selector,
  claim: Claim | undefined,
): Promise<{ started: Started | undefined; failed: Failed | undefined; failures: Failed[] }> {
  let started: Started | undefined;
  let failed: Failed | undefined;
  const failures: Failed[] = [];
  for await (const fact of backwards(question, { of: "attempt", ...selector }, question.at)) {
    if (fact.kind === "deployment.started") started ??= fact;
    const isNear = claim !== undefined && apartMs(fact, claim) <= MINUTES_MS;
    if (fact.kind === "deployment.failed") {
      failed ??= fact;
      if (isNear) failures.push(fact);
    }
    // A newer attempt may come before those that are near.
    const isPast = claim === undefined ? started !== undefined : fact.occurredAt < claim.occurredAt;
    if ((started !== undefined || failed !== undefined) && !isNear && isPast) break;
  }
  return { started, failed, failures };
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
