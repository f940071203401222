/** The migration tools that npm has. Each entry names the source of its format. */
import { APPLIED, FAILED, leftOut } from "./state.ts";
import { BY_FORMAT, each, type Tool } from "./tool.ts";
import { isPresent } from "./values.ts";

/** Umzug's table, which sequelize-cli has, too: sequelize/umzug, src/storage/sequelize.ts. */
const SEQUELIZE_META = {
  table: "SequelizeMeta",
  columns: ["name"],
  optionalColumns: ["createdat", "updatedat"],
  columnTypes: { name: "text" },
  mode: "set",
  order: ["name"],
  version: ({ name }) => name,
} satisfies Partial<Tool>;

export const NPM_TOOLS: readonly Tool[] = [
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
    // `createdAt`, where there is one, may be of the day on which the column was added.
    ...SEQUELIZE_META,
    tool: "sequelize",
    needsUsualName: true,
    testedOn: "the table of Umzug, PostgreSQL",
  },
  { ...SEQUELIZE_META, tool: "umzug", onlyChosen: true, testedOn: "PostgreSQL" },
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
];
