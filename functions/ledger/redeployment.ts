/**
 * Redeployments: what somebody asked to have back, and what became of it. Their course is read from the facts that came
 * in since, in the order in which things happened; so it does not matter who says them, nor when.
 */
import type { Deployed, Fact, FactOf } from "../../schemas/fact.ts";
import type { Redeployment } from "../../schemas/redeployment.ts";
import { fold } from "../../schemas/scalars.ts";
import { canonical, sha256 } from "./canonical.ts";
import type { Requested } from "./freezes.ts";
import { imagesOf } from "./images.ts";
import { isSettled, type Moment } from "./moment.ts";
import { monthOf } from "./postings.ts";
import { history, type Knowledge } from "./read.ts";
import { release } from "./release.ts";
import type { Selector } from "./running.ts";

/** The source of what is said of redeployments. */
export const REDEPLOYMENTS = "/asof/redeployments";

/**
 * The id of the one after `last`: a hash of the place, and a number. Whoever asks for a redeployment of a place takes its
 * next number, and a fact's identity can be taken once; so of those that ask at once one alone gets it, on however many
 * machines, and a reader that lags behind gets none.
 */
export function nextId({ environment, service }: Selector, last: Requested | undefined): string {
  const place = sha256(canonical([fold(environment), fold(service)])).slice(0, 16);
  return `${place}.${last === undefined ? 1 : Number(last.id.split(".")[1]) + 1}`;
}

export const endId = (id: string): string => `${id}/ended`;

/** The question of its plan, as a path of this ledger's. */
export function planOf({ environment, service, question }: Requested): string {
  const parameters = Object.entries({ environment, service, ...question }).map(
    ([name, value]): [string, string] => [name, Array.isArray(value) ? value.join(",") : String(value)],
  );
  return `/v1/plan?${new URLSearchParams(parameters)}`;
}

/* The course of it */

type Ended = FactOf<"redeployment.ended">;

interface Course {
  readonly started?: Deployed;
  readonly end?: {
    readonly outcome: "succeeded" | "failed";
    readonly fact: Deployed | Ended;
    readonly why?: string;
  };
}

/** A deployer's clock may be behind this one's; who names the redeployment is believed all the same. */
const BEHIND_MS = 60_000;

async function* since(knowledge: Knowledge, { environment, occurredAt, deadline }: Requested) {
  const from = new Date(Date.parse(occurredAt) - BEHIND_MS).toISOString();
  // Deadlines are a day away at most.
  for (const month of new Set([monthOf(from), monthOf(deadline)])) {
    const partition = { of: "timeline", environment: fold(environment), month } as const;
    yield* history(knowledge, partition, { from, to: deadline });
  }
}

const isDeployed = (fact: Fact): fact is Deployed =>
  fact.kind === "deployment.started" ||
  fact.kind === "deployment.succeeded" ||
  fact.kind === "deployment.failed" ||
  fact.kind === "deployment.observed";

/** Deployments of the service since it was requested; one that names another redeployment is none of this one. */
function mayConcern(fact: Deployed, { id, service, occurredAt }: Requested): boolean {
  if (fact.redeployment !== undefined) return fact.redeployment === id;
  // Many deployers say whole seconds.
  const second = occurredAt.slice(0, "2026-11-22T10:05:00".length);
  return fact.service !== undefined && fold(fact.service) === fold(service) && fact.occurredAt >= second;
}

/** The digests that a fact brings: as it says itself, or as its tag, commit or tasks tell. */
async function digestsOf(moment: Moment, fact: Deployed): Promise<string[]> {
  const said = (fact.components ?? []).flatMap(({ digest }) => digest ?? []);
  const { environment, service, occurredAt: at } = fact;
  if (said.length > 0 || service === undefined || fact.kind !== "deployment.succeeded") return said;
  const found = await release({ ...moment, at }, { environment, service });
  return (found?.components ?? []).flatMap(({ digest }) => digest ?? []);
}

/** Takes facts in order, until one of them ends it. */
function following(moment: Moment, requested: Requested) {
  const images = imagesOf(moment);
  const wanted = requested.components.flatMap(({ digest }) => digest ?? []);
  const families = Promise.all(wanted.map((digest) => images.family(digest)));
  const missing = new Set(wanted);
  let started: Deployed | undefined;

  /** Which of the images a fact brings; related digests are the same image. */
  async function brought(digests: readonly string[]): Promise<string[]> {
    const found = await families;
    return found
      .filter(({ members }) => digests.some((digest) => members.has(digest)))
      .map(({ digest }) => digest);
  }

  /** What runs already proves nothing where it is seen again. */
  async function ranBefore(): Promise<boolean> {
    const { environment, service, occurredAt } = requested;
    const at = new Date(Date.parse(occurredAt) - 1).toISOString();
    const found = await release({ ...moment, at }, { environment, service });
    const digests = (found?.components ?? []).flatMap(({ digest }) => digest ?? []);
    return (await brought(digests)).length === wanted.length;
  }

  function arrived(fact: Deployed, digests: readonly string[], found: readonly string[]): Course["end"] {
    if (digests.length > 0 && found.length === 0) {
      return { outcome: "failed", fact, why: "its deployment brought other images than the plan's" };
    }
    for (const digest of digests.length === 0 ? wanted : found) missing.delete(digest);
    return missing.size === 0 ? { outcome: "succeeded", fact } : undefined;
  }

  async function ofDeployment(fact: Deployed): Promise<Course["end"]> {
    const digests = await digestsOf(moment, fact);
    const found = await brought(digests);
    const isNamed = fact.redeployment !== undefined;
    if (!isNamed && found.length === 0) return undefined;
    if (fact.kind === "deployment.started") {
      started ??= fact;
      return undefined;
    }
    if (fact.kind === "deployment.failed") return { outcome: "failed", fact, why: "its deployment failed" };
    if (fact.kind === "deployment.observed" && (await ranBefore())) return undefined;
    return arrived(fact, digests, found);
  }

  return {
    started: () => started,
    async take(fact: Fact): Promise<Course["end"]> {
      if (fact.kind === "redeployment.ended" && fact.redeployment === requested.id) {
        const { outcome, reason } = fact;
        return { outcome, fact, ...(reason === undefined ? {} : { why: reason }) };
      }
      return isDeployed(fact) && mayConcern(fact, requested) ? ofDeployment(fact) : undefined;
    },
  };
}

async function courseOf(moment: Moment, requested: Requested): Promise<Course> {
  const follow = following(moment, requested);
  for await (const fact of since(moment, requested)) {
    const end = await follow.take(fact);
    if (end === undefined) continue;
    const started = follow.started();
    return { end, ...(started === undefined ? {} : { started }) };
  }
  const started = follow.started();
  return started === undefined ? {} : { started };
}

/* The answer */

const statusOf = ({ started, end }: Course, isLate: boolean): Redeployment["status"] =>
  end?.outcome ?? (isLate ? "timed out" : started === undefined ? "requested" : "started");

function answered(moment: Moment, requested: Requested, course: Course): Redeployment {
  const { started, end } = course;
  const { id, environment, service, components, deadline, reason, planHash } = requested;
  const isLate = moment.knownAt > deadline;
  const status = statusOf(course, isLate);
  const last = end?.fact.kind === "redeployment.ended" ? started : (end?.fact ?? started);
  const facts = [requested, started, end?.fact].filter((fact) => fact !== undefined);
  return {
    id,
    environment,
    service,
    status,
    requestedAt: requested.occurredAt,
    requestedBy: requested.actor ?? null,
    reason,
    plan: planOf(requested),
    planHash,
    components: components.map(({ component, variant, repository, digest }) => ({
      component,
      ...(variant === undefined ? {} : { variant }),
      image: `${repository}@${digest}`,
    })),
    deadline,
    startedAt: started?.occurredAt ?? null,
    endedAt: end?.fact.occurredAt ?? (status === "timed out" ? deadline : null),
    why: end?.why ?? (status === "timed out" ? "nobody reported a result before the deadline" : null),
    deployment: last?.deployment ?? null,
    url: end?.fact.url ?? last?.url ?? null,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    facts: facts.map(({ source, id }) => ({ source, id })),
  };
}

/**
 * Answers what became of it. Costs what happened in its environment between the request and the deadline, a request for
 * each thousand facts; and a release for each deployment of the service then that names no digest.
 */
export const courseAnswered = async (moment: Moment, requested: Requested): Promise<Redeployment> =>
  answered(moment, requested, await courseOf(moment, requested));

/** A redeployment by its id; `undefined`: none was known. */
export async function redeployment(moment: Moment, id: string): Promise<Redeployment | undefined> {
  const [fact] = await moment.store.get([{ source: REDEPLOYMENTS, id }]);
  if (fact?.kind !== "redeployment.requested" || fact.recordedAt > moment.knownAt) return undefined;
  return courseAnswered(moment, fact);
}
