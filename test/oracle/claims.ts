/** What deployers claimed to run, component by component, and what the newest look at the runtime decides. */
import type { Component, FactOf } from "../../schemas/fact.ts";
import {
  byOrder,
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
  /** Deployments of configuration alone after `whole`, oldest first. */
  readonly configurations: readonly Claim[];
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
const saysNothing = ({ components = NOTHING_SAID }: Claim): boolean =>
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

const NOTHING_SAID: Component[] = [{ component: "main" }];

const bare = (url: string): string => fold(url.replace(/\/+$/, "").replace(/\.git$/i, ""));

/** Whether a deployment's commit is one of its configuration: the revision of a repository that may be the same. */
const isOfConfiguration = ({ commit, config = [] }: Claim): boolean =>
  commit !== undefined &&
  config.some(({ repository, revision }) => {
    const isRevision =
      revision.startsWith(commit.sha) || (/^[0-9a-f]{7,}$/.test(revision) && commit.sha.startsWith(revision));
    const isElsewhere =
      repository !== undefined &&
      commit.repository !== undefined &&
      bare(repository) !== bare(commit.repository);
    return isRevision && !isElsewhere;
  });

/** A deployment of configuration alone: it names no image, no share of a variant, and nobody else shows an image of it. */
function isConfiguration(question: Question, fact: Claim | Removal): boolean {
  if (fact.kind !== "deployment.succeeded" || (fact.config ?? []).length === 0) return false;
  const { components, commit, deployment } = fact;
  if (components === undefined) return true;
  if (components.some((one) => Object.keys(one).some((field) => field !== "component"))) return false;
  if (tasksOf(question, deployment).length > 0) return false;
  if (commit === undefined) return true;
  const builds = ofKind(question.believed, "artifact.built");
  return isOfConfiguration(fact) && !builds.some((built) => built.commit.sha.startsWith(commit.sha));
}

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
  (isConfiguration(question, fact) ||
    (saysNothing(fact) && fact.commit === undefined && tasksOf(question, fact.deployment).length === 0));

/**
 * What a whole deployment holds: what it names or, where it says nothing, what its tasks name, shown as the earliest
 * did; or, where nobody says anything, the names that were seen since somebody last did.
 */
function wholeOf(question: Question, whole: Claim | Removal, word: string, before: string): Claim | Removal {
  if (whole.kind === "deployment.removed") return whole;
  const isSilently = isSilent(question, whole);
  if (!saysNothing(whole) && !isSilently) return whole;
  const seen = newestObservation(question);
  if (isSilently) {
    const isUnseen = seen === undefined || seen.scope === "components" || order(seen) < word;
    if (isUnseen || order(seen) > before)
      return { ...whole, components: whole.components ?? [...NOTHING_SAID] };
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

/** What runs by a whole deployment and what came after it, as it was known before an order. */
function groupsOf(
  question: Question,
  whole: Claim | Removal | undefined,
  parts: readonly (Claim | Removal)[],
  word: string,
  before: string,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  if (whole !== undefined) takeIn(groups, wholeOf(question, whole, word, before));
  for (const fact of parts.filter((part) => order(part) < before)) takeIn(groups, fact);
  return groups;
}

const LAST = "~";

export function claimed(question: Question): Claimed {
  const facts = until(ofKind(question.believed, "deployment.succeeded", "deployment.removed"), question.at);
  const here = facts.filter((fact) => isHere(fact, question) || isEverywhereHere(fact, question));
  const ofConfiguration = here.filter((fact) => isConfiguration(question, fact));
  const ofImages = here.filter((fact) => !isConfiguration(question, fact));
  const allParts = ofImages.filter(isPart);
  const spoken = ofImages.filter((fact) => !isPart(fact) && !isSilent(question, fact)).at(-1);
  const word = spoken === undefined ? "" : order(spoken);

  let whole: Claim | Removal | undefined = ofImages.filter((fact) => !isPart(fact)).at(-1);
  const after = (fact: Claim | Removal | undefined, list: readonly (Claim | Removal)[]) =>
    list.filter((one) => fact === undefined || order(one) > order(fact));
  // Configuration of nothing that is known to run: then something runs, and nobody says what.
  for (const fact of after(whole, ofConfiguration)) {
    if (groupsOf(question, whole, after(whole, allParts), word, order(fact)).size === 0) whole = fact;
  }
  const parts = after(whole, allParts);
  const groups = groupsOf(question, whole, parts, word, LAST);
  const configurations = after(whole, ofConfiguration).filter((fact) => fact.kind === "deployment.succeeded");
  const orderOf = (component: string): string => {
    const ofPart = allParts.filter((fact) => namesIn(fact).includes(component)).at(-1);
    return ofPart !== undefined && order(ofPart) > word ? order(ofPart) : word;
  };
  return { whole, parts, configurations, groups, orderOf };
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

/** The newest claim about images. */
export const newestOfImages = ({ whole, parts }: Claimed): Claim | Removal | undefined =>
  parts.at(-1) ?? whole;

/** The newest claim of all, whatever it was about. */
export const newestClaim = (claims: Claimed): Claim | Removal | undefined =>
  [newestOfImages(claims), ...claims.configurations]
    .filter((fact) => fact !== undefined)
    .sort(byOrder)
    .at(-1);

export const byComponent = (a: Component, b: Component): number =>
  compare(fold(a.component), fold(b.component)) || compare(fold(a.variant ?? ""), fold(b.variant ?? ""));
