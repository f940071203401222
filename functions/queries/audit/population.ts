/** The population of a report: which changes there are, and the checks that none is missing. */
import type { TimelineEntry } from "../../../schemas/answer.ts";
import type { Audit, AuditChange } from "../../../schemas/answers/audit.ts";
import { type Fact, isAboutAnother } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { dayOf } from "../../ledger/access-patterns.ts";
import { sha256 } from "../../ledger/canonical.ts";
import type { KnownAt } from "../../ledger/fact-reader.ts";
import { isImported } from "../../ledger/imports.ts";
import { pagesOf } from "../../ledger/loader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { allKnownNames, knownNames } from "../../ledger/names/directories.ts";
import { isOwn, type SilentAfter, silenceOf } from "../silent-sources.ts";

/** Inclusive times. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

const CHANGES: ReadonlySet<TimelineEntry["what"]> = new Set([
  "deployed",
  "failed",
  "removed",
  "observed",
  "migrated",
  "reverted",
  "migration failed",
  "noted",
]);

/** Identifies a deployment of a service, whatever is reported of it. */
const keyOf = ({ deployment, service }: TimelineEntry): string =>
  JSON.stringify([deployment, service === null ? null : fold(service)]);

/** The changes among the entries of a timeline. Of the starts, those that nobody reported the end of. */
export function changesAmong(entries: readonly TimelineEntry[]): TimelineEntry[] {
  const ended = new Set(entries.filter(({ what }) => CHANGES.has(what)).map(keyOf));
  return entries.filter(
    (entry) =>
      CHANGES.has(entry.what) ||
      (entry.what === "started" && entry.deployment !== undefined && !ended.has(keyOf(entry))),
  );
}

/** The number of changes of each month and service, in this order. */
export function totalsOf(changes: readonly Pick<AuditChange, "at" | "service">[]): Audit["totals"] {
  const totals = new Map<string, Audit["totals"][number]>();
  for (const { at, service } of changes) {
    const month = at.slice(0, 7);
    const key = JSON.stringify([month, service === null ? "" : fold(service)]);
    const total = totals.get(key) ?? { month, service, changes: 0 };
    totals.set(key, { ...total, changes: total.changes + 1 });
  }
  return [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total);
}

const DAY_MS = 86_400_000;

/** The most days in a row that are missing between ascending days. */
const longestPause = (days: readonly string[]): number =>
  days
    .slice(1)
    .map((day, n) => (Date.parse(day) - Date.parse(days[n] ?? day)) / DAY_MS - 1)
    .reduce((longest, pause) => Math.max(longest, pause), 0);

/** Days of a period on which a source reported. */
async function daysOf(known: KnownAt, source: string, { from, to }: Period): Promise<string[]> {
  const days: string[] = [];
  const [first, last] = [dayOf(from), dayOf(to)];
  for await (const { name } of knownNames(known, { of: "days", source }, { from: first }, 400)) {
    if (name > last) break;
    days.push(name);
  }
  return days;
}

/**
 * Which sources reported on which days of a period, and which were silent at its end. One that reported before the period
 * alone is there, too, but for importers and the ledger's own: these report once, or when somebody asks for something.
 */
export async function coverageOf(
  known: KnownAt,
  period: Period,
  silentAfter: SilentAfter,
): Promise<Audit["coverage"]> {
  const end = { ...known, knownAt: period.to < known.knownAt ? period.to : known.knownAt };
  const sources = await allKnownNames(known, { of: "sources" });
  const found = await mapLimit(AT_ONCE, sources, async ({ name: source }) => {
    const [days, silence] = await Promise.all([
      daysOf(known, source, period),
      silenceOf(end, source, silentAfter),
    ]);
    if (days.length === 0 && (silence === undefined || isOwn(source) || isImported({ source }))) return [];
    const silent = silence?.isSilent === true && !isOwn(source);
    const last = silence === undefined ? {} : { last: silence.last };
    return [{ source, days, longestPauseDays: longestPause(days), ...last, silent }];
  });
  return found.flat();
}

/** Deployers that number the deployments of a release without gaps. */
const COUNTING = new Set(["helm"]);
const MOST_MISSING = 100;

/** Numbers between the first and the last that a counting deployer did not report. */
export function gapsIn(entries: readonly TimelineEntry[]): Audit["gaps"] {
  const series = new Map<string, { of: TimelineEntry; numbers: Set<number> }>();
  for (const entry of entries) {
    const { deployment, service } = entry;
    if (deployment === undefined || !COUNTING.has(deployment.provider)) continue;
    if (!/^\d{1,9}$/.test(deployment.id)) continue;
    const key = JSON.stringify([deployment.provider, deployment.instance, service]);
    const found = series.get(key) ?? { of: entry, numbers: new Set<number>() };
    series.set(key, found);
    found.numbers.add(Number(deployment.id));
  }
  return [...series.values()].flatMap(({ of: { deployment, service }, numbers }) => {
    const sorted = [...numbers].sort((a, b) => a - b);
    const missing: string[] = [];
    for (let n = (sorted[0] ?? 0) + 1; n < (sorted.at(-1) ?? 0) && missing.length < MOST_MISSING; n++)
      if (!numbers.has(n)) missing.push(String(n));
    if (missing.length === 0 || deployment === undefined) return [];
    return [{ provider: deployment.provider, instance: deployment.instance ?? null, service, missing }];
  });
}

/** What an act changed, where its place does not say it. */
function detailOf(fact: Fact): { readonly detail?: string } {
  if (isAboutAnother(fact)) return { detail: `${fact.target.source} ${fact.target.id}` };
  if (fact.kind === "policy.changed") return { detail: `policy ${fact.sha256.slice(0, 12)}` };
  if (fact.kind !== "token.changed") return {};
  const { what, role, holder, grants = [], expires } = fact;
  const ends = expires === undefined ? [] : [`expires=${expires}`];
  return { detail: [what, role, holder, ...grants, ...ends].join(" ") };
}

const placeIn = (fact: Fact) => ({
  environment: "environment" in fact ? (fact.environment ?? null) : null,
  service: "service" in fact ? (fact.service ?? null) : null,
});

/** What the ledger looks up or verifies by itself is no act of anybody. */
const isAct = ({ kind }: Fact): boolean => !/^(artifact|evidence)\./.test(kind);

/** What people did in the ledger itself, as far as it concerns the environment or everything: in order of recording. */
export async function actsIn(known: KnownAt, environment: string, period: Period): Promise<Audit["acts"]> {
  const sources = await allKnownNames(known, { of: "sources" });
  const own = sources.filter(({ name }) => name.startsWith("/asof/"));
  const facts = await mapLimit(AT_ONCE, own, async ({ name: source }) => {
    const found: Fact[] = [];
    for (const day of await daysOf(known, source, period))
      for await (const page of pagesOf((cursor) =>
        known.store.queryRecorded({ of: "source", source, day }, { ...period, limit: 100, ...cursor }),
      ))
        found.push(...page.filter(({ recordedAt }) => recordedAt <= known.knownAt));
    return found;
  });
  return facts
    .flat()
    .filter(isAct)
    .map((fact) => ({ fact, place: placeIn(fact) }))
    .filter(({ place }) => place.environment === null || fold(place.environment) === environment)
    .sort((a, b) => (a.fact.recordedAt < b.fact.recordedAt ? -1 : 1))
    .map(({ fact, place }) => ({
      at: fact.occurredAt,
      what: fact.kind,
      by: fact.actor ?? null,
      reportedBy: fact.reportedBy,
      ...place,
      reason: "reason" in fact ? (fact.reason ?? null) : null,
      ...detailOf(fact),
      fact: { source: fact.source, id: fact.id },
    }));
}

export interface Drawing {
  readonly sample: number;
  readonly seed: string;
  readonly stratify?: readonly ("emergency" | "service")[] | undefined;
}

/**
 * Draws changes: in the order of SHA-256 over seed and identity, so that whoever has the report can draw them again. With
 * strata, each stratum in turn gives its next one, those with few changes as many as those with many.
 */
export function drawn(
  changes: readonly AuditChange[],
  { sample, seed, stratify = [] }: Drawing,
): NonNullable<Audit["sample"]> {
  const rank = ({ fact }: AuditChange): string => sha256(JSON.stringify([seed, fact.source, fact.id]));
  const stratumOf = ({ service, findings }: AuditChange): string =>
    JSON.stringify([
      stratify.includes("emergency") && findings.some(({ control }) => control === "emergency"),
      stratify.includes("service") ? service : null,
    ]);
  const strata = new Map<string, AuditChange[]>();
  for (const change of changes.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))) {
    const stratum = strata.get(stratumOf(change)) ?? [];
    strata.set(stratumOf(change), [...stratum, change]);
  }
  const ordered = [...strata].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stratum]) => stratum);
  const longest = Math.max(0, ...ordered.map(({ length }) => length));
  const inTurn = Array.from({ length: longest }, (_, n) => ordered.flatMap((one) => one[n] ?? [])).flat();
  const numbers = inTurn.slice(0, sample).map(({ n }) => n);
  return { seed, stratify: [...stratify], changes: numbers.sort((a, b) => a - b) };
}
