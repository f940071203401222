/**
 * Unannounced deployments: tasks run that belong to a deployment that nobody reported. A ledger may be connected after
 * a service was deployed, and events of deployments are best effort. While nothing else names the images of a service,
 * its newest such tasks count as an observation.
 */

import { fold } from "../../../schemas/scalars.ts";
import { byOrder } from "../../ledger/canonical.ts";
import { all, backwards, history } from "../../ledger/fact-reader.ts";
import type { Question, Selector } from "../question.ts";
import type { Observation } from "./effective-deployments.ts";
import { type Task, tasksOf } from "./tasks.ts";

/** Whether no deployment, observation or attempt names the deployment of a task, whenever it happened. */
async function isUnannounced(
  question: Question,
  { environment, service }: Selector,
  task: Task,
): Promise<boolean> {
  const facts = await all(question, { of: "deployment", deployment: task.deployment });
  return !facts.some(
    (fact) =>
      "environment" in fact &&
      fold(fact.environment) === environment &&
      (!("service" in fact) || fact.service === undefined || fold(fact.service) === service),
  );
}

/** The newest task of an unannounced deployment. */
async function newestTask(question: Question, selector: Selector): Promise<Task | undefined> {
  for await (const fact of backwards(question, { of: "tasks", ...selector }, question.at)) {
    if (fact.kind === "task.observed" && (await isUnannounced(question, selector, fact))) return fact;
  }
  return undefined;
}

/** What the tasks of the newest unannounced deployment show, since the first of them. */
export async function tasksAsObservation(
  question: Question,
  selector: Selector,
): Promise<Observation | undefined> {
  const newest = await newestTask(question, selector);
  if (newest === undefined) return undefined;
  const tasks = await tasksOf(question, { deployment: newest.deployment, ...selector }, question.at);
  // A task that names no service may be of another one.
  const oldestFirst = tasks.filter(({ service }) => service !== undefined).sort(byOrder);
  const [first = newest] = oldestFirst;
  const components = new Map(
    oldestFirst.map(({ component, digest }) => [fold(component), { component, digest }] as const),
  );
  const { component: _, digest: __, ...rest } = first;
  return {
    ...rest,
    kind: "deployment.observed",
    service: newest.service ?? selector.service,
    components: [...components.values()],
  };
}

/** The first later task of another unannounced deployment. @param running the deployment that runs by its tasks */
export async function nextUnannounced(
  question: Question,
  selector: Selector,
  running: Observation | undefined,
): Promise<Task | undefined> {
  const own = JSON.stringify(running?.deployment);
  for await (const fact of history(question, { of: "tasks", ...selector }, { after: question.at })) {
    if (fact.kind !== "task.observed" || JSON.stringify(fact.deployment) === own) continue;
    if (await isUnannounced(question, selector, fact)) return fact;
  }
  return undefined;
}
