/**
 * Since when an image runs: releases of one image follow each other, as when only configuration changes or when it is
 * deployed again. An image has run since the earliest report of it after which nobody reported another one.
 */
import type { Fact } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { canonical, newestFirst } from "../../ledger/canonical.ts";
import { backwards } from "../../ledger/fact-reader.ts";
import { mayName } from "../../ledger/names/directory-names.ts";
import { isOpaque } from "../images/image-graph.ts";
import { type EffectiveDeployments, observations, wholeServicePartitions } from "./deployment-reader.ts";
import { type Resolution, type ResolveContext, resolveObserved } from "./digest-resolution.ts";
import {
  type Claim,
  isEffective,
  isObservation,
  isOfDeployment,
  isPart,
  type Observation,
} from "./effective-deployments.ts";
import { beginOf, isInGrace } from "./effective-observation.ts";
import type { Reconciled } from "./reconcile.ts";
import type { ResolvedComponent } from "./resolved-component.ts";
import { resolveDeployed } from "./rollout.ts";
import { byComponent, isSameSlot } from "./slots.ts";
import { isBare } from "./tasks.ts";

type Told = Claim | Observation;

/**
 * `open`: it says nothing of the component, or names no image that is known. `removed`: it takes away what its own
 * deployment set.
 */
type Verdict = "same" | "other" | "open" | "removed";

/** Facts that are read at most, so that the cost does not grow with the history. */
const FACTS_MAX = 1000;

/** A reading, and the fact that it is at. */
interface Reading {
  readonly rest: AsyncGenerator<Fact>;
  readonly fact: Told | undefined;
}

async function advanced(rest: AsyncGenerator<Fact>): Promise<Reading> {
  const { value } = await rest.next();
  return { rest, fact: isEffective(value) ? value : undefined };
}

/** The facts that may be about a component, of all partitions, newest first. */
async function* factsBack(
  context: ResolveContext,
  { parts }: EffectiveDeployments,
  component: string,
): AsyncGenerator<Told> {
  const { selector, at } = context;
  const own = parts.filter(({ components }) => mayName(components, component));
  const claims = [...wholeServicePartitions(selector), ...own].map((one) => backwards(context, one, at));
  let readings = await Promise.all([observations(context, selector, at), ...claims].map(advanced));
  for (;;) {
    const [newest] = readings.flatMap(({ fact }) => fact ?? []).sort(newestFirst);
    if (newest === undefined) return;
    yield newest;
    readings = await Promise.all(
      readings.map((one) => (one.fact === newest ? advanced(one.rest) : Promise.resolve(one))),
    );
  }
}

/** Whether a resolved entry is the image of a component that runs. */
async function verdictOn(
  { images }: ResolveContext,
  { resolution, family }: ResolvedComponent,
  other: Resolution,
): Promise<Verdict> {
  const isMember = (digest: string) => digest === resolution.digest || family?.members.has(digest) === true;
  if (await isOpaque(images, other.stated)) return "open";
  const all = other.digest === undefined ? other.candidates.map(({ digest }) => digest) : [other.digest];
  if (all.length > 0 && !all.some(isMember)) return "other";
  return other.digest === undefined ? "open" : "same";
}

/** What a deployment or an observation says of the image of a component. */
async function verdictOf(context: ResolveContext, fact: Told, one: ResolvedComponent): Promise<Verdict> {
  const { stated } = one.resolution;
  const components = fact.components ?? [];
  const isNamed = byComponent(components).has(fold(stated.component));
  if (isPart(fact) && !isNamed) return "open";
  if (fact.kind === "deployment.removed") return isOfDeployment(fact) ? "removed" : "other";
  const entry = components.find((other) => isSameSlot(other, stated));
  if (entry === undefined) {
    // A deployment that names no components is about all of them: its tasks may name them.
    const isOpen = fact.components === undefined || (!isObservation(fact) && isBare(components));
    return isOpen ? "open" : "other";
  }
  if (!isObservation(fact)) return verdictOn(context, one, await resolveDeployed(context, entry, fact));
  return verdictOn(context, one, await resolveObserved(context, entry, fact));
}

const earlier = (a: string | undefined, b: string): string => (a === undefined || b < a ? b : a);
const later = (a: string | undefined, b: string): string | undefined => (a === undefined || a > b ? a : b);

/** What is known of an image, going back over the facts. */
interface Row {
  readonly since: string | undefined;
  /** Observations of another image, each with what is known if it counts: not if a rollout of the image went on. */
  readonly others: readonly { readonly look: Observation; readonly since: string | undefined }[];
  /** By deployment that was removed: since when the image ran after that. */
  readonly removed: ReadonlyMap<string, string | undefined>;
  readonly isOver: boolean;
}

const NOTHING: Row = { since: undefined, others: [], removed: new Map(), isOver: false };

const endedBy = (row: Row, since: string | undefined): Row => ({ ...row, since, isOver: true });

/** Whether an observation still shows what ran before a deployment whose rollout went on. */
const isBefore = (look: Observation, claim: Claim): boolean =>
  isInGrace(look, claim) && (look.since === undefined || look.since < claim.occurredAt);

function observed(row: Row, look: Observation, verdict: Verdict): Row {
  if (verdict === "same") return { ...row, since: earlier(row.since, beginOf(look)) };
  return { ...row, others: [...row.others, { look, since: later(row.since, look.occurredAt) }] };
}

function claimed(row: Row, claim: Claim, verdict: Verdict): Row {
  const { since, removed } = row;
  const deployment = canonical(claim.deployment ?? null);
  if (verdict === "removed") return { ...row, removed: new Map([...removed, [deployment, since]]) };
  const other = row.others.find(({ look }) => verdict === "other" || !isBefore(look, claim));
  if (other !== undefined) return endedBy(row, other.since);
  if (verdict === "other") return endedBy(row, later(since, claim.occurredAt));
  if (removed.has(deployment)) return endedBy(row, removed.get(deployment));
  return { ...row, others: [], since: earlier(since, claim.occurredAt) };
}

function extended(row: Row, fact: Told, verdict: Verdict): Row {
  const other = row.others.find(({ look }) => !isInGrace(look, fact));
  if (other !== undefined) return endedBy(row, other.since);
  if (verdict === "open") return row;
  return isObservation(fact) ? observed(row, fact, verdict) : claimed(row, fact, verdict);
}

/** Since when a component runs its image; undefined if no fact names it. Null: longer ago than is read. */
async function imageSince(
  context: ResolveContext,
  running: EffectiveDeployments,
  one: ResolvedComponent,
): Promise<string | null | undefined> {
  let row = NOTHING;
  let count = 0;
  for await (const fact of factsBack(context, running, fold(one.resolution.stated.component))) {
    count += 1;
    if (count > FACTS_MAX) return null;
    row = extended(row, fact, await verdictOf(context, fact, one));
    if (row.isOver) return row.since;
  }
  const [other] = row.others;
  return other === undefined ? row.since : other.since;
}

/** Since when each of the components runs its image: null if that is unknown. @param since when the release began */
export function imagesSince(
  context: ResolveContext,
  { running, shown }: Reconciled,
  since: Promise<string | null>,
): Promise<(string | null)[]> {
  return Promise.all(
    shown.map(async (one) => {
      if (one.resolution.digest === undefined) return null;
      const [own, release] = await Promise.all([imageSince(context, running, one), since]);
      return own === null || release === null ? null : earlier(own, release);
    }),
  );
}
