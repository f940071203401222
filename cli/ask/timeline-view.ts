/** Shows what happened, one line with a sign for each event; and what changed before something broke. */
import type { Sources } from "../../schemas/answers/sources.ts";
import type { Change, Changes, Timeline, TimelineEntry } from "../../schemas/answers/timeline.ts";
import {
  changeWords,
  entryWords,
  isIrreversible,
  relationWords,
  type Sign,
  signOf,
  subjectOf,
} from "../../schemas/words/changes.ts";
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

const DAY_MS = 86_400_000;

/** The clock alone where no change is older than a day. */
function timesOf({ changes }: Changes, { times }: Frame): (at: string) => string {
  const isOfOneDay = changes.every(({ secondsBefore }) => secondsBefore * 1000 < DAY_MS);
  return isOfOneDay ? times.clock : (at) => `${times.day(at)} ${times.clock(at)}`;
}

const changeRow = (change: Change, timeOf: (at: string) => string): Line[] => [
  [{ text: duration(change.secondsBefore * 1000), tone: "bold" }],
  [{ text: timeOf(change.at), tone: "dim" }, " ", signSpan(change)],
  [subjectOf(change)],
  [linked(changeWords(change), change.url), ...(change.reason === undefined ? [] : [`: ${change.reason}`])],
  [
    ...(isIrreversible(change) ? [{ text: "NOT reversible ", tone: "red" as const }] : []),
    [relationWords(change), change.by ?? ""].filter((text) => text !== "").join(", "),
  ],
];

/** The plan that undoes the newest deployment: by `~1` where that is what it replaced, else by its time. */
function undoWords({ changes }: Changes, { isPast, nameOf }: ChangesFrame): string | undefined {
  const last = changes.find(({ undo }) => undo !== null);
  if (last?.undo == null) return undefined;
  const { environment, service, at } = last.undo;
  const isBefore = !isPast && last.what === "deployed" && last.changesImage === true;
  const place = nameOf(environment, service);
  return `undo the last deploy: asof plan ${place}${isBefore ? "~1" : ` --at ${at}`}`;
}

export interface ChangesFrame extends Frame {
  /** The shortest words for a place. */
  readonly nameOf: (environment: string, service: string) => string;
}

/** @param silent the sources that had fallen silent by then */
export function changesLines(answer: Changes, frame: ChangesFrame, silent: Sources["sources"]): Line[] {
  const { environment, service, from, before, changes, more, others } = answer;
  const about =
    service === undefined ? environment : `${frame.nameOf(environment, service)} and its neighbours`;
  const head = `Before ${frame.times.zoned(before)}`;
  const window = duration(Date.parse(before) - Date.parse(from));
  const undo = undoWords(answer, frame);
  const timeOf = timesOf(answer, frame);
  return [
    [{ text: head, tone: frame.isPast ? "violet" : "bold" }, ` · ${about} · ${window}`],
    [
      {
        text: `near in time is a suspect, not the cause${service === undefined ? "" : "; neighbours share a database or owner"}`,
        tone: "dim",
      },
    ],
    ...fitted(
      changes.map((change) => changeRow(change, timeOf)),
      "  ",
      frame.room,
      3,
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
    ...(undo === undefined ? [] : [[undo]]),
  ];
}
