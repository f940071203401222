/** What deployers claimed to run, component by component, and what the newest look at the runtime decides. */
import type { Component, FactOf, ObservedComponent } from "../../schemas/fact.ts";
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
  sameDeployment,
  until,
} from "./known.ts";
import { isSameCommit, tasksOf } from "./resolve.ts";

const HALF_AN_HOUR_MS = 1_800_000;

export type Claim = FactOf<"deployment.succeeded">;
export type Removal = FactOf<"deployment.removed">;
export type Observation = FactOf<"deployment.observed">;

/** The entries of one component (one for each variant), and the claim that said so. */
export interface Group {
  readonly claim: Claim;
  readonly entries: readonly Component[];
  /** What claims of the same moment say instead, where nobody knows which came first; no entries: that it is gone. */
  readonly rivals: readonly Rival[];
}

export interface Rival {
  readonly claim: Claim | Removal;
  readonly entries: readonly Component[];
}

export interface Claimed {
  readonly groups: ReadonlyMap<string, Group>;
  /** The newest claim that changed anything. */
  readonly last: Claim | Removal | undefined;
  /** The newest of these that is about images. */
  readonly lastOfImages: Claim | Removal | undefined;
  /** Deployments of configuration alone since the newest whole deployment, oldest first. */
  readonly configurations: readonly Claim[];
  /** Whether anybody ever said what runs of the whole service. */
  readonly isOfAll: boolean;
  /** The order of the claim that last said what runs of a component, or that it is gone. */
  orderOf(component: string): string;
}

const isPart = (fact: Claim | Removal): boolean =>
  fact.scope === "components" && fact.components !== undefined;

const namesIn = (fact: { components?: readonly Component[] }): string[] => [
  ...new Set((fact.components ?? []).map(({ component }) => fold(component))),
];

const entriesOf = <C extends Component>(fact: { components?: readonly C[] }, name: string): C[] =>
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
export function isConfiguration(question: Question, fact: Claim | Removal): boolean {
  if (fact.kind !== "deployment.succeeded" || (fact.config ?? []).length === 0) return false;
  const { components, commit, deployment } = fact;
  if (components === undefined) return true;
  if (components.some((one) => Object.keys(one).some((field) => field !== "component"))) return false;
  if (tasksOf(question, deployment).length > 0) return false;
  if (commit === undefined) return true;
  const builds = ofKind(question.believed, "artifact.built");
  return isOfConfiguration(fact) && !builds.some((built) => built.commit.sha.startsWith(commit.sha));
}

/** A whole deployment from which nobody can tell which images run: it names none, nor a commit, and has no tasks. */
export const isSilent = (question: Question, fact: Claim | Removal): boolean =>
  fact.kind === "deployment.succeeded" &&
  saysNothing(fact) &&
  fact.commit === undefined &&
  tasksOf(question, fact.deployment).length === 0;

/** What a whole deployment holds: what it names or, where it says nothing, what its tasks name, as the earliest did. */
function entriesIn(question: Question, whole: Claim | Removal): readonly Component[] {
  if (whole.kind === "deployment.removed") return [];
  const tasks = saysNothing(whole) ? tasksOf(question, whole.deployment) : [];
  const names = distinct(tasks.map(({ component }) => fold(component)));
  if (names.length === 0 || names.includes("main")) return whole.components ?? NOTHING_SAID;
  return names.flatMap((name) => {
    const earliest = tasks.find(({ component }) => fold(component) === name);
    return earliest === undefined ? [] : [{ component: earliest.component }];
  });
}

/** Of two facts of one moment the order is known only where their sender numbers them. */
const isUnordered = (a: Claim | Removal, b: Claim | Removal): boolean =>
  a.occurredAt === b.occurredAt &&
  !(
    a.source === b.source &&
    a.sequence !== undefined &&
    b.sequence !== undefined &&
    a.sequence !== b.sequence
  );

/** A removal that names a deployment takes away what that deployment set; with the scope of the service, everything. */
const isOfDeployment = (fact: Claim | Removal): boolean =>
  fact.kind === "deployment.removed" && fact.deployment !== undefined && fact.scope !== "service";

/** The components that such a removal takes away. */
export const takenBy = (groups: ReadonlyMap<string, Group>, fact: Claim | Removal): string[] =>
  [...groups]
    .filter(([, { claim }]) => sameDeployment(claim.deployment, fact.deployment))
    .map(([name]) => name)
    .filter((name) => !isPart(fact) || namesIn(fact).includes(name));

export const changesNothing = ({ groups }: Claimed, fact: Claim | Removal): boolean =>
  isOfDeployment(fact) && takenBy(groups, fact).length === 0;

/** Everything that claims, and one look at the runtime, come to: a walk through them, oldest first. */
class Walk {
  groups = new Map<string, Group>();
  last: Claim | Removal | undefined;
  lastOfImages: Claim | Removal | undefined;
  configurations: Claim[] = [];
  /** The newest whole deployment, where it names no images. */
  silent: Claim | undefined;
  /** The order of the newest whole claim that is not silent. */
  word = "";
  /** The order of the newest claim of each component on its own. */
  readonly ownWords = new Map<string, string>();
  /** The components that were claimed on their own since the newest whole deployment. */
  readonly own = new Set<string>();
  look: Observation | undefined;
  isOfAll = false;

  /** One component has these entries now; none: it is gone. */
  set(name: string, entries: readonly Component[], claim: Claim | Removal): void {
    const old = this.groups.get(name);
    const others: Rival[] = old === undefined ? [] : [old, ...old.rivals];
    const rivals = others.filter((one) => isUnordered(one.claim, claim));
    if (old === undefined && this.mayRemove(name, claim))
      rivals.push({ claim: this.removal ?? claim, entries: [] });
    if (entries.length > 0 && claim.kind === "deployment.succeeded") {
      this.groups.set(name, { claim, entries, rivals });
      return;
    }
    const [kept, ...more] = rivals.filter((one) => one.entries.length > 0);
    if (kept === undefined || kept.claim.kind !== "deployment.succeeded") this.groups.delete(name);
    else
      this.groups.set(name, {
        claim: kept.claim,
        entries: kept.entries,
        rivals: [...more, { claim, entries: [] }],
      });
  }

  /** The removal just before, as it was reported. */
  get removal(): Removal | undefined {
    return this.last?.kind === "deployment.removed" ? this.last : undefined;
  }

  /** Whether that removal, of the same moment, may have come after this claim of a component. */
  mayRemove(name: string, claim: Claim | Removal): boolean {
    const { removal } = this;
    if (removal === undefined || !isUnordered(removal, claim)) return false;
    if (isPart(removal) && !namesIn(removal).includes(name)) return false;
    return !isOfDeployment(removal) || sameDeployment(removal.deployment, claim.deployment);
  }

  part(fact: Claim | Removal, names: readonly string[]): void {
    for (const name of names) {
      this.set(name, entriesOf(fact, name), fact);
      this.ownWords.set(name, order(fact));
      this.own.add(name);
    }
    this.last = fact;
    this.lastOfImages = fact;
  }

  whole(fact: Claim | Removal, entries: readonly Component[]): void {
    // What a silent deployment left open contradicts nobody.
    for (const [name, { claim }] of this.groups) if (claim === this.silent) this.groups.delete(name);
    const names = distinct([...this.groups.keys(), ...namesIn({ components: entries })]);
    for (const name of names) this.set(name, entriesOf({ components: entries }, name), fact);
    this.last = fact;
    this.lastOfImages = fact;
    this.configurations = [];
    this.silent = undefined;
    this.word = order(fact);
    this.isOfAll = true;
    this.own.clear();
  }

  silently(fact: Claim, entries: readonly Component[]): void {
    const { look } = this;
    this.last = fact;
    this.lastOfImages = fact;
    this.configurations = [];
    this.silent = fact;
    this.isOfAll = true;
    this.own.clear();
    this.groups = new Map();
    if (look !== undefined && order(look) > this.word && look.scope !== "components") this.apply(look, fact);
    else {
      const said = { components: entries };
      for (const name of namesIn(said))
        this.groups.set(name, { claim: fact, entries: entriesOf(said, name), rivals: [] });
    }
  }

  /** Configuration alone; of nothing that is known to run, something runs, and nobody says what. */
  configure(fact: Claim, entries: readonly Component[]): void {
    if (this.groups.size === 0) this.silently(fact, entries);
    this.last = fact;
    this.configurations.push(fact);
  }

  /** Whether this tells of the rollout that somebody else reported with its images: of the same commit, soon after. */
  isOfRollout(fact: Claim): boolean {
    const before = this.lastOfImages;
    if (before?.kind !== "deployment.succeeded" || isPart(before) || this.groups.size === 0) return false;
    const isSoon = Date.parse(fact.occurredAt) - Date.parse(before.occurredAt) <= HALF_AN_HOUR_MS;
    const isBySomebodyElse =
      before.deployment.provider !== fact.deployment.provider ||
      before.deployment.instance !== fact.deployment.instance;
    const isOfSameCommit =
      fact.commit !== undefined &&
      before.commit !== undefined &&
      isSameCommit(before.commit.sha, fact.commit.sha);
    const isNamed = (before.components ?? []).some(
      (one) => one.digest !== undefined || one.tag !== undefined,
    );
    return isSoon && isBySomebodyElse && isOfSameCommit && isNamed;
  }

  keep(fact: Claim): void {
    this.last = fact;
    this.configurations.push(fact);
  }

  /** A silent deployment is of what is seen. */
  apply(look: Observation, silent: Claim): void {
    for (const name of namesIn(look)) {
      const component = entriesOf(look, name).at(-1)?.component ?? name;
      if (!this.own.has(name)) this.groups.set(name, { claim: silent, entries: [{ component }], rivals: [] });
    }
  }

  see(look: Observation): void {
    this.look = look;
    const { silent } = this;
    if (silent === undefined || look.scope === "components") return;
    for (const [name, { claim }] of this.groups) if (claim === silent) this.groups.delete(name);
    this.apply(look, silent);
  }

  remove(fact: Claim | Removal): void {
    const names = takenBy(this.groups, fact);
    if (names.length === 0) return;
    if (names.length === this.groups.size && !isPart(fact)) this.whole(fact, []);
    else this.part({ ...fact, kind: "deployment.removed", components: [] }, names);
    this.last = fact;
    this.lastOfImages = fact;
  }
}

function take(question: Question, walk: Walk, fact: Claim | Removal): void {
  const entries = entriesIn(question, fact);
  const isClaim = fact.kind === "deployment.succeeded";
  const isOpen =
    isClaim && !isPart(fact) && saysNothing(fact) && tasksOf(question, fact.deployment).length === 0;
  if (isOpen && walk.isOfRollout(fact)) walk.keep(fact);
  else if (isClaim && isConfiguration(question, fact)) walk.configure(fact, entries);
  else if (isPart(fact)) walk.part(fact, namesIn(fact));
  else if (isClaim && isSilent(question, fact)) walk.silently(fact, entries);
  else walk.whole(fact, entries);
}

/** @param look the look at the runtime that counts */
export function claimed(question: Question, look: Observation | undefined): Claimed {
  const facts = until(ofKind(question.believed, "deployment.succeeded", "deployment.removed"), question.at);
  const here = facts.filter((fact) => isHere(fact, question) || isEverywhereHere(fact, question));
  const walk = new Walk();
  for (const fact of [...here, ...(look === undefined ? [] : [look])].sort(byOrder)) {
    if (fact.kind === "deployment.observed") walk.see(fact);
    else if (isOfDeployment(fact)) walk.remove(fact);
    else take(question, walk, fact);
  }
  const { groups, last, lastOfImages, configurations, isOfAll, word, ownWords } = walk;
  const orderOf = (component: string): string => {
    const own = ownWords.get(component) ?? "";
    return own > word ? own : word;
  };
  return { groups, last, lastOfImages, configurations, isOfAll, orderOf };
}

/** What an observation decides: for each component the entries that it shows; none where it shows it gone. */
export interface Observed {
  readonly fact: Observation;
  readonly decided: ReadonlyMap<string, readonly ObservedComponent[]>;
}

/** What a look at the runtime says that no later claim has overtaken. */
export function observed(claims: Claimed, fact: Observation): Observed | undefined {
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

/** What the tasks show of a service of which nothing that was said names images. */
export function tasksAsLook(question: Question): Observation | undefined {
  const last = until(orphans(question), question.at).at(-1);
  if (last === undefined || !isUnreported(question)) return undefined;
  const own = tasksOf(question, last.deployment).filter((task) => isHere(task, question));
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
  return { ...rest, kind: "deployment.observed", service, components: shown };
}

/** Whether nothing that was said of the service names images: at most a deployment that says nothing of them. */
export function isUnreported(question: Question): boolean {
  const facts = until(question.believed, question.at);
  const claims = ofKind(facts, "deployment.succeeded", "deployment.removed").filter(
    (fact) => isHere(fact, question) || isEverywhereHere(fact, question),
  );
  const last = claims
    .filter((fact) => !isPart(fact) && !isOfDeployment(fact) && !isConfiguration(question, fact))
    .at(-1);
  const isNamed =
    claims.some((fact) => isPart(fact) && !isOfDeployment(fact)) ||
    (last !== undefined && !isSilent(question, last));
  return seenLook(question) === undefined && !isNamed;
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

/** The looks after the moment, those of one time together, oldest first. */
export function laterLooks(question: Question): Observation[][] {
  const later = ofKind(question.believed, "deployment.observed")
    .filter((fact) => isHere(fact, question))
    .filter(({ occurredAt }) => occurredAt > question.at);
  const times = distinct(later.map(({ occurredAt }) => occurredAt));
  return times.map((time) => later.filter(({ occurredAt }) => occurredAt === time));
}

/** Those of the whole service that say that what they show ran already then, the youngest state first. */
export const covering = ({ at }: Question, looks: readonly Observation[]): Observation[] =>
  looks
    .filter(({ scope, since }) => scope !== "components" && since !== undefined && since <= at)
    .toReversed();

/** The look that speaks for the moment where none is left out: the next one if it covers it, else the newest. */
const seenLook = (question: Question): Observation | undefined =>
  covering(question, laterLooks(question)[0] ?? [])[0] ?? observations(question).at(-1);

/** The same, or the tasks where nobody looked. */
export const lookAt = (question: Question): Observation | undefined =>
  seenLook(question) ?? tasksAsLook(question);

export const byComponent = (a: Component, b: Component): number =>
  compare(fold(a.component), fold(b.component)) || compare(fold(a.variant ?? ""), fold(b.variant ?? ""));
