/** What deployers claimed to run, component by component, and what the newest look at the runtime decides. */
import type { Component, FactOf } from "../../schemas/fact.ts";
import {
  compare,
  distinct,
  fold,
  isEverywhereHere,
  isHere,
  ofKind,
  order,
  type Question,
  sameDeployment,
  until,
} from "./known.ts";
import { tasksOf } from "./resolve.ts";

export type Claim = FactOf<"deployment.succeeded">;
export type Removal = FactOf<"deployment.removed">;
export type Observation = FactOf<"deployment.observed">;

/** The entries of one component (one for each variant), and the deployment that said so. */
export interface Group {
  readonly claim: Claim;
  readonly entries: readonly Component[];
}

export interface Claimed {
  readonly whole: Claim | Removal | undefined;
  /** Those that came after `whole`, oldest first. */
  readonly parts: readonly (Claim | Removal)[];
  readonly groups: ReadonlyMap<string, Group>;
  /** The order of the claim that last said what runs of a component, or that it is gone. */
  orderOf(component: string): string;
}

const isPart = (fact: Claim | Removal): boolean =>
  fact.scope === "components" && fact.components !== undefined;

const namesIn = (fact: { components?: readonly Component[] }): string[] => [
  ...new Set((fact.components ?? []).map(({ component }) => fold(component))),
];

const entriesOf = (fact: { components?: readonly Component[] }, name: string): Component[] =>
  (fact.components ?? []).filter(({ component }) => fold(component) === name);

/** A whole deployment of nothing but "main" says nothing of what it holds; its tasks may. */
const saysNothing = ({ components }: Claim): boolean =>
  components.length === 1 &&
  components.every(
    ({ component, variant, weight, digest, tag, repository }) =>
      fold(component) === "main" &&
      variant === undefined &&
      weight === undefined &&
      digest === undefined &&
      tag === undefined &&
      repository === undefined,
  );

/** Takes claims in, oldest first. */
function takeIn(groups: Map<string, Group>, fact: Claim | Removal): void {
  for (const name of namesIn(fact)) {
    if (fact.kind === "deployment.succeeded")
      groups.set(name, { claim: fact, entries: entriesOf(fact, name) });
    else groups.delete(name);
  }
}

/** A whole deployment from which nobody can tell which images run: it names none, nor a commit, and has no tasks. */
const isSilent = (question: Question, fact: Claim | Removal): boolean =>
  fact.kind === "deployment.succeeded" &&
  saysNothing(fact) &&
  fact.commit === undefined &&
  tasksOf(question, fact.deployment).length === 0;

/**
 * What a whole deployment holds: what it names or, where it says nothing, what its tasks name, shown as the earliest
 * did; or, where nobody says anything, the names that were seen since somebody last did.
 */
function wholeOf(question: Question, whole: Claim | Removal, word: string): Claim | Removal {
  if (whole.kind === "deployment.removed" || !saysNothing(whole)) return whole;
  const seen = newestObservation(question);
  if (isSilent(question, whole)) {
    if (seen === undefined || seen.scope === "components" || order(seen) < word) return whole;
    const names = distinct(seen.components.map(({ component }) => fold(component)));
    const components = names.map((name) => ({ component: entriesOf(seen, name).at(-1)?.component ?? name }));
    return { ...whole, components };
  }
  const tasks = tasksOf(question, whole.deployment);
  const names = distinct(tasks.map(({ component }) => fold(component)));
  if (names.length === 0 || names.includes("main")) return whole;
  const components = names.flatMap((name) => {
    const earliest = tasks.find(({ component }) => fold(component) === name);
    return earliest === undefined ? [] : [{ component: earliest.component }];
  });
  return { ...whole, components };
}

export function claimed(question: Question): Claimed {
  const facts = until(ofKind(question.believed, "deployment.succeeded", "deployment.removed"), question.at);
  const here = facts.filter((fact) => isHere(fact, question) || isEverywhereHere(fact, question));
  const whole = here.filter((fact) => !isPart(fact)).at(-1);
  const since = whole === undefined ? "" : order(whole);
  const allParts = here.filter(isPart);
  const parts = allParts.filter((fact) => order(fact) > since);
  const spoken = here.filter((fact) => !isPart(fact) && !isSilent(question, fact)).at(-1);
  const word = spoken === undefined ? "" : order(spoken);

  const groups = new Map<string, Group>();
  if (whole !== undefined) takeIn(groups, wholeOf(question, whole, word));
  for (const fact of parts) takeIn(groups, fact);
  const orderOf = (component: string): string => {
    const ofPart = allParts.filter((fact) => namesIn(fact).includes(component)).at(-1);
    return ofPart !== undefined && order(ofPart) > word ? order(ofPart) : word;
  };
  return { whole, parts, groups, orderOf };
}

/** What an observation decides: for each component the entries that it shows; none where it shows it gone. */
export interface Observed {
  readonly fact: Observation;
  readonly decided: ReadonlyMap<string, readonly Component[]>;
}

/** The newest look at the runtime, where it says something that no later claim has overtaken. */
export function observed(question: Question, claims: Claimed): Observed | undefined {
  const fact = newestObservation(question);
  if (fact === undefined) return undefined;
  const seen = namesIn(fact);
  const asked = fact.scope === "components" ? seen : [...new Set([...seen, ...claims.groups.keys()])];
  const decided = asked.filter((name) => order(fact) > claims.orderOf(name));
  if (decided.length === 0) return undefined;
  return { fact, decided: new Map(decided.map((name) => [name, entriesOf(fact, name)])) };
}

/** Observations of the service by then, oldest first; where nothing at all was said of it, what its tasks show. */
export function observations(question: Question): Observation[] {
  const seen = until(ofKind(question.believed, "deployment.observed"), question.at).filter((fact) =>
    isHere(fact, question),
  );
  if (seen.length > 0 || !isUnreported(question)) return seen;
  const last = until(orphans(question), question.at).at(-1);
  if (last === undefined) return [];
  const own = tasksOf(question, last.deployment);
  const [first = last] = own;
  const shown = distinct(own.map(({ component }) => fold(component))).flatMap((name) => {
    const ofName = own.filter(({ component }) => fold(component) === name);
    const earliest = ofName.filter(
      (task, n) => ofName.findIndex(({ digest }) => digest === task.digest) === n,
    );
    const newest = earliest.at(-1);
    return newest === undefined ? [] : [{ component: newest.component, digest: newest.digest }];
  });
  const { component: _, digest: __, ...rest } = first;
  const service = last.service ?? question.service;
  return [{ ...rest, kind: "deployment.observed", service, components: shown }];
}

/** Whether nothing that was said of the service by then names images: at most a deployment that says nothing of them. */
export function isUnreported(question: Question): boolean {
  const facts = until(question.believed, question.at);
  if (ofKind(facts, "deployment.observed").some((fact) => isHere(fact, question))) return false;
  const claims = ofKind(facts, "deployment.succeeded", "deployment.removed").filter(
    (fact) => isHere(fact, question) || isEverywhereHere(fact, question),
  );
  const last = claims.at(-1);
  return !claims.some(isPart) && (last === undefined || isSilent(question, last));
}

/** Tasks that name the service, of deployments of which nobody ever said anything; oldest first. */
export const orphans = (question: Question): FactOf<"task.observed">[] => {
  const reported = ofKind(
    question.believed,
    "deployment.started",
    "deployment.succeeded",
    "deployment.failed",
    "deployment.removed",
    "deployment.observed",
  ).filter((fact) => isHere(fact, question) || isEverywhereHere(fact, question));
  return ofKind(question.believed, "task.observed").filter(
    (task) =>
      isHere(task, question) &&
      !reported.some(({ deployment }) => sameDeployment(deployment, task.deployment)),
  );
};

export const newestObservation = (question: Question): Observation | undefined =>
  observations(question).at(-1);

/** The newest claim of all, whatever it was about. */
export const newestClaim = ({ whole, parts }: Claimed): Claim | Removal | undefined => parts.at(-1) ?? whole;

export const byComponent = (a: Component, b: Component): number =>
  compare(fold(a.component), fold(b.component)) || compare(fold(a.variant ?? ""), fold(b.variant ?? ""));
