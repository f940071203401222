/**
 * The status of redeployments. It is derived from the facts since the request, in the order in which things happened, so
 * it does not depend on who reports them or when.
 */

import type { Release } from "../../../schemas/answers/release.ts";
import type { Deployed, Fact, FactOf } from "../../../schemas/fact.ts";
import { referenceOf } from "../../../schemas/pinned-image.ts";
import type { Redeployment } from "../../../schemas/redeployment.ts";
import { fold } from "../../../schemas/scalars.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { monthOf } from "../../ledger/access-patterns.ts";
import { type AsOf, isSettled, justBefore } from "../../ledger/as-of.ts";
import { canonical, sha256 } from "../../ledger/canonical.ts";
import { history, type KnownAt } from "../../ledger/fact-reader.ts";
import { REDEPLOYMENTS } from "../../ledger/redeployed.ts";
import type { Requested } from "../../queries/gate/freezes.ts";
import { type Question, questionOf, type Selector } from "../../queries/question.ts";
import { statedEffect } from "../../queries/release/effective-deployments.ts";
import { release } from "../../queries/release/release.ts";
import { isSameSlot, type Slot } from "../../queries/release/slots.ts";
import { promisedConfiguration } from "./promised-configuration.ts";

/**
 * The id of the redeployment after `last`: a hash of environment and service, and a number. A request takes the next
 * number of its service, and a fact's identity can be taken only once. So of concurrent requests exactly one succeeds,
 * on any number of machines, and a request based on a stale read fails.
 */
export function nextId({ environment, service }: Selector, last: Requested | undefined): string {
  const place = sha256(canonical([fold(environment), fold(service)])).slice(0, 16);
  return `${place}.${last === undefined ? 1 : Number(last.id.split(".")[1]) + 1}`;
}

export const endId = (id: string): string => `${id}/ended`;
export const takenId = (id: string): string => `${id}/taken`;

/** The path and query of its plan in this ledger. */
export function planOf({ environment, service, question }: Requested): string {
  const parameters = Object.entries({ environment, service, ...question }).map(
    ([name, value]): [string, string] => [name, Array.isArray(value) ? value.join(",") : String(value)],
  );
  return `/v1/plan?${new URLSearchParams(parameters)}`;
}

/* The course */

type Ended = FactOf<"redeployment.ended">;

interface Course {
  readonly started?: Deployed;
  readonly end?: {
    readonly outcome: Ended["outcome"];
    readonly fact: Deployed | Ended;
    readonly why?: string;
  };
}

/** Clock skew: a deployer's clock may be behind. Its report still counts if it names the redeployment. */
const BEHIND_MS = 60_000;

async function* since(knowledge: KnownAt, { environment, occurredAt, deadline }: Requested) {
  const from = new Date(Date.parse(occurredAt) - BEHIND_MS).toISOString();
  // A deadline is at most a day after the request, so it spans at most two months.
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

/** Whether a deployment may belong to a redeployment: of its service, since the request, and naming no other one. */
function mayConcern(fact: Deployed, { id, service, occurredAt }: Requested): boolean {
  if (fact.service === undefined || fold(fact.service) !== fold(service)) return false;
  if (fact.redeployment !== undefined) return fact.redeployment === id;
  // Many deployers report whole seconds.
  return fact.occurredAt >= occurredAt.slice(0, "2026-11-22T10:05:00".length);
}

/** What a fact reports as running in one slot; without a digest if that is unknown. */
interface ReportedImage extends Slot {
  readonly digest?: string | null;
  /** Of its deployment; it tells what a component without a digest is. */
  readonly commit?: string | undefined;
}

/** The images that a fact reports. A success without digests is resolved by its tag, commit or tasks. */
async function imagesReportedBy(moment: AsOf, fact: Deployed): Promise<readonly ReportedImage[]> {
  const stated = fact.components ?? [];
  const reported = stated.map((one) => ({ ...one, commit: fact.commit?.sha }));
  const { environment, service, occurredAt: at } = fact;
  if (service !== undefined && fact.kind === "deployment.succeeded" && statedEffect(fact).isConfiguration)
    return reportedIn(await release({ ...moment, at }, { environment, service }));
  const isResolved =
    fact.kind !== "deployment.succeeded" || reported.every(({ digest }) => digest !== undefined);
  if (isResolved || service === undefined) return reported;
  const found = await release({ ...moment, at }, { environment, service });
  return reported.map((one) => (one.digest === undefined ? { ...one, ...digestIn(found, one) } : one));
}

const reportedIn = (found: Release | undefined): ReportedImage[] =>
  (found?.components ?? []).map((one) => ({ ...one, commit: one.commit?.sha }));

const digestIn = (found: Release | undefined, component: ReportedImage): Pick<ReportedImage, "digest"> => ({
  digest: found?.components.find((one) => isSameSlot(one, component))?.digest ?? null,
});

/** How the reported images compare to the target of a component. Digests of one family are the same image. */
type Verdict = "its image" | "part of it" | "another" | "unknown" | "nothing";

interface Target {
  readonly component: string;
  readonly members: ReadonlySet<string>;
  /** Of a service without images, whose component has no digest. */
  readonly commit?: string | undefined;
}

function verdictByCommit(commit: string, own: readonly ReportedImage[]): Verdict {
  const shas = own.flatMap((one) => one.commit ?? []);
  if (shas.length === 0) return "unknown";
  return shas.every((sha) => isSameCommit(sha, commit)) ? "its image" : "another";
}

function verdictOn(
  { component, members, commit }: Target,
  reported: readonly ReportedImage[],
  isOnly: boolean,
): Verdict {
  const own = reported.filter((one) => isOnly || fold(one.component) === fold(component));
  if (commit !== undefined && own.length > 0) return verdictByCommit(commit, own);
  const digests = own.flatMap(({ digest }) => digest ?? []);
  const related = digests.filter((digest) => members.has(digest));
  if (own.length === 0) return "nothing";
  if (digests.length === 0) return "unknown";
  if (related.length === 0) return "another";
  // With a canary, a part of the variants has the image.
  return related.length === own.length ? "its image" : "part of it";
}

/** The images that the redeployment is to deploy. */
const targetsOf = ({ images }: Question, { components, commit }: Requested): Promise<Target[]> =>
  Promise.all(
    components.map(async ({ component, digest }) => {
      if (digest === undefined) return { component, members: new Set(), commit };
      const { members } = await images.family(digest);
      return { component, members };
    }),
  );

/** Follows a redeployment: takes facts in order, until one of them ends it. */
function follower(question: Question, requested: Requested) {
  /** The service's release at a time. */
  const releaseAt = (at: string): Promise<Release | undefined> =>
    release({ ...question, at }, { environment: requested.environment, service: requested.service });
  const promised = promisedConfiguration(requested, releaseAt);
  const missing = new Set(requested.components.keys());
  let started: Deployed | undefined;
  /** Whether a deployment brought the images, and not the configuration. */
  let isContradicted = false;

  async function verdictsOn(reported: readonly ReportedImage[]): Promise<Verdict[]> {
    const all = await targetsOf(question, requested);
    // With a single component, ignore its name.
    const isOnly = all.length === 1 && new Set(reported.map(({ component }) => fold(component))).size === 1;
    return all.map((target) => verdictOn(target, reported, isOnly));
  }

  /** Whether the release already ran before the request: observing it again then proves nothing. */
  async function ranBefore(): Promise<boolean> {
    const found = await releaseAt(justBefore(requested.occurredAt));
    const verdicts = await verdictsOn(reportedIn(found));
    return verdicts.every((verdict) => verdict === "its image") && promised.isIn(found?.config ?? []);
  }

  /** The end by a report with all images: it has to bring the configuration, too. */
  async function endByConfiguration(fact: Deployed, isNamed: boolean): Promise<Course["end"]> {
    const why = await promised.failure(fact.occurredAt);
    isContradicted ||= why !== undefined;
    if (isNamed && why !== undefined) return { outcome: "failed", fact, why };
    return (await promised.isInEffect(fact.occurredAt)) ? { outcome: "succeeded", fact } : undefined;
  }

  async function endByImages(
    fact: Deployed,
    verdicts: readonly Verdict[],
    isNamed: boolean,
  ): Promise<Course["end"]> {
    if (isNamed && verdicts.includes("another")) {
      return { outcome: "failed", fact, why: "its deployment reported other images than the plan's" };
    }
    for (const [n, verdict] of verdicts.entries()) {
      if (verdict === "its image" || (isNamed && verdict === "unknown")) missing.delete(n);
    }
    return missing.size > 0 ? undefined : endByConfiguration(fact, isNamed);
  }

  async function endByDeployment(fact: Deployed): Promise<Course["end"]> {
    // A report that names the redeployment counts even without images.
    const isNamed = fact.redeployment !== undefined;
    const isStated = isNamed && fact.components !== undefined;
    const verdicts = await verdictsOn(
      isStated
        ? (fact.components ?? []).map((one) => ({ ...one, commit: fact.commit?.sha }))
        : await imagesReportedBy(question, fact),
    );
    const isAbout = verdicts.some((verdict) => verdict === "its image" || verdict === "part of it");
    if (!isNamed && !isAbout) return undefined;
    if (fact.kind === "deployment.started") {
      started ??= fact;
      return undefined;
    }
    if (fact.kind === "deployment.failed") return { outcome: "failed", fact, why: "its deployment failed" };
    if (fact.kind === "deployment.observed" && (await ranBefore())) return undefined;
    return endByImages(fact, verdicts, isNamed);
  }

  /** Without a report of the deployment, the word of whoever carried it out counts. */
  async function endByReport(fact: Ended): Promise<Course["end"]> {
    const { outcome, reason } = fact;
    const isDoubtful = outcome === "succeeded" && isContradicted;
    const why = isDoubtful ? await promised.failure(fact.occurredAt) : undefined;
    if (why !== undefined) return { outcome: "failed", fact, why };
    return { outcome, fact, ...(reason === undefined ? {} : { why: reason }) };
  }

  return {
    started: () => started,
    async take(fact: Fact): Promise<Course["end"]> {
      if (fact.kind === "redeployment.ended")
        return fact.redeployment === requested.id ? endByReport(fact) : undefined;
      return isDeployed(fact) && mayConcern(fact, requested) ? endByDeployment(fact) : undefined;
    },
  };
}

async function courseOf(question: Question, requested: Requested): Promise<Course> {
  question.store.prefetch(() => targetsOf(question, requested));
  const follow = follower(question, requested);
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

function answerOf(moment: AsOf, requested: Requested, course: Course): Redeployment {
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
      image:
        repository === undefined || digest === undefined
          ? (digest ?? requested.commit ?? "")
          : referenceOf({ repository, digest }),
    })),
    ...(requested.config === undefined ? {} : { config: requested.config }),
    deadline,
    startedAt: started?.occurredAt ?? null,
    endedAt: end?.fact.occurredAt ?? (status === "timed out" ? deadline : null),
    why: end?.why ?? (status === "timed out" ? "no result was reported before the deadline" : null),
    deployment: last?.deployment ?? null,
    url: end?.fact.url ?? last?.url ?? null,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    facts: facts.map(({ source, id }) => ({ source, id })),
  };
}

/**
 * Answers the status of a redeployment. Cost: one request for each thousand facts of its environment between the request
 * and the deadline, and a release for each deployment of the service in that time that names no digest.
 */
export const courseAnswered = async (moment: AsOf, requested: Requested): Promise<Redeployment> =>
  answerOf(moment, requested, await courseOf(questionOf(moment), requested));

/** The status of a redeployment by id. `undefined`: the id is unknown, or was not known by `knownAt`. */
export async function redeployment(moment: AsOf, id: string): Promise<Redeployment | undefined> {
  const [fact] = await moment.store.get([{ source: REDEPLOYMENTS, id }]);
  if (fact?.kind !== "redeployment.requested" || fact.recordedAt > moment.knownAt) return undefined;
  return courseAnswered(moment, fact);
}
