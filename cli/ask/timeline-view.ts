/** What happened, as lines with a sign each; and what changed before something broke. */
import type { Change, Changes, Timeline, TimelineEntry } from "../../schemas/timeline.ts";
import { duration } from "../../schemas/words/durations.ts";
import type { Beside } from "./release-view.ts";
import { headLine } from "./release-view.ts";
import { columns, type Line, type Span } from "./style.ts";
import { counted, linked, shortCommit, shortDigest, shortRevision } from "./words-for.ts";

type Frame = Pick<Beside, "times" | "width" | "isPast">;

const SIGNS: Partial<Record<TimelineEntry["what"], Span>> = {
  deployed: { text: "▲" },
  running: { text: "·", tone: "dim" },
  started: { text: "…", tone: "blue" },
  failed: { text: "✗", tone: "red" },
  removed: { text: "✗", tone: "dim" },
  observed: { text: "!", tone: "amber" },
  migrated: { text: "◆" },
  reverted: { text: "◆", tone: "amber" },
  "migration failed": { text: "✗", tone: "red" },
  frozen: { text: "*", tone: "blue" },
  unfrozen: { text: "*", tone: "dim" },
  noted: { text: "⚙" },
  "incident opened": { text: "!", tone: "red" },
  "incident resolved": { text: "!", tone: "dim" },
};

export const signOf = ({ what, rollback }: Pick<TimelineEntry, "what" | "rollback">): Span =>
  what === "deployed" && rollback === true ? { text: "▼" } : (SIGNS[what] ?? { text: "·" });

/** The images of an entry: their tags, else their digests. */
const imagesOf = ({ components = [] }: Pick<TimelineEntry, "components">): string =>
  components
    .map(({ tag, digest }) => tag ?? (digest === undefined ? "unknown image" : shortDigest(digest)))
    .join(", ");

/** What an entry says, in words. */
function wordsOf(entry: TimelineEntry): Span[] {
  const { what, database, version, commit, config = [], reason, type, title, outcome, url } = entry;
  const done = outcome ?? (what === "deployed" && entry.rollback === true ? "rolled back" : what);
  const about = [
    database === undefined ? "" : `db ${database}`,
    version ?? "",
    imagesOf(entry),
    commit === undefined ? "" : shortCommit(commit),
    ...config.map(({ revision }) => `config ${shortRevision(revision)}`),
    entry.declared === true ? "(declared only)" : "",
    type ?? "",
    title ?? "",
  ].filter((text) => text !== "");
  const why = reason === undefined ? [] : [{ text: `: ${reason}` }];
  return [linked([done, ...about].join(" "), url), ...why];
}

/** The cells of an entry. */
export const rowOf = (entry: TimelineEntry, when: string): Line[] => [
  [{ text: when, tone: "dim" }],
  [signOf(entry)],
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
    ...columns(
      entries.map((entry) => rowOf(entry, frame.times.time(entry.what === "running" ? from : entry.at))),
      "  ",
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
  [signOf(change)],
  [change.service ?? ""],
  wordsOf(change),
  [[RELATIONS[change.relation], change.by ?? ""].filter((text) => text !== "").join(", ")],
];

export function changesLines(answer: Changes, frame: Frame): Line[] {
  const { environment, service, from, before, changes, more, others } = answer;
  const about = service === undefined ? environment : `${service} · ${environment}`;
  const last = changes.find(({ undo }) => undo !== null);
  const window = duration(Date.parse(before) - Date.parse(from));
  return [
    headLine(`before it broke: ${about}`, before, { ...frame, isPast: true }),
    [{ text: `the last ${window}; near in time is a suspect, not the cause`, tone: "dim" }],
    ...columns(
      changes.map((change) => changeRow(change, frame)),
      "  ",
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
    ...(last?.undo == null
      ? []
      : [
          [`undo the last one: asof plan ${last.undo.environment}/${last.undo.service} --at ${last.undo.at}`],
        ]),
  ];
}
