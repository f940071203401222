/** The body of a plan: what it deploys, its steps, and what stands in the way. Decided from what was read; reads nothing. */
import type { Release } from "../../schemas/answer.ts";
import type { Blocker, Plan, PlanWarning } from "../../schemas/plan.ts";
import { isInGit } from "../../schemas/words/in-git.ts";
import { commitsBetween } from "./compare.ts";
import { configBetween, configurationVerdict } from "./configuration.ts";
import { deploySteps, notRestored, toolBlockers } from "./deployers/deployers.ts";
import { type DeployedBy, deployedBy } from "./deployers/own-tools.ts";
import { renamedSince, withinHosts } from "./hosts.ts";
import type { PlanFacts } from "./plan-facts.ts";
import type { Planning } from "./plan-options.ts";
import { stepsOf, targetOf } from "./steps.ts";
import { undescribed } from "./target/first-deployment.ts";
import { isServedAlike } from "./target/served.ts";
import type { TargetRelease } from "./target/target.ts";
import type { Chosen } from "./target/variants.ts";

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

function circumstances(target: Release, current: Release, { markedBad, together }: PlanFacts): PlanWarning[] {
  const marked = markedBad.map(
    (digest): PlanWarning => ({ code: "marked_bad", message: `${digest} is marked as bad` }),
  );
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

/** What a plan is made of, beside what was read for it. */
export interface BodyInput extends Pick<Planning, "wish" | "current" | "description"> {
  /** The target, whose blockers are none. */
  readonly release: Release;
  readonly aimed: TargetRelease;
  /** The release with one image of each component. */
  readonly chosen: Chosen;
}

/** Decides the plan's body. */
export function bodyOf(
  { wish, current, description, release, aimed, chosen }: BodyInput,
  facts: PlanFacts,
): Body {
  const { artifacts, schemas } = facts;
  const deployTool = description?.deployTool;
  const by = deployedBy(description, wish.tools);
  const { target } = chosen;
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
      ...circumstances(target, current, facts),
      ...renamedSince(facts.renames, target),
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
export const emptyBody = (current: Release, { release, blockers }: TargetRelease): Body => ({
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
