/** The audit report for a terminal: what the controls found, and what shows that no change is missing. */
import type { Audit, AuditChange } from "../../schemas/answers/audit.ts";
import { broughtBy } from "../../schemas/words/changes.ts";
import { columns, type Line } from "../ask/style.ts";
import { counted, type Times } from "../ask/words-for.ts";

/** By whom and when a report was made, and the time zone of its days. */
export interface Made {
  readonly by: string;
  readonly at: string;
  readonly tz: string;
}

type Source = Audit["coverage"][number];

/** Whether a source did not report as it used to at the end of the period. */
export const isQuietAtEnd = ({ silent, days }: Source): boolean => silent === true || days.length === 0;

export const silentWords = ({ silent, days }: Source): string =>
  days.length === 0 ? "no report in this period" : silent === true ? "silent at the end" : "";

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

function gapLines({ gaps, coverage }: Audit, times: Times): Line[] {
  const quiet = coverage.filter(({ longestPauseDays }) => longestPauseDays > 0);
  const reporting = coverage.filter(({ days }) => days.length > 0);
  return [
    ["coverage  ", counted(reporting.length, "source"), " reported"],
    ...quiet.map(
      ({ source, days, longestPauseDays }): Line => [
        `  ${source}: ${counted(days.length, "day")}, the longest pause ${counted(longestPauseDays, "day")}`,
      ],
    ),
    ...coverage.filter(isQuietAtEnd).map(
      (one): Line => [
        {
          text: `  ! ${one.source}: ${silentWords(one)}${one.last === undefined ? "" : `, last heard ${times.zoned(one.last)}`}`,
          tone: "amber",
        },
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

/** Times without a seal: what was recorded in them may have been altered until the next seal. */
function sealingLines({ sealing, from }: Audit, times: Times): Line[] {
  const amber = (text: string): Line => [{ text: `  ! ${text}`, tone: "amber" }];
  if (sealing === undefined) return [["sealing  ", "this ledger is not sealed here"]];
  const { since, checkedFrom, gaps } = sealing;
  const shown = gaps.slice(0, NAMED);
  return [
    ["sealing  ", gaps.length === 0 ? "no gap" : counted(gaps.length, "gap")],
    ...(since === undefined
      ? []
      : [amber(since === null ? "nothing was sealed" : `sealed since ${times.zoned(since)}`)]),
    ...(checkedFrom === from
      ? []
      : [amber(`looked at from ${times.zoned(checkedFrom)} on: see asof verify`)]),
    ...shown.map((gap) => amber(`no seal from ${times.zoned(gap.from)} to ${times.zoned(gap.to)}`)),
    ...(gaps.length > NAMED ? [[`  … and ${gaps.length - NAMED} more`]] : []),
  ];
}

/** How many exceptions are in each state. */
export const outcomesOf = ({ changes }: Audit): string =>
  ["reviewed", "open", "overdue"]
    .map((state) => `${changes.filter(({ outcome }) => outcome?.state === state).length} ${state}`)
    .join(", ");

/** What became of the exceptions, and the ones that nobody has reviewed in time. */
function outcomeLines(report: Audit, times: Times): Line[] {
  const overdue = report.changes.filter(({ outcome }) => outcome?.state === "overdue");
  return [
    ["exceptions  ", outcomesOf(report)],
    ...columns(
      overdue.slice(0, NAMED).map((change) => rowOf(change, times)),
      "  ! ",
    ),
    ...(overdue.length > NAMED ? [[`  … and ${overdue.length - NAMED} more`]] : []),
  ];
}

/** The rules of a policy, in words. */
export const rulesOf = (rules: NonNullable<Audit["policies"]>[number]["rules"]): string =>
  rules.length === 0 ? "nothing is required here" : rules.map(({ require }) => require.join(", ")).join("; ");

/** Until when the report assumes a policy; undefined if it does not. */
export const assumedUntil = ({ policyRecordedSince = null, changes }: Audit): string | undefined =>
  changes.some(({ policy }) => policy?.assumed === true) ? (policyRecordedSince ?? "now") : undefined;

/** The gate's policy in the period, and where the report does not know which one was in force. */
function policyLines(report: Audit, times: Times): Line[] {
  const { policies = [] } = report;
  const until = assumedUntil(report);
  const assumed = `  ! which policy was in force before ${until === "now" || until === undefined ? "now" : times.zoned(until)} is not recorded: changes until then are judged by the first that is`;
  return [
    ["policy  ", policies.length === 0 ? "none is recorded" : ""],
    ...policies.map(
      ({ since, sha256, rules }): Line => [
        `  since ${times.zoned(since)}: ${rulesOf(rules)} (${sha256.slice(0, 12)})`,
      ],
    ),
    ...(until === undefined ? [] : [[{ text: assumed, tone: "amber" as const }]]),
  ];
}

/** Acts that change what counts here, what is known, and who may act: named one by one. */
const GOVERNING: ReadonlySet<string> = new Set([
  "token.changed",
  "policy.changed",
  "environment.frozen",
  "environment.unfrozen",
  "fact.retracted",
  "statement.disputed",
]);

function actLines({ acts }: Audit, times: Times): Line[] {
  const governing = acts.filter(({ what }) => GOVERNING.has(what));
  return [
    ["in the ledger  ", acts.length === 0 ? "nobody did anything" : counted(acts.length, "act")],
    ...columns(
      governing.map(({ at, what, by, reportedBy, service, reason, detail }) => [
        [times.time(at)],
        [what],
        [by ?? reportedBy],
        [[service, detail ?? reason].filter((part) => part != null).join(" ")],
      ]),
      "  ",
    ),
  ];
}

export function auditLines(report: Audit, times: Times, made: Made): Line[] {
  const {
    asof = "unknown",
    environment,
    service,
    from,
    to,
    knownAt,
    settled,
    changes,
    totals,
    sample,
  } = report;
  const months = new Map<string, number>();
  for (const { month, changes: count } of totals) months.set(month, (months.get(month) ?? 0) + count);
  return [
    [{ text: `audit of ${service === undefined ? "" : `${service} in `}${environment}`, tone: "bold" }],
    [`from ${times.zoned(from)} to ${times.zoned(to)}`],
    [`as known at ${times.zoned(knownAt)}${settled ? "" : ", which is not settled yet"}`],
    [`made by ${made.by}, ${times.zoned(made.at)}, days of ${made.tz}, asof ${asof}`],
    [],
    [counted(changes.length, "change"), ": ", [...months].map(([month, n]) => `${month} ${n}`).join(", ")],
    ...controlLines(report, times),
    [],
    ...outcomeLines(report, times),
    ...gapLines(report, times),
    ...sealingLines(report, times),
    ...policyLines(report, times),
    ...actLines(report, times),
    ...(sample === undefined
      ? []
      : [[`sample (seed ${sample.seed})  `, sample.changes.map((n) => `#${n}`).join(" ")]]),
    [],
    [
      {
        text: "This shows what was reported. It cannot show what nobody reported.",
        tone: "dim",
      },
    ],
  ];
}
