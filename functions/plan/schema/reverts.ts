/** Plans how schemas are reverted: the order, the image, the commands; and blockers and warnings. */
import type { Release } from "../../../schemas/answer.ts";
import { referenceOf } from "../../../schemas/pinned-image.ts";
import type { Blocker, PlanWarning, RevertedVersion } from "../../../schemas/plan.ts";
import { fold } from "../../../schemas/scalars.ts";
import { EVER, first } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { type Named, nameAt, namedBy } from "../../ledger/names/renames.ts";
import { buildsOf, type Family, holdersOf } from "../../queries/images/image-graph.ts";
import type { Applied } from "../../queries/migrations/history.ts";
import type { Question } from "../../queries/question.ts";
import {
  backupCommand,
  type Revert,
  type Reverting,
  revertCommand,
} from "../migration-tools/revert-commands.ts";
import { called, DOWN_SCRIPTS } from "../migration-tools/tools.ts";
import type { StepDraft } from "../step-target.ts";
import type { DatabaseChange } from "./schema.ts";

export interface Reverts {
  readonly versions: RevertedVersion[];
  readonly backups: StepDraft[];
  readonly steps: StepDraft[];
  readonly blockers: Blocker[];
  readonly warnings: PlanWarning[];
}

/* The image with a down script */

interface Holding {
  readonly image: string;
  readonly isGone: boolean;
}

/** The repository under which a deployment named this image, if no registry reported it. */
async function deployedFrom(question: Question, { members }: Family): Promise<Named | undefined> {
  const facts = await mapLimit(AT_ONCE, [...members], (digest) =>
    first(question, { of: "digest", digest, aspect: "deployed" }, { to: EVER, descending: true }),
  );
  const named = facts.flatMap((fact) =>
    (fact !== undefined && "components" in fact ? (fact.components ?? []) : []).flatMap((one) =>
      one.digest === undefined ||
      !members.has(one.digest) ||
      one.repository === undefined ||
      fact === undefined
        ? []
        : [namedBy(fact, one.repository)],
    ),
  );
  return named[0];
}

async function holdingOf(question: Question, digest: string): Promise<Holding | undefined> {
  const { images } = question;
  const family = await images.family(digest);
  const pullable = family.pullable ?? digest;
  const holders = await holdersOf(images, family);
  const holder = holders.find(({ availability }) => availability === "available") ?? holders[0];
  const [built] = buildsOf(family).flatMap((fact) =>
    fact.repository === undefined ? [] : [namedBy(fact, fact.repository)],
  );
  const named =
    holder === undefined
      ? (built ?? (await deployedFrom(question, family)))
      : { repository: holder.repository, at: EVER };
  if (named === undefined) return undefined;
  return {
    image: referenceOf({ repository: nameAt(await images.renames(), named), digest: pullable }),
    isGone: holder?.availability === "deleted",
  };
}

/** The current image, if it started after the migration: the only one, or that of `main`. */
function newerImage(current: Release, { at, by }: Applied, atStartup: boolean): string | undefined {
  const isAfter = current.since !== null && current.since >= (at ?? by);
  if (!isAfter && !atStartup) return undefined;
  const digests = new Set(current.components.flatMap(({ digest }) => digest ?? []));
  if (digests.size === 1) return [...digests][0];
  const mains = current.components.filter(({ component }) => fold(component) === "main");
  return mains.length === 1 ? (mains[0]?.digest ?? undefined) : undefined;
}

/* One database */

interface Entry {
  readonly database: string;
  readonly applied: Applied;
  readonly tool: string | undefined;
  readonly holding: Holding | undefined;
}

/** Consecutive versions that the same tool can revert from the same image. */
interface Run {
  readonly entries: readonly Entry[];
  /** The version to end at; null: an empty database; undefined: unknown. */
  readonly to: string | null | undefined;
  /** What stays applied after this run, in the order of applying: before its oldest entry, and after it. */
  readonly below: readonly string[];
  readonly above: readonly string[];
}

const versionOf = ({ applied }: Entry): string => applied.version;

const isSameRun = (a: Entry, b: Entry): boolean => a.tool === b.tool && a.holding?.image === b.holding?.image;

/** The version of a database once everything applied since is reverted; `beneath` is the newest that stays. */
function endOf({ before, now }: DatabaseChange, beneath: Applied | undefined): string | null | undefined {
  if (before.newest !== undefined && before.newest.length > 1) return undefined;
  const isEmpty = now.isWhole || before.newest?.length === 0;
  return beneath?.version ?? (isEmpty ? null : undefined);
}

/** @param entries newest first */
function runsOf(entries: readonly Entry[], moved: DatabaseChange): Run[] {
  const groups: Entry[][] = [];
  for (const entry of entries) {
    const last = groups.at(-1);
    if (last?.[0] !== undefined && isSameRun(last[0], entry)) last.push(entry);
    else groups.push([entry]);
  }
  let left = moved.now.applied;
  return groups.map((group): Run => {
    const gone = new Set(group.map(({ applied }) => applied));
    const oldest = left.findIndex((one) => gone.has(one));
    const [below, above] = [left.slice(0, oldest), left.slice(oldest).filter((one) => !gone.has(one))];
    const beneath = below.at(-1);
    left = [...below, ...above];
    return {
      entries: group,
      to: beneath !== undefined && moved.since.includes(beneath) ? beneath.version : endOf(moved, beneath),
      below: below.map(({ version }) => version),
      above: above.map(({ version }) => version),
    };
  });
}

function revertOf({ entries, to, below, above }: Run): Revert {
  const [newest] = entries;
  const isHead = entries.some(({ applied }) => applied.said === undefined && applied.shown?.mode === "head");
  const it: Reverting = {
    database: newest?.database ?? "",
    ...(newest?.tool === undefined ? {} : { tool: newest.tool }),
    ...(newest?.holding === undefined ? {} : { image: newest.holding.image }),
    versions: entries.map(versionOf),
    to: to ?? null,
    above,
    left: [...below, ...above],
    ...(isHead ? { heads: true } : {}),
  };
  // Without a version to go to, such a tool would revert everything.
  if (to === undefined && newest?.tool !== undefined && called(DOWN_SCRIPTS, newest.tool)?.goesTo === true) {
    const why = "its version at that time is unknown, or there were several heads";
    return { can: false, why, byHand: `Find out the version, and migrate to it with ${newest.tool}.` };
  }
  return revertCommand(it);
}

/* Blockers and warnings */

const listed = (entries: readonly Entry[]): string => entries.map(versionOf).join(", ");

function blockersOf({ entries }: Run, revert: Revert, acceptsDataLoss: boolean): Blocker[] {
  const of = entries[0]?.database ?? "";
  const blockers: Blocker[] = [];
  const irreversible = entries.filter(({ applied }) => applied.said?.reversible === false);
  if (irreversible.length > 0) {
    const message = `${listed(irreversible)} of ${of} was reported as irreversible; write a migration that undoes it, or restore a backup`;
    blockers.push({ code: "irreversible", message });
  }
  if (!revert.can) {
    const message = `${listed(entries)} of ${of}: ${revert.why}. ${revert.byHand}`;
    blockers.push({ code: "revert_by_hand", message });
  }
  const gone = entries.find(({ holding }) => holding?.isGone === true)?.holding;
  if (gone !== undefined) {
    const message = `${gone.image}, which has the down scripts of ${listed(entries)} of ${of}, was deleted; build it again, or revert by hand`;
    blockers.push({ code: "down_script_gone", message });
  }
  const losing = entries.filter(({ applied }) => applied.said?.losesData !== false);
  if (losing.length > 0 && !acceptsDataLoss) {
    const message = `no fact says that reverting ${listed(losing)} of ${of} loses no data; if it may, ask with acceptDataLoss=true`;
    blockers.push({ code: "data_loss", message });
  }
  return blockers;
}

function warningsOf({ entries }: Run): PlanWarning[] {
  const unsure = entries.filter(({ applied }) => typeof applied.said?.reversible !== "boolean");
  if (unsure.length === 0) return [];
  const message = `no fact says whether ${listed(unsure)} of ${entries[0]?.database} can be reverted`;
  return [{ code: "reversibility_unknown", message }];
}

/** Migrations reported with the same time are ordered by version, which is usually, but not surely, the right order. */
function tied({ database, since }: DatabaseChange): PlanWarning[] {
  const isOnlyReported = ({ shown }: Applied) => shown === undefined;
  const ties = since.filter(
    (one, n) => n > 0 && one.at !== undefined && one.at === since[n - 1]?.at && isOnlyReported(one),
  );
  if (ties.length === 0) return [];
  const message = `${ties.map(({ version }) => version).join(", ")} of ${database}: reported as applied at the same moment as the migration before; they are reverted in the order of versions, so check that they were applied in this order`;
  return [{ code: "order_assumed", message }];
}

/* Steps */

function revertedVersions({ entries }: Run, revert: Revert): RevertedVersion[] {
  const commands = revert.can ? revert.commands : [];
  return entries.map(({ database, applied, tool, holding }, n) => ({
    database,
    version: applied.version,
    reversible: applied.said?.reversible ?? "unknown",
    losesData: applied.said?.losesData ?? "unknown",
    tool: tool ?? null,
    image: holding?.image ?? null,
    command: (commands.length === entries.length || n === 0 ? commands[n] : undefined) ?? null,
  }));
}

function stepOf({ entries }: Run, revert: Revert): StepDraft {
  const database = entries[0]?.database;
  return {
    title: `revert ${listed(entries)} of ${database}`,
    why: revert.can
      ? ["Applied since then. Newest first.", revert.note].filter((one) => one !== undefined).join(" ")
      : `${revert.why}. ${revert.byHand}`,
    commands: revert.can ? revert.commands : [],
  };
}

const backupOf = (database: string): StepDraft => ({
  title: `back up ${database}`,
  why:
    "The following steps may lose data, and asof does not restore data. Keep the backup. The database is read from the " +
    "environment: `DATABASE_URL` for PostgreSQL, or `MYSQL_OPTION_FILE` (with `[client]`) and `MYSQL_DATABASE` for MySQL.",
  commands: [backupCommand(database)],
});

/**
 * The steps that revert these databases. Cost: three round trips for the images with the down scripts, sixteen images
 * at a time.
 */
export async function revertsOf(
  question: Question,
  moved: readonly DatabaseChange[],
  current: Release,
  how: { readonly acceptsDataLoss: boolean; readonly migratesAtStartup: boolean },
): Promise<Reverts> {
  const digestOf = (applied: Applied) =>
    applied.said?.image ?? applied.shown?.image ?? newerImage(current, applied, how.migratesAtStartup);
  const needed = [...new Set(moved.flatMap(({ since }) => since.flatMap((one) => digestOf(one) ?? [])))];
  const found = await mapLimit(AT_ONCE, needed, (digest) => holdingOf(question, digest));
  const holdings = new Map(needed.map((digest, n) => [digest, found[n]]));
  const entryOf = (database: string, applied: Applied): Entry => ({
    database,
    applied,
    tool: applied.said?.tool ?? applied.shown?.tool,
    holding: holdings.get(digestOf(applied) ?? ""),
  });
  const runs = moved.flatMap((one) =>
    runsOf(
      one.since.toReversed().map((applied) => entryOf(one.database, applied)),
      one,
    ),
  );
  const reverts = runs.map((run) => ({ run, revert: revertOf(run) }));
  const losing = runs.flatMap(({ entries }) =>
    entries.flatMap(({ database, applied }) => (applied.said?.losesData === false ? [] : [database])),
  );
  return {
    versions: reverts.flatMap(({ run, revert }) => revertedVersions(run, revert)),
    backups: [...new Set(losing)].map(backupOf),
    steps: reverts.map(({ run, revert }) => stepOf(run, revert)),
    blockers: reverts.flatMap(({ run, revert }) => blockersOf(run, revert, how.acceptsDataLoss)),
    warnings: [...runs.flatMap(warningsOf), ...moved.flatMap(tied)],
  };
}
