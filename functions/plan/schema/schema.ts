/**
 * The schemas of a plan: which migrations were applied since the target release and still are, and whether they can
 * stay. asof reverts schemas, never data.
 */
import type { Release } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import type { Blocker, PlannedSchema, PlanWarning } from "../../../schemas/plan.ts";
import { fold } from "../../../schemas/scalars.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { byKey } from "../../../schemas/words/ordering.ts";
import type { AsOf } from "../../ledger/as-of.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { buildsOf } from "../../queries/images/image-graph.ts";
import type { Applied } from "../../queries/migrations/history.ts";
import { factsSince, isApplied, type Versions, versionsOf } from "../../queries/migrations/versions.ts";
import type { Question } from "../../queries/question.ts";
import { called, DOWN_SCRIPTS } from "../migration-tools/tools.ts";

/** How the schema of one database changed between two moments. */
export interface DatabaseChange {
  /** The name as the newest fact spells it. */
  readonly database: string;
  /** Applied since and still applied, in the order of applying. */
  readonly since: readonly Applied[];
  /** Applied then, but no longer. */
  readonly missing: readonly string[];
  /** The part of `since` that is known only from the order of the tool's table. */
  readonly listed: readonly string[];
  /** Applied now; whether they were applied then is unknown. */
  readonly untold: readonly string[];
  readonly before: Versions;
  readonly now: Versions;
}

/** The target's own images and commits: migrations from them, even if applied later, need no revert. */
export interface Own {
  readonly digests: ReadonlySet<string>;
  readonly shas: readonly string[];
  /** The lowest schema versions that its images require. */
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

/** Whether a migration is the target's own. */
export const isOwn = ({ digests, shas }: Own, { said, shown }: Applied): boolean => {
  const image = said?.image ?? shown?.image;
  const sha = said?.commit?.sha;
  if (image !== undefined && digests.has(image)) return true;
  return sha !== undefined && shas.some((one) => isSameCommit(one, sha));
};

/** Whether a migration was applied after a moment; undefined: no fact says when. */
function cameAfter({ at, after }: Applied, moment: string): boolean | undefined {
  if (at !== undefined) return at > moment;
  return after === undefined ? undefined : true;
}

/** A set lists migrations in the order of applying, except for tools that sort them by version. */
const isListedAsApplied = ({ said, shown }: Applied): boolean => {
  const tool = shown?.tool ?? said?.tool;
  const isSorted = tool !== undefined && called(DOWN_SCRIPTS, tool)?.sorted === true;
  return shown?.mode === "set" && !isSorted;
};

/** Migrations without a known time that the tool's table lists after one applied after the moment: they count as later, too. */
function listedAbove(applied: readonly Applied[], moment: string): Applied[] {
  const first = applied.findIndex((one) => cameAfter(one, moment) === true);
  const above = first === -1 ? [] : applied.slice(first + 1);
  return above.filter((one) => cameAfter(one, moment) === undefined && isListedAsApplied(one));
}

function changeSince(database: string, facts: readonly Fact[], moment: string, own: Own): DatabaseChange {
  const before = versionsOf(facts, moment);
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

/** The databases of either release, sorted by folded name. */
export const databasesIn = (releases: readonly Release[]): [folded: string, database: string][] =>
  [...new Map(releases.flatMap(databasesOf).map((database) => [fold(database), database]))].sort(byKey);

/** The changes of every database of either release, sorted by name. Reads all facts since that moment. */
export async function movedDatabases(
  moment: AsOf,
  environment: string,
  releases: readonly Release[],
  since: string,
  own: Own,
): Promise<DatabaseChange[]> {
  return mapLimit(AT_ONCE, databasesIn(releases), async ([folded, database]) =>
    changeSince(database, await factsSince(moment, fold(environment), folded, since), since, own),
  );
}

/* The decision: keep or revert */

/** How messages name what is applied here and not there, and the reverse. */
export interface Words {
  readonly added: string;
  readonly missing: string;
}

const SINCE: Words = { added: "applied since then", missing: "reverted since then" };

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

/** Whether a schema has the version that an image requires; undefined: unknown. */
export function isMet(
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
      message: `the image requires ${version} of ${database}, which ${isReverted ? "would not be" : "is not"} applied; migrate by hand`,
    }));
}

/** Keeps the schema: older code is known to run on it, or the request asks for it. */
function kept(own: Own, moved: readonly DatabaseChange[]): Decided {
  const broken = listed(moved, versionsWhere(breaksOldCode));
  if (broken !== "") {
    const message = `older code was reported not to run on ${broken}; ask with schema=revert`;
    return { choice: "keep", blockers: [{ code: "old_code_breaks", message }], warnings: [] };
  }
  const unproved = listed(
    moved,
    versionsWhere((one) => !keepsOldCode(one)),
  );
  const isRequiredMet = own.requires.length > 0 && own.requires.every((one) => isMet(one, moved, false));
  if (unproved === "" || isRequiredMet) return { choice: "keep", blockers: [], warnings: [] };
  const message = `no fact says that older code runs on ${unproved}; the schema is kept because the request asks for it`;
  return { choice: "keep", blockers: [], warnings: [{ code: "schema_unproven", message }] };
}

function undecided(moved: readonly DatabaseChange[], { added }: Words): Decided {
  const all = listed(
    moved,
    versionsWhere(() => true),
  );
  const message = `${added}: ${all}; no fact says that older code runs on all of it: ask with schema=keep or schema=revert`;
  return { choice: "undecided", blockers: [{ code: "schema_choice_needed", message }], warnings: [] };
}

function chosen(
  asked: "keep" | "revert" | undefined,
  own: Own,
  moved: readonly DatabaseChange[],
  words: Words,
): Decided {
  const since = moved.flatMap((one) => one.since);
  if (since.length === 0) return { choice: "unchanged", blockers: [], warnings: [] };
  if (asked === "revert") return { choice: "revert", blockers: [], warnings: [] };
  if (asked === "keep" || since.every(keepsOldCode)) return kept(own, moved);
  return undecided(moved, words);
}

/** Warnings about what is unknown of the schemas: unknown is not unchanged. */
function unknownSchemas(moved: readonly DatabaseChange[], releases: readonly Release[]): PlanWarning[] {
  const messages = [
    ...(moved.length === 0 && releases.every(({ migrations }) => migrations === "unknown")
      ? ["no fact names the databases of this service"]
      : []),
    ...moved.flatMap(({ database, before, now, untold }) => {
      if (now.newest === undefined) return [`no fact names the schema version of ${database}`];
      if (untold.length > 0)
        return [`it is unknown whether ${untold.join(", ")} of ${database} was applied then`];
      return before.newest === undefined
        ? [`no fact names the schema version that ${database} had then`]
        : [];
    }),
  ];
  return messages.map((message) => ({ code: "schema_unknown", message }));
}

/** Warnings about migrations that count as applied since only because of their position in the tool's table. */
const assumed = (moved: readonly DatabaseChange[]): PlanWarning[] =>
  moved
    .filter((one) => one.listed.length > 0)
    .map(({ database, listed }) => ({
      code: "order_assumed",
      message: `no fact says when ${listed.join(", ")} of ${database} was applied; the tool's table lists it after a migration applied since then, so it counts as applied since then, too`,
    }));

/** Decides whether schemas are kept or reverted, from the request and from what was reported about the migrations. */
export function decide(
  asked: "keep" | "revert" | undefined,
  own: Own,
  moved: readonly DatabaseChange[],
  releases: readonly Release[],
  words: Words = SINCE,
): Decided {
  const decided = chosen(asked, own, moved, words);
  const unsure = unknownSchemas(moved, releases);
  const isUnknown = decided.choice === "unchanged" && unsure.length > 0;
  const missing = listed(moved, (one) => one.missing);
  const blockers: Blocker[] =
    missing === ""
      ? []
      : [
          {
            code: "migrations_missing",
            message: `${words.missing}: ${missing}; apply it by hand, from the image that contains it`,
          },
        ];
  return {
    choice: isUnknown ? "unknown" : decided.choice,
    blockers: [...decided.blockers, ...blockers, ...tooOld(own, moved, decided.choice === "revert")],
    warnings: [...decided.warnings, ...unsure, ...assumed(moved)],
  };
}
