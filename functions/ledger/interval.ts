/** Since when a release ran, and until when: the facts on both sides of it that say something else. */
import type { Component, Fact } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { order } from "./canonical.ts";
import type { Question } from "./moment.ts";
import type { Picture, Shown } from "./picture.ts";
import { history, type Knowledge } from "./read.ts";
import type { Asking, Observation } from "./resolve.ts";
import { claimsAfter, observations, type Running, type Selector, wholes } from "./running.ts";

/** A component as anything shows it: enough to tell one state of a service from another. */
interface State {
  readonly key: string;
  readonly digest: string | undefined;
  readonly members: ReadonlySet<string>;
}

const stateKey = ({ component, variant }: Component): string =>
  JSON.stringify([fold(component), variant ?? null]);

const statesOf = (shown: readonly Shown[]): State[] =>
  shown.map(({ resolution, family }) => ({
    key: stateKey(resolution.said),
    digest: resolution.digest,
    members: family?.members ?? new Set(),
  }));

/** Whether an observation shows something else than what ran; what is not known is no difference. */
function changes(states: readonly State[], observation: Observation): boolean {
  if (states.length !== observation.components.length) return true;
  return !states.every(({ key, digest, members }) => {
    const same = observation.components.filter((one) => stateKey(one) === key);
    const [only] = same;
    if (only === undefined || same.length !== 1) return false;
    return digest === undefined || only.digest === undefined || members.has(only.digest);
  });
}

const laterObservations = (knowledge: Knowledge, selector: Selector, at: string): AsyncGenerator<Fact> =>
  history(knowledge, { of: "observed", ...selector }, { after: at });

/** Reads what may end a release, for it does not depend on what ran. */
export const prefetchUntil = (question: Question, selector: Selector): void =>
  question.store.prefetch(
    () => claimsAfter(question, wholes(selector), question.at),
    () => laterObservations(question, selector, question.at).next(),
  );

/** When the next release took over: by a claim of any extent, or by an observation of something else. */
export async function untilOf(
  asking: Asking,
  { parts }: Running,
  shown: readonly Shown[],
): Promise<string | null> {
  const { selector, at } = asking;
  const claims = await claimsAfter(asking, [...wholes(selector), ...parts], at);
  const claim = claims.sort((a, b) => (order(a) < order(b) ? -1 : 1))[0];
  const states = statesOf(shown);
  for await (const fact of laterObservations(asking, selector, at)) {
    if (claim !== undefined && order(fact) > order(claim)) break;
    if (fact.kind !== "deployment.observed" || fact.scope === "components") continue;
    if (states.length === 0 || changes(states, fact)) return fact.occurredAt;
  }
  return claim?.occurredAt ?? null;
}

/** Two observations show the same, image by image. */
async function showSame({ images }: Asking, a: Observation, b: Observation): Promise<boolean> {
  if (a.components.length !== b.components.length) return false;
  const pairs = a.components.map(async (one) => {
    const other = b.components.find((candidate) => stateKey(candidate) === stateKey(one));
    if (other === undefined) return false;
    if (one.digest === undefined || other.digest === undefined) {
      return one.digest === other.digest && one.tag === other.tag;
    }
    return (await images.family(one.digest)).members.has(other.digest);
  });
  return (await Promise.all(pairs)).every(Boolean);
}

/** How far back the runtime showed what it last showed, since the newest claim; and whether something else came before. */
async function seenSince(asking: Asking, { lastClaim }: Running, seen: Observation) {
  let first = seen;
  for await (const fact of observations(asking, asking.selector, asking.at)) {
    if (fact.kind !== "deployment.observed" || (lastClaim !== undefined && order(fact) < order(lastClaim)))
      break;
    if (!(await showSame(asking, seen, fact))) return { first, broken: true };
    first = fact;
  }
  return { first, broken: false };
}

/**
 * When just this began to run, so that one answer's `since` is the `until` of the one before.
 * @param head the fact that gives what a release has only one of
 */
export async function sinceOf(
  asking: Asking,
  running: Running,
  { shown, claimed, observation, drift }: Picture,
  head: Fact | undefined,
): Promise<string | null> {
  if (head === undefined) return null;
  if (shown.length === 0) return head.occurredAt;
  const claimedAt = running.lastClaim?.occurredAt;
  if (observation === undefined) return claimedAt ?? null;
  const { first, broken } = await seenSince(asking, running, observation);
  if (claimedAt === undefined || broken) return latest(first.occurredAt, claimedAt);
  const isAsClaimed = drift === null && !changes(statesOf(claimed), first);
  return isAsClaimed ? claimedAt : latest(first.occurredAt, claimedAt);
}

const latest = (a: string, b: string | undefined): string => (b !== undefined && b > a ? b : a);
