/** A service that never ran in an environment: whether it is known, and what its description has to say. */

import type { Blocker } from "../../../schemas/plan.ts";
import { fold } from "../../../schemas/scalars.ts";
import { knownName } from "../../ledger/names/directories.ts";
import type { Question, Selector } from "../../queries/question.ts";
import { describedAt } from "../../queries/service-description.ts";
import { listed, type StepDraft, type Target } from "../step-target.ts";
import { LAST } from "./current-release.ts";

/** Whether the service is known, and the environment by any service or by the service's description. */
export async function isPossible(question: Question, { environment, service }: Selector): Promise<boolean> {
  const [place, known, description] = await Promise.all([
    knownName(question, { of: "environments" }, fold(environment)),
    knownName(question, { of: "catalog" }, fold(service)),
    describedAt(question, { environment, service: fold(service) }, LAST),
  ]);
  const isDescribed =
    description?.places?.some((one) => fold(one.environment) === fold(environment)) === true;
  return known !== undefined && (place !== undefined || isDescribed);
}

/** The fields of a description that say what a placeholder of a command stands for. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ["context", "places[].cluster"],
  ["cluster", "places[].cluster"],
  ["namespace", "places[].namespace"],
  ["workload", "workloads[].workload"],
  ["container", "workloads[].container"],
]);

const PLACEHOLDER = /<([a-zA-Z ]+)>/g;

/** What the description lacks to deploy a service for the first time. */
export function undescribed(
  { service, environment }: Target,
  drafts: readonly StepDraft[],
  deployTool: string | undefined,
): Blocker[] {
  const words = drafts.flatMap(({ commands }) => commands.flatMap(({ argv }) => argv));
  const open = words.flatMap((word) => [...word.matchAll(PLACEHOLDER)].map(([, what = ""]) => what));
  const fields = [
    ...(deployTool === undefined ? ["deployTool"] : []),
    ...open.flatMap((what) => FIELDS.get(what) ?? []),
  ];
  if (fields.length === 0) return [];
  const message = `${service} never ran in ${environment}, and its description does not say how it is deployed there: report service.described with ${listed(fields)}`;
  return [{ code: "deployment_undescribed", message }];
}
