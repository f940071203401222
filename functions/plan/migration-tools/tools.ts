/**
 * The migration tools, each with how it takes a database back. Each entry names where its command line is documented.
 * Tools run what npm installed and nothing else: `npx --no` fetches none.
 */
import { quote, spelled, unknown } from "../shell.ts";

/** What is to be reverted, newest first, and where that ends; null: at an empty database. */
export interface RevertPath {
  readonly versions: readonly string[];
  readonly to: string | null;
  /** What was applied after one of these, and stays. */
  readonly above?: readonly string[];
  /** All that stays, `above` too, or is reverted only later. */
  readonly left?: readonly string[];
}

/** Why a tool cannot be let do it; `caught`: what stays, and it would revert too. */
export interface Refusal {
  readonly why: string;
  readonly caught?: readonly string[];
}

/** The command lines, in order; or why there are none. */
export type Lines = readonly (readonly string[])[] | Refusal;

export interface DownScripts {
  /** As people write it. */
  readonly name: string;
  /** Other names of it, as `spelled` writes them. */
  readonly also?: readonly string[];
  readonly lines: (way: RevertPath) => Lines;
  /** It goes to a version by itself, and needs no list of those that lie between. */
  readonly goesTo?: true;
  /** Its table lists versions in their own order, whenever they were applied. */
  readonly sorted?: true;
  /** What it reads from the environment, beside what an image sets. */
  readonly env?: readonly string[];
  /** It needs sources and a compiler, which an image to run has not. */
  readonly fromSource?: true;
  readonly note?: string;
}

const npx = (...argv: string[]): string[] => ["npx", "--no", "--", ...argv];

const noVersion = (version: string, tool: string): { why: string } => ({
  why: `${JSON.stringify(version)} is no version of ${tool}'s that could be given to it safely`,
});

/** One line for each version, where each is of this form: what starts with a dash would be an option. */
const each =
  (tool: string, form: RegExp, line: (version: string) => string[]) =>
  ({ versions }: RevertPath): Lines => {
    const wrong = versions.find((version) => !form.test(version));
    return wrong === undefined ? versions.map(line) : noVersion(wrong, tool);
  };

/** The same line once for each version: it reverts whatever was applied last. */
const asOften =
  (...line: string[]) =>
  ({ versions }: RevertPath): Lines =>
    versions.map(() => line);

/** To a version of this form; `empty` is the tool's own word for none at all. */
const toVersion =
  (tool: string, form: RegExp, line: (to: string) => string[], empty: string) =>
  ({ to }: RevertPath): Lines =>
    to === null || form.test(to) ? [line(to ?? empty)] : noVersion(to, tool);

const byText = (a: string, b: string): boolean => a > b;
const byNumber = (a: string, b: string): boolean =>
  /^\d+$/.test(a) && /^\d+$/.test(b) && BigInt(a) > BigInt(b);

/** For what reverts whatever was applied last: only where nothing that stays was. */
const onTop =
  (lines: (way: RevertPath) => Lines) =>
  (way: RevertPath): Lines => {
    const { above = [] } = way;
    if (above.length === 0) return lines(way);
    const why = "the tool reverts what was applied last, and that is something that stays";
    return { why, caught: above };
  };

/**
 * For what reverts by the order of versions: only where that is the order in which they were applied, and nothing that
 * stays is of a higher version. It ends at the highest of those.
 */
const inOrder =
  (isAbove: (a: string, b: string) => boolean, lines: (way: RevertPath) => Lines) =>
  (way: RevertPath): Lines => {
    const { versions, to, left = [] } = way;
    const stays = [...(to === null ? [] : [to]), ...left];
    const why = (version: string) =>
      `${JSON.stringify(version)} was applied out of order, and the tool reverts by the order of versions`;
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
/** These tools cannot be told which. */
const last = (show: string): string =>
  `Each line reverts whatever was applied last: see first, with \`${show}\`, that it is these versions.`;

/** A Django version is `app.name`; an app's own predecessor is known only where the end is of the same app. */
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
    return { why: `they are of several apps (${apps.join(", ")}), and of one alone is known where it ends` };
  return [["python", "manage.py", "migrate", apps[0] ?? "", to.slice(to.indexOf(".") + 1)]];
}

/** A number would be taken for a count of migrations, in any way that JavaScript writes numbers. */
function byNodePgMigrate(way: RevertPath): Lines {
  const number = way.versions.find((version) => !Number.isNaN(Number(version)));
  return number === undefined
    ? each("node-pg-migrate", /^\w[\w.-]*$/, (version) => npx("node-pg-migrate", "down", version))(way)
    : noVersion(number, "node-pg-migrate");
}

/** The address of the database is read from the environment by the shell, and stands in no line that is kept. */
const migrate = (...argv: string[]): string[] => [
  ...["sh", "-c", `exec migrate -database "\${DATABASE_URL:?}" "$@"`, "migrate"],
  ...[`-path=${unknown("folder of migrations")}`, ...argv],
];

export const DOWN_SCRIPTS: readonly DownScripts[] = [
  // knex 3.3 `migrate:down --help`; a name is that of a file, with its extension.
  { name: "Knex", lines: each("Knex", NAME, (version) => npx("knex", "migrate:down", version)) },
  // node-pg-migrate 9.0 `--help`: with a name it reverts that one.
  { name: "node-pg-migrate", lines: byNodePgMigrate },
  {
    // typeorm 1.1 `migration:revert --help`: it takes no name.
    name: "TypeORM",
    lines: onTop(
      asOften(...npx("typeorm", "migration:revert", `--dataSource=${unknown("file of the data source")}`)),
    ),
    note: last("typeorm migration:show"),
  },
  {
    // github.com/amacneil/dbmate, README, "Rolling Back Migrations": the highest version that is applied.
    name: "dbmate",
    lines: inOrder(byText, asOften("dbmate", "rollback")),
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
    // alembic.sqlalchemy.org, tutorial, "Downgrading"; relative and reserved words are no revisions.
    name: "Alembic",
    lines: onTop(
      toVersion("Alembic", /^(?!(?:base|heads?|current)$)\w+$/, (to) => ["alembic", "downgrade", to], "base"),
    ),
    goesTo: true,
    note: "Of a history with several heads look at `alembic current` first: a downgrade takes back what hangs on it.",
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
      "`liquibase rollback-count-sql` with the same count shows what it would do: these change sets and no others.",
  },
  {
    // atlasgo.io/versioned/down: after `--to-version` everything is reverted; without it, as many as the number says.
    name: "Atlas",
    lines: inOrder(byText, ({ versions, to }) => {
      if (to !== null && !/^\w[\w.+-]*$/.test(to)) return noVersion(to, "Atlas");
      const end = to === null ? `${versions.length}` : `--to-version=${to}`;
      return [["atlas", "migrate", "down", `--env=${unknown("env of atlas.hcl")}`, end]];
    }),
    sorted: true,
    note: "Atlas works the way back out by itself and needs a dev database for it; `--dry-run` shows it. Not in its community build.",
  },
  {
    // hexdocs.pm/ecto_sql, "mix ecto.rollback": down to and including the version.
    name: "Ecto",
    lines: inOrder(byNumber, ({ versions }) => {
      const oldest = versions.at(-1) ?? "";
      return NUMBER.test(oldest) ? [["mix", "ecto.rollback", `--to=${oldest}`]] : noVersion(oldest, "Ecto");
    }),
    sorted: true,
    fromSource: true,
    note: "A release holds no mix: there it is `Ecto.Migrator.run/4`, usually behind `bin/<app> eval`.",
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

/** Tools that cannot, or not in the edition that can be taken for granted: why, and what to do instead. */
export interface NoWayBack {
  readonly name: string;
  readonly also?: readonly string[];
  readonly why: string;
  readonly byHand: (way: RevertPath) => string;
}

export const NO_WAY_BACK: readonly NoWayBack[] = [
  {
    // prisma.io/docs, "Generating down migrations": `migrate resolve` takes failed migrations alone.
    name: "Prisma",
    why: "Prisma Migrate has no down migrations",
    byHand: ({ versions }) =>
      "Let `prisma migrate diff --script` write the SQL from the newer schema to the older one, read it, run it with " +
      `\`prisma db execute\`, and delete the rows of ${versions.join(", ")} from _prisma_migrations.`,
  },
  {
    // orm.drizzle.team/docs, drizzle-kit: `drop` takes files away and leaves the database as it is.
    name: "Drizzle",
    also: ["drizzleorm", "drizzlekit"],
    why: "Drizzle has no down migrations",
    byHand: ({ versions }) =>
      `Write the SQL that undoes ${versions.join(", ")}, run it, and delete their rows from drizzle.__drizzle_migrations.`,
  },
  {
    // documentation.red-gate.com, Flyway, "Undo": down to the target, which is undone too.
    name: "Flyway",
    why: "Flyway undoes in its paid editions only, and only what has undo scripts",
    byHand: ({ versions, above = [] }) =>
      (above.length === 0
        ? `With such an edition: \`${quote(["flyway", "undo", `-target=${versions.at(-1) ?? ""}`])}\`. Without: write the SQL `
        : `Such an edition would undo ${above.join(", ")} too, which stays: write the SQL `) +
      `that undoes ${versions.join(", ")}, run it, and delete their rows from flyway_schema_history.`,
  },
];

/** Of the tools, the one that is called so. */
export const called = <T extends { readonly name: string; readonly also?: readonly string[] }>(
  tools: readonly T[],
  tool: string,
): T | undefined => tools.find(({ name, also = [] }) => [spelled(name), ...also].includes(spelled(tool)));
