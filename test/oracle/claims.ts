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
  /** The order of the claim that last set or removed a component. */
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
    ({ component, variant, digest, tag, repository }) =>
      fold(component) === "main" &&
      variant === undefined &&
      digest === undefined &&
      tag === undefined &&
      repository === undefined,
  );

/** The groups of components while claims are taken in, oldest first, and the order of what last touched each. */
interface Building {
  readonly groups: Map<string, Group>;
  readonly orders: Map<string, string>;
}

function takeIn({ groups, orders }: Building, fact: Claim | Removal): void {
  for (const name of namesIn(fact)) {
    orders.set(name, order(fact));
    if (fact.kind === "deployment.succeeded")
      groups.set(name, { claim: fact, entries: entriesOf(fact, name) });
    else groups.delete(name);
  }
}

/** What a whole deployment holds: what it names or, where it says nothing, what its tasks name, shown as the earliest did. */
function wholeOf(question: Question, whole: Claim | Removal): Claim | Removal {
  if (whole.kind === "deployment.removed" || !saysNothing(whole)) return whole;
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
  const parts = here.filter(isPart).filter((fact) => order(fact) > since);

  const building: Building = { groups: new Map(), orders: new Map() };
  if (whole !== undefined) takeIn(building, wholeOf(question, whole));
  for (const fact of parts) takeIn(building, fact);
  const { groups, orders } = building;
  return { whole, parts, groups, orderOf: (component) => orders.get(component) ?? since };
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

/** Observations of the service by then, oldest first. */
export const observations = (question: Question): Observation[] =>
  until(ofKind(question.believed, "deployment.observed"), question.at).filter((fact) =>
    isHere(fact, question),
  );

export const newestObservation = (question: Question): Observation | undefined =>
  observations(question).at(-1);

/** The newest claim of all, whatever it was about. */
export const newestClaim = ({ whole, parts }: Claimed): Claim | Removal | undefined => parts.at(-1) ?? whole;

export const byComponent = (a: Component, b: Component): number =>
  compare(fold(a.component), fold(b.component)) || compare(a.variant ?? "", b.variant ?? "");
