/**
 * The plan: the steps that redeploy an earlier release in an environment. A pure function of facts: the same facts give
 * the same plan and hash at any time.
 */

import type { Release } from "../../schemas/answer.ts";
import { type Blocker, hashOf, type Plan, type PlanWarning } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import { isInGit } from "../../schemas/words/in-git.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import { type Question, questionOf, type Selector } from "../queries/question.ts";
import { describedAt } from "../queries/service-description.ts";
import { commitsBetween } from "./compare.ts";
import { configBetween, configurationVerdict } from "./configuration.ts";
import { deploySteps, notRestored, toolBlockers } from "./deployers/deployers.ts";
import { type DeployedBy, deployedBy } from "./deployers/own-tools.ts";
import { renamedSince, withinHosts } from "./hosts.ts";
import type { Planning, PlanOptions } from "./plan-options.ts";
import { schemasOf } from "./schema/planned-schema.ts";
import { deployedTogether } from "./schema/shared.ts";
import { stepsOf, targetOf } from "./steps.ts";
import { currentRelease, LAST } from "./target/current-release.ts";
import { isPossible, undescribed } from "./target/first-deployment.ts";
import { artifactsOf } from "./target/images.ts";
import { isServedAlike } from "./target/served.ts";
import type { TargetQuery, TargetRelease } from "./target/target.ts";
import { isMarkedBad, targetReleaseAt } from "./target/target-release.ts";
import { chooseVariants } from "./target/variants.ts";

export type { PlanOptions } from "./plan-options.ts";

/** The plan of a service without its header and hash. */
export type Body = Omit<Plan, "environment" | "service" | "at" | "knownAt" | "settled" | "hash" | "status">;

export const statusOf = (blockers: readonly Blocker[]): Plan["status"] =>
  blockers.length === 0 ? "ready" : "blocked";

/* Warnings */

const driftWarning = (which: string, { drift }: Release): PlanWarning[] =>
  drift === null
    ? []
    : [
        {
          code: "drift",
          message: `the runtime ${which} other images than the newest deployment reported; the plan follows the runtime`,
        },
      ];

async function circumstances({ question, current }: Planning, target: Release): Promise<PlanWarning[]> {
  const digests = [...new Set(target.components.flatMap(({ digest }) => digest ?? []))];
  const [marks, together] = await Promise.all([
    Promise.all(digests.map((digest) => isMarkedBad(question, { digest, environment: target.environment }))),
    deployedTogether(question, target),
  ]);
  const marked = digests
    .filter((_, n) => marks[n])
    .map((digest): PlanWarning => ({ code: "marked_bad", message: `${digest} is marked as bad` }));
  const clusters = [...target.warnings, ...current.warnings].find(({ code }) => code === "two_clusters");
  return [
    ...marked,
    ...driftWarning("had", target),
    ...driftWarning("has", current),
    ...(together.length === 0
      ? []
      : [
          {
            code: "deployed_together" as const,
            message: `the same deployment included ${together.join(", ")}; asof does not know whether they depend on each other`,
          },
        ]),
    ...(clusters === undefined ? [] : [{ code: "two_clusters" as const, message: clusters.message }]),
    ...current.warnings.flatMap(({ code, message }) =>
      code === "migration_failed" || code === "clock_skew" || code === "deployment_failed"
        ? [{ code, message }]
        : [],
    ),
    ...disputesOf(target, current),
  ];
}

/** What is disputed of the facts that the target or the current release rests on, each once. */
const disputesOf = (...releases: readonly Release[]): PlanWarning[] => {
  const messages = releases.flatMap(({ warnings }) =>
    warnings.flatMap(({ code, message }) => (code === "disputed" ? [message] : [])),
  );
  return [...new Set(messages)].map((message) => ({ code: "disputed", message }));
};

/** Whether the images and the configuration of the target run now, and no others. */
export const isUnchanged = (
  { target, components, commits, config }: Pick<Body, "target" | "components" | "commits" | "config">,
  current: Release,
  by: readonly DeployedBy[],
): boolean =>
  // A deployment that failed may have changed a part of what runs.
  current.attempt?.status !== "failed" &&
  target !== null &&
  isServedAlike(target, current) &&
  components.every(({ from, to }) => from === to && (to !== null || isByCommit(commits, by))) &&
  commits.from?.sha === commits.to?.sha &&
  config.length === 0;

/** Whether a component without a digest is known by its commit. */
const isByCommit = ({ to }: Plan["commits"], by: readonly DeployedBy[]): boolean =>
  to !== null && by.includes("commit");

/* Together */

/** @param release the target, whose blockers are none */
export async function bodyOf(planning: Planning, release: Release, aimed: TargetRelease): Promise<Body> {
  const { question, wish, current, description } = planning;
  const deployTool = description?.deployTool;
  const by = deployedBy(description, wish.tools);
  const chosen = chooseVariants(release, wish.aim);
  const { target } = chosen;
  const [artifacts, schemas, warnings] = await Promise.all([
    artifactsOf(question, target, current, { accepted: new Set(wish.acceptSubstitute ?? []), by }),
    schemasOf(planning, target, aimed),
    circumstances(planning, target),
  ]);
  const { components, copies } = artifacts;
  const commits = commitsBetween(current, target, description?.repository);
  const config = configBetween(current, target);
  const isNew = aimed.elsewhere !== undefined;
  const deployed = targetOf({ target, current, description, isNew }, components, commits, config);
  const deploying = deploySteps(deployed, deployTool, wish.tools);
  const missing = notRestored(deployed, deploying);
  const committed = wish.config === "revert" ? missing.filter(isInGit) : [];
  const left = missing.filter((one) => !isInGit(one) || !committed.includes(one));
  const configured = configurationVerdict(config, left, wish.acceptConfiguration === true);
  // Incomplete steps could be mistaken for the complete plan.
  const open = [
    ...chosen.blockers,
    ...artifacts.blockers,
    ...toolBlockers(deployTool, wish.tools ?? {}),
    ...(isNew && current.status !== "running" ? undescribed(deployed, deploying, deployTool) : []),
  ];
  const isOpen = open.length > 0 || schemas.planned.choice === "undecided";
  const restored = deployed.restore.filter((one) => !left.includes(one));
  const ingredients = {
    current,
    migratesAtStartup: description?.migratesAtStartup === true,
    target,
    copies,
    reverts: schemas.reverts,
    deployed,
    deploying,
    committed,
    restored,
  };
  const steps = withinHosts(isOpen ? [] : stepsOf(ingredients), wish.hosts);
  const body: Body = {
    blockers: [...open, ...configured.blockers, ...schemas.blockers],
    warnings: [
      ...chosen.warnings,
      ...artifacts.warnings,
      ...configured.warnings,
      ...schemas.warnings,
      ...warnings,
      ...renamedSince(await question.images.renames(), target),
      ...steps.warnings,
    ],
    target: release,
    current,
    components,
    commits,
    config,
    schema: schemas.planned,
    steps: steps.steps,
  };
  const { keep, revert } = body.schema;
  if (keep.length + revert.length > 0 || !isUnchanged(body, current, by)) return body;
  return { ...body, warnings: [RUNS_NOW, ...body.warnings] };
}

export const RUNS_NOW: PlanWarning = {
  code: "already_running",
  message: "this release runs now; the steps would deploy it again",
};

/** The plan if there is no release to go back to. */
const emptyBody = (current: Release, { release, blockers }: TargetRelease): Body => ({
  blockers: [...blockers],
  warnings: [],
  target: release,
  current,
  components: [],
  commits: { from: null, to: null, compareUrl: null },
  config: [],
  schema: { choice: "unknown", since: null, revert: [], keep: [] },
  steps: [],
});

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
      : await bodyOf(planning, release, aimed);
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
