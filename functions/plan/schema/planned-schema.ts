/** The schemas of a plan: what is kept or reverted, with the steps, and what stands in the way. */

import type { Release } from "../../../schemas/answer.ts";
import type { Blocker, Plan, PlanWarning } from "../../../schemas/plan.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { Planning, PlanOptions } from "../plan-options.ts";
import type { TargetRelease } from "../target/target.ts";
import { type Reverts, revertsOf } from "./reverts.ts";
import { type DatabaseChange, type Decided, decide, movedDatabases, ownOf } from "./schema.ts";
import { changesFromElsewhere, unknownElsewhere, wordsFor } from "./schema-elsewhere.ts";
import { usersOf } from "./shared.ts";

export interface Schemas {
  readonly planned: Plan["schema"];
  /** Present only if schemas are reverted. */
  readonly reverts: Reverts | undefined;
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly PlanWarning[];
}

/** Reverting a database affects every service that uses it. */
async function sharedBlockers({ question, selector, wish }: Planning, moved: readonly DatabaseChange[]) {
  const databases = moved.filter(({ since }) => since.length > 0).map(({ database }) => database);
  const users = await usersOf(question, selector, databases);
  const accepted = new Set((wish.acceptShared ?? []).map(fold));
  return databases.flatMap((database): Blocker[] => {
    const others = (users.get(database) ?? []).filter((service) => !accepted.has(fold(service)));
    if (others.length === 0) return [];
    const message = `${others.join(", ")} ${others.length === 1 ? "uses" : "use"} ${database} too; if ${others.length === 1 ? "it runs" : "they run"} on the older schema, ask with acceptShared=${others.join(",")}`;
    return [{ code: "database_shared", message }];
  });
}

const isElsewhere = ({ revertedElsewhere = [] }: PlanOptions, { database }: DatabaseChange): boolean =>
  revertedElsewhere.some((one) => fold(one) === fold(database));

/** How schemas changed since the release of then; for images that never ran here: from the schemas that they ran on. */
async function changesOf(
  { question, selector, wish, current }: Planning,
  target: Release,
  { since, elsewhere }: TargetRelease,
): Promise<{ moved: DatabaseChange[]; decided: Decided }> {
  const { environment } = selector;
  const own = await ownOf(question, target);
  const releases = [current, target];
  if (elsewhere === undefined) {
    const all = await movedDatabases(question, environment, releases, since ?? "", own);
    const moved = all.filter((one) => !isElsewhere(wish, one));
    return { moved, decided: decide(wish.schema, own, moved, releases) };
  }
  const moved = await changesFromElsewhere(question, environment, releases, elsewhere, own);
  const decided = decide(wish.schema, own, moved, releases, wordsFor(environment, elsewhere));
  const unknown = unknownElsewhere(wish.schema, own, moved);
  return { moved, decided: { ...decided, blockers: [...decided.blockers, ...unknown] } };
}

export async function schemasOf(planning: Planning, target: Release, aimed: TargetRelease): Promise<Schemas> {
  const { question, wish, current, description } = planning;
  const { since } = aimed;
  const migratesAtStartup = description?.migratesAtStartup === true;
  const { moved, decided } = await changesOf(planning, target, aimed);
  const { choice, blockers } = decided;
  const warnings = [...decided.warnings, ...elsewhereWarnings(wish)];
  const newestFirst = moved.flatMap((one) =>
    one.since.toReversed().map(({ version }) => ({ database: one.database, version })),
  );
  const planned = { choice, since, revert: [], keep: choice === "revert" ? [] : newestFirst };
  if (choice !== "revert" && choice !== "undecided")
    return { planned, reverts: undefined, blockers, warnings };
  const acceptsDataLoss = wish.acceptDataLoss === true;
  const reverts = await revertsOf(question, moved, current, { acceptsDataLoss, migratesAtStartup });
  const both = { ...planned, revert: reverts.versions };
  if (choice === "undecided") return { planned: both, reverts: undefined, blockers, warnings };
  return {
    planned: both,
    reverts,
    blockers: [...blockers, ...reverts.blockers, ...(await sharedBlockers(planning, moved))],
    warnings: [...warnings, ...reverts.warnings, ...downtime(planning)],
  };
}

const elsewhereWarnings = ({ revertedElsewhere = [] }: PlanOptions): PlanWarning[] =>
  revertedElsewhere.map((database) => ({
    code: "reverted_elsewhere",
    message: `${database} is reverted by the redeployment of another service; deploy this one once that is done`,
  }));

const downtime = ({ description, selector }: Planning): PlanWarning[] =>
  description?.migratesAtStartup === true
    ? [
        {
          code: "downtime",
          message: `${selector.service} is down while its schema is reverted, until it is deployed: it migrates at startup, so all newer instances must stop first`,
        },
      ]
    : [];
