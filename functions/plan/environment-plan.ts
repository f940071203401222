/** The plan of a whole environment: every service with its images, configuration and schema as they were. */
import type { Release } from "../../schemas/answer.ts";
import { type Blocker, type EnvironmentPlan, hashOf, type PlannedService } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import type { AsOf } from "../ledger/as-of.ts";
import type { Paging } from "../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { type Question, questionOf } from "../queries/question.ts";
import { describedAt } from "../queries/service-description.ts";
import { snapshot } from "../queries/snapshot.ts";
import { currentRelease, LAST } from "./current-release.ts";
import { deployedBy } from "./deployers/own-tools.ts";
import { type Body, bodyOf, isUnchanged, type PlanOptions, RUNS_NOW, statusOf } from "./plan.ts";

/** What the request accepts, and the commands of deploy tools. */
type Options = Omit<PlanOptions, "aim" | "acceptShared">;

/** Whether a service runs as it did then: nothing touches it. */
export const isRunning = ({ warnings }: Pick<PlannedService, "warnings">): boolean =>
  warnings.some(({ code }) => code === "already_running");

async function serviceOf(
  question: Question,
  release: Release,
  current: Release,
  options: Options,
): Promise<PlannedService> {
  const { environment, service } = release;
  const description = await describedAt(question, fold(service), LAST);
  const wish = { ...options, aim: { at: question.at } };
  const planning = { question, selector: { environment, service }, wish, current, description };
  const body = await bodyOf(planning, release, {
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

/** The databases whose schemas differ, each once, with the services that use it. */
function databasesOf(services: readonly PlannedService[]): Databases {
  const found = new Map<string, Databases[number]>();
  for (const { service, schema } of services) {
    if (schema === undefined) continue;
    const moved = [...schema.revert, ...schema.keep].map(({ database }) => database);
    for (const database of new Set(moved)) {
      const isOf = (one: { database: string }) => one.database === database;
      const versions = ({ revert, keep }: typeof schema) => ({
        revert: revert.filter(isOf).map(({ version }) => version),
        keep: keep.filter(isOf).map(({ version }) => version),
      });
      const known = found.get(fold(database)) ?? { database, services: [], ...versions(schema) };
      found.set(fold(database), { ...known, services: [...known.services, service] });
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/**
 * Plans one page of an environment as of a moment, in the order of services. `undefined`: the name is unknown.
 * Cost: what the plan of a service costs, for each of the page, eight services at a time.
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
    databases: databasesOf(services),
    removedSince: services.flatMap(({ service, now }) => (now === "running" ? [] : [service])),
    cameLater: pairs.flatMap(({ planned, service, runsNow }) =>
      planned === undefined && runsNow ? [service] : [],
    ),
    next: page.next,
  };
  return { ...plan, hash: hashOf(plan) };
}
