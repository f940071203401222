/** Shows a plan on a terminal: the release now and the target, the blockers, what changes, and the steps. */

import type { AppliedMigration, Release } from "../../schemas/answers/release.ts";
import type { Plan, PlannedComponent, Step } from "../../schemas/plan.ts";
import { choicesFor } from "../../schemas/words/choices.ts";
import { AVAILABLE } from "../ask/release-view.ts";
import { edged, fitted, type Line, type Piece, wrapped } from "../ask/style.ts";
import { versionOf, versionsOf } from "../ask/version.ts";
import {
  counted,
  linked,
  shortCommit,
  shortDigest,
  shortRepository,
  shortRevision,
  type Times,
} from "../ask/words-for.ts";
import { flagsOf, inFlags } from "./flags.ts";
import { shortCommand } from "./short-command.ts";

export interface PlanFrame {
  readonly times: Times;
  readonly now: string;
  readonly width: number;
  /** Of a row of the table. */
  readonly room: number;
  /** The ledger was asked for the last good release. */
  readonly isGood: boolean;
  /** Whole commands, with what to check before each step. */
  readonly commands: boolean;
  /** The command that carries the plan out; undefined: this one does. */
  readonly doIt?: string;
}

/* From what to what */

/** What the target is called: the version of its release, else that of its images. */
function targetOf({ target, components }: Plan): string {
  if (target !== null) return versionsOf(target);
  const images = components.flatMap(({ to }) => (to === null ? [] : shortDigest(to)));
  return images.length === 0 ? "unknown" : images.join(", ");
}

function ranOf({ target }: Plan, { times, now, isGood }: PlanFrame): string {
  if (target === null || target.since === null || target.status !== "running") return "";
  return ` (ran ${times.days(target.since, target.until ?? now)}${isGood ? ", good" : ""})`;
}

/** What becomes of data, as far as the steps and facts say. */
function dataOf({ schema: { choice, revert } }: Plan): Piece[] {
  if (choice === "undecided") return [];
  if (revert.every(({ losesData }) => losesData === false)) return [" · no data lost"];
  return revert.some(({ losesData }) => losesData === true)
    ? [" · ", { text: "data may be lost", tone: "red" }]
    : [" · ", { text: "whether data is lost is unknown", tone: "amber" }];
}

function headLines(plan: Plan, frame: PlanFrame): Line[] {
  const { service, environment, current, status, blockers, at } = plan;
  const state: Piece =
    status === "ready"
      ? { text: "READY", tone: "bold" }
      : { text: `BLOCKED by ${blockers.length}`, tone: "red" };
  const when: Line = at === null ? [] : [{ text: `as of: ${frame.times.zoned(at)}`, tone: "violet" }];
  return [
    [
      { text: `${service} · ${environment}`, tone: "bold" },
      `: ${versionsOf(current)} → ${targetOf(plan)}${ranOf(plan, frame)}`,
    ],
    edged([state, ...dataOf(plan)], when, frame.width),
  ];
}

/* What changes */

const released = (release: Release | null, { component, variant }: PlannedComponent) =>
  release?.components.find((one) => one.component === component && one.variant === variant);

/** `1.8.0 db75ce1c` */
function imageOf(digest: string | null, release: Release | null, planned: PlannedComponent): string {
  const known = released(release, planned);
  const id = digest === null ? undefined : shortDigest(digest);
  const names = [known === undefined ? undefined : versionOf(known), id];
  return [...new Set(names.filter((one) => one !== undefined))].join(" ") || "unknown";
}

function imageRow(plan: Plan, one: PlannedComponent): Line[] {
  const { component, variant, from, to, availability, weight } = one;
  const name = variant === undefined ? component : `${component}/${variant}`;
  const isGone = availability === "deleted" || availability === "archived";
  const state: Piece = isGone ? { text: AVAILABLE[availability], tone: "red" } : AVAILABLE[availability];
  const share = weight === undefined ? "" : `, ${weight}% of the traffic`;
  return [
    [plan.components.length === 1 ? "image" : `image ${name}`],
    [imageOf(from, plan.current, one)],
    [imageOf(to, plan.target, one)],
    [...(from === to && to !== null ? ["same, "] : []), state, share],
  ];
}

/** What can be done where the image itself is not to be had. */
function insteadLines({ restore = [], rebuild, substitute }: PlannedComponent): Line[] {
  const again = rebuild === undefined ? [] : Object.values(rebuild).filter((one) => one !== undefined);
  return [
    ...restore.map((command): Line => [`    restore it: ${command}`]),
    ...(again.length === 0 ? [] : [[`    build it again: ${again.join(", ")}`]]),
    ...(substitute === undefined ? [] : [[`    built from the same commit: ${substitute.image}`]]),
  ];
}

const differing = (compareUrl: string | null): Line =>
  compareUrl === null ? ["differs"] : ["differs, ", linked("compare ↗", compareUrl)];

function commitRows({ commits: { from, to, compareUrl } }: Plan): Line[][] {
  if (from?.sha === to?.sha) return [];
  const shown = (side: typeof from): Line => [side === null ? "unknown" : shortCommit(side.sha)];
  const isKnown = from !== null && to !== null;
  return [[["commit"], shown(from), shown(to), isKnown ? differing(compareUrl) : []]];
}

type Configuration = Plan["config"][number]["from"];

/** The place of a configuration: its path, else its repository. */
const placeOf = (one: Configuration): string =>
  one?.path ?? (one?.repository === undefined ? "" : shortRepository(one.repository));

function configRows({ config, current, target }: Plan): Line[][] {
  const shown = (side: Configuration): Line => [side === null ? "none" : shortRevision(side.revision)];
  if (config.length === 0 && target !== null && current.config.length > 0)
    return current.config.map((one): Line[] => [["config"], shown(one), ["same"], []]);
  return config.map(({ from, to, compareUrl }, n): Line[] => [
    [n === 0 ? "config" : ""],
    shown(from),
    shown(to),
    from === null || to === null ? [placeOf(to ?? from)] : [...differing(compareUrl), ` ${placeOf(to)}`],
  ]);
}

const migrationsOf = (release: Release | null): readonly AppliedMigration[] =>
  release === null || release.migrations === "unknown" ? [] : release.migrations;

const versionIn = (release: Release | null, database: string): string => {
  const found = migrationsOf(release).find((one) => one.database === database);
  if (found === undefined || found.status === "unknown") return "unknown";
  return found.status === "empty" ? "no migration" : (found.version ?? "unknown");
};

/** What becomes of a database's migrations. */
function fateOf({ schema: { choice, revert, keep } }: Plan, database: string): Line {
  const of = (list: readonly { readonly database: string }[]) =>
    list.filter((one) => one.database === database).length;
  if (choice === "undecided" && of(keep) > 0)
    return [{ text: `keep or revert ${counted(of(keep), "migration")}?`, tone: "amber" }];
  if (of(revert) > 0) return [`revert ${counted(of(revert), "migration")}`];
  if (of(keep) > 0) return [`keep ${counted(of(keep), "migration")}`];
  return [choice === "unknown" ? { text: "not known whether it is the same", tone: "amber" } : "same"];
}

function schemaRows(plan: Plan): Line[][] {
  const { current, target, schema } = plan;
  const listed = [...migrationsOf(current), ...migrationsOf(target), ...schema.revert, ...schema.keep];
  const databases = [...new Set(listed.map(({ database }) => database))];
  return databases.map((database): Line[] => {
    const [now, then] = [versionIn(current, database), versionIn(target, database)];
    const label = databases.length === 1 ? "schema" : `schema ${database}`;
    return now === then ? [[label], [now], ["same"], []] : [[label], [now], [then], fateOf(plan, database)];
  });
}

/* What is in the way */

function blockerLines(plan: Plan, { width }: PlanFrame): Line[] {
  return plan.blockers.flatMap(({ code, message }): Line[] => {
    const choices = choicesFor(code, plan).map(({ sets }) => flagsOf(sets));
    return [
      ...wrapped(
        [{ text: "✗ ", tone: "red" }, { text: code, tone: "bold" }, `: ${inFlags(message)}`],
        width,
        2,
      ),
      ...(choices.length === 0 ? [] : wrapped([`  → ${choices.join("  or  ")}`], width, 4)),
    ];
  });
}

const warningLines = ({ warnings }: Plan, { width }: PlanFrame): Line[] =>
  warnings.flatMap(({ message }) => wrapped([{ text: "! ", tone: "amber" }, inFlags(message)], width, 2));

const checkLines = ({ registry }: Plan, { width }: PlanFrame): Line[] =>
  (registry?.images ?? []).flatMap(({ image, answer, reason }) =>
    wrapped([`registry: ${image} is ${answer}${reason === undefined ? "" : `: ${reason}`}`], width, 2),
  );

/* The steps */

/** Room for a command beside the title of its step. */
const BESIDE = 36;

function stepLines({ n, title, why, commands }: Step, { width, commands: whole }: PlanFrame): Line[] {
  const head: Line = [{ text: `${n} `, tone: "bold" }, title];
  const [only, ...others] = commands;
  const room = width - title.length - 6;
  if (whole)
    return [
      head,
      ...(why === "" ? [] : wrapped([`    ${why}`], width, 4)),
      ...commands.map(({ shell }): Line => [`    $ ${shell}`]),
    ];
  if (only === undefined) return [[...head, "  by hand: ", why]];
  if (others.length === 0 && room >= BESIDE) return [[...head, "   ", shortCommand(only, room)]];
  return [head, ...commands.map((command): Line => [`    ${shortCommand(command, width - 4)}`])];
}

function footLines({ status, steps, hash }: Plan, { commands, doIt }: PlanFrame): Line[] {
  const notes = [
    ...(steps.length === 0 || commands ? [] : ["whole commands: --commands"]),
    ...(status === "blocked" || doIt === undefined ? [] : [`do it: ${doIt}`]),
  ];
  return [
    ...(notes.length === 0 ? [] : [[notes.join("    ")]]),
    ...(commands ? [[{ text: `plan ${hash}`, tone: "dim" as const }]] : []),
  ];
}

export function planLines(plan: Plan, frame: PlanFrame): Line[] {
  const rows = [
    ...plan.components.map((one) => imageRow(plan, one)),
    ...commitRows(plan),
    ...configRows(plan),
    ...schemaRows(plan),
  ];
  return [
    ...headLines(plan, frame),
    ...fitted(rows, "  ", frame.room, 3),
    ...plan.components.flatMap(insteadLines),
    ...blockerLines(plan, frame),
    ...warningLines(plan, frame),
    ...checkLines(plan, frame),
    ...plan.steps.flatMap((step) => stepLines(step, frame)),
    ...footLines(plan, frame),
  ];
}
