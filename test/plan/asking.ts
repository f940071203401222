/** Plans, tersely: what the tables tell a ledger, and what they look at in its answer. */

import { type PlanOptions, plan } from "../../functions/plan/plan.ts";
import type { TargetQuery } from "../../functions/plan/target/target.ts";
import type { Statement } from "../../schemas/fact.ts";
import { Plan } from "../../schemas/plan.ts";
import { digestOf, type Given, given, shaOf } from "../ledger/given.ts";
import { CODE, deployment, migration, PLACE, pushed, REPOSITORY, succeeded, time } from "../ledger/saying.ts";

/** Long after the first release, shortly before the second. */
export const THEN: TargetQuery = { at: time("12 12:00") };
/** After everything. */
export const NOW = time("31 12:00");

export const imageOf = (name: string, repository = REPOSITORY): string => `${repository}@${digestOf(name)}`;

/** A release as a pipeline tells it: pushed, built, deployed. */
export const released = (at: string, name: string, more: object = {}): Statement[] => [
  pushed(at, digestOf(name)),
  succeeded(at, [{ component: "main", repository: REPOSITORY, digest: digestOf(name) }], {
    deployment: deployment(`${name} ${at}`),
    commit: { repository: CODE, sha: shaOf(name) },
    url: `${CODE}/actions/runs/${name}`,
    ...more,
  }),
];

/** Two releases, with what happened between them or after. */
export const oneThenTwo = (...between: readonly Statement[]): Statement[] => [
  ...released("10 12:00", "one"),
  ...between,
  ...released("20 12:00", "two"),
];

/** A migration of the second release. */
export const applied = (version: string, more: object = {}, at = `20 11:${version.padStart(2, "0")}`) =>
  migration("applied", at, version, { tool: "knex", ...more });

/** All that a migration may say for itself. */
export const careful = { reversible: true, losesData: false, oldCodeRuns: true };

export async function planOf(
  statements: readonly Statement[] | Given,
  wish: Partial<PlanOptions> = {},
): Promise<Plan> {
  const ledger = "store" in statements ? statements : await given(...statements);
  const answer = await plan(ledger.at(NOW), PLACE, { aim: THEN, ...wish });
  if (answer === undefined) throw new Error("the service was never heard of");
  return Plan.parse(answer);
}

/** What a table looks at. */
export const gist = ({ status, blockers, warnings, schema, steps }: Plan) => ({
  status,
  blockers: blockers.map(({ code }) => code),
  warnings: warnings.map(({ code }) => code),
  schema: schema.choice,
  revert: schema.revert.map(({ version }) => version),
  keep: schema.keep.map(({ version }) => version),
  steps: steps.map(({ title }) => title),
});
export type Gist = ReturnType<typeof gist>;
