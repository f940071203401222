/** Since when just this image runs of a component, in however many releases. */
import type { ObservedComponent } from "../../schemas/fact.ts";
import type { Claim, Observation, Removal } from "./claims.ts";
import { members } from "./images.ts";
import type { Entry, Joined } from "./joined.ts";
import {
  byOrder,
  fold,
  isEverywhereHere,
  isHere,
  ofKind,
  order,
  type Question,
  sameDeployment,
  until,
} from "./known.ts";
import { isOpaque, type Resolved, resolveClaimed, resolveObserved } from "./resolve.ts";
import { seenInRollout } from "./rollout.ts";
import { beginOf } from "./times.ts";

type Told = Claim | Removal | Observation;

const isRemovalOfDeployment = (fact: Told): boolean =>
  fact.kind === "deployment.removed" && fact.deployment !== undefined && fact.scope !== "service";

/** Whether a statement is about a component: it names it, or means everything. */
const isAbout = (fact: Told, name: string): boolean =>
  fact.scope !== "components" || (fact.components ?? []).some(({ component }) => fold(component) === name);

/** Whether it may mean a component that it does not name: it names none, or just the one that all have. */
const namesNobody = (fact: Told): boolean => {
  if (fact.components === undefined) return true;
  const [only, ...others] = fact.components;
  return (
    fact.kind !== "deployment.observed" &&
    others.length === 0 &&
    only !== undefined &&
    JSON.stringify({ ...only, component: fold(only.component) }) === JSON.stringify({ component: "main" })
  );
};

function imageIn(question: Question, fact: Told, entry: ObservedComponent): Resolved {
  if (fact.kind === "deployment.observed") return resolveObserved(question, fact, entry);
  if (fact.kind === "deployment.removed") return { by: "none", reported: null, candidates: [] };
  const own = resolveClaimed(question, fact, entry);
  return seenInRollout(question, fact, entry, own)?.resolved ?? own;
}

/** Whether it names this image, or another one; undefined where it leaves that open. */
function names(question: Question, fact: Told, { entry, resolved }: Entry): boolean | undefined {
  const own = (fact.components ?? []).find(
    (one) =>
      fold(one.component) === fold(entry.component) && fold(one.variant ?? "") === fold(entry.variant ?? ""),
  );
  if (!isAbout(fact, fold(entry.component))) return undefined;
  if (fact.kind === "deployment.removed") return false;
  if (own === undefined) return namesNobody(fact) ? undefined : false;
  if (isOpaque(question, own)) return undefined;
  const found = imageIn(question, fact, own);
  const same = [resolved.reported, ...members(question.believed, resolved.reported ?? "")];
  if (found.reported !== null) return same.includes(found.reported);
  const mayBe = found.candidates.map(({ digest }) => digest);
  return mayBe.length > 0 && !mayBe.some((digest) => same.includes(digest)) ? false : undefined;
}

/** Whether a removal took away what a statement before it had set: nothing else was said of the component between. */
function wasRemoved(fact: Told, later: readonly Told[], name: string): Told | undefined {
  return later.find(
    (one) =>
      isRemovalOfDeployment(one) && isAbout(one, name) && sameDeployment(one.deployment, fact.deployment),
  );
}

const GRACE_MS = 300_000;

/** Whether a look shows another image only because the image was deployed just before, and its rollout went on. */
function isOfRollout(question: Question, running: Entry, told: readonly Told[], look: Observation): boolean {
  if (names(question, look, running) !== false) return false;
  const claim = told
    .filter((fact) => order(fact) < order(look) && fact.kind !== "deployment.observed")
    .filter((fact) => !isRemovalOfDeployment(fact) && names(question, fact, running) !== undefined)
    .at(-1);
  return (
    claim !== undefined &&
    names(question, claim, running) === true &&
    Date.parse(look.occurredAt) - Date.parse(claim.occurredAt) < GRACE_MS &&
    (look.since === undefined || look.since < claim.occurredAt)
  );
}

const earliest = (times: readonly string[]): string | undefined => times.toSorted()[0];

/** The earliest statement of the image after which nobody named another one, nor removed it. */
function imageSince(question: Question, running: Entry): string | undefined {
  const name = fold(running.entry.component);
  const told = until(
    ofKind(question.believed, "deployment.succeeded", "deployment.removed", "deployment.observed"),
    question.at,
  )
    .filter((fact) => isHere(fact, question) || isEverywhereHere(fact, question))
    .sort(byOrder);
  const counted = told.filter(
    (fact) => fact.kind !== "deployment.observed" || !isOfRollout(question, running, told, fact),
  );
  const beginsOf = (facts: readonly Told[]): string[] =>
    facts
      .filter((fact) => !isRemovalOfDeployment(fact) && names(question, fact, running) === true)
      .map((fact) => (fact.kind === "deployment.observed" ? beginOf(fact) : fact.occurredAt));
  for (const [n, fact] of [...counted.entries()].reverse()) {
    const after = counted.slice(n + 1);
    if (isRemovalOfDeployment(fact)) continue;
    const verdict = names(question, fact, running);
    if (verdict === false) {
      const since = earliest(beginsOf(after));
      return since === undefined || since > fact.occurredAt ? since : fact.occurredAt;
    }
    const removal = fact.kind === "deployment.observed" ? undefined : wasRemoved(fact, after, name);
    if (verdict === true && removal !== undefined)
      return earliest(beginsOf(after.slice(after.indexOf(removal) + 1)));
  }
  return earliest(beginsOf(counted));
}

/** Since when each of the running components runs its image: at the latest since the release. */
export const imagesSince = (
  question: Question,
  { running }: Joined,
  since: string | null,
): (string | null)[] =>
  running.map((entry) => {
    if (entry.resolved.reported === null || since === null) return null;
    const own = imageSince(question, entry);
    return own !== undefined && own < since ? own : since;
  });

/** Since when they run together. */
export const together = (times: readonly (string | null)[]): string | null =>
  times.includes(null) ? null : (times.toSorted().at(-1) ?? null);
