/** The migration tools themselves, each with three migrations that make `thing1`, `thing2` and `thing3`. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import Knex from "knex";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { DataSource, type MigrationInterface, type QueryRunner } from "typeorm";

/** A tool at work on one database. */
export interface Migrating {
  /** Applies the migration of a number: 1, 2, 3. */
  readonly up: (n: number) => Promise<void>;
  /** Reverts the newest; absent where the tool cannot. */
  readonly down?: () => Promise<void>;
  /** What the command needs beside the database. */
  readonly options?: readonly string[];
  /** The query that lists, as `name`, what the tool's table holds, in the tool's order. */
  readonly applied: string;
  /** What the ledger shall call the migration of a number. */
  readonly version: (n: number) => string;
  /** Whether the table says when, in a zone. */
  readonly timed: boolean;
}

const made = (folder: string): string => {
  mkdirSync(folder, { recursive: true });
  return folder;
};

export function withKnex(client: "pg" | "mysql2", url: string, folder: string): Migrating {
  const directory = made(folder);
  const version = (n: number) => `2026010${n}120000_thing${n}.cjs`;
  const at = async (work: (knex: Knex.Knex) => Promise<unknown>) => {
    const knex = Knex({ client, connection: url });
    try {
      await work(knex);
    } finally {
      await knex.destroy();
    }
  };
  const settings = { directory, loadExtensions: [".cjs"] };
  return {
    up: async (n) => {
      const code = `exports.up = (knex) => knex.schema.createTable("thing${n}", (t) => t.increments());
exports.down = (knex) => knex.schema.dropTable("thing${n}");`;
      writeFileSync(join(directory, version(n)), code);
      await at((knex) => knex.migrate.up(settings));
    },
    down: () => at((knex) => knex.migrate.down(settings)),
    applied: "SELECT name FROM knex_migrations ORDER BY id",
    version,
    timed: client === "pg",
  };
}

export function withNodePgMigrate(databaseUrl: string, folder: string): Migrating {
  const dir = made(folder);
  const version = (n: number) => `176726880000${n}_thing${n}`;
  const run = (direction: "up" | "down") =>
    runner({ databaseUrl, dir, direction, count: 1, migrationsTable: "pgmigrations", log: () => undefined });
  return {
    up: async (n) => {
      const sql = `-- Up Migration\nCREATE TABLE thing${n} (id int);\n-- Down Migration\nDROP TABLE thing${n};\n`;
      writeFileSync(join(dir, `${version(n)}.sql`), sql);
      await run("up");
    },
    down: async () => {
      await run("down");
    },
    applied: "SELECT name FROM pgmigrations ORDER BY run_on, id",
    version,
    timed: false,
  };
}

class Thing1 implements MigrationInterface {
  name = "Thing1767268800001";
  up = (runner: QueryRunner) => runner.query("CREATE TABLE thing1 (id int)");
  down = (runner: QueryRunner) => runner.query("DROP TABLE thing1");
}
class Thing2 implements MigrationInterface {
  name = "Thing1767268800002";
  up = (runner: QueryRunner) => runner.query("CREATE TABLE thing2 (id int)");
  down = (runner: QueryRunner) => runner.query("DROP TABLE thing2");
}
class Thing3 implements MigrationInterface {
  name = "Thing1767268800003";
  up = (runner: QueryRunner) => runner.query("CREATE TABLE thing3 (id int)");
  down = (runner: QueryRunner) => runner.query("DROP TABLE thing3");
}

export function withTypeorm(url: string): Migrating {
  const all = [Thing1, Thing2, Thing3];
  const at = async (count: number, work: (source: DataSource) => Promise<unknown>) => {
    const source = new DataSource({ type: "postgres", url, migrations: all.slice(0, count) });
    await source.initialize();
    try {
      await work(source);
    } finally {
      await source.destroy();
    }
  };
  return {
    up: (n) => at(n, (source) => source.runMigrations()),
    down: () => at(all.length, (source) => source.undoLastMigration()),
    applied: "SELECT name FROM migrations ORDER BY id",
    version: (n) => `Thing176726880000${n}`,
    timed: false,
  };
}

export function withDrizzle(url: string, folder: string): Migrating {
  const journal = join(made(join(folder, "meta")), "_journal.json");
  const tagOf = (n: number) => `000${n}_thing${n}`;
  return {
    up: async (n) => {
      writeFileSync(join(folder, `${tagOf(n)}.sql`), `CREATE TABLE thing${n} (id int);`);
      const entries = Array.from({ length: n }, (_, idx) => ({
        idx,
        version: "7",
        when: 1767268800000 + idx,
        tag: tagOf(idx + 1),
        breakpoints: true,
      }));
      writeFileSync(journal, JSON.stringify({ version: "7", dialect: "postgresql", entries }));
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        await migrate(drizzle(client), { migrationsFolder: folder });
      } finally {
        await client.end();
      }
    },
    options: ["--journal", journal],
    applied: "SELECT hash AS name FROM drizzle.__drizzle_migrations ORDER BY created_at",
    version: tagOf,
    timed: false,
  };
}

/** dbmate is a program of its own, which npm can bring. Its packages for each platform stay out of the lock file. */
export function installDbmate(folder: string): string {
  const name = `@dbmate/${process.platform}-${process.arch}`;
  const prefix = made(folder);
  execFileSync(
    "npm",
    ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", prefix, `${name}@2.36.0`],
    {
      stdio: "pipe",
    },
  );
  return join(prefix, "node_modules", name, "bin", "dbmate");
}

export function withDbmate(program: string, url: string, folder: string): Migrating {
  const directory = made(folder);
  const version = (n: number) => `2026010${n}120000`;
  const run = async (command: string) => {
    const settings = ["--url", url, "--migrations-dir", directory, "--no-dump-schema"];
    execFileSync(program, [...settings, command], { stdio: "pipe" });
  };
  return {
    up: (n) => {
      const sql = `-- migrate:up\nCREATE TABLE thing${n} (id int);\n-- migrate:down\nDROP TABLE thing${n};\n`;
      writeFileSync(join(directory, `${version(n)}_thing${n}.sql`), sql);
      // It applies all that is there.
      rmSync(join(directory, `${version(n + 1)}_thing${n + 1}.sql`), { force: true });
      return run("migrate");
    },
    down: () => run("rollback"),
    applied: "SELECT version AS name FROM schema_migrations ORDER BY version",
    version,
    timed: false,
  };
}
