/** Since when a release ran, and until when: the facts on both sides of it that say something else. */
import type { Component, Fact } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { order } from "./canonical.ts";
import type { Picture, Shown } from "./picture.ts";
import { early, history, type Knowledge } from "./read.ts";
import type { Asking, Claim, Observation } from "./resolve.ts";
import { claimsAfter, type Running, type Selector, wholes } from "./running.ts";

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

/** What may end a release: asked for before it is known what ran, for it does not depend on that. */
export interface Upcoming {
  readonly wholes: Promise<Claim[]>;
  readonly observations: AsyncGenerator<Fact>;
  readonly observation: Promise<IteratorResult<Fact>>;
}

export function upcomingAfter(knowledge: Knowledge, selector: Selector, at: string): Upcoming {
  const { environment, service } = selector;
  const observations = history(knowledge, { of: "observed", environment, service }, { after: at });
  return {
    wholes: early(claimsAfter(knowledge, wholes(selector), at)),
    observations,
    observation: early(observations.next()),
  };
}

/** When the next release took over: by a claim of any extent, or by an observation of something else. */
export async function untilOf(
  upcoming: Upcoming,
  parts: readonly Claim[],
  shown: readonly Shown[],
): Promise<string | null> {
  const claims = [...(await upcoming.wholes), ...parts];
  const claim = claims.sort((a, b) => (order(a) < order(b) ? -1 : 1))[0];
  const states = statesOf(shown);
  const { observations } = upcoming;
  for (let next = await upcoming.observation; next.done !== true; next = await observations.next()) {
    const fact = next.value;
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
async function seenSince(asking: Asking, { earlier, lastClaim }: Running, seen: Observation) {
  let first = seen;
  for await (const fact of earlier) {
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
