/** What claims and looks at the runtime make of each other. */
import type { Release } from "../../schemas/answer.ts";
import type { DeployedCommit, Fact, ObservedComponent } from "../../schemas/fact.ts";
import {
  byComponent,
  type Claim,
  type Claimed,
  claimed,
  covering,
  type Group,
  isConfiguration,
  isSilent,
  laterLooks,
  lookAt,
  type Observation,
  type Observed,
  observations,
  observed,
  type Removal,
  tasksAsLook,
} from "./claims.ts";
import { evidenceOf } from "./commits.ts";
import { members, pullable } from "./images.ts";
import { byOrder, compare, distinct, fold, order, type Question, sameDeployment } from "./known.ts";
import { nameNow, refOf } from "./names.ts";
import {
  amongRivals,
  digestsIn,
  isOpaque,
  isSameCommit,
  mayBe,
  type Resolved,
  resolveClaimed,
  resolveObserved,
} from "./resolve.ts";
import { seenInRollout } from "./rollout.ts";

/** One entry that runs or is claimed to, and what it was found to be. */
export interface Entry {
  readonly entry: ObservedComponent;
  readonly by: Claim | Removal | Observation;
  /** The repository that it names, by its name of now. */
  readonly named: string | undefined;
  readonly resolved: Resolved;
  /** The commit that the deployer named for it. */
  readonly said: DeployedCommit | undefined;
  /** The digest that the runtime reports for it, where it is claimed and seen. */
  readonly seen?: string | null;
  /** What was claimed, where the tasks of the rollout show another image; and these tasks. */
  readonly instead?: { readonly claimed: Entry; readonly tasks: readonly Fact[] };
  /** The claims of one moment that contradict each other about it. */
  readonly tie?: readonly Fact[];
}

/** One component, as claimed and as seen. */
interface Side {
  readonly name: string;
  readonly said: readonly Entry[];
  readonly running: readonly Entry[];
  /** By the observation. */
  readonly isDecided: boolean;
  /** The claim by which it runs, or with which the observation agrees. */
  readonly contributes: Claim | undefined;
}

export interface Joined {
  readonly claims: Claimed;
  /** The look that counts, whether or not it decides anything. */
  readonly look: Observation | undefined;
  readonly observation: Observed | undefined;
  /** What runs. */
  readonly running: readonly Entry[];
  /** What would run if nothing had been observed. */
  readonly said: readonly Entry[];
  /** Claims of which something still runs, oldest first. */
  readonly contributing: readonly Claim[];
  readonly drift: Release["drift"];
  /** The newest claim that the look contradicts. */
  readonly contradicted: Claim | Removal | undefined;
}

const isSameSlot = (a: Entry, b: Entry): boolean =>
  fold(a.entry.component) === fold(b.entry.component) &&
  fold(a.entry.variant ?? "") === fold(b.entry.variant ?? "");

const namedNow = (
  { believed }: Question,
  fact: Fact,
  { repository }: ObservedComponent,
): string | undefined => (repository === undefined ? undefined : nameNow(believed, refOf(fact, repository)));

/** What runs by a claim: what it names unless the tasks of its rollout show more, or another image. */
function entryWithTasks(question: Question, one: Entry): Entry {
  if (one.by.kind !== "deployment.succeeded") return one;
  const seen = seenInRollout(question, one.by, one.entry, one.resolved);
  if (seen === undefined) return one;
  const { resolved, tasks } = seen;
  if (!seen.isOther) return { ...one, resolved };
  const { by } = one;
  const entry = { component: one.entry.component };
  return { entry, by, named: undefined, resolved, said: undefined, instead: { claimed: one, tasks } };
}

const asClaimed = (entries: readonly Entry[]): Entry[] => entries.map((one) => one.instead?.claimed ?? one);

function entriesBy(question: Question, by: Claim | Removal, entries: readonly ObservedComponent[]): Entry[] {
  if (by.kind === "deployment.removed") return [];
  return entries.map((entry) => ({
    entry,
    by,
    named: namedNow(question, by, entry),
    resolved: resolveClaimed(question, by, entry),
    said: by.commit,
  }));
}

const seenEntries = (question: Question, by: Observation, entries: readonly ObservedComponent[]): Entry[] =>
  entries.map((entry) => ({
    entry,
    by,
    named: namedNow(question, by, entry),
    resolved: resolveObserved(question, by, entry),
    said: by.commit,
  }));

/** Who names no image, no tag, no repository and no commit. */
const isMute = ({ entry: { tag, repository }, resolved: { reported, candidates }, by }: Entry): boolean =>
  reported === null &&
  candidates.length === 0 &&
  tag === undefined &&
  repository === undefined &&
  by.commit === undefined;

function areAlike({ believed }: Question, a: Entry, b: Entry): boolean {
  const [one, other] = [a.resolved.reported, b.resolved.reported];
  if (one !== null && other !== null) return members(believed, one).includes(other);
  return (
    a.entry.tag === b.entry.tag &&
    a.entry.repository === b.entry.repository &&
    a.by.commit?.sha === b.by.commit?.sha
  );
}

/** What a claim says of a component, beside those of the same moment that say something else. */
function resolveGroup(question: Question, { claim, entries, rivals }: Group): Entry[] {
  const own = entriesBy(question, claim, entries);
  if (rivals.length === 0) return own.map((one) => entryWithTasks(question, one));
  const others = rivals.map((rival) => entriesBy(question, rival.claim, rival.entries));
  return own.map((one): Entry => {
    const counterparts = others.map((list) => list.find((other) => isSameSlot(other, one)));
    const speaking = [one, ...counterparts.filter((other) => other !== undefined)].filter(
      (other) => !isMute(other),
    );
    const first = speaking[0] ?? one;
    const areAll = speaking.every((other) => areAlike(question, first, other));
    if (areAll && !counterparts.includes(undefined)) return first;
    const tie = [claim, ...rivals.map((rival) => rival.claim)];
    const isOneCommit = tie.every(
      (fact) => fact.kind === "deployment.removed" || fact.commit?.sha === first.by.commit?.sha,
    );
    const said = isOneCommit ? first.said : undefined;
    if (areAll) return { ...first, said, tie };
    const resolved = amongRivals(
      speaking.map((other) => ({ resolved: other.resolved, repository: other.named })),
    );
    return { ...first, said, tie, resolved };
  });
}

/** Whether all digests of an entry are among those that others may be. */
function isAmong(question: Question, { entry, resolved }: Entry, others: readonly Entry[]): boolean {
  if (resolved.reported === null) return false;
  const known = others.flatMap((other) => mayBe(question, other.resolved));
  const shown = entry.digest === undefined ? [resolved.reported] : digestsIn(entry);
  return shown.every((digest) => known.includes(digest));
}

/** Of two that show no image: their commits where both name one, else the tag, with its repository. */
function isNamedAlike({ entry, by }: Entry, said: readonly Entry[]): boolean {
  const claimed = said[0]?.by.commit;
  if (by.commit !== undefined && claimed !== undefined) return isSameCommit(by.commit.sha, claimed.sha);
  if (entry.tag === undefined) return false;
  return said.some((one) => one.entry.tag === entry.tag && one.entry.repository === entry.repository);
}

/** Whether what is seen of a component is what was claimed of it. */
function doAgree(question: Question, seen: readonly Entry[], said: readonly Entry[]): boolean {
  const [claim] = said;
  const [look] = seen;
  if (claim === undefined || look === undefined) return false;
  if (sameDeployment(look.by.deployment, claim.by.deployment)) return true;
  const { commit } = claim.by;
  const isNothingKnown = said.every(({ resolved }) => mayBe(question, resolved).length === 0);
  const isNamed = said.some(
    ({ entry: { tag, repository } }) => tag !== undefined || repository !== undefined,
  );
  if (isNothingKnown && commit === undefined && !isNamed) return true;
  return seen.every((one) => {
    if (isOpaque(question, one.entry)) return true;
    if (!isNothingKnown) return isAmong(question, one, said);
    if (mayBe(question, one.resolved).length === 0) return isNamedAlike(one, said);
    const [built, ...others] =
      one.resolved.reported === null
        ? []
        : evidenceOf(question.believed, one.resolved.reported, releasedDigest(question, one));
    const isOne = built !== undefined && others.length === 0 && commit !== undefined;
    return isOne && isSameCommit(built.commit.sha, commit.sha);
  });
}

/** What an agreeing look explains: the claim's entries with what is reported of them; else what is seen. */
function explain(question: Question, seen: readonly Entry[], said: readonly Entry[]): readonly Entry[] {
  const pairs = said.flatMap((claim) =>
    seen.filter((look) => isSameSlot(claim, look)).map((look) => [claim, look] as const),
  );
  if (pairs.length !== said.length || said.length !== seen.length) return seen;
  const areExplained = pairs.every(([claim, look]) => {
    const isKnown = claim.resolved.reported !== null || claim.resolved.candidates.length > 0;
    const isOpen = look.resolved.reported === null || isOpaque(question, look.entry);
    return (isKnown && isOpen) || (claim.resolved.reported !== null && isAmong(question, look, [claim]));
  });
  if (!areExplained) return seen;
  return pairs.map(([claim, look]) => ({
    ...claim,
    said: claim.said ?? (claim.tie === undefined ? look.said : undefined),
    seen: look.resolved.reported,
  }));
}

function sideOf(question: Question, claims: Claimed, observation: Observed | undefined, name: string): Side {
  const group = claims.groups.get(name);
  const resolvedGroup = group === undefined ? [] : resolveGroup(question, group);
  const decided = observation?.decided.get(name);
  const isConfirmed =
    observation !== undefined &&
    decided !== undefined &&
    doAgree(question, seenEntries(question, observation.fact, decided), asClaimed(resolvedGroup));
  const said = isConfirmed ? asClaimed(resolvedGroup) : resolvedGroup;
  if (observation === undefined || decided === undefined) {
    return { name, said, running: said, isDecided: false, contributes: group?.claim };
  }
  const seen = seenEntries(question, observation.fact, decided);
  if (group === undefined || !doAgree(question, seen, said))
    return { name, said, running: seen, isDecided: true, contributes: undefined };
  const running = explain(question, seen, said).map((entry) =>
    entry.by.kind === "deployment.observed" ? { ...entry, said: entry.said ?? group.claim.commit } : entry,
  );
  return { name, said, running, isDecided: true, contributes: group.claim };
}

/** What runs by the claims, if just this look counts. */
function joinWith(question: Question, look: Observation | undefined): Joined {
  const claims = claimed(question, look);
  const observation = look === undefined ? undefined : observed(claims, look);
  const names = distinct([...claims.groups.keys(), ...(observation?.decided.keys() ?? [])]);
  const sides = names.map((name) => sideOf(question, claims, observation, name));
  // Who deployed single components alone said nothing of what is seen beside them.
  const disagreeing = sides
    .filter(({ isDecided, contributes }) => isDecided && contributes === undefined)
    .filter(({ name }) => claims.groups.has(name) || claims.isOfAll);
  const { lastOfImages } = claims;
  const isDrift = disagreeing.length > 0 && lastOfImages !== undefined;
  const contradicted = disagreeing.flatMap(
    ({ name }) => claims.groups.get(name)?.claim ?? lastOfImages ?? [],
  );
  // Images that nobody deployed are not given the configuration of a deployment before them.
  const configurations = claims.configurations.filter(
    (fact) =>
      sides.some(({ running }) => running.length > 0) &&
      (!isDrift || observation === undefined || order(fact) > order(observation.fact)),
  );
  return {
    claims,
    look,
    observation,
    running: sides.flatMap(({ running }) => running).sort((a, b) => byComponent(a.entry, b.entry)),
    said: sides.flatMap(({ said }) => said),
    contributing: distinct([
      ...sides.flatMap(({ contributes }) => contributes ?? []),
      ...configurations,
    ]).sort(byOrder),
    drift: driftOf(question, isDrift ? observation?.fact : undefined, sides),
    contradicted: isDrift ? contradicted.sort(byOrder).at(-1) : undefined,
  };
}

/** Only what the observation decides can drift: of the rest it says nothing that still counts. */
function driftOf(
  question: Question,
  fact: Observation | undefined,
  sides: readonly Side[],
): Release["drift"] {
  const list = (entries: readonly Entry[]) =>
    entries
      .map(({ entry, ...one }) => ({
        component: entry.component,
        digest: releasedDigest(question, one),
      }))
      .sort((a, b) => compare(a.component, b.component) || compare(a.digest ?? "", b.digest ?? ""));
  const decided = fact === undefined ? [] : sides.filter(({ isDecided }) => isDecided);
  const others = sides
    .filter((side) => !decided.includes(side))
    .flatMap(({ running }) => running.filter(({ instead }) => instead !== undefined));
  if (fact === undefined && others.length === 0) return null;
  const times = others.flatMap(({ instead }) => instead?.tasks ?? []).map(({ occurredAt }) => occurredAt);
  return {
    observedAt: fact?.occurredAt ?? times.sort(compare).at(-1) ?? "",
    claimed: list(asClaimed([...decided.flatMap(({ said }) => said), ...others])),
    observed: list([...decided.flatMap(({ running }) => running), ...others]),
  };
}

export const releasedDigest = (
  { believed, at }: Question,
  { resolved: { reported, repository }, named }: Pick<Entry, "resolved" | "named">,
): string | null =>
  reported === null ? null : pullable(believed, reported, { repository: repository ?? named, at });

const GRACE_MS = 300_000;

/** Whether a look contradicts a claim less than five minutes after it with what ran before: the rollout goes on. */
function isRemainder(question: Question, look: Observation): boolean {
  // What was left out stays so, also where a later deployment says nothing of images.
  const isLaterAndSilent = (fact: Fact) =>
    fact.kind === "deployment.succeeded" &&
    fact.scope !== "components" &&
    order(fact) > order(look) &&
    (isSilent(question, fact) || isConfiguration(question, fact));
  const believed = question.believed.filter((fact) => !isLaterAndSilent(fact));
  const { contradicted } = joinWith({ ...question, believed }, look);
  if (contradicted === undefined || order(look) < order(contradicted)) return false;
  if (Date.parse(look.occurredAt) - Date.parse(contradicted.occurredAt) >= GRACE_MS) return false;
  if (look.since !== undefined) return look.since < contradicted.occurredAt;
  const at = new Date(Date.parse(contradicted.occurredAt) - 1).toISOString();
  const then = { ...question, at };
  const speaking = lookAt(then);
  const old = [...claimed(then, speaking).groups.values()].flatMap((group) => resolveGroup(then, group));
  const last = observations(then).at(-1);
  if (last !== undefined) old.push(...seenEntries(then, last, last.components));
  return seenEntries(question, look, look.components).every((entry) =>
    isAmong(
      question,
      entry,
      old.filter((other) => fold(other.entry.component) === fold(entry.entry.component)),
    ),
  );
}

export const isLeftOut = (question: Question, look: Observation): boolean => isRemainder(question, look);

/** What runs, by the claims and the look that speaks for the moment: none that is left out. */
export function join(question: Question): Joined {
  const tried = (look: Observation): Joined | undefined => {
    return isRemainder(question, look) ? undefined : joinWith(question, look);
  };
  for (const together of laterLooks(question)) {
    const own = covering(question, together);
    for (const look of own) {
      const joined = tried(look);
      if (joined !== undefined) return joined;
    }
    if (together.some((look) => !own.includes(look) && !isLeftOut(question, look))) break;
  }
  for (const look of observations(question).toReversed()) {
    const joined = tried(look);
    if (joined !== undefined) return joined;
  }
  return joinWith(question, tasksAsLook(question));
}
