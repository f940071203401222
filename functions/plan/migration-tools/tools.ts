/**
 * The migration tools, and how each reverts a database. Each entry names the documentation of its command line.
 * `npx --no` runs only installed packages; it downloads none.
 */
import { quote, spelled, unknown } from "../shell.ts";

/** What to revert, newest first, and the version to end at; null: an empty database. */
export interface RevertPath {
  readonly versions: readonly string[];
  readonly to: string | null;
  /** Migrations that stay although they were applied after one of these. */
  readonly above?: readonly string[];
  /** All migrations that stay (including `above`) or are reverted by a later command. */
  readonly left?: readonly string[];
}

/** Why a tool cannot be used; `caught`: migrations that stay, but that it would revert, too. */
export interface Refusal {
  readonly why: string;
  readonly caught?: readonly string[];
}

/** The command lines in order, or why there are none. */
export type Lines = readonly (readonly string[])[] | Refusal;

export interface DownScripts {
  /** The usual spelling. */
  readonly name: string;
  /** Other names, normalised by `spelled`. */
  readonly also?: readonly string[];
  readonly lines: (way: RevertPath) => Lines;
  /** It migrates to a given version, without a list of the versions in between. */
  readonly goesTo?: true;
  /** Its table lists versions sorted by version, not in the order of applying. */
  readonly sorted?: true;
  /** Variables that it needs from the environment, in addition to those an image sets. */
  readonly env?: readonly string[];
  /** It needs sources and a compiler, which an image of the service does not contain. */
  readonly fromSource?: true;
  readonly note?: string;
}

const npx = (...argv: string[]): string[] => ["npx", "--no", "--", ...argv];

const noVersion = (version: string, tool: string): { why: string } => ({
  why: `${JSON.stringify(version)} cannot be passed safely to ${tool} as a version`,
});

/** One command line for each version. Each version must match `form`: one with a leading dash would be an option. */
const each =
  (tool: string, form: RegExp, line: (version: string) => string[]) =>
  ({ versions }: RevertPath): Lines => {
    const wrong = versions.find((version) => !form.test(version));
    return wrong === undefined ? versions.map(line) : noVersion(wrong, tool);
  };

/** The same command line once for each version. It reverts the migration that was applied last. */
const oncePerVersion =
  (...line: string[]) =>
  ({ versions }: RevertPath): Lines =>
    versions.map(() => line);

/** One command line that goes to a version, which must match `form`. `empty` is the tool's word for no version at all. */
const toVersion =
  (tool: string, form: RegExp, line: (to: string) => string[], empty: string) =>
  ({ to }: RevertPath): Lines =>
    to === null || form.test(to) ? [line(to ?? empty)] : noVersion(to, tool);

const byText = (a: string, b: string): boolean => a > b;
const byNumber = (a: string, b: string): boolean =>
  /^\d+$/.test(a) && /^\d+$/.test(b) && BigInt(a) > BigInt(b);

/** For tools that revert what was applied last: refuses if a migration that stays was applied after these. */
const onTop =
  (lines: (way: RevertPath) => Lines) =>
  (way: RevertPath): Lines => {
    const { above = [] } = way;
    if (above.length === 0) return lines(way);
    const why = "the tool reverts what was applied last, which would include migrations that stay";
    return { why, caught: above };
  };

/**
 * For tools that revert in the order of versions: refuses if the migrations were applied in another order, or one that
 * stays has a higher version. Ends at the highest version that stays.
 */
const inOrder =
  (isAbove: (a: string, b: string) => boolean, lines: (way: RevertPath) => Lines) =>
  (way: RevertPath): Lines => {
    const { versions, to, left = [] } = way;
    const stays = [...(to === null ? [] : [to]), ...left];
    const why = (version: string) =>
      `${JSON.stringify(version)} was applied out of order, but the tool reverts in the order of versions`;
    const late = versions.find((version, n) => n > 0 && !isAbove(versions[n - 1] ?? "", version));
    if (late !== undefined) return { why: why(late) };
    const caught = [...new Set(stays)].filter((version) => !isAbove(versions.at(-1) ?? "", version));
    if (caught[0] !== undefined) return { why: why(caught[0]), caught };
    const [first, ...others] = stays;
    const highest = others.reduce<string | null>((a, b) => (isAbove(b, a ?? "") ? b : a), first ?? null);
    return lines({ ...way, to: highest });
  };

const NAME = /^[A-Za-z0-9_][\w.@ +-]*$/;
const NUMBER = /^\d+$/;
/** The note for tools that cannot be told which version to revert. */
const last = (show: string): string =>
  `Each command reverts the migration that was applied last. First check with \`${show}\` that these are the last ones.`;

/** A Django version is `app.name`. The version to end at is known for one app only. */
function byDjango({ versions, to }: RevertPath): Lines {
  const apps = [
    ...new Set([...versions, ...(to === null ? [] : [to])].map((version) => version.split(".")[0] ?? "")),
  ];
  const wrong = [...versions, ...(to === null ? [] : [to])].find(
    (version) => !/^[A-Za-z_]\w*\.\w[\w.-]*$/.test(version),
  );
  if (wrong !== undefined) return noVersion(wrong, "Django");
  if (to === null) return apps.map((app) => ["python", "manage.py", "migrate", app, "zero"]);
  if (apps.length > 1)
    return {
      why: `the migrations belong to several apps (${apps.join(", ")}), and the version to end at is known for only one of them`,
    };
  return [["python", "manage.py", "migrate", apps[0] ?? "", to.slice(to.indexOf(".") + 1)]];
}

/** node-pg-migrate would take a number, in any JavaScript notation, for a count of migrations. */
function byNodePgMigrate(way: RevertPath): Lines {
  const number = way.versions.find((version) => !Number.isNaN(Number(version)));
  return number === undefined
    ? each("node-pg-migrate", /^\w[\w.-]*$/, (version) => npx("node-pg-migrate", "down", version))(way)
    : noVersion(number, "node-pg-migrate");
}

/** The shell reads the database URL from the environment, so that it appears in no recorded command. */
const migrate = (...argv: string[]): string[] => [
  ...["sh", "-c", `exec migrate -database "\${DATABASE_URL:?}" "$@"`, "migrate"],
  ...[`-path=${unknown("folder of migrations")}`, ...argv],
];

export const DOWN_SCRIPTS: readonly DownScripts[] = [
  // knex 3.3 `migrate:down --help`: a name is a file name with its extension.
  { name: "Knex", lines: each("Knex", NAME, (version) => npx("knex", "migrate:down", version)) },
  // node-pg-migrate 9.0 `--help`: with a name, it reverts that migration.
  { name: "node-pg-migrate", lines: byNodePgMigrate },
  {
    // typeorm 1.1 `migration:revert --help`: accepts no name.
    name: "TypeORM",
    lines: onTop(
      oncePerVersion(
        ...npx("typeorm", "migration:revert", `--dataSource=${unknown("file of the data source")}`),
      ),
    ),
    note: last("typeorm migration:show"),
  },
  {
    // github.com/amacneil/dbmate, README, "Rolling Back Migrations": reverts the highest applied version.
    name: "dbmate",
    lines: inOrder(byText, oncePerVersion("dbmate", "rollback")),
    sorted: true,
    note: last("dbmate status"),
  },
  {
    // guides.rubyonrails.org, "Active Record Migrations", "Running Specific Migrations".
    name: "Rails",
    also: ["activerecord", "rubyonrails"],
    lines: each("Rails", NUMBER, (version) => ["bin/rails", "db:migrate:down", `VERSION=${version}`]),
    sorted: true,
  },
  // docs.djangoproject.com, "django-admin and manage.py", `migrate`.
  { name: "Django", lines: onTop(byDjango), goesTo: true },
  {
    // alembic.sqlalchemy.org, tutorial, "Downgrading"; relative and reserved words are not revisions.
    name: "Alembic",
    lines: onTop(
      toVersion("Alembic", /^(?!(?:base|heads?|current)$)\w+$/, (to) => ["alembic", "downgrade", to], "base"),
    ),
    goesTo: true,
    note: "If the history has several heads, check `alembic current` first: a downgrade also reverts dependent branches.",
  },
  {
    // github.com/golang-migrate/migrate, cmd/migrate, `migrate -help`.
    name: "golang-migrate",
    also: ["migrate"],
    lines: inOrder(byNumber, ({ to }) => {
      if (to === null) return [migrate("down", "-all")];
      return NUMBER.test(to) ? [migrate("goto", to)] : noVersion(to, "golang-migrate");
    }),
    goesTo: true,
  },
  {
    // docs.liquibase.com, "rollback-count", "Liquibase environment variables".
    name: "Liquibase",
    lines: onTop(({ versions }) => [["liquibase", "rollback-count", `--count=${versions.length}`]]),
    env: ["CHANGELOG_FILE", "URL", "USERNAME", "PASSWORD"].map((name) => `LIQUIBASE_COMMAND_${name}`),
    note:
      "It reads `LIQUIBASE_COMMAND_CHANGELOG_FILE`, `_URL`, `_USERNAME` and `_PASSWORD` from the environment. " +
      "Run `liquibase rollback-count-sql` with the same count first, and check that it reverts exactly these change sets.",
  },
  {
    // sequelize/cli, src/commands/migrate_undo.js: a name is a file name with its extension.
    name: "Sequelize",
    also: ["sequelizecli"],
    lines: each("Sequelize", NAME, (version) => npx("sequelize-cli", "db:migrate:undo", `--name=${version}`)),
    sorted: true,
  },
  {
    // sequelize/umzug, README, "CLI": `down --help`.
    name: "Umzug",
    lines: each("Umzug", NAME, (version) => [
      "node",
      unknown("file that runs Umzug"),
      "down",
      `--name=${version}`,
    ]),
    sorted: true,
    note: "The file is the one that calls `umzug.runAsCLI()`.",
  },
  {
    // mikro-orm/mikro-orm, packages/cli, MigrationCommandFactory: `--only` takes several names, separated by commas.
    name: "MikroORM",
    lines: each("MikroORM", /^\w[\w.-]*$/, (version) =>
      npx("mikro-orm", "migration:down", `--only=${version}`),
    ),
  },
  {
    // seppevs/migrate-mongo, lib/actions/down.js: reverts the last by file name of those that are applied and have a file.
    name: "migrate-mongo",
    lines: inOrder(byText, oncePerVersion(...npx("migrate-mongo", "down"))),
    note: last("migrate-mongo status"),
  },
  {
    // atlasgo.io/versioned/down: `--to-version` reverts everything after that version; a number reverts that many.
    name: "Atlas",
    lines: inOrder(byText, ({ versions, to }) => {
      if (to !== null && !/^\w[\w.+-]*$/.test(to)) return noVersion(to, "Atlas");
      const end = to === null ? `${versions.length}` : `--to-version=${to}`;
      return [["atlas", "migrate", "down", `--env=${unknown("env of atlas.hcl")}`, end]];
    }),
    sorted: true,
    note: "Atlas computes the down migration itself and needs a dev database for it; `--dry-run` shows it. Its community build cannot.",
  },
  {
    // hexdocs.pm/ecto_sql, "mix ecto.rollback": reverts down to and including the version.
    name: "Ecto",
    lines: inOrder(byNumber, ({ versions }) => {
      const oldest = versions.at(-1) ?? "";
      return NUMBER.test(oldest) ? [["mix", "ecto.rollback", `--to=${oldest}`]] : noVersion(oldest, "Ecto");
    }),
    sorted: true,
    fromSource: true,
    note: "A release does not contain mix: there, use `Ecto.Migrator.run/4`, usually through `bin/<app> eval`.",
  },
  {
    // learn.microsoft.com, "EF Core tools reference (.NET CLI)", `dotnet ef database update`.
    name: "EF Core",
    also: ["entityframeworkcore", "entityframework"],
    lines: inOrder(
      byText,
      toVersion("EF Core", /^[A-Za-z0-9_][\w.-]*$/, (to) => ["dotnet", "ef", "database", "update", to], "0"),
    ),
    sorted: true,
    fromSource: true,
    goesTo: true,
  },
];

/** Tools that cannot revert, or only in a paid edition: why, and what to do instead. */
export interface NoWayBack {
  readonly name: string;
  readonly also?: readonly string[];
  readonly why: string;
  readonly byHand: (way: RevertPath) => string;
}

export const NO_WAY_BACK: readonly NoWayBack[] = [
  {
    // prisma.io/docs, "Generating down migrations": `migrate resolve` accepts failed migrations only.
    name: "Prisma",
    why: "Prisma Migrate has no down migrations",
    byHand: ({ versions }) =>
      "Generate the SQL from the newer schema to the older one with `prisma migrate diff --script`, read it, run it with " +
      `\`prisma db execute\`, and delete the rows of ${versions.join(", ")} from _prisma_migrations.`,
  },
  {
    // orm.drizzle.team/docs, drizzle-kit: `drop` removes files and does not change the database.
    name: "Drizzle",
    also: ["drizzleorm", "drizzlekit"],
    why: "Drizzle has no down migrations",
    byHand: ({ versions }) =>
      `Write the SQL that undoes ${versions.join(", ")}, run it, and delete their rows from drizzle.__drizzle_migrations.`,
  },
  {
    // documentation.red-gate.com, Flyway, "Undo": down to and including the target.
    name: "Flyway",
    why: "only the paid editions of Flyway can undo, and only migrations that have undo scripts",
    byHand: ({ versions, above = [] }) =>
      (above.length === 0
        ? `With a paid edition: \`${quote(["flyway", "undo", `-target=${versions.at(-1) ?? ""}`])}\`. Without one: write the SQL `
        : `Even a paid edition would also undo ${above.join(", ")}, which must stay: write the SQL `) +
      `that undoes ${versions.join(", ")}, run it, and delete their rows from flyway_schema_history.`,
  },
  {
    // mongock/mongock, ChangeExecutorBase: `@RollbackExecution` runs when its own change unit fails.
    name: "Mongock",
    why: "Mongock's open edition rolls back only a change unit that fails",
    byHand: ({ versions }) =>
      `Undo ${versions.join(", ")} with mongosh or with a new change unit, and delete their entries from mongockChangeLog.`,
  },
];

/** The tool of this name, if there is one. */
export const called = <T extends { readonly name: string; readonly also?: readonly string[] }>(
  tools: readonly T[],
  tool: string,
): T | undefined => tools.find(({ name, also = [] }) => [spelled(name), ...also].includes(spelled(tool)));
