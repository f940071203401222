/**
 * The plan: the steps that redeploy an earlier release in an environment. A pure function of facts: the same facts give
 * the same plan and hash at any time.
 */
import type { Release } from "../../schemas/answer.ts";
import type { DeployTools } from "../../schemas/deploy-tools.ts";
import type { Hosts } from "../../schemas/hosts.ts";
import { type Blocker, hashOf, type Plan, type PlanWarning } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import { type AsOf, isSettled } from "../ledger/as-of.ts";
import { type Question, questionOf } from "../queries/question.ts";
import type { Selector } from "../queries/release/running.ts";
import { describedAt } from "../queries/service-description.ts";
import { commitsBetween } from "./compare.ts";
import { configBetween, configurationVerdict } from "./configuration.ts";
import { deploySteps, notRestored, toolBlockers } from "./deployers/deployers.ts";
import { renamedSince, withinHosts } from "./hosts.ts";
import { artifactsOf } from "./images.ts";
import { type Reverts, revertsOf } from "./reverts.ts";
import { type DatabaseChange, decide, movedDatabases, ownOf } from "./schema.ts";
import { deployedTogether, usersOf } from "./shared.ts";
import { stepsOf, targetOf } from "./steps.ts";
import {
  currentRelease,
  isMarkedBad,
  LAST,
  type TargetQuery,
  type TargetRelease,
  targetReleaseAt,
} from "./target-release.ts";
import { chooseVariants } from "./variants.ts";

/** What the request asks for, and which risks it accepts. */
export interface PlanOptions {
  readonly aim: TargetQuery;
  readonly schema?: "keep" | "revert" | undefined;
  readonly acceptDataLoss?: boolean | undefined;
  /** Whether configuration may stay as it is now, where no step restores it. */
  readonly acceptConfiguration?: boolean | undefined;
  /** Digests of images that may replace images that are gone. */
  readonly acceptSubstitute?: readonly string[] | undefined;
  /** Services that share a database and accept that it is reverted. */
  readonly acceptShared?: readonly string[] | undefined;
  /** Commands of deploy tools that the ledger does not know, from its configuration. */
  readonly tools?: DeployTools | undefined;
  /** The hosts that commands may name, from the ledger's configuration. */
  readonly hosts?: Hosts | undefined;
}

/** The plan of a service without its header and hash. */
type Body = Omit<Plan, "environment" | "service" | "at" | "knownAt" | "settled" | "hash" | "status">;

/** What all parts of one plan share. */
interface Planning {
  readonly question: Question;
  readonly selector: Selector;
  readonly wish: PlanOptions;
  readonly current: Release;
  readonly deployTool: string | undefined;
  readonly migratesAtStartup: boolean;
  readonly repository: string | undefined;
}

export const statusOf = (blockers: readonly Blocker[]): Plan["status"] =>
  blockers.length === 0 ? "ready" : "blocked";

/* Schema */

interface Schemas {
  readonly planned: Plan["schema"];
  /** Present only if schemas are reverted. */
  readonly reverts: Reverts | undefined;
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly PlanWarning[];
}

/** Reverting a database affects every service that uses it. */
async function sharedBlockers({ question, selector, wish }: Planning, moved: readonly DatabaseChange[]) {
  const databases = moved.filter(({ since }) => since.length > 0).map(({ database }) => database);
  const users = await usersOf(question, selector, databases);
  const accepted = new Set((wish.acceptShared ?? []).map(fold));
  return databases.flatMap((database): Blocker[] => {
    const others = (users.get(database) ?? []).filter((service) => !accepted.has(fold(service)));
    if (others.length === 0) return [];
    const message = `${others.join(", ")} ${others.length === 1 ? "uses" : "use"} ${database} too; if ${others.length === 1 ? "it runs" : "they run"} on the older schema, ask with acceptShared=${others.join(",")}`;
    return [{ code: "database_shared", message }];
  });
}

async function schemasOf(planning: Planning, target: Release, since: string): Promise<Schemas> {
  const { question, selector, wish, current, migratesAtStartup } = planning;
  const own = await ownOf(question, target);
  const releases = [current, target];
  const moved = await movedDatabases(question, selector.environment, releases, since, own);
  const { choice, blockers, warnings } = decide(wish.schema, own, moved, releases);
  const newestFirst = moved.flatMap((one) =>
    one.since.toReversed().map(({ version }) => ({ database: one.database, version })),
  );
  const planned = { choice, since, revert: [], keep: choice === "revert" ? [] : newestFirst };
  if (choice !== "revert" && choice !== "undecided")
    return { planned, reverts: undefined, blockers, warnings };
  const acceptsDataLoss = wish.acceptDataLoss === true;
  const reverts = await revertsOf(question, moved, current, { acceptsDataLoss, migratesAtStartup });
  const both = { ...planned, revert: reverts.versions };
  if (choice === "undecided") return { planned: both, reverts: undefined, blockers, warnings };
  return {
    planned: both,
    reverts,
    blockers: [...blockers, ...reverts.blockers, ...(await sharedBlockers(planning, moved))],
    warnings: [...warnings, ...reverts.warnings, ...downtime(planning)],
  };
}

const downtime = ({ migratesAtStartup, selector }: Planning): PlanWarning[] =>
  migratesAtStartup
    ? [
        {
          code: "downtime",
          message: `${selector.service} is down while its schema is reverted, until it is deployed: it migrates at startup, so all newer instances must stop first`,
        },
      ]
    : [];

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
  ];
}

const isRunningAlready = ({ components, commits, config, schema }: Body, current: Release): boolean =>
  // A deployment that failed may have changed a part of what runs.
  current.attempt?.status !== "failed" &&
  components.length === current.components.length &&
  components.every(({ from, to }) => to !== null && from === to) &&
  commits.from?.sha === commits.to?.sha &&
  config.length === 0 &&
  schema.keep.length + schema.revert.length === 0;

/* Together */

async function bodyOf(planning: Planning, release: Release, since: string): Promise<Body> {
  const { question, wish, current } = planning;
  const chosen = chooseVariants(release, wish.aim);
  const { target } = chosen;
  const [artifacts, schemas, warnings] = await Promise.all([
    artifactsOf(question, target, current, new Set(wish.acceptSubstitute ?? [])),
    schemasOf(planning, target, since),
    circumstances(planning, target),
  ]);
  const { components, copies } = artifacts;
  const commits = commitsBetween(current, target, planning.repository);
  const config = configBetween(current, target);
  const deployed = targetOf(target, components, commits, config);
  const deploying = deploySteps(deployed, planning.deployTool, wish.tools);
  const missing = notRestored(deployed, deploying);
  const configured = configurationVerdict(config, missing, wish.acceptConfiguration === true);
  // Incomplete steps could be mistaken for the complete plan.
  const open = [
    ...chosen.blockers,
    ...artifacts.blockers,
    ...toolBlockers(planning.deployTool, wish.tools ?? {}),
  ];
  const isOpen = open.length > 0 || schemas.planned.choice === "undecided";
  const restored = deployed.restore.filter((one) => !missing.includes(one));
  const ingredients = {
    ...planning,
    target,
    copies,
    reverts: schemas.reverts,
    deployed,
    deploying,
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
  if (!isRunningAlready(body, current)) return body;
  const message = "this release runs now; the steps would deploy it again";
  return { ...body, warnings: [{ code: "already_running", message }, ...body.warnings] };
}

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

/**
 * Plans how a service goes back to an earlier release. `undefined`: the name is unknown.
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
    currentRelease(question, selector),
    targetReleaseAt(question, selector, wish.aim),
    describedAt(question, { ...selector, service: fold(selector.service) }, LAST),
  ]);
  if (current === undefined) return undefined;
  const { environment, service } = current;
  const planning: Planning = {
    question,
    selector: { environment, service },
    wish,
    current,
    deployTool: description?.deployTool,
    migratesAtStartup: description?.migratesAtStartup === true,
    repository: description?.repository,
  };
  const { release, since, blockers } = aimed;
  const body =
    release === null || since === null || blockers.length > 0
      ? emptyBody(current, aimed)
      : await bodyOf(planning, release, since);
  const planned = {
    environment,
    service,
    at: release?.at ?? null,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    hash: "",
    status: statusOf(body.blockers),
    ...body,
    warnings: [...aimed.warnings, ...body.warnings],
  };
  return { ...planned, hash: hashOf(planned) };
}
