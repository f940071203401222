import { describe, expect, it } from "vitest";
import type { PlanOptions } from "../../functions/plan/plan.ts";
import type { Statement } from "../../schemas/fact.ts";
import { digestOf, said } from "../ledger/given.ts";
import { built, described, migration, REPOSITORY, removed, snapshot, time } from "../ledger/saying.ts";
import { applied, careful, type Gist, gist, imageOf, oneThenTwo, planOf, released } from "./asking.ts";

interface Case {
  readonly rule: string;
  readonly given: readonly Statement[];
  readonly asked?: Partial<PlanOptions>;
  readonly answers: Partial<Gist>;
}

const rules = (about: string, cases: readonly Case[]) =>
  describe(about, () => {
    it.each(cases.map((one) => [one.rule, one] as const))("%s", async (_, { given, asked, answers }) => {
      expect(gist(await planOf(given, asked))).toMatchObject(answers);
    });
  });

const keep = { schema: "keep" } as const;
const revert = { schema: "revert" } as const;
const losing = { ...revert, acceptDataLoss: true } as const;
const first = migration("applied", "10 11:00", "0", { tool: "knex" });

rules("a schema that is kept", [
  {
    rule: "is unchanged where nothing was applied since",
    given: oneThenTwo(first),
    answers: { status: "ready", schema: "unchanged", revert: [], keep: [], warnings: [], blockers: [] },
  },
  {
    rule: "is kept where every migration since says that older code runs",
    given: oneThenTwo(first, applied("1", careful), applied("2", careful)),
    answers: { status: "ready", schema: "keep", keep: ["2", "1"], revert: [], warnings: [] },
  },
  {
    rule: "is asked for where one of them does not say so, and both lists are shown",
    given: oneThenTwo(first, applied("1", careful), applied("2")),
    answers: {
      status: "blocked",
      schema: "undecided",
      blockers: ["schema_choice_needed"],
      keep: ["2", "1"],
      revert: ["2", "1"],
      steps: [],
    },
  },
  {
    rule: "is kept on demand, with a warning, where nobody said",
    given: oneThenTwo(first, applied("1")),
    asked: keep,
    answers: { status: "ready", schema: "keep", keep: ["1"], warnings: ["schema_unproven"] },
  },
  {
    rule: "is kept on demand without one where the image says that it runs on it",
    given: oneThenTwo(
      first,
      built(digestOf("one"), "one", { requires: [{ database: "Billing", version: "0" }] }),
      applied("1"),
    ),
    asked: keep,
    answers: { status: "ready", schema: "keep", warnings: [] },
  },
  {
    rule: "is not kept where a migration says that older code does not run",
    given: oneThenTwo(first, applied("1", { oldCodeRuns: false })),
    asked: keep,
    answers: { status: "blocked", schema: "keep", blockers: ["old_code_breaks"] },
  },
  {
    rule: "is too old where the image needs what is not applied",
    given: oneThenTwo(
      snapshot("10 11:00", "set", ["0"]),
      built(digestOf("one"), "one", { requires: [{ database: "billing", version: "9" }] }),
    ),
    answers: { status: "blocked", schema: "unchanged", blockers: ["schema_too_old"] },
  },
  {
    rule: "is not changed by what the image of then migrated itself",
    given: oneThenTwo(first, applied("1", { image: digestOf("one") })),
    answers: { status: "ready", schema: "unchanged", keep: [] },
  },
  {
    rule: "lacks what was reverted since, which nobody puts back by itself",
    given: oneThenTwo(first, migration("reverted", "15 12:00", "0")),
    answers: { status: "blocked", blockers: ["migrations_missing"] },
  },
  {
    rule: "is unchanged by what was applied and reverted since",
    given: oneThenTwo(first, applied("1"), migration("reverted", "21 12:00", "1")),
    answers: { status: "ready", schema: "unchanged" },
  },
  {
    rule: "is unchanged by what was reverted and applied again",
    given: oneThenTwo(first, migration("reverted", "15 12:00", "0"), migration("applied", "16 12:00", "0")),
    answers: { status: "ready", schema: "unchanged" },
  },
]);

rules("a schema of which too little is known", [
  {
    rule: "is unknown where no fact names a database",
    given: oneThenTwo(),
    answers: { status: "ready", schema: "unknown", warnings: ["schema_unknown"] },
  },
  {
    rule: "is unknown where only the service's description names one",
    given: oneThenTwo(described({ databases: ["billing"] })),
    answers: { status: "ready", schema: "unknown", warnings: ["schema_unknown"] },
  },
  {
    rule: "was unknown then where the first set was read later, without times",
    given: oneThenTwo(snapshot("21 12:00", "set", ["0", "1"])),
    answers: { status: "ready", schema: "unknown", warnings: ["schema_unknown"] },
  },
  {
    rule: "was known only in part where the first set was read later, and little was said before",
    given: oneThenTwo(first, snapshot("21 12:00", "set", ["older", "0", "1"])),
    answers: { status: "ready", schema: "unknown", keep: [], warnings: ["schema_unknown"] },
  },
  {
    rule: "was known only in part where there was but a head then",
    given: oneThenTwo(snapshot("10 11:00", "head", ["0"]), snapshot("21 12:00", "set", ["older", "0"])),
    answers: { status: "ready", schema: "unknown", keep: [], warnings: ["schema_unknown"] },
  },
  {
    rule: "is known to be none where the service is described with none",
    given: oneThenTwo(described({ databases: [] })),
    answers: { status: "ready", schema: "unchanged", warnings: [] },
  },
  {
    rule: "was as the tool's own times say where the first set was read later",
    given: oneThenTwo(
      snapshot("21 12:00", "set", [
        { version: "0", appliedAt: time("01 12:00") },
        { version: "1", appliedAt: time("20 11:00") },
      ]),
    ),
    asked: keep,
    answers: { schema: "keep", keep: ["1"], warnings: ["schema_unproven"] },
  },
]);

/** Read before the first release and after the second; 2 was applied between the two. */
const dated = (at: string) => [
  snapshot("10 11:00", "set", ["1"], { tool: "typeorm" }),
  ...oneThenTwo(),
  snapshot("25 12:00", "set", ["1", { version: "2", appliedAt: time(at) }], { tool: "typeorm" }),
];
rules("a migration that only a later set shows, with its time", [
  {
    rule: "is not reverted to go back to a moment after it",
    given: dated("12 11:00"),
    asked: losing,
    answers: { status: "ready", schema: "unchanged", revert: [], keep: [], blockers: [], warnings: [] },
  },
  {
    rule: "is reverted to go back to a moment before it",
    given: dated("12 12:01"),
    asked: losing,
    answers: { schema: "revert", revert: ["2"] },
  },
  {
    rule: "is enough for an image that requires it",
    given: [
      ...dated("12 11:00"),
      built(digestOf("one"), "one", { requires: [{ database: "billing", version: "2" }] }),
    ],
    answers: { status: "ready", schema: "unchanged", blockers: [] },
  },
]);

rules("a schema that is reverted", [
  {
    rule: "is reverted newest first, before the deployment",
    given: oneThenTwo(first, applied("1", careful), applied("2", careful)),
    asked: revert,
    answers: {
      status: "ready",
      schema: "revert",
      revert: ["2", "1"],
      keep: [],
      warnings: [],
      steps: [
        "revert 2, 1 of billing",
        expect.stringContaining("either "),
        expect.anything(),
        "check what runs",
      ],
    },
  },
  {
    rule: "is reverted in the order of applying, whatever the versions are called",
    given: oneThenTwo(first, applied("3", careful, "20 11:01"), applied("2", careful, "20 11:02")),
    asked: revert,
    answers: { revert: ["2", "3"] },
  },
  {
    rule: "is reverted in the order of the tool's table",
    given: oneThenTwo(
      snapshot("10 11:00", "set", ["0"]),
      snapshot("20 11:00", "set", ["0", "2", "1"], { tool: "knex" }),
    ),
    asked: losing,
    answers: { revert: ["1", "2"], warnings: ["reversibility_unknown"] },
  },
  {
    rule: "is copied first, and only on demand, where a revert may lose data",
    given: oneThenTwo(first, applied("1", { reversible: true })),
    asked: revert,
    answers: { status: "blocked", blockers: ["data_loss"], revert: ["1"] },
  },
  {
    rule: "is copied first where somebody puts up with the loss",
    given: oneThenTwo(first, applied("1", { reversible: true, losesData: true })),
    asked: losing,
    answers: {
      status: "ready",
      steps: expect.arrayContaining(["back up billing", "revert 1 of billing"]),
    },
  },
  {
    rule: "is not reverted by what cannot be",
    given: oneThenTwo(first, applied("1", { ...careful, reversible: false })),
    asked: revert,
    answers: { status: "blocked", blockers: ["irreversible"] },
  },
  {
    rule: "is not reverted by a tool without down scripts",
    given: oneThenTwo(first, applied("1", { ...careful, tool: "prisma" })),
    asked: revert,
    answers: { status: "blocked", blockers: ["revert_by_hand"] },
  },
  {
    rule: "is not reverted by nobody knows which tool",
    given: oneThenTwo(first, applied("1", { ...careful, tool: undefined })),
    asked: revert,
    answers: { status: "blocked", blockers: ["revert_by_hand"] },
  },
  {
    rule: "is not reverted below what the image needs",
    given: oneThenTwo(
      built(digestOf("one"), "one", { requires: [{ database: "billing", version: "1" }] }),
      applied("1", careful),
    ),
    asked: revert,
    answers: { status: "blocked", blockers: ["schema_too_old"] },
  },
  {
    rule: "goes to the head of then, where only heads are known",
    given: oneThenTwo(
      snapshot("10 11:00", "head", ["5"], { tool: "golang-migrate" }),
      snapshot("20 11:00", "head", ["7"], { tool: "golang-migrate" }),
    ),
    asked: losing,
    answers: { status: "ready", revert: ["7"], warnings: ["reversibility_unknown"] },
  },
  {
    rule: "goes nowhere by itself where only heads are known to a tool that needs each version",
    given: oneThenTwo(
      snapshot("10 11:00", "head", ["5"], { tool: "knex" }),
      snapshot("20 11:00", "head", ["7"], { tool: "knex" }),
    ),
    asked: losing,
    answers: { status: "blocked", blockers: ["revert_by_hand"] },
  },
  {
    rule: "is known by what two sources say of one run, each of its own",
    given: oneThenTwo(
      first,
      applied("1", { reversible: true, losesData: false }, "20 11:01"),
      migration("applied", "20 11:02", "1", { tool: "knex", oldCodeRuns: false }),
    ),
    asked: revert,
    answers: { status: "ready", revert: ["1"], warnings: [] },
  },
  {
    rule: "goes nowhere by itself where the head of then is not known",
    given: oneThenTwo(migration("applied", "20 11:00", "7", { ...careful, tool: "golang-migrate" })),
    asked: revert,
    answers: { status: "blocked", blockers: ["revert_by_hand"] },
  },
  {
    rule: "goes nowhere by itself where there were several heads",
    given: oneThenTwo(
      snapshot("10 11:00", "head", ["a1", "b1"], { tool: "alembic" }),
      migration("applied", "20 11:00", "c1", { ...careful, tool: "alembic" }),
    ),
    asked: revert,
    answers: { status: "blocked", blockers: ["revert_by_hand"] },
  },
]);

/** `2` came with the second release; `3`, which stands above it, is not to be reverted. */
const ownAbove = (tool: string, tools = [tool, tool, tool]) =>
  [
    ...oneThenTwo(
      migration("applied", "10 11:00", "1", { ...careful, tool: tools[0] }),
      applied("2", { ...careful, tool: tools[1] }),
    ),
    migration("applied", "22 11:00", "3", { ...careful, tool: tools[2], image: digestOf("one") }),
  ] as const;

describe("a migration of the target's own above one that is reverted", () => {
  it.each([
    "typeorm",
    "liquibase",
    "alembic",
    "golang-migrate",
    "django",
    "dbmate",
    "atlas",
    "ecto",
    "ef-core",
  ])("would be caught by %s, which cannot be told to leave it", async (tool) => {
    const plan = await planOf(ownAbove(tool), revert);
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["revert_by_hand"], revert: ["2"] });
    expect(plan.blockers[0]?.message).toMatch(/2 of billing: .*3/);
    expect(plan.steps.find(({ does }) => does === "revert")?.commands).toEqual([]);
  });

  it.each(["knex", "node-pg-migrate", "rails"])("is left by %s, which names each", async (tool) => {
    const names = (version: string) => (tool === "node-pg-migrate" ? `${version}_x` : version);
    const named = ownAbove(tool).map((one) =>
      "version" in one ? { ...one, version: names(one.version) } : one,
    );
    expect(gist(await planOf(named, revert))).toMatchObject({ status: "ready", revert: [names("2")] });
  });
});

/** Of `1` and `3` nobody says when they came: they stand in a set that was read later. */
const readLater = (tool: string, versions: readonly (string | object)[], more: object = {}) => [
  ...oneThenTwo(applied("2", { ...careful, oldCodeRuns: false, tool })),
  snapshot("22 12:00", "set", versions, { tool, ...more }),
];

describe("what stands in a set above something that came since", () => {
  it.each(["knex", "typeorm", "liquibase", "alembic", "django"])("came since too with %s", async (tool) => {
    const of = (version: string) => (tool === "django" ? `shop.${version}` : version);
    const given = readLater(tool, ["1", "2", "3"].map(of)).map((one) =>
      "version" in one ? { ...one, version: of(one.version) } : one,
    );
    const { schema, warnings, blockers } = await planOf(given, revert);
    expect(schema.revert.map(({ version }) => version)).toEqual([of("3"), of("2")]);
    expect(blockers.map(({ code }) => code)).toEqual(["data_loss"]);
    expect(warnings.map(({ code }) => code)).toEqual([
      "schema_unknown",
      "order_assumed",
      "reversibility_unknown",
    ]);
    expect(warnings[0]?.message).toContain(`whether ${of("1")} of billing`);
    expect(warnings[1]?.message).toContain(`no fact says when ${of("3")} of billing`);
  });

  it.each(["dbmate", "atlas", "ecto", "ef-core"])(
    "may have come before with %s, whose table is in the order of versions",
    async (tool) => {
      const plan = await planOf(readLater(tool, ["1", "2", "3"]), revert);
      expect(gist(plan)).toMatchObject({
        ...{ status: "blocked", blockers: ["revert_by_hand"], revert: ["2"], warnings: ["schema_unknown"] },
      });
      expect(plan.warnings[0]?.message).toContain("whether 1, 3 of billing");
    },
  );

  it("may have come before with Rails, which leaves it", async () => {
    const plan = await planOf(readLater("rails", ["1", "2", "3"]), revert);
    expect(gist(plan)).toMatchObject({ status: "ready", revert: ["2"], warnings: ["schema_unknown"] });
  });

  it("is not asked about where the tool's own time says when it came", async () => {
    const given = readLater("typeorm", ["1", "2", { version: "3", appliedAt: time("01 12:00") }]);
    const plan = await planOf(given, revert);
    expect(gist(plan)).toMatchObject({ blockers: ["revert_by_hand"], revert: ["2"] });
  });

  it("is the target's own where its image migrated it", async () => {
    const two = applied("2", { ...careful, tool: "liquibase", image: digestOf("two") });
    const set = snapshot("22 12:00", "set", ["1", "2", "3"], { tool: "liquibase", image: digestOf("one") });
    const plan = await planOf([...oneThenTwo(two), set], revert);
    expect(gist(plan)).toMatchObject({
      blockers: ["revert_by_hand"],
      revert: ["2"],
      warnings: ["schema_unknown"],
    });
  });
});

describe("a migration that stays between two that are reverted", () => {
  /** @param image the one that applied the oldest */
  const between = (tool: string, image: string) =>
    oneThenTwo(
      migration("applied", "10 11:00", "0", { tool }),
      applied("1", { ...careful, tool, image: digestOf(image) }),
      applied("2", { ...careful, tool, image: digestOf("one") }),
      applied("3", { ...careful, tool }),
    );

  it("is where the first command ends, and what the second would catch", async () => {
    const { schema, blockers, steps } = await planOf(between("alembic", "another"), revert);
    expect(schema.revert.map(({ version, command }) => [version, command?.argv.slice(-2)])).toEqual([
      ["3", ["downgrade", "2"]],
      ["1", undefined],
    ]);
    expect(blockers.map(({ code }) => code)).toEqual(["revert_by_hand"]);
    expect(steps.map(({ title }) => title).slice(0, 2)).toEqual([
      "revert 3 of billing",
      "revert 1 of billing",
    ]);
  });

  it.each(["alembic", "liquibase", "typeorm", "dbmate"])(
    "would be caught by one command of %s for both",
    async (tool) => {
      const plan = await planOf(between(tool, "two"), revert);
      expect(gist(plan)).toMatchObject({ blockers: ["revert_by_hand"], revert: ["3", "1"] });
    },
  );
});

const invoices = (at: string) =>
  released(at, "invoices", {
    service: "acme/invoices",
    deployment: { provider: "x", instance: "x", id: "i" },
  });

rules("a database that others use", [
  {
    rule: "is not reverted under a service that is described with it and runs",
    given: [
      ...oneThenTwo(first, applied("1", careful)),
      ...invoices("05 12:00"),
      described({ service: "acme/invoices", databases: ["Billing"] }),
    ],
    asked: revert,
    answers: { status: "blocked", blockers: ["database_shared"] },
  },
  {
    rule: "is not reverted under a service whose migrations name it",
    given: [
      ...oneThenTwo(first, applied("1", careful)),
      ...invoices("05 12:00"),
      migration("applied", "05 11:00", "00", { service: "acme/invoices" }),
    ],
    asked: revert,
    answers: { status: "blocked", blockers: ["database_shared"] },
  },
  {
    rule: "is reverted where that service is accepted by name",
    given: [
      ...oneThenTwo(first, applied("1", careful)),
      ...invoices("05 12:00"),
      described({ service: "acme/invoices", databases: ["billing"] }),
    ],
    asked: { ...revert, acceptShared: ["Acme/Invoices"] },
    answers: { status: "ready", revert: ["1"] },
  },
  {
    rule: "is reverted where that service was removed",
    given: [
      ...oneThenTwo(first, applied("1", careful)),
      ...invoices("05 12:00"),
      described({ service: "acme/invoices", databases: ["billing"] }),
      removed("06 12:00", { service: "acme/invoices" }),
    ],
    asked: revert,
    answers: { status: "ready", revert: ["1"] },
  },
  {
    rule: "is reverted where that service never ran here",
    given: [
      ...oneThenTwo(first, applied("1", careful)),
      described({ service: "acme/invoices", databases: ["billing"] }),
    ],
    asked: revert,
    answers: { status: "ready", revert: ["1"] },
  },
  {
    rule: "may be kept",
    given: [
      ...oneThenTwo(first, applied("1", careful)),
      ...invoices("05 12:00"),
      described({ service: "acme/invoices", databases: ["billing"] }),
    ],
    answers: { status: "ready", schema: "keep" },
  },
]);

rules("migrations that were applied at one moment", [
  {
    rule: "are reverted in the order of their versions, as numbers, and the plan says so",
    given: oneThenTwo(
      first,
      ...["V1.10", "V1.9", "V1.11"].map((version) => applied(version, careful, "20 11:30")),
    ),
    asked: revert,
    answers: {
      status: "ready",
      warnings: ["order_assumed"],
      revert: ["V1.11", "V1.10", "V1.9"],
    },
  },
  {
    rule: "of which a snapshot tells the order are in that order",
    given: oneThenTwo(
      first,
      ...["2", "1"].map((version) => applied(version, careful, "20 11:30")),
      snapshot("20 11:31", "set", ["0", "2", "1"], { tool: "knex" }),
    ),
    asked: revert,
    answers: { status: "ready", warnings: [], revert: ["1", "2"] },
  },
]);

rules("a service that migrates when it starts", [
  {
    rule: "is stopped before its schema is reverted",
    given: oneThenTwo(
      described({ migratesAtStartup: true }),
      first,
      applied("1", { reversible: true }, "20 12:05"),
    ),
    asked: losing,
    answers: {
      status: "ready",
      warnings: ["downtime"],
      steps: [
        "back up billing",
        "stop every instance of acme/billing in production",
        "revert 1 of billing",
        expect.anything(),
        expect.anything(),
        "check what runs",
      ],
    },
  },
  {
    rule: "is not stopped where the schema stays",
    given: oneThenTwo(described({ migratesAtStartup: true }), first, applied("1", careful)),
    answers: { status: "ready", schema: "keep", warnings: [] },
  },
]);

describe("two databases", () => {
  it("are decided together, and reverted one after the other", async () => {
    const audit = (version: string, at: string) =>
      migration("applied", at, version, { database: "Audit", tool: "alembic", ...careful });
    const plan = await planOf(
      oneThenTwo(first, audit("a0", "10 11:00"), applied("1", careful), audit("a1", "20 11:00")),
      revert,
    );
    expect(plan.schema.revert.map(({ database, version }) => [database, version])).toEqual([
      ["Audit", "a1"],
      ["billing", "1"],
    ]);
    expect(gist(plan).steps.slice(0, 2)).toEqual(["revert a1 of Audit", "revert 1 of billing"]);
    expect(plan.schema.revert[0]?.command?.argv.slice(-3)).toEqual([
      expect.stringContaining("@sha256:"),
      "downgrade",
      "a0",
    ]);
  });
});

describe("what is reverted", () => {
  it("is reverted from the image that applied it, wherever that is held", async () => {
    const image = digestOf("migrator");
    const { schema } = await planOf(
      oneThenTwo(first, applied("1", { ...careful, image }), ...released("19 12:00", "migrator")),
      revert,
    );
    expect(schema.revert).toMatchObject([
      { database: "billing", version: "1", reversible: true, losesData: false, image: imageOf("migrator") },
    ]);
    expect(schema.revert[0]?.command?.argv).toEqual(expect.arrayContaining([imageOf("migrator")]));
  });

  it("is reverted from what runs now, if that came after it", async () => {
    const { schema } = await planOf(oneThenTwo(first, applied("1", careful)), revert);
    expect(schema.revert[0]?.image).toBe(imageOf("two"));
  });

  it("is reverted from no image where what runs now came before it", async () => {
    const { schema } = await planOf(oneThenTwo(first, applied("1", careful, "21 12:00")), revert);
    expect(schema.revert[0]?.image).toBeNull();
  });

  it("cannot be reverted from an image that is gone", async () => {
    const gone = { repository: REPOSITORY, digest: digestOf("two"), what: "manifest" };
    const { blockers } = await planOf(
      [...oneThenTwo(first, applied("1", careful)), said("artifact.deleted", time("25 12:00"), gone)],
      revert,
    );
    expect(blockers.map(({ code }) => code)).toEqual(["down_script_gone"]);
  });
});
