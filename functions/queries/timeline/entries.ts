/** Entries of a timeline that follow from a single fact. */
import type { Release, TimelineEntry } from "../../../schemas/answer.ts";
import type { Deployed, Fact, FactOf, Migrated, Noted, ObservedComponent } from "../../../schemas/fact.ts";
import { disputeOf } from "../disputes.ts";
import type { Change } from "../migrations/history.ts";
import type { Inferred } from "../migrations/own-times.ts";

type Frozen = FactOf<"environment.frozen" | "environment.unfrozen">;
type Redeployed = FactOf<"redeployment.requested" | "redeployment.ended">;

/** Facts that can be events of a timeline. Tasks are not: a restart is not an event. */
export type Event = Deployed | Migrated | Frozen | Redeployed | Noted;

type What = TimelineEntry["what"];

const disputed = (fact: Event): Pick<TimelineEntry, "disputed"> => {
  const dispute = disputeOf(fact);
  return dispute === undefined ? {} : { disputed: dispute };
};

const entryOf = (fact: Event, what: What): TimelineEntry => ({
  at: fact.occurredAt,
  what,
  service: fact.service ?? null,
  by: fact.actor ?? null,
  url: fact.url ?? null,
  recordedAt: fact.recordedAt,
  fact: { source: fact.source, id: fact.id },
  ...disputed(fact),
});

/** Whether the deployer reports a rollback; if it says nothing, whether the deployment carries out a redeployment request. */
export const isRollback = (fact: Deployed | undefined): boolean =>
  fact?.rollback ?? fact?.redeployment !== undefined;

const shownComponent = ({ otherDigests: _, digestOf: __, ...component }: ObservedComponent) => component;

const ofDeployment = (fact: Deployed, what: What): TimelineEntry => ({
  ...entryOf(fact, what),
  ...(fact.kind === "deployment.observed" && fact.since !== undefined ? { since: fact.since } : {}),
  ...(fact.components === undefined ? {} : { components: fact.components.map(shownComponent) }),
  ...(fact.deployment === undefined ? {} : { deployment: fact.deployment }),
  ...(fact.commit === undefined ? {} : { commit: fact.commit.sha }),
  ...(fact.commit?.committedAt === undefined ? {} : { committedAt: fact.commit.committedAt }),
  ...(fact.config === undefined ? {} : { config: fact.config }),
  ...(isRollback(fact) ? { rollback: true } : fact.rollback === undefined ? {} : { rollback: false }),
  ...(fact.redeployment === undefined ? {} : { redeployment: { id: fact.redeployment } }),
  ...("declared" in fact ? { declared: true } : {}),
});

const ofMigration = (fact: Exclude<Migrated, { kind: "migration.snapshot" }>, what: What): TimelineEntry => ({
  ...entryOf(fact, what),
  database: fact.database,
  version: fact.version,
  ...(fact.reversible === undefined ? {} : { reversible: fact.reversible }),
  ...(fact.commit === undefined ? {} : { commit: fact.commit.sha }),
});

const ofPeople = (fact: Frozen | Redeployed, what: What): TimelineEntry => ({
  ...entryOf(fact, what),
  ...(fact.reason === undefined ? {} : { reason: fact.reason }),
});

const ofNote = (fact: Noted, what: What): TimelineEntry => ({
  ...entryOf(fact, what),
  ...(fact.type === undefined ? {} : { type: fact.type }),
  title: fact.title,
  ...("incident" in fact ? { incident: fact.incident } : {}),
});

/** The entry of a change that only a set of migrations shows. */
export const changeEntry = (
  fact: FactOf<"migration.snapshot">,
  { version, isApplied, when }: Change,
): TimelineEntry => ({
  ...entryOf(fact, isApplied ? "migrated" : "reverted"),
  database: fact.database,
  version,
  ...when,
});

/** The entry of what a snapshot dates, at that time; none for what was applied at some time before that. */
export function datedEntry(
  fact: FactOf<"migration.snapshot">,
  { version, occurredAt, appliedAt, after }: Inferred,
): TimelineEntry[] {
  const when = appliedAt === undefined ? after && { between: { after, before: occurredAt } } : { appliedAt };
  const entry = { ...entryOf(fact, "migrated"), at: occurredAt, database: fact.database, version };
  return when === undefined ? [] : [{ ...entry, ...when }];
}

/** The entry of a fact. A snapshot of migrations has none; see `changeEntry`. */
export function eventEntry(fact: Exclude<Event, { kind: "migration.snapshot" }>): TimelineEntry {
  switch (fact.kind) {
    case "deployment.started":
      return ofDeployment(fact, "started");
    case "deployment.succeeded":
      return ofDeployment(fact, "deployed");
    case "deployment.failed":
      return {
        ...ofDeployment(fact, "failed"),
        ...(fact.outcome === undefined ? {} : { outcome: fact.outcome }),
        ...(fact.reason === undefined ? {} : { reason: fact.reason }),
      };
    case "deployment.removed":
      return ofDeployment(fact, "removed");
    case "deployment.observed":
      return ofDeployment(fact, "observed");
    case "migration.applied":
      return ofMigration(fact, "migrated");
    case "migration.reverted":
      return ofMigration(fact, "reverted");
    case "migration.failed":
      return ofMigration(fact, "migration failed");
    case "environment.frozen":
      return ofPeople(fact, "frozen");
    case "environment.unfrozen":
      return ofPeople(fact, "unfrozen");
    case "change.noted":
      return ofNote(fact, "noted");
    case "incident.opened":
      return ofNote(fact, "incident opened");
    case "incident.resolved":
      return ofNote(fact, "incident resolved");
    case "redeployment.requested":
      return {
        ...ofPeople(fact, "redeployment requested"),
        components: fact.components,
        rollback: fact.forward !== true,
        redeployment: { id: fact.id },
      };
    case "redeployment.ended":
      return {
        ...ofPeople(fact, "redeployment ended"),
        redeployment: { id: fact.redeployment, outcome: fact.outcome },
      };
  }
}

const KINDS: ReadonlySet<Fact["kind"]> = new Set<Event["kind"]>([
  "deployment.started",
  "deployment.succeeded",
  "deployment.failed",
  "deployment.removed",
  "deployment.observed",
  "migration.applied",
  "migration.reverted",
  "migration.failed",
  "migration.snapshot",
  "environment.frozen",
  "environment.unfrozen",
  "change.noted",
  "incident.opened",
  "incident.resolved",
  "redeployment.requested",
  "redeployment.ended",
]);
export const isEvent = (fact: Fact): fact is Event => KINDS.has(fact.kind);

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** The entry of a release that already ran when the timeline begins; empty if nothing ran. */
export function runningEntry(release: Release, from: string): TimelineEntry[] {
  const [fact] = release.facts;
  if (release.status !== "running" || fact === undefined) return [];
  const [sha, ...others] = distinct(release.components.flatMap(({ commit }) => commit?.sha ?? []));
  const components = release.components.map(
    ({ component, variant, weight, repository, digest, reported }) => ({
      component,
      ...(variant === undefined ? {} : { variant }),
      ...(weight === undefined ? {} : { weight }),
      ...(repository === null ? {} : { repository }),
      ...(digest === null ? (reported === undefined ? {} : { digest: reported }) : { digest }),
    }),
  );
  const entry: TimelineEntry = {
    at: from,
    ...(release.since === null ? {} : { since: release.since }),
    what: "running",
    service: release.service,
    components,
    ...(release.deployment === null ? {} : { deployment: release.deployment }),
    ...(sha === undefined || others.length > 0 ? {} : { commit: sha }),
    ...(release.config.length === 0 ? {} : { config: release.config }),
    ...(release.evidence.length === 0 ? {} : { evidence: release.evidence }),
    ...(release.rollback ? { rollback: true } : {}),
    by: release.deployedBy,
    url: release.url,
    fact,
  };
  return [entry];
}
