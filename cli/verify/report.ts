/** Prints the result of `asof verify`: JSON for programs, lines for people. */
import type { VerifierKey } from "../../functions/seal/note.ts";
import type { Assurance } from "../../functions/seal/verify/assurance.ts";
import { exitOf, type Finding, KINDS, LISTED } from "../../functions/seal/verify/findings.ts";
import type { Verification } from "../../functions/seal/verify/log.ts";
import { duration } from "../../schemas/words/durations.ts";
import { count } from "../file/progress.ts";

/** Gaps that people are shown. */
const SHOWN_GAPS = 5;

export function reportOf(key: VerifierKey, verification: Verification, assurance: Assurance, now: Date) {
  const { checkpoint, facts, newest, gaps, nearly, anchored, findings, counts } = verification;
  return {
    verified: findings.length === 0,
    exit: exitOf(findings),
    log: {
      name: key.name,
      ...(checkpoint === undefined ? {} : { size: checkpoint.size, root: checkpoint.root.toString("hex") }),
      facts,
      seals: newest?.n ?? 0,
    },
    ...(newest === undefined
      ? {}
      : {
          newestSeal: {
            n: newest.n,
            sealedAt: newest.sealedAt,
            ageMs: now.getTime() - Date.parse(newest.sealedAt),
          },
        }),
    findings,
    counts,
    gaps,
    outsideByClocks: nearly,
    anchors: anchored,
    ...assurance,
  };
}

type Report = ReturnType<typeof reportOf>;

export function ofFinding({ kind, message, path, index, fact }: Finding): string {
  const where = [
    path,
    index === undefined ? undefined : `leaf ${index}`,
    fact === undefined ? undefined : `fact ${JSON.stringify(fact.id)} of ${JSON.stringify(fact.source)}`,
  ].filter((part) => part !== undefined);
  return `FAILED ${kind} (${KINDS[kind]}): ${where.length === 0 ? "" : `${where.join(", ")}: `}${message}`;
}

/** For kinds of which there are more findings than are listed. */
export const furtherOf = (counts: Verification["counts"]): string[] =>
  Object.entries(counts)
    .filter(([, found]) => found > LISTED)
    .map(([kind, found]) => `and ${found - LISTED} more of ${kind}`);

function headOf({ log, newestSeal }: Report): string[] {
  if (log.size === undefined) return [`log ${log.name}`];
  const what = `${count(log.size, "leaf", "leaves")}, ${count(log.facts, "fact")}, ${count(log.seals, "seal")}`;
  const age =
    newestSeal === undefined
      ? "nothing is sealed yet"
      : `newest seal ${newestSeal.n} of ${newestSeal.sealedAt}, ${duration(newestSeal.ageMs)} old`;
  return [`log ${log.name}: ${what}`, `root ${log.root}`, age];
}

function gapsOf({ gaps: { count: gaps, longest } }: Report): string[] {
  const shown = longest.slice(0, SHOWN_GAPS);
  return [
    ...(gaps === 0
      ? []
      : [`note: ${count(gaps, "time")} without a seal for longer than usual, the longest:`]),
    ...shown.map(({ from, to, ms }) => `  ${duration(ms)}: ${from} to ${to}`),
  ];
}

export function linesOf(report: Report): string[] {
  const { anchors, outsideByClocks, findings, counts, notChecked, couldCheat } = report;
  const nearly = `note: ${count(outsideByClocks, "fact")} recorded outside of the interval of their seal, by 15 minutes at most: clocks and indexes lag`;
  return [
    ...headOf(report),
    ...anchors.map(
      ({ size, time, authority, isTrusted }) =>
        `anchor: ${isTrusted ? "" : "not trusted: "}${authority} had the checkpoint of ${count(size, "leaf", "leaves")} at ${time}`,
    ),
    ...gapsOf(report),
    ...(outsideByClocks === 0 ? [] : [nearly]),
    ...findings.map(ofFinding),
    ...furtherOf(counts),
    ...notChecked.map((line) => `NOT CHECKED: ${line}`),
    ...couldCheat.map((line) => `COULD STILL CHEAT: ${line}`),
    report.verified ? "verified" : `not verified; exit code ${report.exit}`,
  ];
}
