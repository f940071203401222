/**
 * The migration tools, by the tables of their histories. A table is identified by its columns, and where these are too
 * common, by its usual name as well: a wrongly identified history would be recorded for good.
 *
 * Each entry names the source of its format. `appliedAt` is used only where the time is certain: PostgreSQL's `timestamp`
 * and MySQL's `datetime` are in the session's zone, and MySQL's `timestamp` is certain only where the server's clock
 * wrote it, because drivers send theirs without a zone. Liquibase's and Flyway's on PostgreSQL are in the zone of the
 * machine that ran the tool, which the table does not name.
 */
import type { Row } from "./driver.ts";
import { flywayStates } from "./flyway.ts";
import { APPLIED, FAILED, leftOut, type State } from "./state.ts";
import { BY_FORMAT, each, type Tool } from "./tool.ts";
import { MONGODB_TOOLS } from "./tools-of-mongodb.ts";
import { NPM_TOOLS } from "./tools-of-npm.ts";
import { isPresent, isTrue, joined } from "./values.ts";

const OTHER_TOOLS: readonly Tool[] = [
  {
    // flyway/flyway: createMetaDataTable.sql of each database, CoreMigrationType, MigrationInfoServiceImpl.
    tool: "flyway",
    table: "flyway_schema_history",
    columns: [
      "installed_rank",
      "version",
      "description",
      "type",
      "script",
      "checksum",
      "installed_by",
      "installed_on",
      "execution_time",
      "success",
    ],
    mode: "set",
    order: ["installed_rank"],
    version: ({ version }) => version,
    checksum: "checksum",
    // MySQL's server and SQLite's strftime write it; PostgreSQL's has no zone.
    appliedAt: { column: "installed_on", on: { MySQL: "UTC", SQLite: "UTC" } },
    states: flywayStates,
    testedOn: BY_FORMAT,
  },
  {
    // liquibase/liquibase: CreateDatabaseChangeLogTableGenerator, MarkChangeSetRanGenerator, ChangeSet.toString.
    tool: "liquibase",
    table: "databasechangelog",
    columns: [
      "id",
      "author",
      "filename",
      "dateexecuted",
      "orderexecuted",
      "exectype",
      "md5sum",
      "description",
      "comments",
      "tag",
      "liquibase",
    ],
    optionalColumns: ["contexts", "labels", "deployment_id", "execution_milliseconds"],
    mode: "set",
    order: ["orderexecuted"],
    version: ({ filename, id, author }) => joined("::", filename, id, author),
    checksum: "md5sum",
    states: each(({ exectype }) => {
      if (exectype === "FAILED") return FAILED;
      return exectype === "SKIPPED" ? leftOut("skipped") : APPLIED;
    }),
    testedOn: "PostgreSQL",
  },
  {
    // amacneil/dbmate: pkg/driver/*.
    tool: "dbmate",
    table: "schema_migrations",
    columns: ["version"],
    columnTypes: { version: "text" },
    needsUsualName: true,
    sibling: { table: "ar_internal_metadata", exists: false },
    mode: "set",
    order: ["version"],
    version: ({ version }) => version,
    testedOn: "PostgreSQL",
  },
  {
    // rails/rails: activerecord, ActiveRecord::SchemaMigration and InternalMetadata.
    tool: "rails",
    table: "schema_migrations",
    columns: ["version"],
    columnTypes: { version: "text" },
    needsUsualName: true,
    sibling: { table: "ar_internal_metadata", exists: true },
    mode: "set",
    order: ["version"],
    version: ({ version }) => version,
    testedOn: "PostgreSQL",
  },
  {
    // golang-migrate/migrate: database/*; one row, written before a migration runs and cleaned after it.
    tool: "golang-migrate",
    table: "schema_migrations",
    columns: ["version", "dirty"],
    columnTypes: { version: "number" },
    mode: "head",
    order: ["version"],
    version: ({ version }) => version,
    states: each(({ dirty }) => (isTrue(dirty) ? FAILED : APPLIED)),
    testedOn: BY_FORMAT,
  },
  {
    // elixir-ecto/ecto_sql: lib/ecto/migration/schema_migration.ex; its timestamps are NaiveDateTime.utc_now.
    tool: "ecto",
    table: "schema_migrations",
    columns: ["version", "inserted_at"],
    columnTypes: { version: "number" },
    needsUsualName: true,
    mode: "set",
    order: ["version"],
    version: ({ version }) => version,
    appliedAt: { column: "inserted_at", on: { PostgreSQL: "UTC", MySQL: "UTC", SQLite: "UTC" } },
    testedOn: BY_FORMAT,
  },
  {
    // django/django: django/db/migrations/recorder.py.
    tool: "django",
    table: "django_migrations",
    columns: ["id", "app", "name", "applied"],
    needsUsualName: true,
    mode: "set",
    order: ["id"],
    version: ({ app, name }) => joined(".", app, name),
    appliedAt: { column: "applied", on: { PostgreSQL: "zoned" } },
    testedOn: "PostgreSQL",
  },
  {
    // sqlalchemy/alembic: alembic/runtime/migration.py; a row for each head.
    tool: "alembic",
    table: "alembic_version",
    columns: ["version_num"],
    mode: "head",
    order: ["version_num"],
    version: (row) => row.version_num,
    testedOn: "PostgreSQL",
  },
  {
    // ariga/atlas: cmd/atlas/internal/migrate/ent/schema/revision.go, sql/migrate (RevisionType).
    tool: "atlas",
    table: "atlas_schema_revisions",
    columns: [
      "version",
      "description",
      "type",
      "applied",
      "total",
      "executed_at",
      "execution_time",
      "error",
      "hash",
      "operator_version",
    ],
    optionalColumns: ["error_stmt", "partial_hashes"],
    mode: "set",
    order: ["version"],
    version: ({ version }) => version,
    checksum: "hash",
    appliedAt: { column: "executed_at", on: { PostgreSQL: "zoned", SQLite: "zoned" } },
    states: each(atlasState),
    testedOn: BY_FORMAT,
  },
  {
    // dotnet/efcore: HistoryRepository.cs.
    tool: "ef-core",
    table: "__EFMigrationsHistory",
    columns: ["migrationid", "productversion"],
    mode: "set",
    order: ["migrationid"],
    version: ({ migrationid }) => migrationid,
    testedOn: BY_FORMAT,
  },
];

export const TOOLS: readonly Tool[] = [...OTHER_TOOLS, ...NPM_TOOLS, ...MONGODB_TOOLS];

/** Bit of the revision's type: marked as applied by hand. */
const RESOLVED = 4;

function atlasState({ version, type, applied, total, error }: Row): State {
  if (version?.startsWith(".")) return leftOut("internal to Atlas");
  if ((Number(type) & RESOLVED) !== 0) return APPLIED;
  if (isPresent(error)) return FAILED;
  return applied === total ? APPLIED : leftOut("not finished");
}

const timesOf = ({ appliedAt }: Tool): string =>
  appliedAt === undefined ? "–" : Object.keys(appliedAt.on).join(", ");

/** The tools as a table in Markdown, for docs/record.md. */
export function toolsTable(): string {
  const lines = TOOLS.map(
    (it) =>
      `| ${it.tool} | \`${it.table}\` | ${it.mode} | ${timesOf(it)} | ${it.checksum === undefined ? "–" : "yes"} | ${it.testedOn} |`,
  );
  return [
    "| `--tool` | table | reports | time of applying, on | checksum | tried on |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}
