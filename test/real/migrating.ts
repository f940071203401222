/** The migration tools themselves, each with three migrations that make `thing1`, `thing2` and `thing3`. */
import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Migration, Migrator } from "@mikro-orm/migrations";
import { MikroORM } from "@mikro-orm/postgresql";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import Knex from "knex";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { DataSource, type MigrationInterface, type QueryRunner } from "typeorm";

/** A tool at work on one database. */
export interface Migrating {
  /** Migrates up to the migration of a number: 1, 2, 3. */
  readonly up: (n: number) => Promise<void>;
  /** The numbers to go up by, where they are not 1, 2, 3. */
  readonly ups?: readonly number[];
  /** Reverts the newest; absent where the tool cannot, or reverts by the commands of a plan. */
  readonly down?: () => Promise<void>;
  /** Runs a command of a plan where it has to be run. */
  readonly reverted?: (shell: string) => Promise<void>;
  /** Its table holds the newest version only. */
  readonly isHead?: true;
  /** What the command needs beside the database. */
  readonly options?: readonly string[];
  /** The query that lists, as `name`, what the tool's table holds, in the tool's order. */
  readonly applied: string;
  /** What the ledger shall call the migration of a number. */
  readonly version: (n: number) => string;
  /** Whether the table says when, in a zone. */
  readonly timed: boolean;
}

const execute = promisify(execFile);

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

const mikroMigration = (n: number) =>
  class extends Migration {
    override up() {
      this.addSql(`create table thing${n} (id int)`);
    }
    override down() {
      this.addSql(`drop table thing${n}`);
    }
  };

/** Its command line is another package: `migration:down --only=NAME` of it does what is done here. */
export function withMikroOrm(clientUrl: string): Migrating {
  const version = (n: number) => `Migration2026010${n}120000`;
  const migrationsList = [1, 2, 3].map((n) => ({ name: version(n), class: mikroMigration(n) }));
  const at = async (work: (migrator: Migrator) => Promise<unknown>) => {
    const orm = await MikroORM.init({
      clientUrl,
      entities: [],
      discovery: { warnWhenNoEntities: false },
      extensions: [Migrator],
      migrations: { migrationsList, snapshot: false, silent: true },
    });
    try {
      await work(orm.getMigrator());
    } finally {
      await orm.close();
    }
  };
  return {
    ups: [1, 3],
    up: (n) => at((migrator) => migrator.up({ to: version(n) })),
    reverted: (shell) => {
      const [, name = ""] = /^npx --no -- mikro-orm migration:down --only=(\w+)$/.exec(shell) ?? [];
      return at((migrator) => migrator.down({ migrations: [name] }));
    },
    applied: "SELECT name FROM mikro_orm_migrations ORDER BY id",
    version,
    timed: true,
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
export async function installDbmate(folder: string): Promise<string> {
  const name = `@dbmate/${process.platform}-${process.arch}`;
  const prefix = made(folder);
  const options = ["--no-save", "--no-audit", "--no-fund", "--prefix", prefix];
  await execute("npm", ["install", ...options, `${name}@2.36.0`]);
  return join(prefix, "node_modules", name, "bin", "dbmate");
}

export function withDbmate(program: string, url: string, folder: string): Migrating {
  const directory = made(folder);
  const version = (n: number) => `2026010${n}120000`;
  const run = async (command: string) => {
    const settings = ["--url", url, "--migrations-dir", directory, "--no-dump-schema"];
    await execute(program, [...settings, command]);
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
