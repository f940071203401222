/** The answer of a release, from everything that was read for it. Reads nothing. */

import type { Attached, Release, Warning } from "../../../schemas/answer.ts";
import type { Configuration, Fact } from "../../../schemas/fact.ts";
import { type AsOf, isSettled } from "../../ledger/as-of.ts";
import { distinct } from "../../ledger/fact-reader.ts";
import { namesOf } from "../../ledger/names/directory-names.ts";
import type { Name } from "../../ledger/store.ts";
import { disputeWarnings } from "../disputes.ts";
import type { Selector } from "../question.ts";
import { type Description, isWithoutImages } from "../service-description.ts";
import { isRollback } from "../timeline/entries.ts";
import type { Attempt } from "./attempt.ts";
import type { Described } from "./component.ts";
import { configurationOf } from "./configuration.ts";
import { contradictionWarnings } from "./contradicting-reports.ts";
import { declaredWarnings } from "./declared-release.ts";
import { lostWarnings } from "./deployment-warnings.ts";
import type { Claim, Observation } from "./effective-deployments.ts";
import { type LastLook, statusOf } from "./head.ts";
import type { Reconciled } from "./reconcile.ts";
import { bySlot } from "./slots.ts";

/** What was read for a release. */
export interface Unanswered {
  /** The names in the directory of this service in this environment. */
  readonly known: readonly Name[];
  readonly description: Description | undefined;
  readonly reconciled: Reconciled;
  /** See `headOf`. */
  readonly head: Claim | Observation | undefined;
  readonly migrated: { readonly migrations: Release["migrations"]; readonly facts: readonly Fact[] };
  readonly attempted: Attempt;
  /** The components that ran; `runningSince` has the times of the same components. */
  readonly described: readonly Described[];
  readonly runningSince: readonly (string | null)[];
  readonly since: string | null;
  readonly until: string | null;
  readonly evidence: Attached[];
  readonly imported: Pick<Release, "alsoReported">;
  readonly look: LastLook;
  /** Of skewed clocks, and of what nobody noticed. */
  readonly warnings: readonly Warning[];
}

function clusterWarning(known: readonly Name[]): Warning[] {
  const clusters = namesOf(known, "cluster").map(({ shown }) => shown);
  if (clusters.length < 2) return [];
  const message = `facts of this environment and service name the clusters ${clusters.join(", ")}; an environment is one place`;
  return [{ code: "two_clusters", message }];
}

/** One warning for each database, however many heads it has. */
function failureWarnings(migrations: Release["migrations"]): Warning[] {
  const all = migrations === "unknown" ? [] : migrations;
  const messages = all.flatMap(({ database, failed }) =>
    failed === undefined ? [] : [`migration ${failed.version} of ${database} failed at ${failed.at}`],
  );
  return [...new Set(messages)].map((message) => ({ code: "migration_failed", message }));
}

/** The last of these times; null if one is unknown, or there is none. */
const lastOf = (times: readonly (string | null)[]): string | null =>
  times.includes(null) ? null : (times.toSorted().at(-1) ?? null);

/** What runs the service in its cluster, as the newest observation shows. */
const workloadOf = ({ shown, observation, running }: Reconciled): Pick<Release, "workload"> => {
  const { workload } = observation ?? running.observation ?? {};
  return shown.length === 0 || workload === undefined ? {} : { workload };
};

const configOf = ({ observation, configuring }: Reconciled): Configuration[] =>
  configurationOf([...configuring, ...(observation === undefined ? [] : [observation])]);

/** A service without images has no digest to resolve. */
const isOfUse = ({ code }: Warning, description: Description | undefined): boolean =>
  code !== "digest_unresolved" || !isWithoutImages(description);

/** The facts that the answer rests on, without duplicates. */
function factsOf({ head, reconciled, description, attempted, described, migrated }: Unanswered): Fact[] {
  const facts = [
    head,
    ...reconciled.contributing,
    reconciled.observation,
    description,
    ...attempted.facts,
    ...described.flatMap((one) => one.facts),
    ...migrated.facts,
  ];
  return distinct(facts.filter((fact) => fact !== undefined));
}

function warningsOf(found: Unanswered, used: readonly Fact[]): Warning[] {
  const { known, description, reconciled, attempted, described, migrated, until } = found;
  const ofImages = reconciled.shown.flatMap(({ family }) => [...(family?.facts.values() ?? [])].flat());
  return [
    ...clusterWarning(known),
    ...contradictionWarnings(reconciled, attempted.failures),
    ...declaredWarnings(reconciled),
    ...described.flatMap(({ warnings }) => warnings).filter((one) => isOfUse(one, description)),
    ...failureWarnings(migrated.migrations),
    ...found.warnings,
    ...disputeWarnings([...used, ...ofImages]),
    ...(until === null ? lostWarnings(described.map(({ component }) => component)) : []),
  ];
}

/** @param names as they were asked for: the answer has those of the head, where there is one */
export function answerOf(
  moment: AsOf,
  names: Selector,
  found: Unanswered,
): { readonly release: Release; readonly facts: readonly Fact[] } {
  const { reconciled, head, description, described, runningSince, migrated } = found;
  const facts = factsOf(found);
  const release: Release = {
    environment: head?.environment ?? names.environment,
    service: head?.service ?? names.service,
    group: head?.group ?? null,
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    status: statusOf(reconciled, head),
    since: found.since,
    runningSince: lastOf(runningSince),
    until: found.until,
    ...found.look,
    components: described
      .map(({ component }, n) => ({ ...component, runningSince: runningSince[n] ?? null }))
      .sort(bySlot),
    migrations: migrated.migrations,
    config: configOf(reconciled),
    cluster: head?.cluster ?? null,
    namespace: head?.namespace ?? null,
    ...workloadOf(reconciled),
    deployment: head?.deployment ?? null,
    deployedBy: head?.actor ?? null,
    url: head?.url ?? null,
    rollback: isRollback(head),
    owner: description?.owner ?? null,
    contact: description?.contact ?? null,
    attempt: found.attempted.attempt,
    drift: reconciled.drift,
    evidence: found.evidence,
    warnings: warningsOf(found, facts),
    facts: facts.map(({ source, id }) => ({ source, id })),
    ...found.imported,
  };
  return { release, facts };
}
