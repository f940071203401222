/** What tasks of other deployments show about when a deployment was rolled out. */
import type { Component, FactOf } from "../../schemas/fact.ts";
import { areOneImage } from "./images.ts";
import { compare, distinct, fold, isHere, ofKind, type Question, sameDeployment } from "./known.ts";
import { mayBe, type Resolved, tasksOf } from "./resolve.ts";

type Claim = FactOf<"deployment.succeeded">;
type Told = Claim | FactOf<"deployment.removed">;
type Task = FactOf<"task.observed">;

const MINUTE_MS = 60_000;
const after = (time: string, minutes: number): string =>
  new Date(Date.parse(time) + minutes * MINUTE_MS).toISOString();

/** Who names nothing but the one component that all have, and no commit, leaves it to tasks what runs. */
function isMute({ kind, components, commit }: Told): boolean {
  if (kind === "deployment.removed") return false;
  const [only, ...others] = components ?? [{ component: "main" }];
  const isMain =
    JSON.stringify({ ...only, component: fold(only?.component ?? "") }) === '{"component":"main"}';
  return components === undefined || (others.length === 0 && isMain && commit === undefined);
}

const setOf = ({ scope, components }: Told): string =>
  scope === "components" && components !== undefined
    ? JSON.stringify(distinct(components.map(({ component }) => fold(component))).sort())
    : "";

/** The tasks of the deployment that came last in the rollout of a claim. */
function lastTasks(question: Question, claim: Claim): Task[] {
  const end = [after(claim.occurredAt, 5), question.at].sort(compare)[0] ?? "";
  const claims = ofKind(question.believed, "deployment.succeeded", "deployment.removed")
    .filter((fact) => isHere(fact, question) && fact.occurredAt <= claim.occurredAt)
    .filter((fact) => fact.occurredAt > after(claim.occurredAt, -30))
    .filter((fact) => setOf(fact) === "" || setOf(fact) === setOf(claim));
  const begin =
    [
      after(claim.occurredAt, -30),
      ...claims
        .filter((fact) => !isMute(fact) && fact.occurredAt < claim.occurredAt)
        .map((fact) => after(fact.occurredAt, 5)),
    ]
      .sort(compare)
      .at(-1) ?? "";
  const mute = claims.filter(
    (fact) => isMute(fact) && fact.components !== undefined && fact.occurredAt > begin,
  );
  const seen = ofKind(question.believed, "task.observed").filter(
    (task) => isHere(task, question) && task.occurredAt > begin && task.occurredAt <= end,
  );
  const showing = [...mute, ...seen].flatMap(({ deployment }) => {
    if (deployment === undefined || sameDeployment(deployment, claim.deployment)) return [];
    const tasks = tasksOf({ ...question, at: end }, deployment);
    const times = mute
      .filter((fact) => sameDeployment(fact.deployment, deployment))
      .map((fact) => fact.occurredAt);
    const [first] = tasks;
    if (first === undefined) return [];
    if (first.occurredAt > begin) times.push(first.occurredAt);
    return times.map((time) => ({ time, tasks }));
  });
  const newest = showing
    .map(({ time }) => time)
    .sort(compare)
    .at(-1);
  const last = distinct(showing.filter(({ time }) => time === newest).flatMap(({ tasks }) => tasks));
  // Of a component's tasks that run one digest the first one tells it.
  return last.filter(
    (task, n) =>
      last.findIndex(
        (one) =>
          sameDeployment(one.deployment, task.deployment) &&
          fold(one.component) === fold(task.component) &&
          one.digest === task.digest,
      ) === n,
  );
}

export interface Seen {
  readonly resolved: Resolved;
  /** Whether it is another image than the one that was claimed. */
  readonly isOther: boolean;
  readonly tasks: readonly Task[];
}

/** What tasks show of a component of a claim; undefined if they add nothing to what it says. */
export function seenInRollout(
  question: Question,
  claim: Claim,
  { component, variant }: Component,
  own: Resolved,
): Seen | undefined {
  const components = claim.components ?? [];
  const isOneOfSeveral = components.filter((one) => fold(one.component) === fold(component)).length > 1;
  const hasOwnTasks = own.by === "task" || own.candidates.some(({ by }) => by === "task");
  const isAnyKnown = question.recorded.some(
    (fact) => fact.kind === "task.observed" && isHere(fact, question),
  );
  if (hasOwnTasks || isMute(claim) || variant !== undefined || isOneOfSeveral || !isAnyKnown)
    return undefined;
  const all = lastTasks(question, claim);
  const named = all.filter((task) => fold(task.component) === fold(component));
  const isOne = components.length === 1 && distinct(all.map((task) => fold(task.component))).length === 1;
  const tasks = named.length === 0 && isOne ? all : named;
  const digests = distinct(tasks.map(({ digest }) => digest)).sort(compare);
  const [smallest] = digests;
  if (smallest === undefined) return undefined;
  const claimed = mayBe(question, own);
  const isSame = digests.some((digest) => claimed.includes(digest));
  if (isSame && own.reported !== null) return undefined;
  const resolved: Resolved = areOneImage(question.believed, digests)
    ? { by: "task", reported: smallest, candidates: [] }
    : { by: "none", reported: null, candidates: digests.map((digest) => ({ digest, by: "task" })) };
  return { resolved, isOther: claimed.length > 0 && !isSame, tasks };
}
