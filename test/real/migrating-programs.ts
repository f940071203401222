/**
 * Migration tools that are programs: Liquibase (jars of an npm package, Debian's Java), Alembic, Django and ActiveRecord
 * (Debian's packages), and Umzug's command line with Sequelize. Each has its files in a folder of its own, in which a
 * plan's commands run as they are printed.
 */
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Migrating } from "./migrating.ts";

const execute = promisify(execFile);
const THINGS = [1, 2, 3] as const;

/** Writes files by their path below a folder. */
function written(folder: string, files: Readonly<Record<string, string>>, mode = 0o644): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
  }
}

/** Runs programs in a folder; those of `${folder}/programs` come first. */
const running = (
  folder: string,
  env: Readonly<Record<string, string>>,
  programs = join(folder, "programs"),
) => {
  const { PATH = "", HOME = "" } = process.env;
  const settings = { cwd: folder, env: { PATH: `${programs}:${PATH}`, HOME, ...env } };
  return {
    run: async (program: string, ...args: readonly string[]): Promise<void> => {
      await execute(program, args, settings);
    },
    reverted: async (shell: string): Promise<void> => {
      await execute("sh", ["-ec", shell], settings);
    },
  };
};

const LIQUIBASE = join(import.meta.dirname, "node_modules/liquibase/dist/liquibase");

const changeSet = (n: number): string => `
--changeset ann:${n}
CREATE TABLE thing${n} (id int);
--rollback DROP TABLE thing${n};
`;

export function withLiquibase(url: string, folder: string): Migrating {
  const { hostname, port, pathname, username, password } = new URL(url);
  written(folder, { "db/changelog.sql": `--liquibase formatted sql\n${THINGS.map(changeSet).join("")}` });
  const { run, reverted } = running(
    folder,
    {
      JAVA_OPTS: "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
      LIQUIBASE_COMMAND_CHANGELOG_FILE: "db/changelog.sql",
      LIQUIBASE_COMMAND_URL: `jdbc:postgresql://${hostname}:${port}${pathname}`,
      LIQUIBASE_COMMAND_USERNAME: username,
      LIQUIBASE_COMMAND_PASSWORD: password,
    },
    LIQUIBASE,
  );
  return {
    ups: [1, 3],
    up: (n) => run("liquibase", "update-count", `--count=${n}`),
    reverted,
    applied: "SELECT id AS name FROM databasechangelog ORDER BY orderexecuted",
    version: (n) => `db/changelog.sql::${n}::ann`,
    timed: false,
  };
}

const ALEMBIC = `import os
from alembic import context
from sqlalchemy import create_engine
engine = create_engine(os.environ["DATABASE_URL"].replace("postgres://", "postgresql://"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
`;

export function withAlembic(url: string, folder: string): Migrating {
  const version = (n: number) => `1975ea83b71${n}`;
  const script = (n: number) => `from alembic import op
revision = "${version(n)}"
down_revision = ${n === 1 ? "None" : `"${version(n - 1)}"`}
def upgrade():
    op.execute("CREATE TABLE thing${n} (id int)")
def downgrade():
    op.execute("DROP TABLE thing${n}")
`;
  written(folder, {
    "alembic.ini": "[alembic]\nscript_location = .\n",
    "env.py": ALEMBIC,
    ...Object.fromEntries(THINGS.map((n) => [`versions/${version(n)}.py`, script(n)])),
  });
  const { run, reverted } = running(folder, { DATABASE_URL: url });
  return {
    ups: [1, 3],
    up: (n) => run("alembic", "upgrade", version(n)),
    reverted,
    isHead: true,
    applied: "SELECT version_num AS name FROM alembic_version",
    version,
    timed: false,
  };
}

const DJANGO = {
  "manage.py": `import sys
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`,
  "settings.py": `import os
from urllib.parse import urlparse
url = urlparse(os.environ["DATABASE_URL"])
INSTALLED_APPS = ["shop"]
USE_TZ = False
TIME_ZONE = "Asia/Kathmandu"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "USER": url.username,
    "PASSWORD": url.password, "HOST": url.hostname, "PORT": url.port}}
`,
};

/** With times of another zone than the database's, and without `USE_TZ`. */
export function withDjango(url: string, folder: string): Migrating {
  const name = (n: number) => `000${n}_thing${n}`;
  const migration = (n: number) => `from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [${n === 1 ? "" : `("shop", "${name(n - 1)}")`}]
    operations = [migrations.RunSQL("CREATE TABLE thing${n} (id int)", "DROP TABLE thing${n}")]
`;
  written(folder, {
    ...DJANGO,
    "shop/__init__.py": "",
    "shop/migrations/__init__.py": "",
    ...Object.fromEntries(THINGS.map((n) => [`shop/migrations/${name(n)}.py`, migration(n)])),
  });
  // Debian's packages are those of its own Python, which has no program of the name `python`.
  mkdirSync(join(folder, "programs"));
  symlinkSync("/usr/bin/python3", join(folder, "programs/python"));
  const { run, reverted } = running(folder, { DATABASE_URL: url, DJANGO_SETTINGS_MODULE: "settings" });
  return {
    ups: [1, 3],
    up: (n) => run("python", "manage.py", "migrate", "shop", name(n)),
    reverted,
    applied: "SELECT name FROM django_migrations ORDER BY id",
    version: (n) => `shop.${name(n)}`,
    timed: true,
  };
}

/** What Rails' own `bin/rails` does with a task of ActiveRecord, where only ActiveRecord is. */
const RAILS = `#!/usr/bin/ruby
require "rake"
require "active_record"
tasks = ActiveRecord::Tasks::DatabaseTasks
tasks.env = "production"
tasks.root = Dir.pwd
tasks.db_dir = "db"
tasks.migrations_paths = ["db/migrate"]
tasks.database_configuration = { "production" => { "url" => ENV["DATABASE_URL"] } }
ActiveRecord::Base.configurations = tasks.database_configuration
ActiveRecord::Base.establish_connection :production
ActiveRecord::Base.dump_schema_after_migration = false
load "active_record/railties/databases.rake"
task :environment
Rake.application.init("rails")
Rake.application.top_level
`;

export function withActiveRecord(url: string, folder: string): Migrating {
  const version = (n: number) => `2026010${n}120000`;
  const migration = (n: number) => `class Thing${n} < ActiveRecord::Migration[6.1]
  def change
    create_table :thing${n}
  end
end
`;
  written(
    folder,
    Object.fromEntries(THINGS.map((n) => [`db/migrate/${version(n)}_thing${n}.rb`, migration(n)])),
  );
  written(folder, { "bin/rails": RAILS }, 0o755);
  const { run, reverted } = running(folder, { DATABASE_URL: url, RAILS_ENV: "production" });
  return {
    ups: [1, 3],
    up: (n) => run("bin/rails", "db:migrate", `VERSION=${version(n)}`),
    reverted,
    applied: "SELECT version AS name FROM schema_migrations ORDER BY version",
    version,
    timed: false,
  };
}

const UMZUG = `const from = require("node:module").createRequire(${JSON.stringify(import.meta.filename)});
const { Sequelize } = from("sequelize");
const { SequelizeStorage, Umzug } = from("umzug");
const sequelize = new Sequelize(process.env.DATABASE_URL, { logging: false });
const umzug = new Umzug({
  migrations: { glob: ["migrations/*.cjs", { cwd: __dirname }] },
  context: sequelize.getQueryInterface(),
  storage: new SequelizeStorage({ sequelize }),
});
umzug.runAsCLI().then((isDone) => process.exit(isDone ? 0 : 1));
`;

export function withUmzug(url: string, folder: string): Migrating {
  const version = (n: number) => `2026010${n}120000_thing${n}.cjs`;
  const migration = (n: number) => `exports.up = ({ context }) => context.createTable("thing${n}", {
  id: { type: "integer" },
});
exports.down = ({ context }) => context.dropTable("thing${n}");
`;
  written(folder, {
    "migrate.cjs": UMZUG,
    ...Object.fromEntries(THINGS.map((n) => [`migrations/${version(n)}`, migration(n)])),
  });
  const { run, reverted } = running(folder, { DATABASE_URL: url });
  return {
    ups: [1, 3],
    up: (n) => run("node", "migrate.cjs", "up", "--to", version(n)),
    reverted: (shell) => reverted(shell.replace("'<file that runs Umzug>'", "migrate.cjs")),
    options: ["--tool", "umzug"],
    applied: 'SELECT name FROM "SequelizeMeta" ORDER BY name',
    version,
    timed: false,
  };
}
