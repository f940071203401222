/** The difference between two releases of one service. */
import type {
  AppliedMigration,
  Release,
  ReleasedComponent,
  ServiceDifference,
} from "../../schemas/answer.ts";
import { fold } from "../../schemas/scalars.ts";
import { canonical } from "../ledger/canonical.ts";
import { configurationChanges } from "./release/configuration.ts";
import { slotOf } from "./release/slots.ts";

type Side = Release | undefined;

const isSame = (from: unknown, to: unknown): boolean => canonical(from ?? null) === canonical(to ?? null);
type ComponentDifference = ServiceDifference["components"][number];
type MigrationDifference = ServiceDifference["migrations"][number];

/** Pairs the values of both sides by key, sorted by key. A key may be missing on one side. */
function paired<T>(from: ReadonlyMap<string, T>, to: ReadonlyMap<string, T>) {
  const keys = [...new Set([...from.keys(), ...to.keys()])].sort();
  return keys.map((key) => ({ from: from.get(key), to: to.get(key) }));
}

/* Components */

const componentsOf = (release: Side) => new Map((release?.components ?? []).map((one) => [slotOf(one), one]));

const shownImage = (one: ReleasedComponent | undefined): ComponentDifference["from"] =>
  one === undefined
    ? null
    : {
        image: one.image,
        digest: one.digest,
        commit: one.commit?.sha ?? null,
        ...(one.weight === undefined ? {} : { weight: one.weight }),
      };

/** Compares digests and weights, because several registries may hold one image. An unresolved digest equals nothing. */
const isSameImage = (from: ReleasedComponent | undefined, to: ReleasedComponent | undefined): boolean =>
  from?.digest !== undefined &&
  from.digest !== null &&
  from.digest === to?.digest &&
  from.commit?.sha === to.commit?.sha &&
  (from.weight ?? ALL) === (to.weight ?? ALL);
/** The weight of a variant that runs alone. */
const ALL = 100;

/** Whether both sides rest on the same deployment: then they are equal, even if the digest is unresolved. */
function isSameDeployment(from: Side, to: Side): boolean {
  if (from === undefined || to === undefined) return false;
  if (from.drift === null && to.drift === null) return isSame(from.facts[0], to.facts[0]);
  // With drift, other components may have been deployed without a change of the first fact.
  return isSame(from.facts, to.facts);
}

function componentDifferences(from: Side, to: Side): ComponentDifference[] {
  const isUnmoved = isSameDeployment(from, to);
  return paired(componentsOf(from), componentsOf(to)).flatMap((pair) => {
    const named = pair.to ?? pair.from;
    const areUnresolved = pair.from?.digest === null && pair.to?.digest === null;
    if (named === undefined || isSameImage(pair.from, pair.to) || (isUnmoved && areUnresolved)) return [];
    const { component, variant } = named;
    const difference = { component, from: shownImage(pair.from), to: shownImage(pair.to) };
    return [variant === undefined ? difference : { ...difference, variant }];
  });
}

/* Migrations */

function databasesOf(release: Side): Map<string, AppliedMigration[]> {
  const databases = new Map<string, AppliedMigration[]>();
  const migrations = release === undefined || release.migrations === "unknown" ? [] : release.migrations;
  for (const one of migrations) {
    databases.set(fold(one.database), [...(databases.get(fold(one.database)) ?? []), one]);
  }
  return databases;
}

function shownMigration(heads: readonly AppliedMigration[] | undefined): MigrationDifference["from"] {
  const [first] = heads ?? [];
  if (heads === undefined || first === undefined) return null;
  const versions = heads.flatMap(({ version }) => version ?? []).sort();
  return { status: first.status, version: versions.length === 0 ? null : versions.join(", ") };
}

const migrationDifferences = (from: Side, to: Side): MigrationDifference[] =>
  paired(databasesOf(from), databasesOf(to)).flatMap((pair) => {
    const database = (pair.to ?? pair.from)?.[0]?.database ?? "";
    const difference = { database, from: shownMigration(pair.from), to: shownMigration(pair.to) };
    return isSame(difference.from, difference.to) ? [] : [difference];
  });

/* Configuration */

const configOf = (release: Side): Release["config"] => release?.config ?? [];

type Status = Release["status"] | "never heard of";
const statusOf = (release: Side): Status => release?.status ?? "never heard of";

/** The difference of a service; undefined if there is none. */
export function differenceOf(service: string, from: Side, to: Side): ServiceDifference | undefined {
  const status = { from: statusOf(from), to: statusOf(to) };
  const config = { from: configOf(from), to: configOf(to) };
  const difference: ServiceDifference = {
    service,
    ...(status.from === status.to ? {} : { status }),
    components: componentDifferences(from, to),
    migrations: migrationDifferences(from, to),
    ...(configurationChanges(config.from, config.to).length === 0 ? {} : { config }),
  };
  const { components, migrations, ...others } = difference;
  const isEmpty = components.length + migrations.length === 0 && Object.keys(others).length === 1;
  return isEmpty ? undefined : difference;
}
