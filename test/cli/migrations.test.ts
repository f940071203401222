/** Histories as the tools keep them: found by their columns, and read to what is applied now. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "libsql";
import { afterAll, describe, expect, it } from "vitest";
import { connect } from "../../cli/migrations/connection.ts";
import { tagsOf } from "../../cli/migrations/journal.ts";
import { TOOLS, toolsTable } from "../../cli/migrations/tools.ts";
import { type Cells, fileOf, golden, inserts, read, tableOf } from "./tables.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-migrations-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const file = (...statements: readonly string[]): string => fileOf(folder, `${++files}`, ...statements);

const FLYWAY = `CREATE TABLE "flyway_schema_history" ("installed_rank" INT NOT NULL PRIMARY KEY, "version" VARCHAR(50),
  "description" VARCHAR(200) NOT NULL, "type" VARCHAR(20) NOT NULL, "script" VARCHAR(1000) NOT NULL, "checksum" INT,
  "installed_by" VARCHAR(100) NOT NULL, "installed_on" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),
  "execution_time" INT NOT NULL, "success" BOOLEAN NOT NULL)`;
const flywayRow = (rank: number, version: string | null, type = "SQL", success = 1): Cells => ({
  installed_rank: rank,
  version,
  description: "it",
  type,
  script: `V${version}__it.sql`,
  checksum: version === null ? 7 : -rank,
  installed_by: "sa",
  installed_on: `2026-01-0${rank} 10:00:00.500`,
  execution_time: 1,
  success,
});
const flyway = (...rows: readonly Cells[]) => [FLYWAY, ...inserts("flyway_schema_history", rows)];

const LIQUIBASE = `CREATE TABLE databasechangelog (id VARCHAR(255) NOT NULL, author VARCHAR(255) NOT NULL,
  filename VARCHAR(255) NOT NULL, dateexecuted datetime NOT NULL, orderexecuted INTEGER NOT NULL,
  exectype VARCHAR(10) NOT NULL, md5sum VARCHAR(35), description VARCHAR(255), comments VARCHAR(255),
  tag VARCHAR(255), liquibase VARCHAR(20), contexts VARCHAR(255), labels VARCHAR(255), deployment_id VARCHAR(10))`;
const changeSet = (order: number, id: string, exectype: string, filename = "db/log.xml"): Cells => ({
  id,
  author: "ann",
  filename,
  dateexecuted: "2026-01-01 10:00:00",
  orderexecuted: order,
  exectype,
  md5sum: `9:${order}`,
});

const PRISMA = `CREATE TABLE "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL,
  "finished_at" DATETIME, "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME,
  "started_at" DATETIME NOT NULL DEFAULT current_timestamp, "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)`;
const prismaRow = (id: string, name: string, more: Cells = {}): Cells => ({
  id,
  checksum: `sum of ${name}`,
  migration_name: name,
  started_at: 1767268800000 + Number(id),
  finished_at: 1767268801000 + Number(id),
  ...more,
});

const ATLAS = `CREATE TABLE atlas_schema_revisions (version text NOT NULL PRIMARY KEY, description text NOT NULL,
  type integer NOT NULL DEFAULT 2, applied integer NOT NULL DEFAULT 0, total integer NOT NULL DEFAULT 0,
  executed_at datetime NOT NULL, execution_time integer NOT NULL, error text NULL, error_stmt text NULL,
  hash text NOT NULL, partial_hashes json NULL, operator_version text NOT NULL)`;
const revision = (version: string, more: Cells = {}): Cells => ({
  version,
  description: "it",
  type: 2,
  applied: 1,
  total: 1,
  executed_at: "2026-01-02 11:00:00.123456789+01:00",
  execution_time: 1,
  hash: `h${version}`,
  operator_version: "Atlas CLI",
  ...more,
});

const versionsOf = async (statements: readonly string[]) =>
  (await read(file(...statements))).versions.map(({ version }) => version);

describe("what the tools wrote themselves", () => {
  it.each([
    [
      "knex.knex_migrations",
      "knex",
      "set",
      ["20260101120000_create_users.js", "20260102120000_add_orders.js"],
    ],
    [
      "node-pg-migrate.pgmigrations",
      "node-pg-migrate",
      "set",
      ["1767268800000_create-users", "1767355200000_add-orders"],
    ],
    ["dbmate.schema_migrations", "dbmate", "set", ["20260101120000", "20260102120000"]],
    ["alembic.alembic_version", "alembic", "head", ["b7c9d2f4e511"]],
    [
      "drizzle.__drizzle_migrations",
      "drizzle",
      "set",
      [
        "0d16f18d9cbaa7178e2b6116e0efd115d8ca32d66735a6f680e886b9a52f329a",
        "47a9be393151ff206e998c201458a9ac042d3dc265f58dc3b416b20bbcca4552",
      ],
    ],
  ])("reads %s", async (sample, tool, mode, versions) => {
    const history = await read(file(...tableOf(golden(sample))));
    expect(history).toMatchObject({ tool, mode, failed: [], leftOut: new Map() });
    expect(history.versions.map(({ version }) => version)).toEqual(versions);
  });

  it("takes a time only where it names its instant", async () => {
    const knex = await read(file(...tableOf(golden("knex.knex_migrations"))));
    expect(knex.versions.map(({ appliedAt }) => appliedAt)).toEqual([
      "2026-11-22T09:06:17.312Z",
      "2026-11-22T09:06:17.320Z",
    ]);
    const sample = tableOf(golden("knex.knex_migrations"));
    const naive = await read(
      file(...sample, "UPDATE knex_migrations SET migration_time = '2026-01-01 10:00:00'"),
    );
    expect(naive.versions[0]).not.toHaveProperty("appliedAt");
    const ms = await read(file(...sample, "UPDATE knex_migrations SET migration_time = 1767268800000"));
    expect(ms.versions[0]?.appliedAt).toBe("2026-01-01T12:00:00.000Z");
    for (const sample of ["node-pg-migrate.pgmigrations", "drizzle.__drizzle_migrations"]) {
      const { versions } = await read(file(...tableOf(golden(sample))));
      expect(versions.map(({ appliedAt }) => appliedAt)).toEqual([undefined, undefined]);
    }
  });

  it("names Drizzle's migrations by the journal, but for times that it gives twice", async () => {
    const journal = join(folder, "_journal.json");
    const entries = [
      { when: 1767268800000, tag: "0000_create_users" },
      { when: 1767355200000, tag: "0001_add_orders" },
    ];
    const read2 = () => read(file(...tableOf(golden("drizzle.__drizzle_migrations"))), {}, tagsOf(journal));
    writeFileSync(journal, JSON.stringify({ entries }));
    expect((await read2()).versions).toEqual([
      {
        version: "0000_create_users",
        checksum: "0d16f18d9cbaa7178e2b6116e0efd115d8ca32d66735a6f680e886b9a52f329a",
      },
      {
        version: "0001_add_orders",
        checksum: "47a9be393151ff206e998c201458a9ac042d3dc265f58dc3b416b20bbcca4552",
      },
    ]);
    writeFileSync(
      journal,
      JSON.stringify({ entries: [...entries, { when: 1767355200000, tag: "0002_other" }] }),
    );
    expect((await read2()).versions.map(({ version }) => version)).toEqual([
      "0000_create_users",
      "47a9be393151ff206e998c201458a9ac042d3dc265f58dc3b416b20bbcca4552",
    ]);
  });
});

describe("Flyway's history", () => {
  it("is applied in the order of its ranks, with SQLite's times, which are in UTC", async () => {
    const { versions, leftOut } = await read(
      file(...flyway(flywayRow(2, "1.1"), flywayRow(1, "1"), flywayRow(3, null))),
    );
    expect(versions).toEqual([
      { version: "1", appliedAt: "2026-01-01T10:00:00.500Z", checksum: "-1" },
      { version: "1.1", appliedAt: "2026-01-02T10:00:00.500Z", checksum: "-2" },
    ]);
    expect([...leftOut]).toEqual([["repeatable, without a version", 1]]);
  });

  it.each<[string, Cells[], string[], string[]]>([
    ["an undone version", [flywayRow(1, "1"), flywayRow(2, "2"), flywayRow(3, "2", "UNDO_SQL")], ["1"], []],
    [
      "a version that was undone and applied again",
      [flywayRow(1, "1"), flywayRow(2, "1", "UNDO_SQL"), flywayRow(3, "1")],
      ["1"],
      [],
    ],
    ["an undoing that failed", [flywayRow(1, "1"), flywayRow(2, "1", "UNDO_SQL", 0)], ["1"], ["1"]],
    [
      "a version marked as deleted",
      [flywayRow(1, "1"), flywayRow(2, "2"), flywayRow(3, "1", "DELETE")],
      ["2"],
      [],
    ],
    [
      "a baseline",
      [flywayRow(0, null, "SCHEMA"), flywayRow(1, "5", "BASELINE"), flywayRow(2, "6")],
      ["5", "6"],
      [],
    ],
    ["a failure", [flywayRow(1, "1"), flywayRow(2, "2", "SQL", 0)], ["1"], ["2"]],
    ["a failure marked as deleted", [flywayRow(1, "2", "SQL", 0), flywayRow(2, "2", "DELETE")], [], []],
  ])("with %s", async (_, rows, applied, failed) => {
    const history = await read(file(...flyway(...rows)));
    expect(history.versions.map(({ version }) => version)).toEqual(applied);
    expect(history.failed.map(({ version }) => version)).toEqual(failed);
  });

  it("is found under another name, by its columns", async () => {
    const renamed = flyway(flywayRow(1, "1")).map((sql) =>
      sql.replace("flyway_schema_history", "schema_version"),
    );
    expect(await read(file(...renamed))).toMatchObject({ tool: "flyway", from: "schema_version" });
  });
});

describe("the other tools' histories", () => {
  it("names Liquibase's change sets as Liquibase does, in any case, and hashes what is too long", async () => {
    const rows = [
      changeSet(2, "2", "RERAN"),
      changeSet(1, "1", "EXECUTED"),
      changeSet(3, "3", "MARK_RAN"),
      changeSet(4, "4", "SKIPPED"),
      changeSet(5, "5", "FAILED"),
      changeSet(6, "6", "EXECUTED", "d/".repeat(125)),
    ];
    const upper = (sql: string) => sql.replaceAll(/\b[a-z_0-9]+\b(?=[^']*\()/g, (name) => name.toUpperCase());
    for (const ddl of [LIQUIBASE, upper(LIQUIBASE)]) {
      const { versions, failed, leftOut } = await read(file(ddl, ...inserts("databasechangelog", rows)));
      expect(versions.slice(0, 3)).toEqual([
        { version: "db/log.xml::1::ann", checksum: "9:1" },
        { version: "db/log.xml::2::ann", checksum: "9:2" },
        { version: "db/log.xml::3::ann", checksum: "9:3" },
      ]);
      expect(versions[3]?.version).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(failed).toMatchObject([{ version: "db/log.xml::5::ann" }]);
      expect([...leftOut]).toEqual([["skipped", 1]]);
    }
  });

  it("tells Prisma's applied, failed, unfinished and rolled back migrations apart", async () => {
    const { versions, failed, leftOut } = await read(
      file(
        PRISMA,
        ...inserts("_prisma_migrations", [
          prismaRow("2", "b", { logs: "no such table", finished_at: null, rolled_back_at: 1767268809000 }),
          prismaRow("3", "b"),
          prismaRow("1", "a"),
          prismaRow("4", "c", { finished_at: null, logs: "no such table" }),
          prismaRow("5", "d", { finished_at: null }),
        ]),
      ),
    );
    expect(versions).toEqual([
      { version: "a", checksum: "sum of a", appliedAt: "2026-01-01T12:00:01.001Z" },
      { version: "b", checksum: "sum of b", appliedAt: "2026-01-01T12:00:01.003Z" },
    ]);
    expect(failed.map(({ version }) => version)).toEqual(["c"]);
    expect([...leftOut]).toEqual([
      ["rolled back", 1],
      ["not finished", 1],
    ]);
  });

  it("tells Atlas's applied, failed, partial and resolved revisions apart", async () => {
    const { versions, failed, leftOut } = await read(
      file(
        ATLAS,
        ...inserts("atlas_schema_revisions", [
          revision(".atlas_cloud_identifier", { applied: 0, total: 0 }),
          revision("1", { type: 1, applied: 0, total: 0 }),
          revision("2"),
          revision("3", { type: 6, applied: 1, total: 3, error: "boom" }),
          revision("4", { applied: 1, total: 3 }),
          revision("5", { applied: 1, total: 3, error: "boom" }),
        ]),
      ),
    );
    expect(versions).toMatchObject([
      { version: "1" },
      { version: "2", checksum: "h2", appliedAt: "2026-01-02T10:00:00.123Z" },
      { version: "3" },
    ]);
    expect(failed.map(({ version }) => version)).toEqual(["5"]);
    expect([...leftOut]).toEqual([
      ["internal to Atlas", 1],
      ["not finished", 1],
    ]);
  });

  it.each<[string, string, string, Cells[], object]>([
    [
      "typeorm",
      "migrations",
      '"id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "timestamp" bigint NOT NULL, "name" varchar NOT NULL',
      [
        { id: 2, timestamp: 1, name: "B1" },
        { id: 1, timestamp: 2, name: "A2" },
      ],
      { mode: "set", versions: [{ version: "A2" }, { version: "B1" }] },
    ],
    [
      "django",
      "django_migrations",
      '"id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL',
      [{ id: 1, app: "auth", name: "0001_initial", applied: "2026-01-01 10:00:00.123456" }],
      { mode: "set", versions: [{ version: "auth.0001_initial" }] },
    ],
    [
      "ecto",
      "schema_migrations",
      '"version" INTEGER PRIMARY KEY, "inserted_at" TEXT',
      [{ version: 20260101120000, inserted_at: "2026-01-01T10:00:00" }],
      { mode: "set", versions: [{ version: "20260101120000", appliedAt: "2026-01-01T10:00:00.000Z" }] },
    ],
    [
      "ef-core",
      "__EFMigrationsHistory",
      '"MigrationId" TEXT NOT NULL PRIMARY KEY, "ProductVersion" TEXT NOT NULL',
      [{ MigrationId: "20260101120000_Initial", ProductVersion: "9.0.0" }],
      { mode: "set", versions: [{ version: "20260101120000_Initial" }] },
    ],
    [
      "mikro-orm",
      "mikro_orm_migrations",
      "id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(255), executed_at datetime DEFAULT CURRENT_TIMESTAMP",
      [{ id: 1, name: "Migration20260101120000", executed_at: "2026-01-01 10:00:00" }],
      {
        mode: "set",
        versions: [{ version: "Migration20260101120000", appliedAt: "2026-01-01T10:00:00.000Z" }],
      },
    ],
    [
      "golang-migrate",
      "schema_migrations",
      "version uint64, dirty bool",
      [{ version: 7, dirty: 0 }],
      { mode: "head", versions: [{ version: "7" }], failed: [] },
    ],
    [
      "golang-migrate",
      "schema_migrations",
      "version uint64, dirty bool",
      [{ version: 8, dirty: 1 }],
      { mode: "head", versions: [], failed: [{ version: "8" }] },
    ],
    [
      "alembic",
      "alembic_version",
      "version_num VARCHAR(32) NOT NULL",
      [{ version_num: "b" }, { version_num: "a" }],
      { mode: "head", versions: [{ version: "a" }, { version: "b" }] },
    ],
  ])("reads %s", async (tool, table, columns, rows, expected) => {
    const history = await read(file(`CREATE TABLE "${table}" (${columns})`, ...inserts(table, rows)));
    expect(history).toMatchObject({ tool, from: table, ...expected });
  });

  it("takes no times of Sequelize's, which may be of the day on which their columns were added", async () => {
    const rows = ["b.js", "a.js"].map((name) => ({ name, createdAt: "2026-01-01 10:00:00.000 +00:00" }));
    const path = file(
      "CREATE TABLE SequelizeMeta (name VARCHAR(255) PRIMARY KEY, createdAt DATETIME, updatedAt DATETIME)",
      ...inserts("SequelizeMeta", rows),
    );
    const { tool, versions } = await read(path);
    expect([tool, versions]).toEqual(["sequelize", [{ version: "a.js" }, { version: "b.js" }]]);
  });

  it("orders numbers as numbers, however they are kept", async () => {
    const rows = ["10", "9", "20260101"].map((version) => ({ version }));
    const dbmate = [
      "CREATE TABLE schema_migrations (version varchar(128))",
      ...inserts("schema_migrations", rows),
    ];
    expect(await versionsOf(dbmate)).toEqual(["9", "10", "20260101"]);
  });

  it("reads a history without a row as one where nothing is applied", async () => {
    expect(await versionsOf([FLYWAY])).toEqual([]);
  });
});

describe("the table", () => {
  const DBMATE = "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)";
  const RAILS =
    "CREATE TABLE ar_internal_metadata (key varchar, value varchar, created_at datetime, updated_at datetime)";
  const TYPEORM_LIKE = "CREATE TABLE visits (id integer, timestamp bigint, name varchar)";

  it("is Rails's rather than dbmate's where Rails's other table stands beside it", async () => {
    expect((await read(file(DBMATE))).tool).toBe("dbmate");
    expect((await read(file(DBMATE, RAILS))).tool).toBe("rails");
    expect((await read(file(DBMATE), { tool: "rails" })).tool).toBe("rails");
  });

  it("that Umzug shares with Sequelize is Umzug's where that is chosen", async () => {
    const path = file("CREATE TABLE SequelizeMeta (name varchar(255) PRIMARY KEY)");
    expect((await read(path)).tool).toBe("sequelize");
    expect((await read(path, { tool: "umzug" })).tool).toBe("umzug");
  });

  it("must be the only one, or be chosen", async () => {
    const both = file(DBMATE, FLYWAY);
    await expect(read(both)).rejects.toThrow(
      "several tables hold a migration history; choose one with --tool or --table:\n  schema_migrations (dbmate)\n  flyway_schema_history (flyway)",
    );
    expect((await read(both, { tool: "dbmate" })).from).toBe("schema_migrations");
    expect((await read(both, { table: "FLYWAY_schema_history" })).tool).toBe("flyway");
  });

  it("is not taken by columns that any table may have", async () => {
    const path = file(TYPEORM_LIKE);
    await expect(read(path)).rejects.toThrow(/give --table:\n {2}visits \(typeorm\)$/);
    expect(await read(path, { table: "visits" })).toMatchObject({ tool: "typeorm", from: "visits" });
  });

  it("is not taken with other columns, or columns of another sort", async () => {
    const others = [
      "id integer, timestamp datetime, name varchar",
      "id integer, timestamp bigint, name varchar, x text",
    ];
    for (const columns of others) {
      const path = file(`CREATE TABLE migrations (${columns})`);
      await expect(read(path)).rejects.toThrow(
        /looked for:\n {2}flyway \(flyway_schema_history: installed_rank/,
      );
    }
  });

  it("that is not there is said to be so", async () => {
    await expect(read(file(FLYWAY), { table: "elsewhere" })).rejects.toThrow(
      "the table elsewhere does not exist",
    );
  });
});

describe("a connection", () => {
  it("reads a SQLite file that another process has open, and changes nothing in it", async () => {
    const path = file("PRAGMA journal_mode = wal", FLYWAY);
    const writing = new Sqlite(path);
    for (const sql of inserts("flyway_schema_history", [flywayRow(1, "1")])) writing.exec(sql);
    expect((await read(path)).versions).toMatchObject([{ version: "1" }]);
    writing.close();
  });

  it("makes no file where there is none", async () => {
    await expect(connect(`sqlite:${folder}/nothing.db`)).rejects.toThrow(
      /cannot read the database: there is no file/,
    );
    await expect(connect(`sqlite:${folder}/nothing.db`)).rejects.toThrow(/there is no file/);
  });

  it.each([
    "postgres://ann:s3cr%40t@127.0.0.1:1/db",
    "mysql://ann:s3cr%40t@127.0.0.1:1/db",
    "postgres://ann:s3cr@t@127.0.0.1:1:1/db",
    "jdbc:postgresql://127.0.0.1/db?user=ann&password=s3cr@t",
    "sqlite:/nowhere/s3cr@t/db?password=s3cr@t",
  ])("says why it cannot be had without its secret: %s", async (url) => {
    const error = await connect(url).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(/database/);
    expect(JSON.stringify([String(error), error])).not.toMatch(/s3cr(@|%40)t/);
  });
});

describe("the tools", () => {
  it("are named once, and stand in the table of docs/record.md", () => {
    const names = TOOLS.map(({ tool }) => tool);
    expect(new Set(names).size).toBe(names.length);
    const lines = toolsTable().split("\n");
    expect(lines).toHaveLength(TOOLS.length + 2);
    expect(lines).toContain(
      "| knex | `knex_migrations` | set | PostgreSQL, SQLite | – | PostgreSQL, MariaDB |",
    );
  });
});
