/** Drift: where something else runs than was deployed, by the release's own findings. */
import type { Drift, PlaceDrift } from "../../schemas/answers/drift.ts";
import type { Fact } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { type AsOf, isSettled, reachOf } from "../ledger/as-of.ts";
import { newestFirst } from "../ledger/canonical.ts";
import type { Paging } from "../ledger/cursor.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { type Question, questionOf } from "./question.ts";
import { contextAt, reconcile } from "./release/effective-observation.ts";
import { headOf, lastLook } from "./release/head.ts";
import { imagesSince } from "./release/images-since.ts";
import { asNamed, digestOf, isContradicting, type Reconciled } from "./release/reconcile.ts";
import type { ResolvedComponent } from "./release/resolved-component.ts";
import { sinceOf } from "./release/validity.ts";
import { type Extent, type Place, pageOfPlaces } from "./snapshot.ts";

const componentOf = ({ resolution: { stated } }: ResolvedComponent) => fold(stated.component);

const shownAs = (one: ResolvedComponent) => {
  const { component, variant } = one.resolution.stated;
  return { component, ...(variant === undefined ? {} : { variant }), digest: digestOf(one) };
};

/** The fact that shows an entry: what was seen, or the newest task of a rollout. */
function shownIn({ by, contradicts, resolution }: ResolvedComponent): Fact {
  const [task] = contradicts === undefined ? [] : [...resolution.facts].sort(newestFirst);
  return task ?? by;
}

const identityOf = ({ source, id }: Fact) => ({ source, id });

/** The entries whose image is not among the others. */
const without = <T extends ResolvedComponent>(
  some: readonly T[],
  others: readonly ResolvedComponent[],
): T[] =>
  some.filter(
    (one) =>
      digestOf(one) === null ||
      !others.some((other) => componentOf(other) === componentOf(one) && digestOf(other) === digestOf(one)),
  );

function stateOf({ drift, running, observation }: Reconciled, seenAt: string | null): PlaceDrift["state"] {
  if (drift !== null) return "drifting";
  if (seenAt === null) return "unobserved";
  return observation !== undefined && running.lastClaim === undefined ? "undeployed" : "as deployed";
}

function missingOf(one: ResolvedComponent): PlaceDrift["missing"][number] {
  const { deployment, occurredAt, actor } = one.by;
  return {
    ...shownAs(one),
    deployedAt: occurredAt,
    deployment: deployment ?? null,
    deployedBy: actor ?? null,
    fact: identityOf(one.by),
  };
}

/** What differs in one place; undefined if nothing runs there. */
async function driftOf(question: Question, { environment, service }: Place): Promise<PlaceDrift | undefined> {
  const selector = { environment: environment.name, service: service.name };
  const { running, context } = await contextAt(question, selector, question.at);
  if (running.known.length === 0) return undefined;
  const reconciled = await reconcile(context, running);
  const { shown, claimed, agreeing, observation } = reconciled;
  if (shown.length === 0) return undefined;
  const head = headOf(reconciled);
  const began = sinceOf(context, reconciled, head);
  const [since, runningSince, { seenAt }] = await Promise.all([
    began,
    imagesSince(context, reconciled, began),
    lastLook(context, reconciled),
  ]);
  const state = stateOf(reconciled, seenAt);
  const differs = state === "drifting" || state === "undeployed";
  const isOdd = (one: ResolvedComponent) => differs && !agreeing.has(componentOf(one));
  const decided = [
    ...claimed.filter((one) => isOdd(one) && running.decided.has(componentOf(one))),
    ...shown.filter(isContradicting),
  ];
  const seen = shown.flatMap((one, n) =>
    isContradicting(one) || (isOdd(one) && one.by === observation)
      ? [{ ...one, since: runningSince[n] ?? null }]
      : [],
  );
  return {
    environment: head?.environment ?? environment.shown,
    service: head?.service ?? service.shown,
    group: head?.group ?? null,
    state,
    since,
    seenAt,
    drift: reconciled.drift,
    undeployed: without(seen, asNamed(decided)).map((one) => ({
      ...shownAs(one),
      since: one.since,
      seenAt: shownIn(one).occurredAt,
      fact: identityOf(shownIn(one)),
    })),
    missing: without(asNamed(decided), seen).map(missingOf),
  };
}

/** Answers with one page of the services in which something runs; undefined if the environment or group is unknown. */
export async function drift(moment: AsOf, extent: Extent, paging: Paging = {}): Promise<Drift | undefined> {
  const question = { ...questionOf(moment), at: reachOf(moment) };
  const page = await pageOfPlaces(question, extent, "the drift", paging);
  if (page === undefined) return undefined;
  const found = await mapLimit(AT_ONCE, page.places, (place) => driftOf(question, place));
  return {
    ...("group" in extent ? { group: extent.group } : { environment: extent.environment }),
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    services: found.filter((one) => one !== undefined),
    next: page.next,
  };
}
