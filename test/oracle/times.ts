/** Since when, until when, and what had started and not ended. */
import type { Release } from "../../schemas/answer.ts";
import type { Deployment, Fact, FactOf, ObservedComponent } from "../../schemas/fact.ts";
import type { Observation } from "./claims.ts";
import { members } from "./images.ts";
import {
  fold,
  isEverywhereHere,
  isHere,
  ofKind,
  order,
  type Question,
  sameDeployment,
  until,
} from "./known.ts";
import { digestsIn, isOpaque } from "./resolve.ts";

interface Slot {
  readonly component: string;
  readonly variant?: string | undefined;
}

const isSameSlot = (a: Slot, b: Slot): boolean =>
  fold(a.component) === fold(b.component) && fold(a.variant ?? "") === fold(b.variant ?? "");

/** Whether each of one list has exactly one counterpart in the other, and the other way round. */
function areMatched<A, B>(ones: readonly A[], others: readonly B[], match: (a: A, b: B) => boolean): boolean {
  return (
    ones.every((one) => others.filter((other) => match(one, other)).length === 1) &&
    others.every((other) => ones.filter((one) => match(one, other)).length === 1)
  );
}

/** Whether the newest look at a component shows what an earlier one did. */
function isSameEntry(question: Question, a: ObservedComponent, b: ObservedComponent): boolean {
  if (!isSameSlot(a, b)) return false;
  if (b.digest === undefined) return a.tag === b.tag && a.repository === b.repository;
  if (a.digest === undefined) return false;
  const related = members(question.believed, b.digest);
  const isRelated = related.includes(a.digest);
  return digestsIn(b).every(
    (digest) => digestsIn(a).includes(digest) || (isRelated && related.includes(digest)),
  );
}

export const isSameLook = (question: Question, fact: Observation, newest: Observation): boolean =>
  areMatched(fact.components, newest.components, (a, b) => isSameEntry(question, a, b));

/** What runs, as far as a later observation can confirm it. */
export interface Shown extends Slot {
  readonly reported: string | null;
  readonly otherDigests?: readonly string[] | undefined;
  readonly digestOf?: "configuration" | undefined;
}

function isConfirmed(question: Question, shown: Shown, seen: ObservedComponent): boolean {
  if (!isSameSlot(shown, seen)) return false;
  const { reported, otherDigests = [] } = shown;
  if (reported === null || seen.digest === undefined) return true;
  const known = [reported, ...otherDigests, ...members(question.believed, reported)];
  if (digestsIn(seen).every((digest) => known.includes(digest))) return true;
  const { component, digestOf } = shown;
  const own = { component, digest: reported, ...(digestOf === undefined ? {} : { digestOf }) };
  return isOpaque(question, seen) || isOpaque(question, own);
}

/** Whether an observation shows something else than what ran. */
export const isChange = (question: Question, running: readonly Shown[], fact: Observation): boolean =>
  running.length === 0 ||
  !areMatched(running, fact.components, (shown, seen) => isConfirmed(question, shown, seen));

/** Since when a look says that what it shows has been running. */
export const beginOf = ({ since, occurredAt }: Observation): string => since ?? occurredAt;

const TEN_MINUTES_MS = 600_000;

const isOnTime = ({ occurredAt, recordedAt }: Fact): boolean =>
  Math.abs(Date.parse(occurredAt) - Date.parse(recordedAt)) <= TEN_MINUTES_MS;

type Claim = FactOf<"deployment.succeeded" | "deployment.removed">;

type Told = Pick<Claim, "scope" | "components">;
const isOfSome = ({ scope, components }: Told): boolean => scope === "components" && components !== undefined;

const namesIn = ({ components = [] }: Told): string[] => components.map(({ component }) => fold(component));

const contents = ({ kind, commit, components = [] }: Claim): string =>
  JSON.stringify([
    kind,
    ...components
      .map(({ component, variant, digest, tag }) => [
        fold(component),
        fold(variant ?? ""),
        digest ?? tag ?? commit?.sha ?? "",
      ])
      .map((one) => JSON.stringify(one))
      .sort(),
  ]);

/**
 * Whether a claim that counts is stamped later than one of another content that came in after it. Both came in about
 * when they happened, and the earlier one is one of the two newest of its kind.
 */
export function isSkewed(question: Question, current: readonly Fact[]): boolean {
  const claims = until(
    ofKind(question.believed, "deployment.succeeded", "deployment.removed"),
    question.at,
  ).filter((fact) => isHere(fact, question) || isEverywhereHere(fact, question));
  const place = (fact: Claim): string =>
    JSON.stringify([fact.service === undefined, isOfSome(fact) ? [...new Set(namesIn(fact))].sort() : null]);
  const newest = claims.filter((fact) => {
    const later = claims.filter((other) => place(other) === place(fact) && order(other) > order(fact));
    return later.length < 2;
  });
  return newest
    .filter((fact) => current.includes(fact))
    .some((fact) =>
      newest.some(
        (other) =>
          other.occurredAt < fact.occurredAt &&
          !(
            other.kind === "deployment.removed" &&
            other.deployment !== undefined &&
            other.scope !== "service"
          ) &&
          other.recordedAt > fact.recordedAt &&
          isOnTime(fact) &&
          isOnTime(other) &&
          (!isOfSome(fact) ||
            !isOfSome(other) ||
            namesIn(fact).some((name) => namesIn(other).includes(name))) &&
          contents(fact) !== contents(other),
      ),
    );
}

/** Whether the deployer of a start has finished a deployment of no less since, which it did not begin before. */
function wentOn(facts: readonly Fact[], start: FactOf<"deployment.started">, last: Claim): boolean {
  const { deployment } = last;
  const isSameDeployer =
    deployment?.provider === start.deployment.provider && deployment.instance === start.deployment.instance;
  const isOfNoLess =
    !isOfSome(last) || (isOfSome(start) && namesIn(start).every((name) => namesIn(last).includes(name)));
  const begunBefore = ofKind(facts, "deployment.started").some(
    (one) => sameDeployment(one.deployment, deployment) && order(one) < order(start),
  );
  return order(last) > order(start) && isSameDeployer && isOfNoLess && !begunBefore;
}

/** Whether all that failed was deployed or taken away since, by a claim of everything or of each component of it. */
function isSettled({ components }: Told, failedAt: string, claims: readonly Claim[]): boolean {
  const later = claims.filter((claim) => order(claim) > failedAt);
  const renewed = later.flatMap(namesIn);
  const areAll = components !== undefined && namesIn({ components }).every((name) => renewed.includes(name));
  return areAll || later.some((claim) => !isOfSome(claim));
}

/**
 * The newest deployment that had started, unless it took effect or its deployer went on; else the newest that failed and
 * whose components were not all deployed since.
 */
export function attempt(question: Question, last: Claim | undefined): Release["attempt"] {
  const facts = until(question.believed, question.at);
  const here = (fact: Fact): boolean => isHere(fact, question) || isEverywhereHere(fact, question);
  const own = facts.filter(here);
  const takesAway = (fact: Claim): boolean =>
    fact.kind === "deployment.removed" && fact.deployment !== undefined && fact.scope !== "service";
  const claims = ofKind(own, "deployment.succeeded", "deployment.removed").filter((fact) => !takesAway(fact));
  if (last !== undefined) claims.push(last);
  const [start] = ofKind(facts, "deployment.started")
    .filter((fact) => isHere(fact, question))
    .slice(-1);
  const failure = ofKind(facts, "deployment.failed")
    .filter((fact) => isHere(fact, question))
    .findLast((fact) => !isSettled(fact, order(fact), claims));
  const begun = start === undefined ? null : attemptBy(own, start, last, claims);
  return begun === null && failure !== undefined ? attemptBy(own, failure, last, claims) : begun;
}

/** An end may be stamped so long before its own start, as clocks differ. */
const FIVE_MINUTES_MS = 300_000;

function attemptBy(
  own: readonly Fact[],
  newest: FactOf<"deployment.started" | "deployment.failed">,
  last: Claim | undefined,
  claims: readonly Claim[],
): Release["attempt"] {
  const ofIt = (fact: { deployment?: Deployment; occurredAt: string }) =>
    sameDeployment(fact.deployment, newest.deployment) &&
    (newest.kind === "deployment.failed" ||
      Date.parse(newest.occurredAt) - Date.parse(fact.occurredAt) <= FIVE_MINUTES_MS);
  const failure = ofKind(own, "deployment.failed").filter(ofIt).at(-1);
  const effect = ofKind(own, "deployment.succeeded", "deployment.removed").filter(ofIt).at(-1);
  if (effect !== undefined && (failure === undefined || order(effect) > order(failure))) return null;
  if (failure !== undefined && isSettled(failure, order(failure), claims)) return null;
  const start =
    newest.kind === "deployment.started" ? newest : ofKind(own, "deployment.started").filter(ofIt).at(-1);
  if (failure === undefined && start !== undefined && last !== undefined && wentOn(own, start, last))
    return null;
  const { deployment, occurredAt, actor, url, components = [] } = start ?? newest;
  const told = { deployment, startedAt: occurredAt, by: actor ?? null, url: url ?? null, components };
  if (failure === undefined) return { ...told, status: "started" };
  return {
    ...told,
    status: "failed",
    endedAt: failure.occurredAt,
    ...(failure.outcome === undefined ? {} : { outcome: failure.outcome }),
    ...(failure.reason === undefined ? {} : { reason: failure.reason }),
  };
}
