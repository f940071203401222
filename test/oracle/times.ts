/** Since when, until when, and what had started and not ended. */
import type { Release } from "../../schemas/answer.ts";
import type { Component, Fact } from "../../schemas/fact.ts";
import { type Observation, observations } from "./claims.ts";
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

type Slot = Pick<Component, "component" | "variant">;

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
function isSameEntry(question: Question, a: Component, b: Component): boolean {
  if (!isSameSlot(a, b)) return false;
  if (b.digest === undefined) return a.tag === b.tag && a.repository === b.repository;
  if (a.digest === undefined) return false;
  return members(question.believed, a.digest).includes(b.digest);
}

/** The row of observations that show the same as the newest, none of them before the newest claim. */
export interface Row {
  readonly oldest: Observation;
  /** Whether another one, that showed something else, came between the claim and the row. */
  readonly isBroken: boolean;
}

export function rowOf(question: Question, newest: Observation, claim: string): Row {
  const seen = observations(question).filter((fact) => order(fact) >= claim);
  let oldest = newest;
  for (const fact of seen.reverse()) {
    const isSame = areMatched(fact.components, newest.components, (a, b) => isSameEntry(question, a, b));
    if (!isSame) return { oldest, isBroken: true };
    oldest = fact;
  }
  return { oldest, isBroken: false };
}

/** What runs, as far as a later observation can confirm it. */
export interface Shown extends Slot {
  readonly reported: string | null;
}

const isConfirmed = (question: Question, shown: Shown, seen: Component): boolean =>
  isSameSlot(shown, seen) &&
  (shown.reported === null ||
    seen.digest === undefined ||
    members(question.believed, shown.reported).includes(seen.digest));

/** Whether an observation shows something else than what ran. */
export const isChange = (question: Question, running: readonly Shown[], fact: Observation): boolean =>
  running.length === 0 ||
  !areMatched(running, fact.components, (shown, seen) => isConfirmed(question, shown, seen));

/** When what runs at `at` was next replaced, removed, or seen to be something else. */
export function takenOver(question: Question, running: readonly Shown[]): string | null {
  const later = question.believed.filter(({ occurredAt }) => occurredAt > question.at);
  const claim = ofKind(later, "deployment.succeeded", "deployment.removed").find(
    (fact) => isHere(fact, question) || isEverywhereHere(fact, question),
  );
  const change = ofKind(later, "deployment.observed")
    .filter((fact) => isHere(fact, question) && fact.scope !== "components")
    .find((fact) => isChange(question, running, fact));
  if (claim === undefined || change === undefined) return (claim ?? change)?.occurredAt ?? null;
  return order(claim) < order(change) ? claim.occurredAt : change.occurredAt;
}

/** The newest deployment that had started, unless it took effect; one that failed, until something else took effect. */
export function attempt(question: Question): Release["attempt"] {
  const facts = until(question.believed, question.at);
  const started = ofKind(facts, "deployment.started")
    .filter((fact) => isHere(fact, question))
    .at(-1);
  if (started === undefined) return null;
  const here = (fact: Fact): boolean => isHere(fact, question) || isEverywhereHere(fact, question);
  const effects = ofKind(facts, "deployment.succeeded", "deployment.removed").filter(here);
  if (effects.some((fact) => sameDeployment(fact.deployment, started.deployment))) return null;
  const failure = ofKind(facts, "deployment.failed")
    .filter((fact) => here(fact) && sameDeployment(fact.deployment, started.deployment))
    .at(-1);
  if (failure !== undefined && effects.some((fact) => order(fact) > order(failure))) return null;
  const { deployment, occurredAt, actor, url, components } = started;
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
