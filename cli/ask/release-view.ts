/** Shows one release to people: what runs, since when, built from what, and what ran before it. */
import type { CommitAnswer, MergedChange } from "../../schemas/answer.ts";
import type { AppliedMigration, Release, ReleasedComponent } from "../../schemas/answers/release.ts";
import { columns, edged, type Line, type Piece, widthOf, wrapped } from "./style.ts";
import { isSameImages, versionOf, versionsOf } from "./version.ts";
import {
  counted,
  linked,
  runLink,
  shortCommit,
  shortDigest,
  shortRepository,
  shortRevision,
  spanBetween,
  type Times,
} from "./words-for.ts";

/** What stands beside a release in its view. */
export interface Beside {
  readonly now: string;
  readonly times: Times;
  readonly width: number;
  /** Of a row of a table. */
  readonly room: number;
  /** The question was about the past. */
  readonly isPast: boolean;
  /** The release before; undefined: none, or not known. */
  readonly before: Release | undefined;
  /** The release that `last=good` goes back to; undefined: none, or not known. */
  readonly lastGood: Release | undefined;
  /** The same service in other environments. */
  readonly elsewhere: readonly Release[];
  /** What the ledger knows of the commit of its first image. */
  readonly commit: CommitAnswer | undefined;
}

export const AVAILABLE = {
  available: "in its registry",
  archived: "archived by its registry",
  deleted: "gone from its registry",
  unknown: "not known to be in a registry",
} as const;

const nameOf = ({ component, variant }: ReleasedComponent): string =>
  variant === undefined ? component : `${component}/${variant}`;

/** The label of a row: the component's name where there are several. */
const labelOf = (label: string, one: ReleasedComponent, all: readonly ReleasedComponent[]): string =>
  all.length === 1 ? label : `${label} ${nameOf(one)}`;

function imageRow(one: ReleasedComponent, all: readonly ReleasedComponent[]): Line[] {
  const { digest, reported, repository, availability, candidates, weight } = one;
  const known = digest ?? reported;
  const image =
    known == null
      ? `unknown${candidates.length === 0 ? "" : `: ${counted(candidates.length, "candidate")}`}`
      : `${repository === null ? "" : `${repository}@`}${shortDigest(known)}`;
  const isGone = availability === "deleted" || availability === "archived";
  const state: Piece = isGone
    ? { text: AVAILABLE[availability], tone: "red" }
    : { text: AVAILABLE[availability], tone: "dim" };
  const share = weight === undefined ? [] : [`, ${weight}% of the traffic`];
  return [[labelOf("image", one, all)], [image], [state, ...share]];
}

const changeOf = (answer: CommitAnswer | undefined, sha: string): MergedChange | undefined =>
  answer?.commits.find((one) => one.sha === sha)?.changes?.at(-1);

function commitRow(
  one: ReleasedComponent,
  all: readonly ReleasedComponent[],
  answer: CommitAnswer | undefined,
): Line[][] {
  const { commit, commitCandidates, build } = one;
  if (commit === null) {
    const text =
      commitCandidates.length > 1 ? `${counted(commitCandidates.length, "commit")} disagree` : "unknown";
    return [[[labelOf("commit", one, all)], [text]]];
  }
  const change = changeOf(answer, commit.sha);
  const page = commit.repository === undefined ? undefined : `${commit.repository}/commit/${commit.sha}`;
  const title = change === undefined ? (commit.ref?.replace("refs/heads/", "") ?? "") : change.title;
  const authors = change?.authors ?? [];
  const right: Piece[] = [
    authors.join(", "),
    ...(authors.length > 0 && build !== null ? [" · "] : []),
    ...(build === null ? [] : ["build ", runLink(build.url)]),
  ];
  return [[[labelOf("commit", one, all)], [linked(shortCommit(commit.sha), page), ` ${title}`], right]];
}

const configRows = ({ config }: Release): Line[][] =>
  config.map(({ repository, revision, path }, n) => [
    [n === 0 ? "config" : ""],
    [
      `${repository === undefined ? "" : `${shortRepository(repository)} `}`,
      linked(
        shortRevision(revision),
        repository === undefined ? undefined : `${repository}/tree/${revision}`,
      ),
      path === undefined ? "" : ` ${path}`,
    ],
  ]);

const REVERSIBLE = { true: "can be reverted", false: "cannot be reverted", unknown: "" } as const;

function migrationRow(
  { database, status, version, appliedAt, tool, reversible, failed }: AppliedMigration,
  n: number,
  times: Times,
): Line[] {
  const shown = status === "known" ? (version ?? "unknown") : status === "empty" ? "no migration" : "unknown";
  const notes = [
    tool ?? "",
    appliedAt === undefined ? "" : `${times.day(appliedAt)} ${times.clock(appliedAt)}`,
    status === "known" && reversible !== undefined ? REVERSIBLE[`${reversible}`] : "",
  ].filter((note) => note !== "");
  const broken: Piece[] = failed === undefined ? [] : [{ text: ` ✗ ${failed.version} failed`, tone: "red" }];
  return [[n === 0 ? "schema" : ""], [`${database} ${shown}`, ...broken], [notes.join(", ")]];
}

const schemaRows = ({ migrations }: Release, times: Times): Line[][] =>
  migrations === "unknown" ? [] : migrations.map((one, n) => migrationRow(one, n, times));

function whoRow({ deployedBy, evidence, owner, contact, url }: Release): Line[] {
  const approvals = evidence.filter(({ type, verdict }) => type === "approval" || verdict === "approved");
  const approvers = [...new Set(approvals.flatMap(({ by }) => by ?? []))];
  const deployed = deployedBy === null ? "nobody is named as deployer" : `${deployedBy} deployed`;
  const approved = approvers.length === 0 ? "no approval is recorded" : `approved by ${approvers.join(", ")}`;
  const call = [contact, owner === null ? null : `(${owner})`].filter((one) => one !== null).join(" ");
  return [["who"], [linked(deployed, url), `, ${approved}${call === "" ? "" : ` · call ${call}`}`]];
}

function beforeRow(release: Release, { before, lastGood, times }: Beside): Line[][] {
  if (before === undefined || before.status !== "running" || before.since === null || release.since === null)
    return [];
  const commit = before.components.find((one) => one.commit !== null)?.commit;
  const named = [versionsOf(before), ...(commit == null ? [] : [shortCommit(commit.sha)])];
  const days = times.days(before.since, release.since);
  const ran = `${days} (${spanBetween(before.since, release.since)})`;
  const isGood = lastGood?.status === "running" && lastGood.since === before.since;
  return [[["before"], [`${[...new Set(named)].join(" ")}, ${ran}${isGood ? ", last good" : ""}`]]];
}

/** Where the same service runs the same images, and where it runs others. */
function elsewhereLines(release: Release, { elsewhere, width }: Beside): Line[] {
  const running = elsewhere.filter(({ status }) => status === "running");
  const same = running.filter((other) => isSameImages(release, other));
  const others = running.filter((other) => !same.includes(other));
  const parts = [
    ...(same.length === 0 ? [] : [`= ${same.map(({ environment }) => environment).join(", ")} the same`]),
    ...others.map((other) => `≠ ${other.environment} ${versionsOf(other)}`),
  ];
  const line = `  ${parts.map((part, n) => (n < parts.length - 1 ? part.padEnd(29) : part)).join("   ")}`;
  if (parts.length === 0) return [];
  return line.length <= width ? [[line]] : parts.map((part): Line => [`  ${part}`]);
}

/** What became of the newest deployment that took no effect. */
export function attemptWords(attempt: NonNullable<Release["attempt"]>, times: Times): Line {
  const { status, startedAt, by, outcome, reason, url } = attempt;
  const words = status === "started" ? "is under way" : (outcome ?? "failed");
  const what = `a deployment ${words}, started ${times.time(startedAt)}${by === null ? "" : ` by ${by}`}`;
  return [linked(what, url), reason === undefined ? "" : `: ${reason}`];
}

/** What was deployed and what was seen instead. */
export function driftWords(drift: NonNullable<Release["drift"]>, times: Times): string {
  const images = (sides: readonly { readonly digest: string | null }[]) =>
    sides.map(({ digest }) => (digest === null ? "unknown" : shortDigest(digest))).join(", ");
  return `deployed ${images(drift.claimed)}, seen ${images(drift.observed)} on ${times.time(drift.observedAt)}`;
}

function attemptLines({ attempt }: Release, times: Times): Line[] {
  if (attempt === null) return [];
  const sign: Piece =
    attempt.status === "started" ? { text: "  … ", tone: "blue" } : { text: "  ✗ ", tone: "red" };
  return [[sign, ...attemptWords(attempt, times)]];
}

const driftLines = ({ drift }: Release, times: Times): Line[] =>
  drift === null ? [] : [[{ text: "  ! drift", tone: "amber" }, ` ${driftWords(drift, times)}`]];

const warningLines = ({ warnings }: Release): Line[] =>
  warnings.map(({ message }): Line => [{ text: "  ! ", tone: "amber" }, message]);

/** The first line of each answer: what it is about, and the moment that the ledger took. */
export const headLine = (
  about: string,
  at: string,
  { times, width, isPast }: Pick<Beside, "times" | "width" | "isPast">,
): Line =>
  edged(
    [{ text: about, tone: "bold" }],
    [isPast ? { text: `as of: ${times.zoned(at)}`, tone: "violet" } : `now: ${times.zoned(at)}`],
    width,
  );

function stateLines(release: Release, { times, now, isPast, room }: Beside): Line[] {
  const { status, since, until, seenAt, at } = release;
  const end = isPast ? at : now;
  const words = status === "running" ? `RUNNING ${versionsOf(release)}` : status.toUpperCase();
  const tone = status === "running" ? "bold" : status === "removed" ? "dim" : "amber";
  const sinceWhen = since === null ? "" : ` since ${times.time(since)} (${spanBetween(since, end)})`;
  const untilWhen = isPast && until !== null ? ` until ${times.time(until)}` : "";
  const seen =
    seenAt == null || status !== "running"
      ? ""
      : `seen running ${spanBetween(seenAt, end)} ${isPast ? "before" : "ago"}`;
  const state: Line = [{ text: words, tone }, sinceWhen, untilWhen];
  const line = [...state, ...(seen === "" ? [] : [`, ${seen}`])];
  return widthOf(line) <= room ? [line] : [state, [`  ${seen}`]];
}

/** What its cluster showed when somebody last looked. */
function podsRows({ clusterState }: Release): Line[][] {
  if (clusterState === undefined) return [];
  const { ready, pods, desired = pods, versions = [], obstacles = [] } = clusterState;
  const reasons = [...new Set(obstacles.map(({ reason }) => reason))].join(", ");
  const beside = versions.length === 0 ? "" : `, ${versions.length} versions side by side`;
  return [[["pods"], [`${ready}/${desired} ready${beside}`], [{ text: reasons, tone: "red" }]]];
}

export function releaseLines(release: Release, beside: Beside): Line[] {
  const { environment, service, components } = release;
  const rows: Line[][] = [
    ...components.map((one) => imageRow(one, components)),
    ...components.flatMap((one) => commitRow(one, components, beside.commit)),
    ...configRows(release),
    ...schemaRows(release, beside.times),
    ...podsRows(release),
    ...(release.status === "running" ? [whoRow(release)] : []),
    ...beforeRow(release, beside),
  ];
  const { room } = beside;
  const label = Math.max(...rows.map(([first = []]) => widthOf(first)));
  return [
    headLine(`${service} · ${environment}`, release.at, beside),
    ...stateLines(release, beside),
    ...columns(rows, "  ").flatMap((line) =>
      widthOf(line) > room ? wrapped(line, room, label + 4) : [line],
    ),
    ...elsewhereLines(release, beside),
    ...attemptLines(release, beside.times),
    ...driftLines(release, beside.times),
    ...warningLines(release),
  ];
}

/** How much of what a release rests on is sealed; undefined: the ledger has no sealed log. */
export function sealedLine(sealed: Release["sealed"]): Line {
  if (sealed === undefined) return ["sealed: no, this ledger has no sealed log"];
  const { size, facts, unsealed } = sealed;
  return [
    `sealed: ${facts.length} of ${counted(facts.length + unsealed.length, "fact")}, in a log of size ${size}`,
  ];
}

/** A release in a row of a table. */
export function releaseCells(release: Release, { times, now }: Pick<Beside, "times" | "now">): Line[] {
  const { service, since, components, deployedBy, attempt, drift, warnings, status } = release;
  const commits = [
    ...new Set(components.flatMap(({ commit }) => (commit === null ? [] : shortCommit(commit.sha)))),
  ];
  const marks: Piece[] = [
    ...(drift === null ? [] : [{ text: "! drift ", tone: "amber" as const }]),
    ...(attempt === null
      ? []
      : [
          {
            text: attempt.status === "started" ? "… deploying " : "✗ failed ",
            tone: attempt.status === "started" ? ("blue" as const) : ("red" as const),
          },
        ]),
    ...(warnings.length === 0
      ? []
      : [{ text: `! ${counted(warnings.length, "warning")}`, tone: "amber" as const }]),
  ];
  return [
    [service],
    [
      {
        text: components.length === 0 ? status : [...new Set(components.map(versionOf))].join(", "),
        tone: status === "running" ? "bold" : "dim",
      },
    ],
    [{ text: commits.join(", "), tone: "dim" }],
    [
      since === null ? "" : times.time(since),
      { text: since === null ? "" : ` (${spanBetween(since, now)})`, tone: "dim" },
    ],
    [deployedBy ?? ""],
    marks,
  ];
}
