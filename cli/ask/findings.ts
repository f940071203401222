/** Collects what is wrong from the ledger's answers: each finding has a sign, a place and a text. */
import type { Sources } from "../../schemas/answer.ts";
import type { Release } from "../../schemas/answers/release.ts";
import type { Freezes } from "../../schemas/redeployment.ts";
import { duration } from "../../schemas/words/durations.ts";
import { attemptWords, driftWords } from "./release-view.ts";
import { fitted, type Line, type Span, textOf } from "./style.ts";
import { counted, shortIds, spanBetween, type Times } from "./words-for.ts";

export interface Answers {
  readonly releases: readonly Release[];
  readonly freezes: Freezes["freezes"];
  readonly sources: Sources["sources"];
  readonly keptAside: Sources["keptAside"];
  readonly tokensEnding: NonNullable<Sources["tokensEnding"]>;
}

interface Frame {
  readonly times: Times;
  readonly now: string;
}

/** A deployment that has been under way for longer than this is shown: most end within minutes. */
const HANGS_MS = 3_600_000;

const placeOf = ({ environment, service }: { environment: string; service: string | null }): string =>
  service === null ? environment : `${environment}/${service}`;

const row = (sign: Span, what: string, where: string, words: Line): Line[] => [
  [sign],
  [{ text: what, tone: "bold" }],
  [where],
  words,
];

const BAD: Span = { text: "✗", tone: "red" };
const ODD: Span = { text: "!", tone: "amber" };

function ofAttempt(release: Release, { times, now }: Frame): Line[][] {
  const { attempt } = release;
  if (attempt === null) return [];
  if (attempt.status === "failed")
    return [row(BAD, "failed", placeOf(release), attemptWords(attempt, times))];
  const isHanging = Date.parse(now) - Date.parse(attempt.startedAt) > HANGS_MS;
  const words = attemptWords(attempt, times);
  const since = ` (${spanBetween(attempt.startedAt, now)})`;
  return isHanging ? [row({ text: "…", tone: "blue" }, "hangs", placeOf(release), [...words, since])] : [];
}

function ofRelease(release: Release, frame: Frame): Line[][] {
  const { drift, warnings } = release;
  const place = placeOf(release);
  return [
    ...(drift === null ? [] : [row(ODD, "drift", place, [driftWords(drift, frame.times)])]),
    ...ofAttempt(release, frame),
    ...warnings.map(({ code, message }) => row(ODD, code.replaceAll("_", " "), place, [shortIds(message)])),
  ];
}

function ofFreeze(freeze: Answers["freezes"][number], { times }: Frame): Line[] {
  const { status, since, until, by, reason } = freeze;
  const words = [
    `${status === "active" ? "since" : "from"} ${times.time(since)}`,
    until === null ? "" : ` until ${times.time(until)}`,
    by === null ? "" : ` by ${by}`,
    reason === null ? "" : `: ${reason}`,
  ];
  return row({ text: "*", tone: "blue" }, "frozen", placeOf(freeze), [words.join("")]);
}

function ofSource(
  { source, lastRecordedAt, usualPauseS }: Answers["sources"][number],
  { now }: Frame,
): Line[] {
  const usual =
    usualPauseS === undefined ? "" : `; its longest usual pause is ${duration(usualPauseS * 1000)}`;
  return row({ text: "?", tone: "dim" }, "silent", source, [
    `last heard ${spanBetween(lastRecordedAt, now)} ago${usual}`,
  ]);
}

function ofQuarantine({ count, newest }: Answers["keptAside"], { times }: Frame): Line[][] {
  if (count === null || count === 0) return [];
  const [first] = newest;
  const last = first === undefined ? "" : `, last ${times.time(first.at)}: ${first.reason}`;
  return [row(ODD, "quarantine", counted(count, "event"), [`asof quarantine list${last}`])];
}

/** Only what is wrong: the answers without the rest. */
export const wrongIn = (answers: Answers, frame: Frame): Answers => ({
  ...answers,
  releases: answers.releases.filter((one) => ofRelease(one, frame).length > 0),
  sources: answers.sources.filter(({ silent }) => silent === true),
});

/** The findings as cells: a sign, what, where, and words. @param answers of what is wrong alone */
const cellsOf = (answers: Answers, frame: Frame): Line[][] => [
  ...answers.releases.flatMap((one) => ofRelease(one, frame)),
  ...answers.freezes.map((one) => ofFreeze(one, frame)),
  ...answers.sources.map((one) => ofSource(one, frame)),
  ...ofQuarantine(answers.keptAside, frame),
  ...answers.tokensEnding.map(({ name, expires }) => row(ODD, "token", name, [`its last day is ${expires}`])),
];

export const findingLines = (answers: Answers, frame: Frame & { readonly room: number }): Line[] =>
  fitted(cellsOf(answers, frame), "  ", frame.room, 3);

const textIn = (line: Line = []): string => line.map(textOf).join("");

/** The findings for programs that read no tables. */
export const findingRows = (answers: Answers, frame: Frame): object[] =>
  cellsOf(answers, frame).map(([, what, where, words]) => ({
    what: textIn(what),
    where: textIn(where),
    words: textIn(words),
  }));
