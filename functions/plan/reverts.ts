/** How schemas are taken back: in which order, from which image, with which command, and what speaks against it. */
import type { Release } from "../../schemas/answer.ts";
import { referenceOf } from "../../schemas/pinned-image.ts";
import type { Blocker, PlanWarning, RevertedVersion } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import { EVER, first } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { type Named, nameAt, namedBy } from "../ledger/renames.ts";
import { buildsOf, type Family, holdersOf } from "../queries/images/image-graph.ts";
import type { Applied } from "../queries/migrations/history.ts";
import type { Question } from "../queries/question.ts";
import {
  backupCommand,
  type Revert,
  type Reverting,
  revertCommand,
} from "./migration-tools/revert-commands.ts";
import { called, DOWN_SCRIPTS } from "./migration-tools/tools.ts";
import type { DatabaseChange } from "./schema.ts";
import type { StepDraft } from "./step-target.ts";

export interface Reverts {
  readonly versions: RevertedVersion[];
  readonly backups: StepDraft[];
  readonly steps: StepDraft[];
  readonly blockers: Blocker[];
  readonly warnings: PlanWarning[];
}

/* The image that holds a down script */

interface Holding {
  readonly image: string;
  readonly isGone: boolean;
}

/** The repository that a deployment named this image by, where no registry said that it has it. */
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

/** What runs now, if it came after a migration: by its only image, or that of `main`. */
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

/** Versions that one command, or several of one kind, can take back. */
interface Run {
  readonly entries: readonly Entry[];
  /** Where it ends; undefined: nobody knows. */
  readonly to: string | null | undefined;
  /** What is applied after it, in the order of applying: beneath the last of its entries, and above it. */
  readonly below: readonly string[];
  readonly above: readonly string[];
}

const versionOf = ({ applied }: Entry): string => applied.version;

const isAlike = (a: Entry, b: Entry): boolean => a.tool === b.tool && a.holding?.image === b.holding?.image;

/** Where a database stands once everything since is reverted, down to what lies beneath. */
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
    if (last?.[0] !== undefined && isAlike(last[0], entry)) last.push(entry);
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
  // Without a version to go to, such a tool would go on to the very beginning.
  if (to === undefined && newest?.tool !== undefined && called(DOWN_SCRIPTS, newest.tool)?.goesTo === true) {
    const why = "which version it stood at then is not known, or there were several heads";
    return { can: false, why, byHand: `Find that out, and let ${newest.tool} go there.` };
  }
  return revertCommand(it);
}

/* What speaks against it */

const listed = (entries: readonly Entry[]): string => entries.map(versionOf).join(", ");

function blockersOf({ entries }: Run, revert: Revert, acceptsDataLoss: boolean): Blocker[] {
  const of = entries[0]?.database ?? "";
  const blockers: Blocker[] = [];
  const irreversible = entries.filter(({ applied }) => applied.said?.reversible === false);
  if (irreversible.length > 0) {
    const message = `${listed(irreversible)} of ${of} cannot be reverted, as was said when it was applied; write what undoes it, or restore a copy of then`;
    blockers.push({ code: "irreversible", message });
  }
  if (!revert.can) {
    const message = `${listed(entries)} of ${of}: ${revert.why}. ${revert.byHand}`;
    blockers.push({ code: "revert_by_hand", message });
  }
  const gone = entries.find(({ holding }) => holding?.isGone === true)?.holding;
  if (gone !== undefined) {
    const message = `${gone.image}, which holds what reverts ${listed(entries)} of ${of}, was deleted; build it again, or revert by hand`;
    blockers.push({ code: "down_script_gone", message });
  }
  const losing = entries.filter(({ applied }) => applied.said?.losesData !== false);
  if (losing.length > 0 && !acceptsDataLoss) {
    const message = `nobody said that reverting ${listed(losing)} of ${of} loses no data; ask with acceptDataLoss=true if it may`;
    blockers.push({ code: "data_loss", message });
  }
  return blockers;
}

function warningsOf({ entries }: Run): PlanWarning[] {
  const unsure = entries.filter(({ applied }) => typeof applied.said?.reversible !== "boolean");
  if (unsure.length === 0) return [];
  const message = `nobody said whether ${listed(unsure)} of ${entries[0]?.database} can be reverted`;
  return [{ code: "reversibility_unknown", message }];
}

/** What two facts say of one moment, the order of versions decides: mostly, and not surely, that was the order. */
function tied({ database, since }: DatabaseChange): PlanWarning[] {
  const isBareSaid = ({ shown }: Applied) => shown === undefined;
  const ties = since.filter(
    (one, n) => n > 0 && one.at !== undefined && one.at === since[n - 1]?.at && isBareSaid(one),
  );
  if (ties.length === 0) return [];
  const message = `${ties.map(({ version }) => version).join(", ")} of ${database}: said to be applied at the same moment as the one before; reverted in the order of versions, so see that this is how they were applied`;
  return [{ code: "order_assumed", message }];
}

/* What is done */

function shown({ entries }: Run, revert: Revert): RevertedVersion[] {
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
      ? ["It was applied since, newest first.", revert.note].filter((one) => one !== undefined).join(" ")
      : `${revert.why}. ${revert.byHand}`,
    commands: revert.can ? revert.commands : [],
  };
}

const backupOf = (database: string): StepDraft => ({
  title: `copy ${database}`,
  why:
    "Nobody said that what follows loses no data, and nothing here brings data back. Keep the copy. Which database is read " +
    "from the environment: `DATABASE_URL` of PostgreSQL, or `MYSQL_OPTION_FILE` (of `[client]`) and `MYSQL_DATABASE`.",
  commands: [backupCommand(database)],
});

/**
 * What takes these databases back. Three round trips for the images that hold the down scripts, sixteen images at a
 * time.
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
    versions: reverts.flatMap(({ run, revert }) => shown(run, revert)),
    backups: [...new Set(losing)].map(backupOf),
    steps: reverts.map(({ run, revert }) => stepOf(run, revert)),
    blockers: reverts.flatMap(({ run, revert }) => blockersOf(run, revert, how.acceptsDataLoss)),
    warnings: [...runs.flatMap(warningsOf), ...moved.flatMap(tied)],
  };
}
