/** The audit report for a terminal: what the controls found, and what shows that no change is missing. */
import type { Audit, AuditChange } from "../../schemas/audit.ts";
import { broughtBy } from "../../schemas/words/changes.ts";
import { columns, type Line } from "../ask/style.ts";
import { counted, type Times } from "../ask/words-for.ts";

export const approversOf = ({ approvals }: AuditChange): string =>
  [...new Set(approvals.map(({ by, bot }) => `${by ?? "unknown"}${bot ? " (bot)" : ""}`))].join(", ");

/** How many changes the report names with a control. */
const NAMED = 5;

const rowOf = (change: AuditChange, times: Times): Line[] => [
  [{ text: `#${change.n}`, tone: "dim" }],
  [times.time(change.at)],
  [change.kind],
  [change.service ?? ""],
  [broughtBy(change)],
  [change.by ?? "unknown"],
];

function controlLines({ controls, changes }: Audit, times: Times): Line[] {
  const byNumber = new Map(changes.map((change) => [change.n, change]));
  return controls.flatMap(({ control, title, count, changes: numbers }): Line[] => {
    if (count === 0) return [[{ text: `    0  ${control}`, tone: "dim" }]];
    const named = numbers.slice(0, NAMED).flatMap((n) => byNumber.get(n) ?? []);
    return [
      [String(count).padStart(5), "  ", { text: control, tone: "amber" }, `  ${title}`],
      ...columns(
        named.map((change) => rowOf(change, times)),
        "         ",
      ),
      ...(count > NAMED ? [[`         … and ${count - NAMED} more`]] : []),
    ];
  });
}

function gapLines({ gaps, coverage }: Audit): Line[] {
  const quiet = coverage.filter(({ longestPauseDays }) => longestPauseDays > 0);
  return [
    ["coverage  ", counted(coverage.length, "source"), " reported"],
    ...quiet.map(
      ({ source, days, longestPauseDays }): Line => [
        `  ${source}: ${counted(days.length, "day")}, the longest pause ${counted(longestPauseDays, "day")}`,
      ],
    ),
    ...gaps.map(
      ({ provider, instance, service, missing }): Line => [
        {
          text: `  ! ${provider} ${instance ?? ""} ${service ?? ""} did not report: ${missing.join(", ")}`,
          tone: "amber",
        },
      ],
    ),
  ];
}

/** What became of the exceptions, and the ones that nobody has reviewed in time. */
function outcomeLines({ changes }: Audit, times: Times): Line[] {
  const inState = (state: string): AuditChange[] => changes.filter(({ outcome }) => outcome?.state === state);
  const states = ["reviewed", "open", "overdue"].map((state) => `${inState(state).length} ${state}`);
  const overdue = inState("overdue");
  return [
    ["exceptions  ", states.join(", ")],
    ...columns(
      overdue.slice(0, NAMED).map((change) => rowOf(change, times)),
      "  ! ",
    ),
    ...(overdue.length > NAMED ? [[`  … and ${overdue.length - NAMED} more`]] : []),
  ];
}

export function auditLines(report: Audit, times: Times): Line[] {
  const { environment, service, from, to, knownAt, settled, changes, totals, acts, sample } = report;
  const months = new Map<string, number>();
  for (const { month, changes: count } of totals) months.set(month, (months.get(month) ?? 0) + count);
  return [
    [{ text: `audit of ${service === undefined ? "" : `${service} in `}${environment}`, tone: "bold" }],
    [`from ${times.zoned(from)} to ${times.zoned(to)}`],
    [`as known at ${times.zoned(knownAt)}${settled ? "" : ", which is not settled yet"}`],
    [],
    [counted(changes.length, "change"), ": ", [...months].map(([month, n]) => `${month} ${n}`).join(", ")],
    ...controlLines(report, times),
    [],
    ...outcomeLines(report, times),
    ...gapLines(report),
    ["in the ledger  ", acts.length === 0 ? "nobody did anything" : counted(acts.length, "act")],
    ...(sample === undefined
      ? []
      : [[`sample (seed ${sample.seed})  `, sample.changes.map((n) => `#${n}`).join(" ")]]),
    [],
    [{ text: "This shows what was reported. It cannot show what nobody reported.", tone: "dim" }],
  ];
}
