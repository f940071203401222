/** The release: what a service ran in an environment at a moment, with all that is needed to redeploy it. */

import type { AppliedMigration, Release } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { byKey } from "../../../schemas/words/ordering.ts";
import { type AsOf, reachOf } from "../../ledger/as-of.ts";
import { alsoImported, backwards } from "../../ledger/fact-reader.ts";
import { evidenceOfDeployments } from "../evidence.ts";
import { databaseState } from "../migrations/database-state.ts";
import { questionOf, type Selector } from "../question.ts";
import { databasesOf, describedAt, ownImagesOf } from "../service-description.ts";
import { attemptOf } from "./attempt.ts";
import { clockWarnings } from "./clock-skew.ts";
import { describeComponent } from "./component.ts";
import {
  type EffectiveDeployments,
  effectiveDeploymentsAt,
  prefetchClaimsAfter,
} from "./deployment-reader.ts";
import { prefetchOrder, prefetchTagBefore, unnoticedWarnings } from "./deployment-warnings.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import type { Claim, Observation } from "./effective-deployments.ts";
import { reconcile } from "./effective-observation.ts";
import { claimOf, headOf, lastLook } from "./head.ts";
import { imagesSince } from "./images-since.ts";
import { answerOf, type Unanswered } from "./release-answer.ts";
import { prefetchUntil, sinceOf, untilOf } from "./validity.ts";

async function migrationsOf(context: ResolveContext) {
  const { selector, at } = context;
  const databases = await databasesOf(context, selector, at);
  if (databases === undefined) return { migrations: "unknown" as const, facts: [] };
  const states = await Promise.all(
    [...databases].sort(byKey).map(async ([folded, database]) => {
      const { migrations, facts } = await databaseState(context, selector.environment, folded, at);
      return { migrations: migrations.map((one): AppliedMigration => ({ database, ...one })), facts };
    }),
  );
  return {
    migrations: states.flatMap(({ migrations }) => migrations),
    facts: states.flatMap(({ facts }) => facts),
  };
}

/** Needs the request that the evidence of the deployment needs, too. */
async function importedOf(
  context: ResolveContext,
  head: Claim | Observation | undefined,
): Promise<Pick<Release, "alsoReported">> {
  if (head?.deployment === undefined) return {};
  const imported = await alsoImported(context, { of: "deployment", deployment: head.deployment }, head);
  return imported.length === 0 ? {} : { alsoReported: imported };
}

/** Whether the service is known, or the answer is to say that nothing is known of it. */
const isAnswered = ({ known }: EffectiveDeployments, unknown: "nothing" | "empty"): boolean =>
  known.length > 0 || unknown === "empty";

/** Prefetches what is read once the effective deployments are reconciled. */
function prefetchFurther(context: ResolveContext, { parts, lastClaim, claimed }: EffectiveDeployments): void {
  prefetchClaimsAfter(context, parts, context.at);
  prefetchTagBefore(context);
  const claims = [lastClaim, ...[...claimed.values()].map(({ claim }) => claim)];
  context.store.prefetch(() =>
    evidenceOfDeployments(
      context,
      claims.map((claim) => claim?.deployment),
    ),
  );
}

/** Reads everything that the answer is made of; undefined if the service is unknown and `unknown` is `nothing`. */
async function read(
  moment: AsOf,
  selector: Selector,
  unknown: "nothing" | "empty",
): Promise<Unanswered | undefined> {
  const question = { ...questionOf(moment), at: reachOf(moment) };
  prefetchUntil(question, selector);
  prefetchOrder(question, selector);
  question.store.prefetch(() => backwards(question, { of: "attempt", ...selector }, question.at).next());
  const [running, description] = await Promise.all([
    effectiveDeploymentsAt(question, selector, question.at),
    describedAt(question, selector, question.at),
    question.images.renames(),
  ]);
  if (!isAnswered(running, unknown)) return undefined;
  const context: ResolveContext = { ...question, selector, ownImages: ownImagesOf(description) };
  prefetchFurther(context, running);
  const [reconciled, migrated, attempted, skew] = await Promise.all([
    reconcile(context, running),
    migrationsOf(context),
    attemptOf(context, running),
    clockWarnings(question, selector, running),
  ]);
  const { shown, contributing } = reconciled;
  const head = headOf(reconciled);
  const began = sinceOf(context, reconciled, head);
  const [described, until, since, runningSince, evidence, unnoticed, imported, look] = await Promise.all([
    Promise.all(shown.map((one) => describeComponent(context, one, claimOf(reconciled, one)))),
    untilOf(context, reconciled),
    began,
    imagesSince(context, reconciled, began),
    evidenceOfDeployments(
      context,
      [head, ...contributing].map((fact) => fact?.deployment),
    ),
    unnoticedWarnings(context, {
      ...{ head, shown, attempt: attempted.attempt, migrated: migrated.facts },
      migratesAtStartup: description?.migratesAtStartup === true,
    }),
    importedOf(context, head),
    lastLook(context, reconciled),
  ]);
  return {
    ...{ known: running.known, description, reconciled, head, migrated, attempted, described, look },
    ...{ since, until, runningSince, evidence, imported, warnings: [...skew, ...unnoticed] },
  };
}

/**
 * Answers with what ran; undefined if the service is unknown in this environment. Cost: at most five sequential round
 * trips whatever the length of the history; the digests are known after two.
 * @param unknown what to answer for a service that is unknown here: nothing, or that nothing is known
 */
export const release = async (
  moment: AsOf,
  names: Selector,
  unknown: "nothing" | "empty" = "nothing",
): Promise<Release | undefined> => (await releaseWithFacts(moment, names, unknown))?.release;

/** The same, with the facts that the answer names. */
export async function releaseWithFacts(
  moment: AsOf,
  names: Selector,
  unknown: "nothing" | "empty" = "nothing",
): Promise<{ readonly release: Release; readonly facts: readonly Fact[] } | undefined> {
  const selector = { environment: fold(names.environment), service: fold(names.service) };
  const found = await read(moment, selector, unknown);
  return found && answerOf(moment, names, found);
}
