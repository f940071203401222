/** The release: what a service ran in an environment at a moment, with all that is needed to redeploy it. */
import type { AppliedMigration, Release, Warning } from "../../../schemas/answer.ts";
import type { Configuration, Fact } from "../../../schemas/fact.ts";
import { fold } from "../../../schemas/scalars.ts";
import { type AsOf, isSettled, reachOf } from "../../ledger/as-of.ts";
import { newestFirst, order } from "../../ledger/canonical.ts";
import { namesOf } from "../../ledger/directory-names.ts";
import { alsoImported, backwards, distinct } from "../../ledger/fact-reader.ts";
import type { Name } from "../../ledger/store.ts";
import { disputeWarnings } from "../disputes.ts";
import { evidenceOfDeployments } from "../evidence.ts";
import { databaseState } from "../migrations/database-state.ts";
import { questionOf } from "../question.ts";
import {
  type Description,
  databasesOf,
  describedAt,
  isWithoutImages,
  ownImagesOf,
} from "../service-description.ts";
import { isRollback } from "../timeline/entries.ts";
import { attemptOf } from "./attempt.ts";
import { clockWarnings } from "./clock-skew.ts";
import { describeComponent } from "./component.ts";
import { configurationOf } from "./configuration.ts";
import { declaredWarnings } from "./declared.ts";
import type { ResolveContext } from "./digest-resolution.ts";
import { type Claim, isObservation, type Observation } from "./effective-deployments.ts";
import { reconcile } from "./looks.ts";
import type { Reconciled } from "./reconcile.ts";
import type { ResolvedComponent } from "./resolved-component.ts";
import {
  type EffectiveDeployments,
  effectiveDeploymentsAt,
  observations,
  prefetchClaimsAfter,
  type Selector,
} from "./running.ts";
import { imagesSince } from "./running-since.ts";
import { bySlot } from "./slots.ts";
import { tellerWarnings } from "./tellers.ts";
import { lostWarnings, prefetchOrder, unnoticedWarnings } from "./unnoticed.ts";
import { prefetchUntil, sinceOf, untilOf } from "./validity.ts";

async function migrationsOf(context: ResolveContext) {
  const { selector, at } = context;
  const databases = await databasesOf(context, selector, at);
  if (databases === undefined) return { migrations: "unknown" as const, facts: [] };
  const sorted = [...databases].sort(([a], [b]) => (a < b ? -1 : 1));
  const states = await Promise.all(
    sorted.map(async ([folded, database]) => {
      const { migrations, facts } = await databaseState(context, selector.environment, folded, at);
      return { migrations: migrations.map((one): AppliedMigration => ({ database, ...one })), facts };
    }),
  );
  return {
    migrations: states.flatMap(({ migrations }) => migrations),
    facts: states.flatMap(({ facts }) => facts),
  };
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

/** The head: the fact that gives the single-valued fields of a release, such as its deployment, cluster and actor. */
export function headOf({
  running,
  observation,
  contributing,
  drift,
}: Reconciled): Claim | Observation | undefined {
  if (observation !== undefined && (drift !== null || contributing.length === 0)) {
    const later = running.configured.filter((claim) => order(claim) > order(observation));
    return later.at(-1) ?? observation;
  }
  if (contributing[0] !== undefined) return contributing[0];
  const last = [running.lastClaim, running.observation].filter((fact) => fact !== undefined);
  return last.sort(newestFirst)[0];
}

/** When somebody last looked, whatever was seen, and what the cluster showed then. */
export async function lastLook(
  context: ResolveContext,
  { running, shown }: Reconciled,
): Promise<Pick<Release, "clusterState"> & { readonly seenAt: string | null }> {
  const { value: last } = await observations(context, context.selector, context.at).next();
  const looks = [running.observation, isObservation(last) ? last : undefined].filter(
    (one) => one !== undefined,
  );
  const newest = looks.sort(newestFirst)[0];
  const state = shown.length === 0 ? undefined : newest?.clusterState;
  return {
    seenAt: newest?.occurredAt ?? null,
    ...(state === undefined ? {} : { clusterState: state }),
  };
}

/** The last of these times; null if one is unknown, or there is none. */
const lastOf = (times: readonly (string | null)[]): string | null =>
  times.includes(null) ? null : (times.toSorted().at(-1) ?? null);

/** What runs the service in its cluster, as the newest observation shows. */
const workloadOf = ({ shown, observation, running }: Reconciled): Pick<Release, "workload"> => {
  const { workload } = observation ?? running.observation ?? {};
  return shown.length === 0 || workload === undefined ? {} : { workload };
};

const configOf = ({ observation, contributing }: Reconciled): Configuration[] =>
  configurationOf([...contributing, ...(observation === undefined ? [] : [observation])]);

/** A service without images has no digest to resolve. */
const isOfUse = ({ code }: Warning, description: Description | undefined): boolean =>
  code !== "digest_unresolved" || !isWithoutImages(description);

const isAnswered = ({ known }: EffectiveDeployments, unknown: "nothing" | "empty"): boolean =>
  known.length > 0 || unknown === "empty";

/**
 * Answers with what ran; undefined if the service is unknown in this environment. Cost: at most five sequential round
 * trips whatever the length of the history; the digests are known after two.
 * @param unknown what to answer for a service that is unknown here: nothing, or that nothing is known
 */
export const release = async (
  moment: AsOf,
  names: Selector,
  unknown: "nothing" | "empty" = "nothing",
): Promise<Release | undefined> => (await releaseWithFacts(moment, names, unknown))?.release;

/** The same, with the facts that the answer names. */
export async function releaseWithFacts(
  moment: AsOf,
  names: Selector,
  unknown: "nothing" | "empty" = "nothing",
): Promise<{ readonly release: Release; readonly facts: readonly Fact[] } | undefined> {
  const question = { ...questionOf(moment), at: reachOf(moment) };
  const selector = { environment: fold(names.environment), service: fold(names.service) };
  prefetchUntil(question, selector);
  prefetchOrder(question, selector);
  question.store.prefetch(() => backwards(question, { of: "attempt", ...selector }, question.at).next());
  const [running, description] = await Promise.all([
    effectiveDeploymentsAt(question, selector, question.at),
    describedAt(question, selector, question.at),
    question.images.renames(),
  ]);
  if (!isAnswered(running, unknown)) return undefined;
  const context: ResolveContext = { ...question, selector, ownImages: ownImagesOf(description) };
  prefetchClaimsAfter(question, running.parts, question.at);
  const claims = [running.lastClaim, ...[...running.claimed.values()].map(({ claim }) => claim)];
  question.store.prefetch(() =>
    evidenceOfDeployments(
      question,
      claims.map((claim) => claim?.deployment),
    ),
  );
  const [reconciled, { migrations, facts }, { attempt, facts: attempted, failures }, skew] =
    await Promise.all([
      reconcile(context, running),
      migrationsOf(context),
      attemptOf(context, running.lastClaim),
      clockWarnings(question, selector, running),
    ]);
  const head = headOf(reconciled);
  const status = reconciled.shown.length > 0 ? "running" : head === undefined ? "unknown" : "removed";
  const deployments = [head, ...reconciled.contributing].map((fact) => fact?.deployment);
  const { shown } = reconciled;
  const began = sinceOf(context, reconciled, head);
  const [described, until, since, runningSince, evidence, unnoticed, imported] = await Promise.all([
    Promise.all(shown.map((one) => describeComponent(context, one, claimOf(reconciled, one)))),
    untilOf(context, reconciled),
    began,
    imagesSince(context, reconciled, began),
    evidenceOfDeployments(context, deployments),
    unnoticedWarnings(context, { head, shown, attempt, migrated: facts }),
    importedOf(context, head),
  ]);
  const used = distinctIn([
    head,
    ...reconciled.contributing,
    reconciled.observation,
    description,
    ...attempted,
    ...described.flatMap((one) => one.facts),
    ...facts,
  ]);
  const answer: Release = {
    environment: head?.environment ?? names.environment,
    service: head?.service ?? names.service,
    group: head?.group ?? null,
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    status,
    since,
    runningSince: lastOf(runningSince),
    until,
    ...(await lastLook(context, reconciled)),
    components: described
      .map(({ component }, n) => ({ ...component, runningSince: runningSince[n] ?? null }))
      .sort(bySlot),
    migrations,
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
    attempt,
    drift: reconciled.drift,
    evidence,
    warnings: [
      ...clusterWarning(running.known),
      ...tellerWarnings(reconciled, failures),
      ...declaredWarnings(reconciled),
      ...described.flatMap(({ warnings }) => warnings).filter((one) => isOfUse(one, description)),
      ...failureWarnings(migrations),
      ...skew,
      ...unnoticed,
      ...disputeWarnings([
        ...used,
        ...shown.flatMap(({ family }) => [...(family?.facts.values() ?? [])].flat()),
      ]),
      ...(until === null ? lostWarnings(described.map(({ component }) => component)) : []),
    ],
    facts: used.map(({ source, id }) => ({ source, id })),
    ...imported,
  };
  return { release: answer, facts: used };
}

/** Needs the request that the evidence of the deployment needs, too. */
async function importedOf(
  context: ResolveContext,
  head: Claim | Observation | undefined,
): Promise<Pick<Release, "alsoReported">> {
  if (head?.deployment === undefined) return {};
  const imported = await alsoImported(context, { of: "deployment", deployment: head.deployment }, head);
  return imported.length === 0 ? {} : { alsoReported: imported };
}

const distinctIn = (facts: readonly (Fact | undefined)[]): Fact[] =>
  distinct(facts.filter((fact) => fact !== undefined));

/** The claim whose commit applies to a component: its own, or the one that the observation agrees with. */
export function claimOf(
  { running: { claimed }, agreeing }: Reconciled,
  { by, resolution }: ResolvedComponent,
): Claim | undefined {
  if (by.kind !== "deployment.observed") return by;
  const name = fold(resolution.stated.component);
  return agreeing.has(name) ? claimed.get(name)?.claim : undefined;
}
