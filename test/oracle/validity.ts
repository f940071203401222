/** Since when and until when just this runs. */
import type { Fact } from "../../schemas/fact.ts";
import {
  changesNothing,
  covering,
  isUnreported,
  laterLooks,
  type Observation,
  observations,
  orphans,
  tasksAsLook,
} from "./claims.ts";
import { configOf, configWith, isSameSet } from "./configuration.ts";
import { type Entry, isLeftOut, type Joined } from "./joined.ts";
import {
  byOrder,
  compare,
  isEverywhereHere,
  isHere,
  ofKind,
  order,
  type Question,
  sameDeployment,
} from "./known.ts";
import { beginOf, isChange, isSameLook } from "./times.ts";

const shownBy = ({ entry, resolved }: Entry) => ({
  component: entry.component,
  variant: entry.variant,
  otherDigests: entry.otherDigests,
  digestOf: entry.digestOf,
  reported: resolved.reported,
});

/** The row of looks that show the same as the newest, none of them before the newest claim; and what came before it. */
function rowOf(question: Question, joined: Joined, newest: Observation, claim: string) {
  const isSame = (fact: Observation): boolean =>
    isSameLook(question, fact, newest) && isSameSet(configWith(joined, [fact]), configWith(joined, [newest]));
  const counted = observations(question)
    .filter((fact) => order(fact) > claim && order(fact) < order(newest))
    .filter((fact) => isSame(fact) || !isLeftOut(question, fact))
    .toReversed();
  let oldest = newest;
  let skipped: string | undefined;
  for (const [n, fact] of counted.entries()) {
    if (fact.occurredAt === skipped) continue;
    if (isSame(fact)) {
      oldest = fact;
      continue;
    }
    if (fact.occurredAt < oldest.occurredAt)
      return { since: later(beginOf(oldest), fact.occurredAt), oldest, isBroken: true };
    // Of two looks at one time the older state counts until the younger one began, where nobody looked meanwhile.
    const before = counted.slice(n).find((one) => one.occurredAt < oldest.occurredAt);
    const isOver = before !== undefined && before.occurredAt >= beginOf(oldest);
    if (beginOf(fact) >= beginOf(oldest)) continue;
    if (!isOver) return { since: beginOf(oldest), oldest, isBroken: true };
    skipped = fact.occurredAt;
  }
  return { since: beginOf(oldest), oldest, isBroken: false };
}
const later = (a: string, b: string): string => (b > a ? b : a);

/** Since when just this runs: the `until` of what ran before. */
export function sinceOf(question: Question, joined: Joined, head: Fact | undefined): string | null {
  const { claims, observation, contradicted, running } = joined;
  const claim = claims.last;
  if (head === undefined) return null;
  if (running.length === 0) return head.occurredAt;
  if (observation === undefined) return claim?.occurredAt ?? null;
  const row = rowOf(question, joined, observation.fact, claim === undefined ? "" : order(claim));
  const { since } = row;
  if (claim === undefined) return since;
  const isAsClaimed =
    contradicted === undefined &&
    !row.isBroken &&
    !isChange(question, joined.said.map(shownBy), row.oldest) &&
    isSameSet(configWith(joined, [row.oldest]), configWith(joined, []));
  return isAsClaimed || claim.occurredAt > since ? claim.occurredAt : since;
}

/** When what runs at `at` was next replaced, removed, or seen to be something else. */
export function takenOver(question: Question, joined: Joined): string | null {
  const { running, claims } = joined;
  const { at } = question;
  const later = question.believed.filter(({ occurredAt }) => occurredAt > at);
  const claimed = ofKind(later, "deployment.succeeded", "deployment.removed").find(
    (fact) => (isHere(fact, question) || isEverywhereHere(fact, question)) && !changesNothing(claims, fact),
  );
  const own = tasksAsLook(question)?.deployment;
  const tasked = isUnreported(question)
    ? orphans(question).find(
        (task) => task.occurredAt > at && (own === undefined || !sameDeployment(task.deployment, own)),
      )
    : undefined;
  const [claim] = [claimed, tasked].filter((fact) => fact !== undefined).sort(byOrder);
  const moments = [...new Set(startsOf(question))].filter((from) => from > at).sort(compare);
  for (const from of moments) {
    if (claim !== undefined && from >= claim.occurredAt) break;
    const look = speakingAt(question, from);
    const isOther =
      look !== undefined &&
      (isChange(question, running.map(shownBy), look) ||
        !isSameSet(configOf(joined), configWith(joined, [look])));
    if (isOther) return from;
  }
  return claim?.occurredAt ?? null;
}

/** The moments at which a look may begin to speak. */
const startsOf = (question: Question): string[] =>
  laterLooks(question)
    .flat()
    .flatMap((look) => [beginOf(look), look.occurredAt]);

/**
 * The look of the whole service that speaks for a moment to come, by what is claimed now: the next one that is not left out,
 * if what it shows ran already then; else the newest until then.
 */
function speakingAt(question: Question, from: string): Observation | undefined {
  const counted = laterLooks(question)
    .map((together) => together.filter((look) => !isLeftOut(question, look)))
    .filter((together) => together.length > 0);
  const next = counted.find(([first]) => first !== undefined && first.occurredAt > from) ?? [];
  const [best] = covering({ ...question, at: from }, next);
  const newest = counted
    .flat()
    .findLast(({ occurredAt, scope }) => occurredAt <= from && scope !== "components");
  return best ?? newest;
}
