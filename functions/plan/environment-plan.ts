/** The plan of a whole environment: to rebuild a cluster with every image as it was. */
import type { Release } from "../../schemas/answer.ts";
import { type EnvironmentPlan, hashOf, type PlannedService } from "../../schemas/plan.ts";
import type { AsOf } from "../ledger/as-of.ts";
import type { Paging } from "../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { type Question, questionOf } from "../queries/question.ts";
import { snapshot } from "../queries/snapshot.ts";
import { artifactsOf } from "./images.ts";
import { statusOf } from "./plan.ts";
import { currentRelease } from "./target-release.ts";
import { chooseVariants } from "./variants.ts";

async function serviceOf(
  question: Question,
  release: Release,
  current: Release | undefined,
  accepted: ReadonlySet<string>,
): Promise<PlannedService> {
  const { target, blockers, warnings } = chooseVariants(release, { at: question.at });
  const artifacts = await artifactsOf(question, target, current, accepted);
  const all = [...blockers, ...artifacts.blockers];
  return {
    service: release.service,
    status: statusOf(all),
    now: current?.status ?? "unknown",
    blockers: all,
    warnings: [...warnings, ...artifacts.warnings],
    components: artifacts.components,
  };
}

/**
 * Plans one page of an environment as of a moment, in the order of services. `undefined`: the name is unknown.
 * Schemas are not planned: rebuilt databases begin empty. Cost: two releases for each service of the page, eight services
 * at a time; for images that are gone, see `artifactsOf`.
 */
export async function environmentPlan(
  moment: AsOf,
  environment: string,
  accepted: readonly string[],
  paging: Paging,
): Promise<EnvironmentPlan | undefined> {
  const question = questionOf(moment);
  const page = await snapshot(question, { environment }, paging);
  if (page === undefined) return undefined;
  const substitutes = new Set(accepted);
  const pairs = await mapLimit(AT_ONCE / 2, page.releases, async (release) => {
    const current = await currentRelease(question, { environment, service: release.service });
    const ranThen = release.status === "running";
    const planned = ranThen ? await serviceOf(question, release, current, substitutes) : undefined;
    return { planned, service: release.service, runsNow: current?.status === "running" };
  });
  const services = pairs.flatMap(({ planned }) => planned ?? []);
  const plan = {
    environment,
    at: page.at,
    knownAt: page.knownAt,
    settled: page.settled,
    hash: "",
    status: statusOf(services.flatMap(({ blockers }) => blockers)),
    services,
    removedSince: services.flatMap(({ service, now }) => (now === "running" ? [] : [service])),
    cameLater: pairs.flatMap(({ planned, service, runsNow }) =>
      planned === undefined && runsNow ? [service] : [],
    ),
    next: page.next,
  };
  return { ...plan, hash: hashOf(plan) };
}
