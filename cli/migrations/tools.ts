/**
 * The migration tools, by the tables of their histories. A table is identified by its columns, and where these are too
 * common, by its usual name as well: a wrongly identified history would be recorded for good.
 *
 * Each entry names the source of its format. `appliedAt` is used only where the time is certain: PostgreSQL's `timestamp`
 * and MySQL's `datetime` are in the session's zone, and MySQL's `timestamp` is certain only where the server's clock
 * wrote it, because drivers send theirs without a zone. Liquibase's and Flyway's on PostgreSQL are in the zone of the
 * machine that ran the tool, which the table does not name.
 */
import type { Engine, Row } from "./driver.ts";
import { flywayStates } from "./flyway.ts";
import { mongockStates } from "./mongock.ts";
import { APPLIED, FAILED, leftOut, type State } from "./state.ts";
import { type Clock, isPresent, isTrue, joined } from "./values.ts";

/** The type of a column, where its name is too common. */
export type ColumnType = "number" | "text" | "time";

export interface Tool {
  readonly tool: string;
  /** The table's usual name. */
  readonly table: string;
  /** All columns of the table in lower case, except `optionalColumns`. */
  readonly columns: readonly string[];
  readonly columnTypes?: Readonly<Record<string, ColumnType>>;
  readonly optionalColumns?: readonly string[];
  /** A collection of MongoDB, with fields for columns; otherwise a table of a SQL database. */
  readonly isInMongodb?: true;
  /** Its table is another tool's, too: `--tool` has to choose it. */
  readonly onlyChosen?: true;
  /** The columns are too common: a table of another name has to be given by option. */
  readonly needsUsualName?: true;
  /** Another table, whose presence distinguishes two tools with the same columns. */
  readonly sibling?: { readonly table: string; readonly exists: boolean };
  readonly mode: "set" | "head";
  /** Sort by these columns for the order in which the tool applied them. */
  readonly order: readonly string[];
  /** The version of a row; `tags` are the names of Drizzle's migrations, by time. */
  readonly version: (row: Row, tags: ReadonlyMap<string, string>) => string | null | undefined;
  readonly checksum?: string;
  readonly appliedAt?: { readonly column: string; readonly on: Readonly<Partial<Record<Engine, Clock>>> };
  /** The state of each row; absent where only applied migrations have rows. */
  readonly states?: (rows: readonly Row[]) => State[];
  /** The databases on which it was tested with the tool itself. */
  readonly testedOn: string;
}

const each =
  (state: (row: Row) => State) =>
  (rows: readonly Row[]): State[] =>
    rows.map(state);

const BY_FORMAT = "by the format only";

export const TOOLS: readonly Tool[] = [
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
    // prisma/prisma-engines: sql_migration_persistence.rs; the error of a step that failed is in `logs`.
    tool: "prisma",
    table: "_prisma_migrations",
    columns: [
      "id",
      "checksum",
      "finished_at",
      "migration_name",
      "logs",
      "rolled_back_at",
      "started_at",
      "applied_steps_count",
    ],
    mode: "set",
    order: ["started_at"],
    version: (row) => row.migration_name,
    checksum: "checksum",
    appliedAt: { column: "finished_at", on: { PostgreSQL: "zoned", SQLite: "zoned" } },
    states: each((row) => {
      if (isPresent(row.rolled_back_at)) return leftOut("rolled back");
      if (isPresent(row.finished_at)) return APPLIED;
      return isPresent(row.logs) ? FAILED : leftOut("not finished");
    }),
    testedOn: BY_FORMAT,
  },
  {
    // knex/knex: lib/migrations/migrate/table-creator.js.
    tool: "knex",
    table: "knex_migrations",
    columns: ["id", "name", "batch", "migration_time"],
    mode: "set",
    order: ["id"],
    version: ({ name }) => name,
    appliedAt: { column: "migration_time", on: { PostgreSQL: "zoned", SQLite: "zoned" } },
    testedOn: "PostgreSQL, MariaDB",
  },
  {
    // typeorm/typeorm: src/migration/MigrationExecutor.ts; `timestamp` is in the class's name, not of the run.
    tool: "typeorm",
    table: "migrations",
    columns: ["id", "timestamp", "name"],
    columnTypes: { id: "number", timestamp: "number", name: "text" },
    needsUsualName: true,
    mode: "set",
    order: ["id"],
    version: ({ name }) => name,
    testedOn: "PostgreSQL",
  },
  {
    // drizzle-team/drizzle-orm: src/migrator.ts, dialect.ts; `created_at` is the journal's `when`, not of the run.
    tool: "drizzle",
    table: "__drizzle_migrations",
    columns: ["id", "hash", "created_at"],
    columnTypes: { id: "number", hash: "text", created_at: "number" },
    needsUsualName: true,
    mode: "set",
    order: ["created_at", "id"],
    version: ({ hash, created_at }, tags) => tags.get(created_at ?? "") ?? hash,
    checksum: "hash",
    testedOn: "PostgreSQL",
  },
  {
    // salsita/node-pg-migrate: src/runner.ts; `run_on` has no zone.
    tool: "node-pg-migrate",
    table: "pgmigrations",
    columns: ["id", "name", "run_on"],
    columnTypes: { id: "number", name: "text", run_on: "time" },
    needsUsualName: true,
    mode: "set",
    order: ["run_on", "id"],
    version: ({ name }) => name,
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
    // sequelize/umzug: src/storage/sequelize.ts, which sequelize-cli has, too. `createdAt`, where there is one, may be of the
    // day on which the column was added.
    tool: "sequelize",
    table: "SequelizeMeta",
    columns: ["name"],
    optionalColumns: ["createdat", "updatedat"],
    columnTypes: { name: "text" },
    needsUsualName: true,
    mode: "set",
    order: ["name"],
    version: ({ name }) => name,
    testedOn: "the table of Umzug, PostgreSQL",
  },
  {
    // sequelize/umzug: src/storage/sequelize.ts.
    tool: "umzug",
    table: "SequelizeMeta",
    onlyChosen: true,
    columns: ["name"],
    optionalColumns: ["createdat", "updatedat"],
    columnTypes: { name: "text" },
    mode: "set",
    order: ["name"],
    version: ({ name }) => name,
    testedOn: "PostgreSQL",
  },
  {
    // mikro-orm/mikro-orm: packages/migrations, MigrationStorage; the database's clock writes the time.
    tool: "mikro-orm",
    table: "mikro_orm_migrations",
    columns: ["id", "name", "executed_at"],
    columnTypes: { id: "number", name: "text", executed_at: "time" },
    needsUsualName: true,
    mode: "set",
    order: ["id"],
    version: ({ name }) => name,
    appliedAt: { column: "executed_at", on: { PostgreSQL: "zoned", SQLite: "UTC" } },
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
  {
    // seppevs/migrate-mongo: lib/actions/up.js, down.js; reverting deletes the document.
    tool: "migrate-mongo",
    table: "changelog",
    isInMongodb: true,
    columns: ["filename", "appliedat"],
    optionalColumns: ["filehash", "migrationblock"],
    columnTypes: { filename: "text", appliedat: "time" },
    needsUsualName: true,
    mode: "set",
    order: ["appliedat", "filename"],
    version: ({ filename }) => filename,
    checksum: "filehash",
    appliedAt: { column: "appliedat", on: { MongoDB: "zoned" } },
    testedOn: BY_FORMAT,
  },
  {
    // mongock/mongock: ChangeEntry, and each MongoDB driver's ChangeEntryRepository. `_class` is Spring Data's.
    tool: "mongock",
    table: "mongockChangeLog",
    isInMongodb: true,
    columns: ["executionid", "changeid", "author", "timestamp", "state"],
    optionalColumns: [
      "type",
      "changelogclass",
      "changesetmethod",
      "metadata",
      "executionmillis",
      "executionhostname",
      "errortrace",
      "systemchange",
      "_class",
    ],
    mode: "set",
    order: ["timestamp"],
    version: ({ changeid, author }) => joined("::", changeid, author),
    appliedAt: { column: "timestamp", on: { MongoDB: "zoned" } },
    states: mongockStates,
    testedOn: BY_FORMAT,
  },
];

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
