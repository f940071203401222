/**
 * The schemas of a plan: what was applied since then and still is, and whether it can stay. asof puts schemas back,
 * never data.
 */
import type { Release } from "../../schemas/answer.ts";
import type { Fact } from "../../schemas/fact.ts";
import type { Blocker, PlannedSchema, PlanWarning } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import type { AsOf } from "../ledger/as-of.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { buildsOf } from "../queries/images/image-graph.ts";
import type { Applied } from "../queries/migrations/history.ts";
import { factsSince, isApplied, type Versions, versionsOf } from "../queries/migrations/versions.ts";
import type { Question } from "../queries/question.ts";
import { sameCommit } from "../queries/release/digest-resolution.ts";
import { called, DOWN_SCRIPTS } from "./migration-tools/tools.ts";

/** How one database moved between two moments. */
export interface DatabaseChange {
  /** As the newest fact of it spells it. */
  readonly database: string;
  /** Applied since and still there, in the order of applying. */
  readonly since: readonly Applied[];
  /** Applied then and not any more. */
  readonly missing: readonly string[];
  /** Of `since`: of these only the order of the tool's table says so. */
  readonly listed: readonly string[];
  /** Of these it cannot be told whether they were applied then. */
  readonly untold: readonly string[];
  readonly before: Versions;
  readonly now: Versions;
}

/** What ran then by its own word: what its images or its commits migrated since is no change to it. */
export interface Own {
  readonly digests: ReadonlySet<string>;
  readonly shas: readonly string[];
  /** The lowest schemas that its images say they run on. */
  readonly requires: readonly { readonly database: string; readonly version: string }[];
}

export async function ownOf({ images }: Question, target: Release): Promise<Own> {
  const digests = target.components.flatMap(({ digest, reported }) => [digest ?? [], reported ?? []].flat());
  const families = await Promise.all(digests.map((digest) => images.family(digest)));
  return {
    digests: new Set(families.flatMap(({ members }) => [...members])),
    shas: target.components.flatMap(({ commit }) => commit?.sha ?? []),
    requires: families.flatMap(buildsOf).flatMap(({ requires }) => requires ?? []),
  };
}

const isOwn = ({ digests, shas }: Own, { said, shown }: Applied): boolean => {
  const image = said?.image ?? shown?.image;
  const sha = said?.commit?.sha;
  if (image !== undefined && digests.has(image)) return true;
  return sha !== undefined && shas.some((one) => sameCommit(one, sha));
};

/** Whether a version that was not there by a moment came after it; undefined where nothing says that it was not. */
function cameAfter({ at, after }: Applied, moment: string): boolean | undefined {
  if (at !== undefined) return at > moment;
  return after === undefined ? undefined : true;
}

/** The order of a set is that of applying, but for tools that keep none. */
const isListedAsApplied = ({ said, shown }: Applied): boolean => {
  const tool = shown?.tool ?? said?.tool;
  const isSorted = tool !== undefined && called(DOWN_SCRIPTS, tool)?.sorted === true;
  return shown?.mode === "set" && !isSorted;
};

/** What stands above something that came after a moment came after it too, whatever else is known of it. */
function listedAbove(applied: readonly Applied[], moment: string): Applied[] {
  const first = applied.findIndex((one) => cameAfter(one, moment) === true);
  const above = first === -1 ? [] : applied.slice(first + 1);
  return above.filter((one) => cameAfter(one, moment) === undefined && isListedAsApplied(one));
}

function movedSince(database: string, facts: readonly Fact[], moment: string, own: Own): DatabaseChange {
  const before = versionsOf(facts.filter(({ occurredAt }) => occurredAt <= moment));
  const now = versionsOf(facts);
  const had = new Set(before.applied.map(({ version }) => version));
  const has = new Set(now.applied.map(({ version }) => version));
  const added = now.applied.filter(({ version }) => !had.has(version));
  const others = added.filter((one) => !isOwn(own, one));
  const listed = new Set(listedAbove(added, moment));
  const isUntold = (one: Applied) => cameAfter(one, moment) === undefined && !listed.has(one);
  const spelled = facts.findLast((fact) => "database" in fact);
  return {
    database: spelled !== undefined && "database" in spelled ? spelled.database : database,
    since: others.filter((one) => cameAfter(one, moment) === true || listed.has(one)),
    listed: others.filter((one) => listed.has(one)).map(({ version }) => version),
    missing: before.applied.map(({ version }) => version).filter((version) => !has.has(version)),
    untold: others.filter(isUntold).map(({ version }) => version),
    before,
    now,
  };
}

const databasesOf = ({ migrations }: Release): string[] =>
  migrations === "unknown" ? [] : migrations.map(({ database }) => database);

/** Every database of either release, in order; all facts since that moment are read. */
export async function movedDatabases(
  moment: AsOf,
  environment: string,
  releases: readonly Release[],
  since: string,
  own: Own,
): Promise<DatabaseChange[]> {
  const names = new Map(releases.flatMap(databasesOf).map((database) => [fold(database), database]));
  const sorted = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
  return mapLimit(AT_ONCE, sorted, async ([folded, database]) =>
    movedSince(database, await factsSince(moment, fold(environment), folded, since), since, own),
  );
}

/* What is chosen */

export interface Decided {
  readonly choice: PlannedSchema["choice"];
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly PlanWarning[];
}

const listed = (moved: readonly DatabaseChange[], pick: (one: DatabaseChange) => readonly string[]): string =>
  moved
    .flatMap((one) => (pick(one).length === 0 ? [] : [`${pick(one).join(", ")} of ${one.database}`]))
    .join("; ");

const versionsWhere =
  (isMeant: (one: Applied) => boolean) =>
  ({ since }: DatabaseChange): string[] =>
    since.filter(isMeant).map(({ version }) => version);

const breaksOldCode = ({ said }: Applied): boolean => said?.oldCodeRuns === false;
const keepsOldCode = ({ said }: Applied): boolean => said?.oldCodeRuns === true;

/** Whether a schema holds what an image needs; undefined where facts do not tell. */
function isMet(
  { database, version }: Own["requires"][number],
  moved: readonly DatabaseChange[],
  isReverted: boolean,
): boolean | undefined {
  const of = moved.find((one) => fold(one.database) === fold(database));
  if (of === undefined) return undefined;
  const isLeft = (one: Applied) => !isReverted || !of.since.includes(one);
  const isNow = isApplied(of.now, version);
  return isNow === true ? of.now.applied.some((one) => one.version === version && isLeft(one)) : isNow;
}

function tooOld(own: Own, moved: readonly DatabaseChange[], isReverted: boolean): Blocker[] {
  return own.requires
    .filter((one) => isMet(one, moved, isReverted) === false)
    .map(({ database, version }) => ({
      code: "schema_too_old",
      message: `the image needs ${version} of ${database}, which ${isReverted ? "would be" : "is"} not applied; migrate by hand`,
    }));
}

/** Kept because it is proved, or because somebody wants it so. */
function kept(own: Own, moved: readonly DatabaseChange[]): Decided {
  const broken = listed(moved, versionsWhere(breaksOldCode));
  if (broken !== "") {
    const message = `older code is said not to run on ${broken}; ask with schema=revert`;
    return { choice: "keep", blockers: [{ code: "old_code_breaks", message }], warnings: [] };
  }
  const unproved = listed(
    moved,
    versionsWhere((one) => !keepsOldCode(one)),
  );
  const isRequiredMet = own.requires.length > 0 && own.requires.every((one) => isMet(one, moved, false));
  if (unproved === "" || isRequiredMet) return { choice: "keep", blockers: [], warnings: [] };
  const message = `nobody said that older code runs on ${unproved}; you asked to keep it`;
  return { choice: "keep", blockers: [], warnings: [{ code: "schema_unproven", message }] };
}

function undecided(moved: readonly DatabaseChange[]): Decided {
  const all = listed(
    moved,
    versionsWhere(() => true),
  );
  const message = `applied since: ${all}; nobody said that older code runs on all of it: ask with schema=keep or schema=revert`;
  return { choice: "undecided", blockers: [{ code: "schema_choice_needed", message }], warnings: [] };
}

function chosen(asked: "keep" | "revert" | undefined, own: Own, moved: readonly DatabaseChange[]): Decided {
  const since = moved.flatMap((one) => one.since);
  if (since.length === 0) return { choice: "unchanged", blockers: [], warnings: [] };
  if (asked === "revert") return { choice: "revert", blockers: [], warnings: [] };
  if (asked === "keep" || since.every(keepsOldCode)) return kept(own, moved);
  return undecided(moved);
}

/** What nobody can tell of the schemas is said, for unknown is not unchanged. */
function unknown(moved: readonly DatabaseChange[], releases: readonly Release[]): PlanWarning[] {
  const messages = [
    ...(moved.length === 0 && releases.every(({ migrations }) => migrations === "unknown")
      ? ["no fact says which databases this service has"]
      : []),
    ...moved.flatMap(({ database, before, now, untold }) => {
      if (now.newest === undefined) return [`no fact says which schema ${database} has`];
      if (untold.length > 0)
        return [`whether ${untold.join(", ")} of ${database} was there then is not known`];
      return before.newest === undefined ? [`no fact says which schema ${database} had then`] : [];
    }),
  ];
  return messages.map((message) => ({ code: "schema_unknown", message }));
}

/** What counts as applied since by nothing but its place in the tool's table. */
const assumed = (moved: readonly DatabaseChange[]): PlanWarning[] =>
  moved
    .filter((one) => one.listed.length > 0)
    .map(({ database, listed }) => ({
      code: "order_assumed",
      message: `nobody says when ${listed.join(", ")} of ${database} was applied; the tool's table lists it above what came since, so it counts as applied since`,
    }));

/** Decides what becomes of the schemas, by what was asked and by what migrations say of themselves. */
export function decide(
  asked: "keep" | "revert" | undefined,
  own: Own,
  moved: readonly DatabaseChange[],
  releases: readonly Release[],
): Decided {
  const decided = chosen(asked, own, moved);
  const unsure = unknown(moved, releases);
  const isUnknown = decided.choice === "unchanged" && unsure.length > 0;
  const missing = listed(moved, (one) => one.missing);
  const blockers: Blocker[] =
    missing === ""
      ? []
      : [
          {
            code: "migrations_missing",
            message: `reverted since: ${missing}; apply it again by hand, from the image that has it`,
          },
        ];
  return {
    choice: isUnknown ? "unknown" : decided.choice,
    blockers: [...decided.blockers, ...blockers, ...tooOld(own, moved, decided.choice === "revert")],
    warnings: [...decided.warnings, ...unsure, ...assumed(moved)],
  };
}
