/**
 * Redeployments: what somebody asked to have back, and what became of it. Their course is read from the facts that came
 * in since, in the order in which things happened; so it does not matter who says them, nor when.
 */
import type { Deployed, Fact, FactOf } from "../../../schemas/fact.ts";
import { referenceOf } from "../../../schemas/pinned-image.ts";
import type { Redeployment } from "../../../schemas/redeployment.ts";
import type { Release } from "../../../schemas/release.ts";
import { fold } from "../../../schemas/scalars.ts";
import { monthOf } from "../../ledger/access-patterns.ts";
import { type AsOf, isSettled, justBefore } from "../../ledger/as-of.ts";
import { canonical, sha256 } from "../../ledger/canonical.ts";
import { history, type KnownAt } from "../../ledger/fact-reader.ts";
import type { Requested } from "../../queries/freezes.ts";
import { type Question, questionOf } from "../../queries/question.ts";
import { release } from "../../queries/release/release.ts";
import type { Selector } from "../../queries/release/running.ts";
import { isSameSlot, type Slot } from "../../queries/release/slots.ts";

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

async function* since(knowledge: KnownAt, { environment, occurredAt, deadline }: Requested) {
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
  if (fact.service === undefined || fold(fact.service) !== fold(service)) return false;
  if (fact.redeployment !== undefined) return fact.redeployment === id;
  // Many deployers say whole seconds.
  return fact.occurredAt >= occurredAt.slice(0, "2026-11-22T10:05:00".length);
}

/** What is said to run as one variant of a component; without a digest where that is not known. */
interface Shown extends Slot {
  readonly digest?: string | null;
}

/** What a fact shows: as it says itself or, of what took effect, as its tag, commit or tasks tell. */
async function shownBy(moment: AsOf, fact: Deployed): Promise<readonly Shown[]> {
  const said = fact.components ?? [];
  const { environment, service, occurredAt: at } = fact;
  const isTold = fact.kind !== "deployment.succeeded" || said.every(({ digest }) => digest !== undefined);
  if (isTold || service === undefined) return said;
  const found = await release({ ...moment, at }, { environment, service });
  return said.map((one) => (one.digest === undefined ? { ...one, ...digestIn(found, one) } : one));
}

const digestIn = (found: Release | undefined, component: Shown): Pick<Shown, "digest"> => ({
  digest: found?.components.find((one) => isSameSlot(one, component))?.digest ?? null,
});

/** What is shown of a component that is waited for; related digests are the same image. */
type Verdict = "its image" | "part of it" | "another" | "unknown" | "nothing";

interface Target {
  readonly component: string;
  readonly members: ReadonlySet<string>;
}

function verdictOn({ component, members }: Target, shown: readonly Shown[], isOnly: boolean): Verdict {
  const own = shown.filter((one) => isOnly || fold(one.component) === fold(component));
  const digests = own.flatMap(({ digest }) => digest ?? []);
  const related = digests.filter((digest) => members.has(digest));
  if (own.length === 0) return "nothing";
  if (digests.length === 0) return "unknown";
  if (related.length === 0) return "another";
  // A canary is on its way.
  return related.length === own.length ? "its image" : "part of it";
}

/** The images that were asked back. */
const targetsOf = ({ images }: Question, { components }: Requested): Promise<Target[]> =>
  Promise.all(
    components.map(async ({ component, digest = "" }) => {
      const { members } = await images.family(digest);
      return { component, members };
    }),
  );

/** Takes facts in order, until one of them ends it. */
function following(question: Question, requested: Requested) {
  const missing = new Set(requested.components.keys());
  let started: Deployed | undefined;

  async function verdictsOn(shown: readonly Shown[]): Promise<Verdict[]> {
    const all = await targetsOf(question, requested);
    // Of one component alone the names need not agree.
    const isOnly = all.length === 1 && new Set(shown.map(({ component }) => fold(component))).size === 1;
    return all.map((target) => verdictOn(target, shown, isOnly));
  }

  /** What runs already proves nothing where it is seen again. */
  async function ranBefore(): Promise<boolean> {
    const { environment, service, occurredAt } = requested;
    const found = await release({ ...question, at: justBefore(occurredAt) }, { environment, service });
    return (await verdictsOn(found?.components ?? [])).every((verdict) => verdict === "its image");
  }

  function arrived(fact: Deployed, verdicts: readonly Verdict[], isNamed: boolean): Course["end"] {
    if (isNamed && verdicts.includes("another")) {
      return { outcome: "failed", fact, why: "its deployment brought other images than the plan's" };
    }
    for (const [n, verdict] of verdicts.entries()) {
      if (verdict === "its image" || (isNamed && verdict === "unknown")) missing.delete(n);
    }
    return missing.size === 0 ? { outcome: "succeeded", fact } : undefined;
  }

  async function ofDeployment(fact: Deployed): Promise<Course["end"]> {
    // Who names it is believed where it says nothing of images.
    const isNamed = fact.redeployment !== undefined;
    const verdicts = await verdictsOn(isNamed ? (fact.components ?? []) : await shownBy(question, fact));
    const isAbout = verdicts.some((verdict) => verdict === "its image" || verdict === "part of it");
    if (!isNamed && !isAbout) return undefined;
    if (fact.kind === "deployment.started") {
      started ??= fact;
      return undefined;
    }
    if (fact.kind === "deployment.failed") return { outcome: "failed", fact, why: "its deployment failed" };
    if (fact.kind === "deployment.observed" && (await ranBefore())) return undefined;
    return arrived(fact, verdicts, isNamed);
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

async function courseOf(question: Question, requested: Requested): Promise<Course> {
  question.store.prefetch(() => targetsOf(question, requested));
  const follow = following(question, requested);
  for await (const fact of since(question, requested)) {
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

function answered(moment: AsOf, requested: Requested, course: Course): Redeployment {
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
      image: referenceOf({ repository: repository ?? "", digest: digest ?? "" }),
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
export const courseAnswered = async (moment: AsOf, requested: Requested): Promise<Redeployment> =>
  answered(moment, requested, await courseOf(questionOf(moment), requested));

/** A redeployment by its id; `undefined`: none was known. */
export async function redeployment(moment: AsOf, id: string): Promise<Redeployment | undefined> {
  const [fact] = await moment.store.get([{ source: REDEPLOYMENTS, id }]);
  if (fact?.kind !== "redeployment.requested" || fact.recordedAt > moment.knownAt) return undefined;
  return courseAnswered(moment, fact);
}
