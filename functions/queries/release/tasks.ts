/** Tasks: what the runtime showed of one deployment. They give its digests, but do not change what is in effect. */
import type { Component, Deployment, FactOf } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { byOrder } from "../../ledger/canonical.ts";
import { first, type KnownAt } from "../../ledger/fact-reader.ts";
import { taskShown } from "../../ledger/names/directory-names.ts";
import { allNames } from "../../ledger/names/name-pages.ts";

export type Task = FactOf<"task.observed">;

/** A deployment of a service in one environment. */
interface Deployed {
  readonly deployment: Deployment;
  readonly environment: string;
  readonly service: string;
}

/** The partitions of a deployment's tasks, by the names in its directory, whenever they became known. */
async function partitionsOf(knowledge: KnownAt, { deployment, environment, service }: Deployed) {
  const runs = [
    { deployment, environment, service },
    { deployment, environment },
  ];
  const found = await Promise.all(runs.map((run) => allNames(knowledge.store, { of: "tasks", run })));
  return runs.flatMap((run, n) =>
    (found[n] ?? []).map(({ name }) => ({ of: "task", run, ...taskShown(name) }) as const),
  );
}

/** The digests that tasks of a deployment may have shown: available one round trip before the tasks, for prefetching. */
export const taskDigests = async (knowledge: KnownAt, deployed: Deployed): Promise<string[]> =>
  (await partitionsOf(knowledge, deployed)).map(({ digest }) => digest);

/** The earliest task of each component and digest of a deployment, up to a moment. */
export async function tasksOf(knowledge: KnownAt, deployed: Deployed, at: string): Promise<Task[]> {
  const partitions = await partitionsOf(knowledge, deployed);
  const tasks = await Promise.all(partitions.map((partition) => first(knowledge, partition, { to: at })));
  return tasks.filter((fact) => fact?.kind === "task.observed");
}

/** Whether a deployment names just `main` and no image: only then do its tasks name the components. */
export function isBare(components: readonly Component[]): boolean {
  const [only, ...others] = components;
  const isMain = only !== undefined && others.length === 0 && fold(only.component) === "main";
  return isMain && Object.keys(only).length === 1;
}

/** The components that the tasks of a bare deployment name; its own if there are no tasks or one is of `main`. */
export function componentsShown(
  components: readonly Component[],
  tasks: readonly Task[],
): readonly Component[] {
  if (tasks.length === 0 || tasks.some((task) => fold(task.component) === "main")) return components;
  const shown = new Map<string, Component>();
  for (const task of [...tasks].sort(byOrder)) {
    if (!shown.has(fold(task.component))) shown.set(fold(task.component), { component: task.component });
  }
  return [...shown.values()];
}
