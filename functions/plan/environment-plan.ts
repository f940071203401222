/** The plan of a whole environment: every service with its images, configuration and schema at that time. */
import type { Release } from "../../schemas/answer.ts";
import { type Blocker, type EnvironmentPlan, hashOf, type PlannedService } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import type { AsOf } from "../ledger/as-of.ts";
import type { Paging } from "../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { type Question, questionOf } from "../queries/question.ts";
import { describedAt } from "../queries/service-description.ts";
import { snapshot } from "../queries/snapshot.ts";
import { deployedBy } from "./deployers/own-tools.ts";
import { type PlanOptions, plannedBody } from "./plan.ts";
import { type Body, isUnchanged, RUNS_NOW, statusOf } from "./plan-body.ts";
import { databasesIn } from "./schema/schema.ts";
import { currentRelease, LAST } from "./target/current-release.ts";

/** What the request accepts, and the commands of deploy tools. */
type Options = Omit<PlanOptions, "aim" | "acceptShared" | "revertedElsewhere">;

/** What a service of the environment's plan leaves to the others of it. */
type Together = Pick<PlanOptions, "acceptShared" | "revertedElsewhere">;

/** Whether a service runs as it did then: nothing touches it. */
export const isRunning = ({ warnings }: Pick<PlannedService, "warnings">): boolean =>
  warnings.some(({ code }) => code === "already_running");

async function serviceOf(
  question: Question,
  release: Release,
  current: Release,
  options: Options & Together,
): Promise<PlannedService> {
  const { environment, service } = release;
  const description = await describedAt(question, { environment, service: fold(service) }, LAST);
  const wish = { ...options, aim: { at: question.at } };
  const planning = { question, selector: { environment, service }, wish, current, description };
  const body = await plannedBody(planning, release, {
    release,
    since: question.at,
    blockers: [],
    warnings: [],
  });
  const { components, config } = body;
  const isLeft =
    options.schema !== "revert" && isUnchanged(body, current, deployedBy(description, options.tools));
  const { blockers, warnings, schema } = isLeft ? withoutSchema(body) : body;
  return {
    service,
    status: statusOf(blockers),
    now: current.status,
    blockers,
    warnings,
    components,
    config,
    schema,
  };
}

/** What stands in the way of a schema that has to be chosen. */
const OF_SCHEMA: ReadonlySet<Blocker["code"]> = new Set([
  "schema_choice_needed",
  "old_code_breaks",
  "schema_too_old",
  "migrations_missing",
]);

/** A service that runs as it did then runs on the schema of now: nothing has to be chosen for it. */
function withoutSchema({ blockers, warnings, schema }: Body): Pick<Body, "blockers" | "warnings" | "schema"> {
  const { choice, revert, keep, since } = schema;
  const isMoved = revert.length + keep.length > 0;
  return {
    blockers: blockers.filter(({ code }) => !OF_SCHEMA.has(code)),
    warnings: isRunning({ warnings }) ? warnings : [RUNS_NOW, ...warnings],
    schema: { since, choice: isMoved ? "keep" : choice, revert: [], keep },
  };
}

type Databases = NonNullable<EnvironmentPlan["databases"]>;
type Database = Databases[number];

/** A service that ran then, what it is planned from, and the databases that it uses, by folded name. */
interface Draft {
  readonly planned: PlannedService;
  readonly release: Release;
  readonly current: Release;
  readonly uses: ReadonlyMap<string, string>;
}

/** The versions of one database in a plan. */
const versionsOf = ({ schema }: PlannedService, folded: string): Pick<Database, "revert" | "keep"> => {
  const of = (all: readonly { database: string; version: string }[] = []) =>
    all.filter(({ database }) => fold(database) === folded).map(({ version }) => version);
  return { revert: of(schema?.revert), keep: of(schema?.keep) };
};

const isMoved = ({ revert, keep }: Pick<Database, "revert" | "keep">): boolean =>
  revert.length + keep.length > 0;

const differs = ({ components }: PlannedService): boolean => components.some(({ from, to }) => from !== to);

/** The databases whose schemas differ, each once, with the services that use it, and which of several reverts it. */
function databasesOf(drafts: readonly Draft[]): Map<string, Database> {
  const folded = [...new Set(drafts.flatMap(({ uses }) => [...uses.keys()]))].sort();
  return new Map(
    folded.flatMap((one) => {
      const users = drafts.filter(({ uses }) => uses.has(one));
      const [first] = users.filter(({ planned }) => isMoved(versionsOf(planned, one)));
      if (first === undefined) return [];
      const versions = versionsOf(first.planned, one);
      const isReverted = users.length > 1 && users.some(({ planned }) => planned.schema?.choice === "revert");
      const by = users.find(({ planned }) => differs(planned)) ?? first;
      const database: Database = {
        database: first.uses.get(one) ?? one,
        services: users.map(({ planned }) => planned.service),
        ...versions,
        ...(isReverted ? { revertedBy: by.planned.service } : {}),
      };
      return [[one, database] as const];
    }),
  );
}

/** One database has one schema: what stands in the way where its services go back to different ones. */
function disagreements(drafts: readonly Draft[], databases: ReadonlyMap<string, Database>): Blocker[] {
  return [...databases].flatMap(([folded, { database, revertedBy }]): Blocker[] => {
    const users = drafts.filter(({ uses }) => uses.has(folded));
    const reverts = users.map(({ planned }) => ({
      service: planned.service,
      versions: versionsOf(planned, folded).revert.join(", "),
    }));
    if (revertedBy === undefined || new Set(reverts.map(({ versions }) => versions)).size === 1) return [];
    const each = reverts.map(({ service, versions }) =>
      versions === "" ? `${service} reverts nothing` : `${service} reverts ${versions}`,
    );
    const message = `${database} has one schema, and its services go back to different ones: ${each.join("; ")}; redeploy them by name`;
    return [{ code: "schemas_differ", message }];
  });
}

/** What a service leaves to the others: they accept each other, and one of them reverts a database. */
export function togetherOf(
  databases: Iterable<Database>,
  service: string,
): { acceptShared: string[]; revertedElsewhere: string[] } {
  const shared = [...databases].filter(
    (one) => one.revertedBy !== undefined && one.services.includes(service),
  );
  const others = shared.flatMap(({ services }) => services).filter((one) => one !== service);
  return {
    acceptShared: [...new Set(others)],
    revertedElsewhere: shared
      .filter(({ revertedBy }) => revertedBy !== service)
      .map(({ database }) => database),
  };
}

/** The plans of services that share databases: each database is reverted once, for all of them. */
async function planTogether(
  question: Question,
  drafts: readonly Draft[],
  databases: ReadonlyMap<string, Database>,
  options: Options,
): Promise<PlannedService[]> {
  const open = disagreements(drafts, databases);
  return mapLimit(AT_ONCE / 2, drafts, async ({ planned, release, current }) => {
    const together = togetherOf(databases.values(), planned.service);
    if (together.acceptShared.length === 0) return planned;
    if (open.length === 0) return serviceOf(question, release, current, { ...options, ...together });
    const others = planned.blockers.filter(({ code }) => code !== "database_shared");
    const blockers = [...others, ...open];
    return { ...planned, blockers, status: statusOf(blockers) };
  });
}

/**
 * Plans one page of an environment as of a moment, in the order of services. `undefined`: the name is unknown.
 * Cost: what the plan of a service costs, for each of the page, eight services at a time; twice for those that revert a
 * database together.
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
    const place = { environment, service: release.service };
    const current = await currentRelease(question, place);
    const ranThen = release.status === "running" && current !== undefined;
    const draft = ranThen
      ? {
          planned: await serviceOf(question, release, current, options),
          release,
          current,
          uses: new Map(databasesIn([current, release])),
        }
      : undefined;
    return { draft, service: release.service, runsNow: current?.status === "running" };
  });
  const drafts = pairs.flatMap(({ draft }) => draft ?? []);
  const databases = databasesOf(drafts);
  const services = await planTogether(question, drafts, databases, options);
  const plan = {
    environment,
    at: page.at,
    knownAt: page.knownAt,
    settled: page.settled,
    hash: "",
    status: statusOf(services.flatMap(({ blockers }) => blockers)),
    services,
    databases: [...databases.values()],
    removedSince: services.flatMap(({ service, now }) => (now === "running" ? [] : [service])),
    cameLater: pairs.flatMap(({ draft, service, runsNow }) =>
      draft === undefined && runsNow ? [service] : [],
    ),
    next: page.next,
  };
  return { ...plan, hash: hashOf(plan) };
}
