/** The plan of a whole environment: to rebuild a cluster with every image as it was. */
import type { Release } from "../../schemas/answer.ts";
import { type EnvironmentPlan, hashOf, type PlannedService } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import type { AsOf } from "../ledger/as-of.ts";
import type { Paging } from "../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { type Question, questionOf } from "../queries/question.ts";
import { describedAt } from "../queries/service-description.ts";
import { snapshot } from "../queries/snapshot.ts";
import { commitsBetween } from "./compare.ts";
import { configBetween, configurationVerdict } from "./configuration.ts";
import { currentRelease, LAST } from "./current-release.ts";
import { deploySteps, notRestored } from "./deployers/deployers.ts";
import { deployedBy } from "./deployers/own-tools.ts";
import { artifactsOf } from "./images.ts";
import { type PlanOptions, statusOf } from "./plan.ts";
import { targetOf } from "./steps.ts";
import { chooseVariants } from "./variants.ts";

/** What the request accepts, and the commands of deploy tools. */
type Options = Pick<PlanOptions, "acceptConfiguration" | "acceptSubstitute" | "tools">;

const isSame = (components: PlannedService["components"], current: Release | undefined): boolean =>
  components.length === current?.components.length &&
  components.every(({ from, to }) => to !== null && from === to);

async function serviceOf(
  question: Question,
  release: Release,
  current: Release | undefined,
  { acceptConfiguration, acceptSubstitute = [], tools = {} }: Options,
): Promise<PlannedService> {
  const { target, blockers, warnings } = chooseVariants(release, { at: question.at });
  const description = await describedAt(
    question,
    { environment: release.environment, service: fold(release.service) },
    LAST,
  );
  const by = deployedBy(description, tools);
  const artifacts = await artifactsOf(question, target, current, {
    accepted: new Set(acceptSubstitute),
    by,
  });
  const { components } = artifacts;
  const config = configBetween(current, target);
  const commits = commitsBetween(current ?? target, target, description?.repository);
  const deployed = targetOf(
    { target, current: current ?? target, description, isNew: false },
    components,
    commits,
    config,
  );
  const missing = notRestored(deployed, deploySteps(deployed, description?.deployTool, tools));
  const configured = configurationVerdict(config, missing, acceptConfiguration === true);
  const all = [...blockers, ...artifacts.blockers, ...configured.blockers];
  const isRunning = isSame(components, current) && config.length === 0;
  return {
    service: release.service,
    status: statusOf(all),
    now: current?.status ?? "unknown",
    blockers: all,
    warnings: [
      ...(isRunning ? [{ code: "already_running" as const, message: "this release runs now" }] : []),
      ...warnings,
      ...artifacts.warnings,
      ...configured.warnings,
    ],
    components,
    config,
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
  options: Options,
  paging: Paging,
): Promise<EnvironmentPlan | undefined> {
  const question = questionOf(moment);
  const page = await snapshot(question, { environment }, paging);
  if (page === undefined) return undefined;
  const pairs = await mapLimit(AT_ONCE / 2, page.releases, async (release) => {
    const current = await currentRelease(question, { environment, service: release.service });
    const ranThen = release.status === "running";
    const planned = ranThen ? await serviceOf(question, release, current, options) : undefined;
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
