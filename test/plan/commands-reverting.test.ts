/** Each migration tool's own way back, word for word; and versions that no tool may take for more than versions. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TOOLS } from "../../cli/migrations/tools.ts";
import {
  backupCommand,
  type Reverting,
  revertCommand,
} from "../../functions/plan/migration-tools/revert-commands.ts";
import { called, DOWN_SCRIPTS } from "../../functions/plan/migration-tools/tools.ts";
import { digestOf } from "../ledger/given.ts";
import { HOSTILE, word } from "./commands-hostile.ts";

const IMAGE = `ghcr.io/acme/shop@${digestOf("shop")}`;
const RUN = "docker run --rm --network=host";

/** What is to be typed, with what has to be known beside it. */
function typed(tool: string, versions: readonly string[], to: string | null, more: Partial<Reverting> = {}) {
  const found = revertCommand({ database: "shop", tool, versions, to, ...more });
  if (!found.can) throw new Error(found.why);
  return {
    lines: found.commands.map(({ shell }) => shell),
    tools: found.commands.map(({ tool }) => tool),
    note: found.note,
  };
}
function refused(
  tool: string,
  versions: readonly string[],
  to: string | null,
  more: Partial<Reverting> = {},
) {
  const found = revertCommand({ database: "shop", tool, versions, to, ...more });
  if (found.can) throw new Error(found.commands.map(({ shell }) => shell).join("\n"));
  return found;
}

const V3 = "20260103120000";
const V2 = "20260102120000";
const V1 = "20260101120000";

describe("the way back", () => {
  it.each<[tool: string, versions: string[], to: string | null, lines: string[]]>([
    [
      "knex",
      [`${V3}_c.js`, `${V2} b.ts`],
      `${V1}_a.js`,
      [`npx --no -- knex migrate:down ${V3}_c.js`, `npx --no -- knex migrate:down '${V2} b.ts'`],
    ],
    ["knex", [`${V1}_a.js`], null, [`npx --no -- knex migrate:down ${V1}_a.js`]],
    [
      "node-pg-migrate",
      ["1767268800003_c", "1767268800002_b"],
      "1767268800001_a",
      [
        "npx --no -- node-pg-migrate down 1767268800003_c",
        "npx --no -- node-pg-migrate down 1767268800002_b",
      ],
    ],
    [
      "typeorm",
      ["Thing3", "Thing2"],
      "Thing1",
      [
        "npx --no -- typeorm migration:revert '--dataSource=<file of the data source>'",
        "npx --no -- typeorm migration:revert '--dataSource=<file of the data source>'",
      ],
    ],
    ["dbmate", [V3, V2], V1, ["dbmate rollback", "dbmate rollback"]],
    [
      "rails",
      // Applied late: each is named, so the order of versions does not matter.
      [V2, V3],
      V1,
      [`bin/rails db:migrate:down VERSION=${V2}`, `bin/rails db:migrate:down VERSION=${V3}`],
    ],
    [
      "django",
      ["shop.0003_c", "shop.0002_b"],
      "shop.0001_initial",
      ["python manage.py migrate shop 0001_initial"],
    ],
    [
      "django",
      ["shop.0001_initial", "auth.0001_initial"],
      null,
      ["python manage.py migrate shop zero", "python manage.py migrate auth zero"],
    ],
    ["alembic", ["1975ea83b712"], "ae1027a6acf", ["alembic downgrade ae1027a6acf"]],
    ["alembic", ["1975ea83b712"], null, ["alembic downgrade base"]],
    [
      "golang-migrate",
      ["12"],
      "10",
      [
        `sh -c 'exec migrate -database "\${DATABASE_URL:?}" "$@"' migrate '-path=<folder of migrations>' goto 10`,
      ],
    ],
    [
      "golang-migrate",
      ["1"],
      null,
      [
        `sh -c 'exec migrate -database "\${DATABASE_URL:?}" "$@"' migrate '-path=<folder of migrations>' down -all`,
      ],
    ],
    [
      "liquibase",
      ["db/c.xml::3::bob", "db/b.xml::2::bob"],
      "a.xml::1::bob",
      ["liquibase rollback-count --count=2"],
    ],
    // Applied late: each is named, so the order of versions does not matter.
    ...["sequelize", "sequelize-cli"].map((tool): [string, string[], string, string[]] => [
      tool,
      [`${V2}-b.js`, `${V3}-c.js`],
      `${V1}-a.js`,
      [
        `npx --no -- sequelize-cli db:migrate:undo --name=${V2}-b.js`,
        `npx --no -- sequelize-cli db:migrate:undo --name=${V3}-c.js`,
      ],
    ]),
    ["umzug", [`${V3}_c.js`], `${V2}_b.js`, [`node '<file that runs Umzug>' down --name=${V3}_c.js`]],
    [
      "mikro-orm",
      [`Migration${V3}`, `Migration${V2}`],
      null,
      [
        `npx --no -- mikro-orm migration:down --only=Migration${V3}`,
        `npx --no -- mikro-orm migration:down --only=Migration${V2}`,
      ],
    ],
    [
      "migrate-mongo",
      [`${V3}-c.js`, `${V2}-b.js`],
      `${V1}-a.js`,
      ["npx --no -- migrate-mongo down", "npx --no -- migrate-mongo down"],
    ],
    ["atlas", [V3, V2], V1, [`atlas migrate down '--env=<env of atlas.hcl>' --to-version=${V1}`]],
    ["atlas", [V3, V2], null, ["atlas migrate down '--env=<env of atlas.hcl>' 2"]],
    ["ecto", [V3, V2], V1, [`mix ecto.rollback --to=${V2}`]],
    ["ecto", ["10", "9"], null, ["mix ecto.rollback --to=9"]],
    ["ef-core", [`${V3}_C`, `${V2}_B`], `${V1}_A`, [`dotnet ef database update ${V1}_A`]],
    ["ef-core", [`${V1}_A`], null, ["dotnet ef database update 0"]],
  ])("of %s from %j to %j", (tool, versions, to, lines) => {
    expect(typed(tool, versions, to).lines).toEqual(lines);
  });

  it("is known, or known to be none, for every tool whose migrations are read here", () => {
    for (const { tool } of TOOLS) {
      const found = revertCommand({ database: "shop", tool, versions: ["app.0002_b"], to: null });
      expect(found.can ? "" : found.why).not.toMatch(/are not known to asof/);
    }
  });

  it.each(["EF Core", "Entity Framework Core", "efcore"])("is known of %s too", (tool) => {
    expect(typed(tool, ["2_B"], "1_A")).toMatchObject({ tools: ["EF Core"] });
  });

  it("needs no command where nothing is to be reverted", () => {
    expect(revertCommand({ database: "shop", versions: [], to: "1" })).toEqual({ can: true, commands: [] });
  });

  it("says where to run it, and what to look at", () => {
    expect(typed("knex", ["2.js"], "1.js").note).toMatch(
      /where the migration files of the newer version are/,
    );
    expect(typed("dbmate", ["2"], "1").note).toMatch(/`dbmate status`/);
    expect(typed("ecto", ["2"], "1").note).toMatch(/checkout of the newer version/);
  });
});

describe("the way back in an image of the newer version", () => {
  const image = { image: IMAGE };

  it("runs in it, with the names of variables and no values", () => {
    expect(typed("knex", ["2_b.js", "1_a.js"], null, image)).toEqual({
      lines: [
        `${RUN} --env=DATABASE_URL --entrypoint=npx ${IMAGE} --no -- knex migrate:down 2_b.js`,
        `${RUN} --env=DATABASE_URL --entrypoint=npx ${IMAGE} --no -- knex migrate:down 1_a.js`,
      ],
      tools: ["Knex", "Knex"],
      note: undefined,
    });
  });

  it("asks the image's own shell for the address of the database", () => {
    expect(typed("golang-migrate", ["2"], "1", image).lines).toEqual([
      `${RUN} --env=DATABASE_URL --entrypoint=sh ${IMAGE} -c 'exec migrate -database "\${DATABASE_URL:?}" "$@"' migrate '-path=<folder of migrations>' goto 1`,
    ]);
  });

  it("passes on what the tool reads", () => {
    const passed = ["CHANGELOG_FILE", "URL", "USERNAME", "PASSWORD"].map(
      (name) => `--env=LIQUIBASE_COMMAND_${name}`,
    );
    expect(typed("liquibase", ["a::1::b"], null, image).lines).toEqual([
      `${RUN} ${passed.join(" ")} --entrypoint=liquibase ${IMAGE} rollback-count --count=1`,
    ]);
  });

  it.each([
    ["ecto", "mix ecto.rollback --to=2"],
    ["ef-core", "dotnet ef database update 1"],
  ])("cannot be gone with %s, which needs the sources", (tool, line) => {
    expect(typed(tool, ["2"], "1", image)).toMatchObject({
      lines: [line],
      note: expect.stringMatching(/sources/),
    });
  });

  it.each([
    "ghcr.io/acme/shop:1.4.2",
    "ghcr.io/acme/shop",
    `--privileged@${digestOf("x")}`,
    `${IMAGE}@x`,
    `ghcr.io/acme/shop@${digestOf("x")} sh`,
  ])("is not gone in %j, which is not pinned", (image) => {
    expect(refused("knex", ["2.js"], "1.js", { image }).why).toMatch(/repository@digest/);
  });
});

describe("no way back", () => {
  it.each([
    ["prisma", /no down migrations/, /prisma migrate diff --script/],
    ["Drizzle ORM", /no down migrations/, /drizzle\.__drizzle_migrations/],
    ["flyway", /paid editions/, /`flyway undo -target=2`/],
  ])("with %s, and what to do by hand", (tool, why, byHand) => {
    const found = refused(tool, ["3", "2"], "1");
    expect(found.why).toMatch(why);
    expect(found.byHand).toMatch(byHand);
    expect(found.byHand).toMatch(/3, 2/);
  });

  it("with a tool that nobody named or knows", () => {
    expect(revertCommand({ database: "shop", versions: ["2"], to: "1" })).toMatchObject({
      can: false,
      why: "its migration tool is unknown",
      byHand: expect.stringContaining("Revert shop by hand, newest first (2)"),
    });
    expect(refused("sqitch", ["2"], "1").why).toBe(
      'the commands of the migration tool "sqitch" are not known to asof',
    );
  });

  it.each([
    ["dbmate", [V2, V3]],
    ["atlas", [V2, V3]],
    ["ecto", ["9", "10"]],
    ["ef-core", [`${V2}_B`, `${V3}_C`]],
    ["migrate-mongo", [`${V2}-b.js`, `${V3}-c.js`]],
  ])("with %s, which reverts by the order of versions, from what was applied out of it", (tool, versions) => {
    expect(refused(tool, versions, "0").why).toMatch(/applied out of order/);
    expect(refused(tool, versions.slice(0, 1), versions[1] ?? "").why).toMatch(/applied out of order/);
  });

  it.each([
    ["typeorm", "B", "A"],
    ["liquibase", "b::2::x", "a::1::x"],
    ["alembic", "b1", "a1"],
    ["django", "shop.0002_b", "shop.0001_a"],
  ])("with %s where something that stays was applied after it", (tool, version, to) => {
    const above = { above: ["C"], left: [to, "C"] };
    expect(typed(tool, [version], to, { left: [to] }).lines).toHaveLength(1);
    const found = refused(tool, [version], to, above);
    expect(found.why).toMatch(/reverts what was applied last, which would include migrations that stay: C$/);
    expect(found.byHand).toContain(`Revert ${version} of shop with SQL`);
    expect(found.byHand).toContain("let the tool revert C too, and apply them again");
  });

  it.each([
    ["dbmate", V2, V1, V3],
    ["atlas", V2, V1, V3],
    ["ecto", "9", "8", "10"],
    ["golang-migrate", "9", "8", "10"],
    ["ef-core", `${V2}_B`, `${V1}_A`, `${V3}_C`],
    ["migrate-mongo", `${V2}-b.js`, `${V1}-a.js`, `${V3}-c.js`],
  ])(
    "with %s where something that stays is of a higher version, whenever it was applied",
    (tool, version, to, higher) => {
      const found = refused(tool, [version], to, { left: [higher, to] });
      expect(found.why).toMatch(new RegExp(`applied out of order, .*: ${higher}$`));
      expect(found.byHand).toContain(`let the tool revert ${higher} too`);
    },
  );

  it.each([
    ["atlas", V3, V1, V2, `--to-version=${V2}`],
    ["golang-migrate", "10", "8", "9", "goto 9"],
    ["ef-core", `${V3}_C`, `${V1}_A`, `${V2}_B`, `${V2}_B`],
  ])(
    "is there with %s down to the highest that stays, though another came after it",
    (tool, version, to, highest, end) => {
      const [line, ...more] = typed(tool, [version], to, { left: [highest, to] }).lines;
      expect(more).toEqual([]);
      expect(line?.endsWith(end)).toBe(true);
    },
  );

  it("with Mongock, whose open edition has no command for it", () => {
    const { why, byHand } = refused("mongock", ["orders::ann"], "users::ann");
    expect(why).toContain("rolls back only a change unit that fails");
    expect(byHand).toMatch(/^Undo orders::ann .* delete their entries from mongockChangeLog\.$/);
  });

  it("with Flyway's own command where it would undo what stays", () => {
    const { byHand } = refused("flyway", ["2"], "1", { above: ["3"], left: ["1", "3"] });
    expect(byHand).toContain("Even a paid edition would also undo 3, which must stay");
    expect(byHand).not.toContain("flyway undo");
  });

  it.each(["knex", "rails", "sequelize", "umzug", "mikro-orm"])(
    "is no matter of what was applied after it with %s, which names each",
    (tool) => {
      expect(typed(tool, ["2"], "1", { above: ["3"], left: ["1", "3"] }).lines).toEqual(
        typed(tool, ["2"], "1").lines,
      );
    },
  );

  it("knows which tables are in the order of versions: as they are read here", () => {
    const sorted = TOOLS.filter(
      ({ mode, order }) => mode === "set" && /version|migrationid|^name$/.test(order.join()),
    );
    const known = sorted.map(({ tool }) => called(DOWN_SCRIPTS, tool)?.sorted);
    expect(known).toEqual(sorted.map(() => true));
    expect(DOWN_SCRIPTS.filter((one) => one.sorted)).toHaveLength(sorted.length);
  });

  it("with Django where several apps are to be taken back and one alone has an end", () => {
    expect(refused("django", ["shop.0002_b", "auth.0002_b"], "shop.0001_a").why).toMatch(
      /several apps \(shop, auth\)/,
    );
    expect(refused("django", ["shop.0002_b"], "auth.0001_a").why).toMatch(/several apps/);
  });

  it.each(["knex", "node-pg-migrate", "typeorm", "dbmate", "rails", "liquibase", "atlas", "ecto"])(
    "with %s where only the newest version is known",
    (tool) => {
      expect(refused(tool, ["2"], "1", { heads: true }).why).toMatch(/every version/);
    },
  );

  it.each([
    ["alembic", "alembic downgrade a1"],
    ["golang-migrate", /goto 1$/],
  ])("is no matter of the versions between with %s", (tool, line) => {
    const to = tool === "alembic" ? "a1" : "1";
    expect(typed(tool, ["3"], to, { heads: true }).lines).toEqual([expect.stringMatching(line)]);
  });

  it.each([
    // A relative or reserved word, a count in any way of writing it, another app's syntax.
    ["alembic", ["b"], "-1"],
    ["alembic", ["b"], "head"],
    ["alembic", ["b"], "branch@base"],
    ["golang-migrate", ["2"], "1 -database=x"],
    ["mikro-orm", ["A,B"], null],
    ["umzug", ["--to=0"], null],
    ["node-pg-migrate", ["17"], null],
    ["node-pg-migrate", ["0x10"], null],
    ["node-pg-migrate", ["1e3"], null],
    ["rails", ["2 RAILS_ENV=test"], null],
    ["ef-core", ["2"], "--force"],
    ["django", ["shop"], null],
    ["django", ["--fake.0001"], null],
  ])("with %s for a version that it would take for something else: %j to %j", (tool, versions, to) => {
    expect(refused(tool, versions, to).why).toMatch(/cannot be passed safely|out of order/);
  });
});

// --- hostile names ----------------------------------------------------------------------------------------

/** What of a command comes from us alone: everything that the versions do not show in. */
const OPTION = /^(--?[a-z][A-Za-z-]*(=.*)?|--)$/s;
const OPTIONS = new Set(
  DOWN_SCRIPTS.flatMap(({ name }) =>
    [undefined, IMAGE].flatMap((image) =>
      ["1", null].flatMap((to) =>
        [["3", "2"], ["b"], ["a.b"]].flatMap((versions) => {
          const found = revertCommand({ database: "d", tool: name, versions, to, ...(image && { image }) });
          return found.can
            ? found.commands.flatMap(({ argv }) => argv.filter((one) => OPTION.test(one)))
            : [];
        }),
      ),
    ),
  ).map((option) => option.split("=")[0]),
);

describe("a hostile version", () => {
  const anyTool = fc.constantFrom(...DOWN_SCRIPTS.map(({ name }) => name));
  const version = fc.oneof(word, fc.constantFrom("1", "2", "3", "a.0001", "b2"));

  it("never becomes an option, nor a line of its own", async () => {
    await fc.assert(
      fc.property(
        anyTool,
        fc.array(version, { minLength: 1, maxLength: 3 }),
        fc.option(version),
        fc.constantFrom(undefined, IMAGE),
        (tool, versions, to, image) => {
          const found = revertCommand({ database: "d", tool, versions, to, ...(image && { image }) });
          for (const { argv, shell } of found.can ? found.commands : []) {
            expect(shell).not.toContain("\n");
            const options = argv.filter((one) => one.startsWith("-")).map((one) => one.split("=")[0]);
            expect(options.filter((option) => !OPTIONS.has(option))).toEqual([]);
          }
        },
      ),
    );
  });

  it.each(["knex", "node-pg-migrate", "rails", "django"])(
    "is refused by %s where it could be one",
    (tool) => {
      for (const bad of ["--all", "-rf", "--", "two\nlines", "$(id)", "a'; rm -rf /", ""])
        expect(refused(tool, [bad], null).why).toMatch(/cannot be passed safely/);
    },
  );

  it("stands in quotes in what is to be done by hand", () => {
    expect(refused("flyway", ["2'; rm -rf /"], null).byHand).toContain(
      "`flyway undo '-target=2'\\''; rm -rf /'`",
    );
  });
});

// --- copies -----------------------------------------------------------------------------------------------

describe("a copy", () => {
  const folder = () => mkdtempSync(join(tmpdir(), "asof-copy-"));
  let home: string;
  beforeEach(() => {
    home = folder();
    mkdirSync(join(home, "bin"));
    // In place of the programs: writes what it was given into the file that it is told to make.
    for (const program of ["pg_dump", "mongodump", "mysqldump"]) {
      const script = `#!/bin/sh\nfor one; do case $one in --*file=*.dump|--archive=*|--result-file=*) out=\${one#*=};; esac; done\nprintf '%s\\n' "$@" > "$out"\n`;
      writeFileSync(join(home, "bin", program), script);
      chmodSync(join(home, "bin", program), 0o755);
    }
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const run = (shell: string, env: Record<string, string>) =>
    execFileSync("sh", ["-c", shell], {
      cwd: home,
      env: { PATH: `${join(home, "bin")}:${process.env.PATH}`, ...env },
      stdio: "pipe",
    });
  const copies = () => readdirSync(home).filter((file) => file !== "bin");

  it("of MongoDB goes into an archive of its own", () => {
    run(backupCommand("shop").shell, { DATABASE_URL: "mongodb+srv://u:p@h/shop" });
    const [file = "", ...more] = copies();
    expect(more).toEqual([]);
    expect(file).toMatch(/^backup-shop-\d{8}T\d{6}Z\.archive\.gz$/);
    expect(readFileSync(join(home, file), "utf8").split("\n")).toEqual([
      "--uri=mongodb+srv://u:p@h/shop",
      "--gzip",
      `--archive=${file}`,
      "",
    ]);
  });

  it("of PostgreSQL goes into a file of its own, with the address from the environment", () => {
    const { shell } = backupCommand("acme/shop");
    expect(shell).not.toContain("postgres://");
    run(shell, {
      DATABASE_URL: "postgres://u:p@h/d d",
      MYSQL_OPTION_FILE: "/run/my.cnf",
      MYSQL_DATABASE: "x",
    });
    const [file = "", ...more] = copies();
    expect(more).toEqual([]);
    expect(file).toMatch(/^backup-acme_shop-\d{8}T\d{6}Z\.dump$/);
    expect(readFileSync(join(home, file), "utf8").split("\n")).toEqual([
      "--format=custom",
      "--dbname=postgres://u:p@h/d d",
      `--file=${file}`,
      "",
    ]);
  });

  it.each([undefined, "mysql://u:p@h/d"])("of MySQL reads who and where from an option file (%s)", (url) => {
    const address = url === undefined ? {} : { DATABASE_URL: url };
    run(backupCommand("shop").shell, {
      ...address,
      MYSQL_OPTION_FILE: "/run/my.cnf",
      MYSQL_DATABASE: "--shop",
    });
    const [file = "", ...more] = copies();
    expect(more).toEqual([]);
    expect(file).toMatch(/^backup-shop-\d{8}T\d{6}Z\.sql$/);
    expect(readFileSync(join(home, file), "utf8").split("\n")).toEqual([
      ...["--defaults-extra-file=/run/my.cnf", "--single-transaction", "--routines", "--events"],
      ...[`--result-file=${file}`, "--", "--shop", ""],
    ]);
  });

  it.each([{}, { DATABASE_URL: "mysql://u:p@h/d" }, { MYSQL_OPTION_FILE: "/run/my.cnf" }])(
    "is not made of whatever is near where nothing says which: %j",
    (env) => {
      expect(() => run(backupCommand("shop").shell, env)).toThrow(/DATABASE_URL|MYSQL_DATABASE/);
      expect(copies()).toEqual([]);
    },
  );

  it.each(HOSTILE)("of %j stays in the folder, under a name that is one", (database) => {
    const { shell } = backupCommand(database);
    run(shell, { DATABASE_URL: "postgres://h/d" });
    run(shell, { MYSQL_OPTION_FILE: "x", MYSQL_DATABASE: "x" });
    expect(copies()).toHaveLength(2);
    for (const file of copies()) expect(file).toMatch(/^backup-[A-Za-z0-9._-]*-\d{8}T\d{6}Z\.(dump|sql)$/);
  });
});
