import { describe, expect, it } from "vitest";
import { plan } from "../../functions/plan/plan.ts";
import { currentRelease } from "../../functions/plan/target/current-release.ts";
import { RELEASES_BACK_MAX } from "../../functions/plan/target/releases-back.ts";
import { release } from "../../functions/queries/release/release.ts";
import type { Statement } from "../../schemas/fact.ts";
import { digestOf, given, retracted, said } from "../ledger/given.ts";
import {
  component,
  deployment,
  described,
  indexed,
  main,
  migration,
  observed,
  PLACE,
  pushed,
  REPOSITORY,
  removed,
  succeeded,
  task,
  time,
} from "../ledger/saying.ts";
import { applied, gist, imageOf, NOW, oneThenTwo, planOf, released, THEN } from "./asking.ts";

const marked = (name: string, verdict: "good" | "bad", at = "25 12:00"): Statement =>
  said("release.marked", time(at), { digest: digestOf(name), verdict });
const three = [
  ...released("10 12:00", "one"),
  ...released("15 12:00", "two"),
  ...released("20 12:00", "three"),
];

describe("what runs now, of a plan and of the release", () => {
  it("is the same under clocks that disagree, and both warn of them", async () => {
    const ledger = await given(...released("10 12:00", "one"));
    const [, ahead] = released("20 12:05", "two");
    const [, behind] = released("20 11:55", "three");
    if (ahead === undefined || behind === undefined) throw new Error("no deployment");
    await ledger.tell(ahead, time("20 12:00"));
    await ledger.tell(behind, time("20 12:01"));
    const now = ledger.at(time("20 12:02"), time("20 12:02"));
    const [shown, planned] = await Promise.all([release(now, PLACE), plan(now, PLACE, { aim: THEN })]);
    expect(shown?.components.map(({ digest }) => digest)).toEqual([digestOf("two")]);
    expect(planned?.current.components).toEqual(shown?.components);
    expect(shown?.warnings.map(({ code }) => code)).toEqual(["clock_skew"]);
    expect(planned?.warnings.map(({ code }) => code)).toContain("clock_skew");
  });
});

describe("the release of a plan", () => {
  it("is the one of that moment; what runs now is the newest that is known", async () => {
    const { at, target, current } = await planOf(three, { aim: { at: time("16 12:00") } });
    expect(at).toBe(time("16 12:00"));
    expect(target).toMatchObject({ status: "running", components: [{ digest: digestOf("two") }] });
    expect(current).toMatchObject({ status: "running", components: [{ digest: digestOf("three") }] });
    expect(current.at).toBe(current.knownAt);
  });

  it.each([
    ["was never told of by then", time("01 12:00"), [], "target_unknown"],
    ["had been removed by then", time("12 12:00"), [removed("11 12:00")], "target_removed"],
  ])("blocks the plan where it %s", async (_, at, more, code) => {
    const answer = await planOf(oneThenTwo(...more), { aim: { at } });
    expect(gist(answer)).toMatchObject({ status: "blocked", blockers: [code], steps: [] });
  });

  it("is deployed again where the service was removed since", async () => {
    const answer = await planOf([...oneThenTwo(), removed("25 12:00")]);
    expect(answer).toMatchObject({
      status: "ready",
      current: { status: "removed" },
      components: [{ from: null }],
    });
    expect(answer.steps.length).toBeGreaterThan(1);
  });

  it("is not found for a name never heard of", async () => {
    const ledger = await given(...three);
    const service = "acme/nobody";
    expect(await plan(ledger.at(NOW), { ...PLACE, service }, { aim: { last: "good" } })).toBeUndefined();
    expect(await plan(ledger.at(NOW), { ...PLACE, service }, { aim: { at: NOW } })).toBeUndefined();
  });

  it("keeps what was known then apart from what is known now", async () => {
    const ledger = await given(...three.slice(0, 4));
    for (const one of three.slice(4)) await ledger.tell(one, time("28 12:00"));
    const before = await plan(ledger.at(NOW, time("25 12:00")), PLACE, { aim: { at: time("12 12:00") } });
    expect(before?.current.components).toMatchObject([{ digest: digestOf("two") }]);
  });
});

describe("by digest, the release", () => {
  const two = { aim: { digest: digestOf("two") } };

  it("is the newest that ran it here", async () => {
    const again = released("18 12:00", "two", { config: [{ revision: "newest" }] });
    const { at, target } = await planOf([...three, ...again], two);
    expect(at).toBe(time("18 12:00"));
    expect(target?.config).toEqual([{ revision: "newest" }]);
  });

  it("is found by any digest of the image", async () => {
    const manifest = digestOf("manifest");
    const { target } = await planOf([...three, indexed(digestOf("two"), manifest)], {
      aim: { digest: manifest },
    });
    expect(target?.components).toMatchObject([{ digest: digestOf("two") }]);
  });

  it("is found where only the runtime or its tasks showed it", async () => {
    const seen = [main({ digest: digestOf("hotfix"), repository: REPOSITORY })];
    const hotfix = { aim: { digest: digestOf("hotfix") } };
    expect((await planOf([...three, observed("17 12:00", seen)], hotfix)).target?.components).toMatchObject([
      { digest: digestOf("hotfix") },
    ]);
    const byTask = [
      succeeded("17 12:00", [main()], { deployment: deployment("t") }),
      task("17 12:01", digestOf("hotfix"), { deployment: deployment("t") }),
    ];
    expect((await planOf([...three, ...byTask], hotfix)).target?.components).toMatchObject([
      { digest: digestOf("hotfix"), resolvedBy: "task" },
    ]);
  });

  it("is not one whose deployment failed, nor one that no fact names", async () => {
    const failed = said("deployment.failed", time("18 12:00"), {
      ...PLACE,
      deployment: deployment("f"),
      components: [main({ digest: digestOf("failed") })],
    });
    for (const [name, code] of [
      ["failed", "image_in_no_repository"],
      ["nowhere", "image_unknown"],
    ] as const) {
      const answer = await planOf([...three, failed], { aim: { digest: digestOf(name) } });
      expect(gist(answer)).toMatchObject({ status: "blocked", blockers: [code], steps: [] });
    }
  });

  it("counts what was migrated after it was deployed as not its own, though it ran on it for a while", async () => {
    const { schema } = await planOf([...three, applied("1", {}, "19 11:00")], two);
    expect(schema).toMatchObject({ choice: "undecided", since: time("15 12:00"), keep: [{ version: "1" }] });
  });
});

describe("the last good release", () => {
  const good = { aim: { last: "good" } } as const;

  it("is the one before", async () => {
    const { target, schema } = await planOf([...three, applied("1", {}, "20 11:59")], good);
    expect(target?.components).toMatchObject([{ digest: digestOf("two") }]);
    expect(schema).toMatchObject({ choice: "undecided", keep: [{ version: "1" }] });
  });

  it("is not one that was marked as bad, unless that was taken back", async () => {
    const bad = marked("two", "bad");
    expect((await planOf([...three, bad], good)).target?.components).toMatchObject([
      { digest: digestOf("one") },
    ]);
    for (const more of [marked("two", "good", "26 12:00"), retracted(bad)]) {
      expect((await planOf([...three, bad, more], good)).target?.components).toMatchObject([
        { digest: digestOf("two") },
      ]);
    }
  });

  it("is not one whose mark stands at another digest of the image", async () => {
    const answer = await planOf(
      [...three, indexed(digestOf("two"), digestOf("arm64")), marked("arm64", "bad")],
      good,
    );
    expect(answer.target?.components).toMatchObject([{ digest: digestOf("one") }]);
  });

  it("goes by the newest mark of any digest of the image", async () => {
    const index = indexed(digestOf("two"), digestOf("arm64"));
    const goodOf = async (...marks: Statement[]) =>
      (await planOf([...three, index, ...marks], good)).target?.components[0]?.digest;
    expect(await goodOf(marked("arm64", "bad"), marked("two", "good", "26 12:00"))).toBe(digestOf("two"));
    expect(await goodOf(marked("two", "good"), marked("arm64", "bad", "26 12:00"))).toBe(digestOf("one"));
  });

  it("is none with the same images, none that is not known, and none that was removed", async () => {
    const { target } = await planOf(
      [
        ...released("08 12:00", "one"),
        removed("09 12:00"),
        succeeded("11 12:00", [main()], { deployment: deployment("u") }),
        ...released("20 12:00", "three"),
        ...released("21 12:00", "three"),
      ],
      good,
    );
    expect(target?.components).toMatchObject([{ digest: digestOf("one") }]);
  });

  const releasedAs = (at: string, name: string, more: object) =>
    succeeded(at, [main({ digest: digestOf(name) })], { deployment: deployment(`${at} ${name}`), ...more });
  const backTo = (at: string, name: string) => releasedAs(at, name, { rollback: true });

  it("is not one that was rolled back from, though it had no mark", async () => {
    const story = [...released("10 12:00", "one"), ...released("15 12:00", "two"), backTo("16 12:00", "one")];
    const bad = await planOf([...story, ...released("20 12:00", "three")], good);
    expect(bad.target?.components).toMatchObject([{ digest: digestOf("one") }]);
    // Back from three, there is none: two was left, too.
    const again = await planOf([...story, ...released("20 12:00", "three"), backTo("21 12:00", "one")], good);
    expect(gist(again)).toMatchObject({ status: "blocked", blockers: ["no_good_release"] });
    expect(again.blockers[0]?.message).toContain(`it was rolled back from at ${time("21 12:00")}`);
    expect(again.blockers[0]?.message).toContain(`it was rolled back from at ${time("16 12:00")}`);
  });

  it("is not one that an operator had put back from", async () => {
    const answer = await planOf(
      [
        ...released("08 12:00", "zero"),
        ...released("10 12:00", "one"),
        ...released("15 12:00", "two"),
        releasedAs("16 12:00", "one", { redeployment: "0123456789abcdef.1" }),
      ],
      good,
    );
    expect(answer.target?.components).toMatchObject([{ digest: digestOf("zero") }]);
    expect(answer.warnings).toContainEqual({
      code: "passed_over",
      message: `the release since ${time("15 12:00")} is not good: it was rolled back from at ${time("16 12:00")}`,
    });
  });

  it("is one that was rolled back from and marked as good since", async () => {
    const story = [...released("10 12:00", "one"), ...released("15 12:00", "two"), backTo("16 12:00", "one")];
    const marks = [marked("two", "good", "17 12:00"), marked("two", "good", "15 13:00")];
    const [after, before] = await Promise.all(marks.map((mark) => planOf([...story, mark], good)));
    expect(after?.target?.components).toMatchObject([{ digest: digestOf("two") }]);
    expect(before?.target).toBeNull();
  });

  it("is one that was rolled back from once, and ran again later", async () => {
    const answer = await planOf(
      [
        ...released("10 12:00", "one"),
        ...released("15 12:00", "two"),
        backTo("16 12:00", "one"),
        ...released("17 12:00", "two"),
        ...released("20 12:00", "three"),
      ],
      good,
    );
    expect(answer.target?.components).toMatchObject([{ digest: digestOf("two") }]);
  });

  it("is not a canary beside what ran, whether it was aborted or went on", async () => {
    const canary = succeeded(
      "16 12:00",
      [
        main({ digest: digestOf("two"), variant: "stable", weight: 80 }),
        main({ digest: digestOf("three"), variant: "canary", weight: 20 }),
      ],
      { deployment: deployment("canary") },
    );
    const story = [...released("10 12:00", "one"), ...released("15 12:00", "two"), canary];
    const aborted = await planOf([...story, ...released("16 13:00", "two")], good);
    expect(aborted.target?.components).toMatchObject([{ digest: digestOf("one") }]);
    const promoted = await planOf([...story, ...released("16 13:00", "three")], good);
    expect(promoted.target?.components).toMatchObject([{ digest: digestOf("two") }]);
  });

  it("is looked for only so far", async () => {
    const many = Array.from({ length: RELEASES_BACK_MAX + 1 }, (_, n) =>
      released(`20 ${String(n % 24).padStart(2, "0")}:${n < 24 ? "00" : "30"}`, "same", {
        config: [{ revision: "1" }],
      }),
    ).flat();
    const answer = await planOf([...released("10 12:00", "one"), ...many], good);
    expect(gist(answer)).toMatchObject({ status: "blocked", blockers: ["no_good_release"] });
    const nearer = await planOf([...released("10 12:00", "one"), ...many.slice(0, -4)], good);
    expect(nearer.target?.components).toMatchObject([{ digest: digestOf("one") }]);
  });
});

describe("a plan warns", () => {
  const warned = async (...statements: readonly Statement[]) => gist(await planOf(statements)).warnings;

  it("of an image that was marked as bad", async () => {
    expect(await warned(...oneThenTwo(marked("one", "bad")))).toContain("marked_bad");
    expect(await warned(...oneThenTwo(marked("one", "good")))).not.toContain("marked_bad");
  });

  it("of drift, then or now", async () => {
    const seen = (at: string) => observed(at, [main({ digest: digestOf("hotfix"), repository: REPOSITORY })]);
    expect(await warned(...oneThenTwo(seen("11 12:00")))).toContain("drift");
    expect(await warned(...oneThenTwo(seen("25 12:00")))).toContain("drift");
    expect(await warned(...oneThenTwo())).not.toContain("drift");
  });

  it("of other services that the same deployment brought", async () => {
    const together = { service: "acme/web", deployment: deployment("one 10 12:00") };
    const web = succeeded("10 12:00", [component("main")], together);
    const { warnings } = await planOf([...oneThenTwo(), web]);
    expect(warnings.find(({ code }) => code === "deployed_together")?.message).toContain("acme/web");
    const elsewhere = succeeded("10 12:00", [component("main")], { ...together, environment: "staging" });
    expect(await warned(...oneThenTwo(), elsewhere)).not.toContain("deployed_together");
  });

  it("of two clusters, and of a migration that failed", async () => {
    const warnings = await warned(
      ...released("10 12:00", "one", { cluster: "eu-1" }),
      ...released("20 12:00", "two", { cluster: "us-1" }),
      migration("failed", "20 11:00", "1"),
    );
    expect(warnings).toEqual(expect.arrayContaining(["two_clusters", "migration_failed"]));
  });
});

describe("the steps of a plan", () => {
  it("are numbered, and end with the question what runs", async () => {
    const { steps } = await planOf(oneThenTwo());
    expect(steps.map(({ n }) => n)).toEqual(steps.map((_, n) => n + 1));
    const [asking] = steps.at(-1)?.commands ?? [];
    expect(asking?.argv.slice(-6)).toEqual([PLACE.environment, PLACE.service, "", "", "", digestOf("one")]);
    expect(asking?.shell).toContain("$ASOF_TOKEN");
    expect(steps.at(-1)?.why).toContain(imageOf("one"));
  });

  it("say what each of them does, for a machine that may not do everything", async () => {
    const described = said("service.described", time("30 12:00"), {
      service: PLACE.service,
      deployTool: "docker compose",
      migratesAtStartup: true,
    });
    const before = migration("applied", "09 12:00", "0", { tool: "knex" });
    const statements = [before, ...oneThenTwo(applied("1", { reversible: true })), described];
    const { steps } = await planOf(statements, { schema: "revert", acceptDataLoss: true });
    expect(steps.map(({ does }) => does)).toEqual(["backup", "stop", "revert", "deploy", "check"]);
  });

  it("are those of the tool that the service is described with", async () => {
    const described = said("service.described", time("30 12:00"), {
      service: PLACE.service,
      deployTool: "docker compose",
    });
    const { steps } = await planOf([...oneThenTwo(), described]);
    expect(steps.map(({ commands }) => commands[0]?.tool)).toEqual(["docker compose", "curl"]);
  });
});

/** What depends on nothing but facts. */
const lasting = (answer: object): unknown =>
  JSON.parse(
    JSON.stringify(answer, (key, value: unknown) =>
      ["knownAt", "settled", "current"].includes(key) ? null : value,
    ),
  );

describe("the same facts", () => {
  const history = [
    ...three,
    applied("1", {}, "19 11:00"),
    observed("26 12:00", [main({ digest: digestOf("three"), repository: REPOSITORY })]),
    pushed("10 12:01", digestOf("one"), { repository: "mirror.example/acme/billing" }),
    marked("one", "bad"),
  ];
  const wishes = [
    { aim: { at: time("12 12:00") } },
    { aim: { digest: digestOf("one") }, schema: "revert", acceptDataLoss: true },
    { aim: { last: "good" }, schema: "keep" },
  ] as const;

  it.each(wishes)("give the same plan whenever it is asked for: %j", async (wish) => {
    const ledger = await given(...history);
    const early = await plan(
      { ...ledger.at(time("28 12:00"), time("28 12:00")), now: new Date(time("28 12:00")) },
      PLACE,
      wish,
    );
    const late = await plan(ledger.at(NOW), PLACE, wish);
    expect(late?.hash).toBe(early?.hash);
    expect(JSON.stringify(lasting(late ?? {}))).toBe(JSON.stringify(lasting(early ?? {})));
    expect(late?.current).toEqual({
      ...early?.current,
      at: late?.knownAt,
      knownAt: late?.knownAt,
      settled: true,
    });
    expect(JSON.stringify(await plan(ledger.at(NOW), PLACE, wish))).toBe(JSON.stringify(late));
  });

  it.each(wishes)("give the same plan in whatever order they came: %j", async (wish) => {
    const one = await planOf(await given(...history), wish);
    const other = await given();
    for (const [n, statement] of history.toReversed().entries()) {
      await other.tell(statement, new Date(Date.parse(NOW) + n * 1000).toISOString());
    }
    expect(JSON.stringify(await planOf(other, wish))).toBe(JSON.stringify(one));
  });

  it("give another hash for another wish, and for another fact that counts", async () => {
    const answers = await Promise.all(wishes.map((wish) => planOf(history, wish)));
    const more = await planOf([...history, ...released("27 12:00", "four")], wishes[0]);
    const hashes = [...answers, more].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("give the same hash where the runtime only shows the same again", async () => {
    const again = observed("27 12:00", [main({ digest: digestOf("three"), repository: REPOSITORY })]);
    const [before, after] = await Promise.all(
      [history, [...history, again]].map((all) => planOf(all, wishes[0])),
    );
    expect(after?.hash).toBe(before?.hash);
  });

  it("say what runs now also where a deployer's clock runs ahead", async () => {
    const ledger = await given(...three);
    const now = { ...ledger.at(time("20 11:59"), NOW), now: new Date(time("20 11:59")) };
    expect((await currentRelease(now, PLACE))?.components).toMatchObject([{ digest: digestOf("three") }]);
  });
});

describe("the last good release", () => {
  it("is none of the same deployment, which another deployer reports with its configuration", async () => {
    const config = (revision: string) => ({ config: [{ revision, path: "billing" }] });
    const twice = (at: string, name: string): Statement[] => [
      ...released(`${at}:00`, name, {
        ...config(`chart of ${name}`),
        deployment: { ...deployment(name), provider: "helm" },
      }),
      ...released(`${at}:10`, name),
    ];
    const { components } = await planOf([...twice("10 12:00", "one"), ...twice("20 12:00", "two")], {
      aim: { last: "good" },
    });
    expect(components).toMatchObject([{ from: digestOf("two"), to: digestOf("one") }]);
  });
});

describe("the commands for a cluster", () => {
  it("are for the kind of workload that was seen to run the service, also where nobody looked then", async () => {
    const image = main({ digest: digestOf("two"), repository: REPOSITORY });
    const place = { cluster: "eu-1", namespace: "billing" };
    const { steps } = await planOf([
      described({ deployTool: "kubectl" }),
      ...oneThenTwo(),
      observed("21 12:00", [image], { ...place, workload: "StatefulSet" }),
    ]);
    const shells = steps.flatMap(({ commands }) => commands.map(({ shell }) => shell));
    expect(shells.join("\n")).toContain(" set image statefulset/billing ");
  });
});
