/** What happened, as lines with a sign each; and what changed before something broke. */
import type { Sources } from "../../schemas/answers/sources.ts";
import type { Change, Changes, Timeline, TimelineEntry } from "../../schemas/answers/timeline.ts";
import { entryWords, type Sign, signOf } from "../../schemas/words/changes.ts";
import { duration } from "../../schemas/words/durations.ts";
import { silenceWords } from "../../schemas/words/silence.ts";
import type { Beside } from "./release-view.ts";
import { headLine } from "./release-view.ts";
import { fitted, type Line, type Span, type Tone } from "./style.ts";
import { counted, linked } from "./words-for.ts";

type Frame = Pick<Beside, "times" | "width" | "room" | "isPast">;

const TONES: Record<NonNullable<Sign["tone"]>, Tone> = {
  bad: "red",
  warn: "amber",
  busy: "blue",
  ice: "blue",
  none: "dim",
};

function signSpan(entry: Pick<TimelineEntry, "what" | "rollback">): Span {
  const { glyph, tone } = signOf(entry);
  return tone === undefined ? { text: glyph } : { text: glyph, tone: TONES[tone] };
}

/** What an entry says, in words. */
const wordsOf = (entry: TimelineEntry): Span[] => [
  linked(entryWords(entry), entry.url),
  ...(entry.reason === undefined ? [] : [{ text: `: ${entry.reason}` }]),
];

/** The cells of an entry. */
export const rowOf = (entry: TimelineEntry, when: string): Line[] => [
  [{ text: when, tone: "dim" }],
  [signSpan(entry)],
  [entry.service ?? ""],
  wordsOf(entry),
  [entry.by ?? ""],
];

export function timelineLines({ environment, service, entries, from, to }: Timeline, frame: Frame): Line[] {
  const about = service === undefined ? environment : `${service} · ${environment}`;
  const first = entries.find(({ what }) => what !== "running");
  return [
    headLine(about, to, frame),
    [{ text: `from ${frame.times.zoned(from)}`, tone: "dim" }],
    ...fitted(
      entries.map((entry) => rowOf(entry, frame.times.time(entry.what === "running" ? from : entry.at))),
      "  ",
      frame.room,
      3,
    ),
    ...(first === undefined ? [["  nothing happened"]] : []),
  ];
}

const RELATIONS: Record<Change["relation"], string> = {
  service: "",
  database: "shares a database",
  owner: "same owner",
  environment: "",
};

const changeRow = (change: Change, { times }: Frame): Line[] => [
  [{ text: duration(change.secondsBefore * 1000), tone: "bold" }],
  [{ text: times.time(change.at), tone: "dim" }],
  [signSpan(change)],
  [change.service ?? ""],
  wordsOf(change),
  [[RELATIONS[change.relation], change.by ?? ""].filter((text) => text !== "").join(", ")],
];

/** @param silent the sources that had fallen silent by then */
export function changesLines(answer: Changes, frame: Frame, silent: Sources["sources"]): Line[] {
  const { environment, service, from, before, changes, more, others } = answer;
  const about = service === undefined ? environment : `${service} · ${environment}`;
  const last = changes.find(({ undo }) => undo !== null);
  const window = duration(Date.parse(before) - Date.parse(from));
  return [
    headLine(`before it broke: ${about}`, before, { ...frame, isPast: true }),
    [{ text: `the last ${window}; near in time is a suspect, not the cause`, tone: "dim" }],
    ...fitted(
      changes.map((change) => changeRow(change, frame)),
      "  ",
      frame.room,
      4,
    ),
    ...(changes.length === 0 ? [["  nothing changed, as far as the ledger was told"]] : []),
    ...(more ? [["  … and earlier changes"]] : []),
    ...(others === 0
      ? []
      : [
          [
            `  ${counted(others, "other change")} here that nothing connects with it: asof why ${environment}`,
          ],
        ]),
    ...silent.map(
      (one): Line => [{ text: "? ", tone: "dim" }, silenceWords(one, frame.times.time(one.lastRecordedAt))],
    ),
    ...(last?.undo == null
      ? []
      : [
          [`undo the last one: asof plan ${last.undo.environment}/${last.undo.service} --at ${last.undo.at}`],
        ]),
  ];
}
