/** The audit report of a period. */
import type { Attached } from "../../../schemas/answer.ts";
import { type Audit, type AuditChange, CONTROLS } from "../../../schemas/answers/audit.ts";
import { fold } from "../../../schemas/scalars.ts";
import type { GatePolicy } from "../../../schemas/settings/gate-policy.ts";
import { type AsOf, isSettled } from "../../ledger/as-of.ts";
import { EVER } from "../../ledger/fact-reader.ts";
import { knownName } from "../../ledger/names/directories.ts";
import type { PolicyChange } from "../../ledger/policies.ts";
import type { ActiveFreeze } from "../gate/freezes.ts";
import { judged, ofBuild, requiredIn } from "../gate/gate-policy.ts";
import { type ComparedPersons, type Comparison, comparing } from "../persons.ts";
import { questionOf } from "../question.ts";
import type { SilentAfter } from "../silent-sources.ts";
import { described } from "../timeline/entry-details.ts";
import { allEntries } from "../timeline/events.ts";
import { findingsOf, isLetThrough, kindOf } from "./controls.ts";
import { allKnown, evidenceThen, type KnownChange } from "./known-changes.ts";
import { withOutcomes } from "./outcomes.ts";
import { type PolicyHistory, policiesIn } from "./policies.ts";
import { actsIn, changesAmong, coverageOf, type Drawing, drawn, gapsIn, totalsOf } from "./population.ts";

export interface Asked {
  readonly environment: string;
  readonly service?: string | undefined;
  readonly from: string;
  readonly to: string;
}

export interface Rules {
  readonly people: ComparedPersons;
  /** The policy of now. */
  readonly policy?: GatePolicy | undefined;
  /** All policies that were recorded, oldest first, of the whole ledger. Absent: none. */
  readonly recordedPolicies?: () => Promise<readonly PolicyChange[]>;
  /** When a source counts as silent, where its rhythm is not learned. */
  readonly silentAfter?: SilentAfter | undefined;
}

const evidenceShown = ({ evidence }: KnownChange): Attached[] => [
  ...evidence.builds.map((one) => ofBuild(one, "build")),
  ...evidence.attached,
];

/** Every person whom changes name. */
const personsOf = (known: readonly KnownChange[]): string[] => [
  ...new Set(
    known.flatMap(({ entry, approvals, evidence }) => [
      ...(entry.by === null ? [] : [entry.by]),
      ...approvals.flatMap(({ by }) => by ?? []),
      ...evidence.changes.flatMap(({ authors }) => authors),
    ]),
  ),
];

/** The exception from a freeze that was made for an image of the change. */
function exceptionShown({ excepting }: ActiveFreeze, { members }: KnownChange) {
  const made = excepting.find(({ digest }) => digest !== undefined && members.has(digest));
  if (made === undefined) return {};
  const { occurredAt: at, actor: by = null, reason = null, source, id } = made;
  return { exception: { at, by, reason, fact: { source, id } } };
}

/** The request that a redeployment carries out. */
const requestOf = ({ entry, freezes }: KnownChange) =>
  freezes.find(
    ({ freeze }) => freeze.kind === "redeployment.requested" && freeze.id === entry.redeployment?.id,
  )?.freeze;

function changeOf(
  known: KnownChange,
  n: number,
  isOnePerson: Comparison,
  policies: PolicyHistory,
  environment: string,
): AuditChange {
  const { entry, commits, evidence, approvals, freezes } = known;
  const { at, fact, recordedAt = at } = entry;
  const lateS = Math.max(0, Math.round((Date.parse(recordedAt) - Date.parse(at)) / 1000));
  const kind = kindOf(entry);
  const policy = kind === "deployment" ? policies.at(at) : undefined;
  const requirements =
    policy === undefined ? undefined : judged(requiredIn(policy.rules, environment), evidenceThen(known));
  return {
    n,
    at,
    recordedAt,
    kind,
    service: entry.service,
    components: entry.components ?? [],
    config: entry.config ?? [],
    database: entry.database ?? null,
    version: entry.version ?? null,
    title: entry.title ?? null,
    commits: [...commits],
    by: entry.by,
    changes: [...evidence.changes],
    approvals: approvals.map(({ isLast: _, separation: __, change: ___, ...approval }) => approval),
    evidence: evidenceShown(known),
    ...(policy === undefined ? {} : { policy: policy.is }),
    ...(requirements === undefined ? {} : { requirements }),
    freezes: freezes.map((active) => ({
      since: active.freeze.occurredAt,
      by: active.freeze.actor ?? null,
      reason: active.freeze.reason ?? null,
      letThrough: isLetThrough(active, known),
      ...exceptionShown(active, known),
    })),
    lateS,
    deployment: entry.deployment ?? null,
    reason: entry.reason ?? requestOf(known)?.reason ?? null,
    url: entry.url,
    findings: findingsOf(known, { isOnePerson, lateS, requirements: requirements ?? [] }),
    fact,
  };
}

const controlsOf = (changes: readonly AuditChange[]): Audit["controls"] =>
  CONTROLS.map(({ value, description }) => {
    const found = changes.filter(({ findings }) => findings.some(({ control }) => control === value));
    return {
      control: value,
      title: description ?? "",
      count: found.length,
      changes: found.map(({ n }) => n),
    };
  });

/**
 * Answers with every change of a period, what the controls find of each, and what shows that none is missing. Undefined if
 * the environment is unknown. Everything is by the facts known at `knownAt`, so the same question has the same answer.
 */
export async function audit(
  moment: Omit<AsOf, "at">,
  { environment, service, from, to }: Asked,
  { people, policy, recordedPolicies, silentAfter = new Map() }: Rules,
  drawing?: Drawing,
): Promise<Audit | undefined> {
  // Evidence counts whenever it was given: an approval after the change is a finding of its own.
  const question = questionOf({ ...moment, at: EVER });
  const place = fold(environment);
  if ((await knownName(question, { of: "environments" }, place)) === undefined) return undefined;
  const entries = await allEntries(question, place, { from, to });
  const isAsked = (one: { readonly service: string | null }): boolean =>
    service === undefined || (one.service !== null && fold(one.service) === fold(service));
  const population = changesAmong(entries).filter(isAsked);
  const [known, coverage, acts, recorded] = await Promise.all([
    described(question, population).then((all) => allKnown(question, people, place, all)),
    coverageOf(question, { from, to }, silentAfter),
    actsIn(question, place, { from, to }),
    recordedPolicies?.() ?? [],
  ]);
  const { knownAt } = moment;
  const policies = policiesIn(recorded, policy, place, { from, to, knownAt });
  const isOnePerson = await comparing(people, personsOf(known));
  const found = known.map((one, n) => changeOf(one, n + 1, isOnePerson, policies, place));
  const changes = await withOutcomes(question, found, policies);
  return {
    environment,
    ...(service === undefined ? {} : { service }),
    from,
    to,
    knownAt,
    settled: isSettled(moment),
    controls: controlsOf(changes),
    totals: totalsOf(changes),
    coverage,
    gaps: gapsIn(entries).filter(isAsked),
    ...policies.shown,
    acts: acts.filter((act) => act.service === null || isAsked(act)),
    changes,
    ...(drawing === undefined ? {} : { sample: drawn(changes, drawing) }),
  };
}
