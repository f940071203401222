/**
 * The plan: the steps that redeploy an earlier release in an environment. A pure function of facts: the same facts give
 * the same plan and hash at any time.
 */

import type { Release } from "../../schemas/answer.ts";
import { hashOf, type Plan } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import { type Question, questionOf, type Selector } from "../queries/question.ts";
import { describedAt } from "../queries/service-description.ts";
import { type Body, bodyOf, emptyBody, statusOf } from "./plan-body.ts";
import { planFacts } from "./plan-facts.ts";
import type { Planning, PlanOptions } from "./plan-options.ts";
import { currentRelease, LAST } from "./target/current-release.ts";
import { isPossible } from "./target/first-deployment.ts";
import type { TargetQuery, TargetRelease } from "./target/target.ts";
import { targetReleaseAt } from "./target/target-release.ts";
import { chooseVariants } from "./target/variants.ts";

export type { PlanOptions } from "./plan-options.ts";

/** Reads what a plan for a release needs, then decides it. @param release the target, whose blockers are none */
export async function plannedBody(planning: Planning, release: Release, aimed: TargetRelease): Promise<Body> {
  const chosen = chooseVariants(release, planning.wish.aim);
  const facts = await planFacts(planning, chosen.target, aimed);
  return bodyOf({ ...planning, release, aimed, chosen }, facts);
}

/** What runs now. A service that never ran here may get an image, if the environment and the service are known. */
async function subjectRelease(
  question: Question,
  selector: Selector,
  aim: TargetQuery,
): Promise<Release | undefined> {
  const found = await currentRelease(question, selector);
  if (found !== undefined || "at" in aim || "last" in aim) return found;
  return (await isPossible(question, selector)) ? currentRelease(question, selector, "empty") : undefined;
}

/**
 * Plans how a service goes back to an earlier release, or gets an image that never ran here. `undefined`: the name is unknown.
 *
 * Sequential round trips: those of the target release (see `targetReleaseAt`; two to five as of a moment), and then, in
 * parallel:
 * - images that are gone: at most five;
 * - schemas: two, and one for each page of migrations since (a thousand facts, or a megabyte);
 * - schemas that are reverted: three for the images with the down scripts, one for every sixteen services of the
 *   environment, and a release for the services that share a database.
 * Usually three to six in all. No part makes more than sixteen requests at once.
 */
export async function plan(moment: AsOf, selector: Selector, wish: PlanOptions): Promise<Plan | undefined> {
  const question = questionOf(moment);
  const [current, aimed, description] = await Promise.all([
    subjectRelease(question, selector, wish.aim),
    targetReleaseAt(question, selector, wish.aim, wish.tools),
    describedAt(question, { ...selector, service: fold(selector.service) }, LAST),
  ]);
  if (current === undefined) return undefined;
  const { environment, service } = current;
  const planning: Planning = { question, selector: { environment, service }, wish, current, description };
  const { release, since, elsewhere, blockers } = aimed;
  const isKnown = since !== null || elsewhere !== undefined;
  const body =
    release === null || !isKnown || blockers.length > 0
      ? emptyBody(current, aimed)
      : await plannedBody(planning, release, aimed);
  const planned = {
    environment,
    service,
    at: elsewhere === null ? null : (release?.at ?? null),
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    hash: "",
    status: statusOf(body.blockers),
    ...body,
    warnings: [...aimed.warnings, ...body.warnings],
  };
  return { ...planned, hash: hashOf(planned) };
}
