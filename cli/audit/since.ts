/** Finds what became known about a period after it was reported. */

import type { Audit, AuditChange } from "../../schemas/answers/audit.ts";
import { broughtBy } from "../../schemas/words/changes.ts";
import { by } from "../../schemas/words/ordering.ts";
import { columns, type Line } from "../ask/style.ts";
import type { Times } from "../ask/words-for.ts";

const keyOf = ({ fact }: AuditChange): string => JSON.stringify([fact.source, fact.id]);
const controlsOf = ({ findings }: AuditChange): string[] => [
  ...new Set(findings.map(({ control }) => control)),
];

interface Difference {
  readonly change: AuditChange;
  readonly what: string;
}

/** Changes that came to be known, are no longer there, or have other findings: in order of time. */
export function differences(before: Audit, after: Audit): Difference[] {
  const [old, now] = [before, after].map(({ changes }) => new Map(changes.map((one) => [keyOf(one), one])));
  const found: Difference[] = [];
  for (const [key, change] of now ?? []) {
    const was = old?.get(key);
    if (was === undefined) {
      found.push({ change, what: "was not known" });
      continue;
    }
    const [then, since] = [controlsOf(was), controlsOf(change)];
    const more = since.filter((one) => !then.includes(one));
    const less = then.filter((one) => !since.includes(one));
    const what = [...more.map((one) => `+ ${one}`), ...less.map((one) => `- ${one}`)].join(", ");
    if (what !== "") found.push({ change, what });
  }
  for (const [key, change] of old ?? [])
    if (now?.has(key) !== true) found.push({ change, what: "was retracted, or is explained by another" });
  return found.sort(by(({ change }) => change.at));
}

export const sinceLines = (before: Audit, after: Audit, times: Times): Line[] => {
  const found = differences(before, after);
  return [
    [],
    [{ text: `since the report of ${times.zoned(before.knownAt)}`, tone: "bold" }],
    ...(found.length === 0 ? [["  nothing else is known of this period"]] : []),
    ...columns(
      found.map(({ change, what }) => [
        [times.time(change.at)],
        [change.kind],
        [change.service ?? ""],
        [broughtBy(change)],
        [{ text: what, tone: "amber" as const }],
      ]),
      "  ",
    ),
  ];
};
