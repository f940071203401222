/** Tasks: what the runtime showed of one deployment. They give its digests, and change nothing of what runs. */
import type { Component, Deployment, FactOf } from "../../schemas/fact.ts";
import { fold } from "../../schemas/scalars.ts";
import { order } from "./canonical.ts";
import { runOf } from "./postings.ts";
import { first, type Knowledge, names } from "./read.ts";

export type Task = FactOf<"task.observed">;

/**
 * The earliest task of each component and digest that a deployment had shown by then.
 * @param likely hears of each digest as soon as it is known by name, to read on beside the tasks
 */
export async function tasksOf(
  knowledge: Knowledge,
  { deployment, environment, service }: { deployment: Deployment; environment: string; service: string },
  at: string,
  likely: (digest: string) => void = () => undefined,
): Promise<Task[]> {
  const runs = [runOf({ deployment, environment, service }), runOf({ deployment, environment })];
  const heard = await Promise.all(runs.map((run) => names(knowledge, { of: "tasks", run })));
  const shown = runs.flatMap((run, n) => (heard[n] ?? []).map(({ name }) => ({ run, name })));
  const tasks = shown.map(({ run, name }) => {
    const [digest = "", ...component] = name.split(" ");
    likely(digest);
    const partition = { of: "task", run, component: component.join(" "), digest } as const;
    return first(knowledge, partition, { to: at });
  });
  return (await Promise.all(tasks)).filter((fact) => fact?.kind === "task.observed");
}

/** Only a deployer that names nothing but `main` may have its tasks name the components. */
export function isBare(components: readonly Component[]): boolean {
  const [only, ...others] = components;
  const isMain = only !== undefined && others.length === 0 && fold(only.component) === "main";
  return isMain && Object.keys(only).length === 1;
}

/** The components that the tasks of a bare deployment name; its own where none names another. */
export function componentsShown(
  components: readonly Component[],
  tasks: readonly Task[],
): readonly Component[] {
  if (tasks.length === 0 || tasks.some((task) => fold(task.component) === "main")) return components;
  const shown = new Map<string, Component>();
  for (const task of [...tasks].sort((a, b) => (order(a) < order(b) ? -1 : 1))) {
    if (!shown.has(fold(task.component))) shown.set(fold(task.component), { component: task.component });
  }
  return [...shown.values()];
}
