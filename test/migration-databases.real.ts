/** Real databases, PostgreSQL and MariaDB, as `asof migrations` reads them: only to read, whatever their settings. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../cli/migrations/connection.ts";
import { detectHistory } from "../cli/migrations/detect.ts";
import { readHistory } from "../cli/migrations/history.ts";
import { openMysql } from "../cli/migrations/mysql.ts";
import { openPostgresql } from "../cli/migrations/postgresql.ts";
import { type Mariadb, startMariadb } from "./real/mariadb.ts";
import { withKnex, withNodePgMigrate } from "./real/migrating.ts";
import { type MigrationLedger, startMigrationLedger } from "./real/migration-ledger.ts";
import { Names, PASSWORD, type Postgresql, queried, startPostgresql } from "./real/postgresql.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-databases-"));
let postgresql: Postgresql;
let ledger: MigrationLedger;

beforeAll(async () => {
  // The server runs as a user of its own.
  chmodSync(folder, 0o755);
  postgresql = await startPostgresql(join(folder, "postgresql"));
  ledger = await startMigrationLedger(folder);
});

afterAll(async () => {
  await ledger?.stop();
  postgresql?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("a database with the histories of two tools", () => {
  let url: string;

  beforeAll(async () => {
    url = await postgresql.database("two tools");
    await withKnex("pg", url, join(folder, "two-knex")).up(1);
    await withNodePgMigrate(url, join(folder, "two-pg")).up(2);
  });

  it("is not guessed at: the command names both, says nothing, and shows no password", async () => {
    const { code, out, err } = await ledger.migrations(url, "--database", "two");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("choose one with --tool or --table");
    expect(err).toContain("public.knex_migrations (knex)");
    expect(err).toContain("public.pgmigrations (node-pg-migrate)");
    expect(err).not.toContain(PASSWORD);
  });

  it("is read by the tool, or by the table, that is chosen", async () => {
    for (const [n, chosen] of [
      ["--tool", "knex"],
      ["--table", "public.pgmigrations"],
    ].entries()) {
      const { code, out } = await ledger.migrations(
        url,
        "--database",
        "two",
        "--service",
        "acme/two",
        ...chosen,
      );
      expect([code, out.includes(`thing${n + 1}`)]).toEqual([0, true]);
      const { migrations } = await ledger.releaseAt("acme/two", new Date().toISOString());
      expect(migrations).toMatchObject([{ database: "two", tool: ["knex", "node-pg-migrate"][n] }]);
    }
  });

  it("has a history in each schema, and the one that is meant must be named", async () => {
    await queried(
      url,
      "CREATE SCHEMA other; CREATE TABLE other.knex_migrations (LIKE public.knex_migrations)",
    );
    const { code, err } = await ledger.migrations(url, "--database", "two", "--tool", "knex");
    expect([code, err.includes("other.knex_migrations (knex)")]).toEqual([1, true]);
    const { out } = await ledger.migrations(
      url,
      "--database",
      "two",
      "--table",
      "other.knex_migrations",
      "--dry-run",
    );
    expect(out).toContain("other.knex_migrations: none is applied");
  });
});

describe("a connection to PostgreSQL", () => {
  it("can change nothing", async () => {
    const url = await postgresql.database("read only");
    const driver = await openPostgresql(url);
    await expect(driver.query("CREATE TABLE made (id int)")).rejects.toThrow("read-only transaction");
    await driver.close();
  });

  it("reads types, times and names as they really are, whatever the database's own settings", async () => {
    const url = await postgresql.database("settings");
    await queried(url, "ALTER DATABASE settings SET timezone = 'Asia/Kathmandu'");
    await queried(url, "ALTER DATABASE settings SET datestyle = 'German'");
    await queried(
      url,
      `CREATE TABLE "__EFMigrationsHistory" ("MigrationId" varchar(150) PRIMARY KEY, "ProductVersion" varchar(32));
       CREATE TABLE django_migrations (id bigint, app varchar(255), name varchar(255), applied timestamptz);
       CREATE TABLE flyway_schema_history (installed_rank int, version varchar(50), description varchar(200),
         type varchar(20), script varchar(1000), checksum int, installed_by varchar(100),
         installed_on timestamp DEFAULT now(), execution_time int, success boolean);
       INSERT INTO "__EFMigrationsHistory" VALUES ('20260101_Initial', '9.0.0');
       INSERT INTO django_migrations VALUES (1, 'auth', '0001_initial', '2026-01-01 10:00:00.123456+05:45');
       INSERT INTO flyway_schema_history VALUES
         (1, '1', '', 'SQL', '', -7, '', DEFAULT, 1, true), (2, '2', '', 'SQL', '', 8, '', DEFAULT, 1, false)`,
    );
    const connection = await connect(url);
    const read = async (tool: string) => readHistory(connection, await detectHistory(connection, { tool }));
    expect((await read("ef-core")).versions).toEqual([{ version: "20260101_Initial" }]);
    expect((await read("django")).versions).toEqual([
      { version: "auth.0001_initial", appliedAt: "2026-01-01T04:15:00.123Z" },
    ]);
    expect(await read("flyway")).toMatchObject({
      versions: [{ version: "1", checksum: "-7" }],
      failed: [{ version: "2", checksum: "8" }],
    });
    expect((await read("flyway")).versions[0]).not.toHaveProperty("appliedAt");
    expect(Math.abs(Date.parse(connection.now) - Date.now())).toBeLessThan(10_000);
    await connection.close();
  });
});

describe("MariaDB", () => {
  let mariadb: Mariadb;

  beforeAll(async () => {
    mariadb = await startMariadb(join(folder, "mariadb"));
  });
  afterAll(() => mariadb.stop());

  it("is known after each of Knex's steps as its own table said it then", async () => {
    const url = await mariadb.database("knex");
    const knex = withKnex("mysql2", url, join(folder, "mariadb-knex"));
    const down = () => knex.down?.() ?? expect.fail("Knex goes down");
    const steps = [() => knex.up(1), () => knex.up(2), down, () => knex.up(2)];
    const seen: { at: string; newest: string | undefined }[] = [];
    for (const step of steps) {
      await step();
      expect(await ledger.migrations(url, "--database", "maria", "--service", "acme/maria")).toMatchObject({
        code: 0,
        err: "",
      });
      const names = Names.parse(await mariadb.query(url, knex.applied)).map(({ name }) => name);
      seen.push({ at: new Date().toISOString(), newest: names.at(-1) });
    }
    expect(seen.map(({ newest }) => newest)).toEqual([1, 2, 1, 2].map(knex.version));
    for (const { at, newest } of seen) {
      const { migrations } = await ledger.releaseAt("acme/maria", at);
      expect(migrations).toMatchObject([{ database: "maria", tool: "knex", version: newest }]);
      // Knex sends its times without a zone, so the table's are not taken.
      expect(migrations).not.toMatchObject([{ appliedAt: expect.anything() }]);
    }
  });

  it("gives the time that its own clock wrote, whatever the server's zone, and only to be read", async () => {
    const url = await mariadb.database("flyway");
    await mariadb.query(
      url,
      `CREATE TABLE schema_version (installed_rank INT PRIMARY KEY, version VARCHAR(50), description VARCHAR(200),
         type VARCHAR(20), script VARCHAR(1000), checksum INT, installed_by VARCHAR(100),
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, execution_time INT, success BOOL)`,
    );
    await mariadb.query(url, "SET GLOBAL time_zone = '+05:45'");
    const from = Date.now();
    await mariadb.query(
      url,
      "INSERT INTO schema_version VALUES (1, '1', '', 'SQL', '', -7, '', DEFAULT, 1, true), (2, '2', '', 'SQL', '', 8, '', DEFAULT, 1, false)",
    );
    const connection = await connect(url);
    const history = await readHistory(connection, await detectHistory(connection, {}));
    await connection.close();
    expect(history).toMatchObject({
      tool: "flyway",
      from: "flyway.schema_version",
      versions: [{ version: "1", checksum: "-7" }],
      failed: [{ version: "2" }],
    });
    // The column holds whole seconds.
    const appliedAt = Date.parse(history.versions[0]?.appliedAt ?? "");
    expect(appliedAt).toBeGreaterThan(from - 1000);
    expect(appliedAt).toBeLessThanOrEqual(Date.now());
    const driver = await openMysql(url);
    await expect(driver.query("CREATE TABLE made (id int)")).rejects.toThrow("READ ONLY transaction");
    await expect(driver.query("DELETE FROM schema_version")).rejects.toThrow("READ ONLY transaction");
    await driver.close();
  });
});
