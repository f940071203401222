import { describe, expect, it } from "vitest";
import { BadCursor } from "../../functions/ledger/cursor.ts";
import { type Stretch, timeline } from "../../functions/queries/timeline/timeline.ts";
import { Timeline, type TimelineEntry } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import {
  day,
  deployed,
  digestOf,
  type Given,
  given,
  observed,
  removed,
  retracted,
  said,
  shaOf,
} from "./given.ts";

const images = new Map(["1", "2", "3", "4", "index", "amd64", "arm64"].map((name) => [digestOf(name), name]));

/** An entry in one line: when, what, of which service, and what it is about. */
function line({
  at,
  what,
  service,
  components,
  database,
  version,
  appliedAt,
  between,
  reason,
}: TimelineEntry) {
  const image = components?.map(({ component, digest, tag }) =>
    [component, images.get(digest ?? "") ?? tag].filter(Boolean).join("="),
  );
  const time = (it: string) => it.slice(8, 16);
  const when = between && `between ${time(between.after)} and ${time(between.before)}`;
  const applied = appliedAt && `applied ${time(appliedAt)}`;
  const about = [service, database && `${database}@${version}`, image?.join(" "), applied, when, reason];
  return [time(at), what, ...about].filter((part) => part !== undefined && part !== null).join(" ");
}

const october: Stretch = { environment: "production", from: day(1, "00:00"), to: day(31, "23:59") };

async function lines(ledger: Given, stretch: Partial<Stretch> = {}, knownAt?: string): Promise<string[]> {
  const answer = await timeline(ledger.at(day(1), knownAt), { ...october, ...stretch });
  const { entries, next } = Timeline.parse(answer);
  expect(next).toBeNull();
  return entries.map(line);
}

/** The lines of everything that is told about production. */
const told = async (...statements: Statement[]) => lines(await given(...statements));

const web = (image: string, at: string, more: object = {}) => deployed("production", "web", image, at, more);
const seen = (image: string, at: string, more: object = {}) => observed("production", "web", image, at, more);
const database = (kind: Statement["kind"], at: string, version: string, more: object = {}) =>
  said(kind, at, { environment: "production", database: "db", version, ...more });
const set = (at: string, versions: readonly (string | object)[], more: object = {}) =>
  said("migration.snapshot", at, {
    environment: "production",
    database: "db",
    mode: "set",
    versions: versions.map((one) => (typeof one === "string" ? { version: one } : one)),
    ...more,
  });
const components = (...names: readonly [component: string, image: string][]) => ({
  components: names.map(([component, image]) => ({ component, digest: digestOf(image) })),
});

describe("a timeline", () => {
  it("tells what deployers and people did, in order, and nothing of other environments or times", async () => {
    const deployment = { provider: "test", instance: "here", id: "7" };
    const asked = {
      service: "web",
      environment: "production",
      question: { last: "good", knownAt: day(6) },
      planHash: "0".repeat(64),
      components: [{ component: "main", digest: digestOf("1") }],
      deadline: day(6, "13:00"),
      key: "1",
      reason: "it broke",
    };
    const ledger = await given(
      deployed("staging", "web", "1", day(2)),
      web("1", "2026-09-30T23:59:59.999Z"),
      removed("production", "web", "2026-11-01T00:00:00.000Z"),
      said("deployment.started", day(2, "10:00"), {
        environment: "production",
        service: "web",
        deployment,
        components: [{ component: "main", tag: "1.4" }],
        commit: { sha: shaOf("x") },
        actor: "octocat",
        url: "https://ci.example/7",
      }),
      web("2", day(2, "10:01")),
      said("deployment.failed", day(3), {
        environment: "production",
        service: "web",
        deployment,
        components: [{ component: "main", tag: "1.5" }],
      }),
      said("environment.frozen", day(4), { environment: "production", reason: "holidays" }),
      said("environment.unfrozen", day(5), { environment: "production", service: "web" }),
      said("redeployment.requested", day(6), asked),
      said("redeployment.ended", day(6, "12:01"), {
        environment: "production",
        service: "web",
        redeployment: "1",
        outcome: "failed",
      }),
      said("task.observed", day(7), {
        environment: "production",
        service: "web",
        deployment,
        component: "main",
        digest: digestOf("1"),
      }),
      removed("production", undefined, day(8)),
    );
    expect(await lines(ledger)).toEqual([
      "01T00:00 running web main=1",
      "02T10:00 started web main=1.4",
      "02T10:01 deployed web main=2",
      "03T12:00 failed web main=1.5",
      "04T12:00 frozen holidays",
      "05T12:00 unfrozen web",
      "06T12:00 redeployment requested web main=1 it broke",
      "06T12:01 redeployment ended web",
      "08T12:00 removed",
    ]);
    const answer = Timeline.parse(await ledger.shown(await timeline(ledger.at(day(1)), october)));
    expect(answer.entries[0]).toMatchObject({ at: october.from, since: "2026-09-30T23:59:59.999Z" });
    expect(answer.entries[1]).toMatchObject({
      deployment,
      commit: shaOf("x"),
      by: "octocat",
      url: "https://ci.example/7",
    });
    expect(answer.entries[7]?.redeployment).toEqual({ id: "1", outcome: "failed" });
  });

  it("begins with what already ran, each service and component, and not with what was gone or unknown", async () => {
    const ledger = await given(
      deployed(
        "production",
        "api",
        "1",
        "2026-08-01T00:00:00.000Z",
        components(["main", "1"], ["worker", "2"]),
      ),
      deployed("production", "gone", "1", "2026-08-01T00:00:00.000Z"),
      removed("production", "gone", "2026-08-02T00:00:00.000Z"),
      observed("production", "web", "3", "2026-08-03T00:00:00.000Z"),
      deployed("production", "late", "1", day(1, "00:00")),
    );
    expect(await lines(ledger)).toEqual([
      "01T00:00 running api main=1 worker=2",
      "01T00:00 running web main=3",
      "01T00:00 deployed late main=1",
    ]);
    expect(await lines(ledger, { service: "API" })).toEqual(["01T00:00 running api main=1 worker=2"]);
  });

  it("of a service leaves out others, and keeps what concerns the whole environment", async () => {
    const ledger = await given(
      web("1", day(2)),
      deployed("production", "api", "1", day(3)),
      said("environment.frozen", day(4), { environment: "production" }),
      said("environment.frozen", day(5), { environment: "production", service: "api" }),
      removed("production", undefined, day(6)),
    );
    expect(await lines(ledger, { service: "web" })).toEqual([
      "02T12:00 deployed web main=1",
      "04T12:00 frozen",
      "06T12:00 removed",
    ]);
    expect(await timeline(ledger.at(day(1)), { ...october, service: "we" })).toBeUndefined();
    expect(await timeline(ledger.at(day(1)), { ...october, environment: "prod" })).toBeUndefined();
  });

  const moved = database("migration.applied", day(2), "1");
  const named = database("migration.applied", day(3), "2", { service: "web" });
  const other = database("migration.applied", day(4), "3", { database: "Other" });
  const describe_ = (databases: string[]) => said("service.described", day(9), { service: "web", databases });
  it.each([
    ["that migrations name it with", [], ["02T12:00 migrated db@1", "03T12:00 migrated web db@2"]],
    [
      "it is described with",
      [describe_(["other"])],
      ["03T12:00 migrated web db@2", "04T12:00 migrated Other@3"],
    ],
  ])("of a service tells the migrations of the databases %s", async (_, more, expected) => {
    const ledger = await given(web("1", day(1)), moved, named, other, ...more);
    const [, ...migrations] = await lines(ledger, { service: "web" });
    expect(migrations).toEqual(expected);
  });

  it("knows what was known, and leaves out what was taken back", async () => {
    const wrong = web("2", day(3));
    const ledger = await given(web("1", day(2)), wrong);
    await ledger.tell(retracted(wrong), day(9));
    await ledger.tell(web("3", day(4)), day(10));
    expect(await lines(ledger, {}, day(8))).toEqual([
      "02T12:00 deployed web main=1",
      "03T12:00 deployed web main=2",
    ]);
    expect(await lines(ledger, {}, day(11))).toEqual([
      "02T12:00 deployed web main=1",
      "04T12:00 deployed web main=3",
    ]);
  });

  it("tells nothing of a look that writes a variant in another case", async () => {
    const canary = (variant: string) => ({
      components: [{ component: "main", variant, digest: digestOf("1") }],
    });
    const ledger = await given(web("", day(2), canary("canary")), seen("", day(3), canary("Canary")));
    expect(await lines(ledger)).toEqual(["02T12:00 deployed web main=1"]);
  });

  it("spans months, and years without facts between them", async () => {
    const ledger = await given(
      web("1", "2021-01-31T00:00:00.000Z"),
      web("2", "2026-09-01T00:00:00.000Z"),
      web("3", day(5)),
    );
    expect(await lines(ledger, { from: "2020-12-31T00:00:00.000Z" })).toEqual([
      "31T00:00 deployed web main=1",
      "01T00:00 deployed web main=2",
      "05T12:00 deployed web main=3",
    ]);
  });
});

describe("an observation stands on the timeline", () => {
  const index = said("artifact.indexed", day(1, "01:00"), {
    digest: digestOf("index"),
    manifests: [{ digest: digestOf("amd64") }, { digest: digestOf("arm64") }],
  });
  const tagged = { components: [{ component: "main", tag: "1.4" }] };
  const pushed = said("artifact.pushed", day(1), {
    digest: digestOf("1"),
    repository: "ghcr.io/web",
    tag: "1.4",
  });
  const deployment7 = { provider: "test", instance: "here", id: "7" };
  const task = (component: string, image: string, at: string) =>
    said("task.observed", at, {
      environment: "production",
      deployment: deployment7,
      component,
      digest: digestOf(image),
    });
  const both = components(["main", "1"], ["worker", "2"]);
  const bothOther = components(["main", "1"], ["worker", "3"]);

  it.each([
    ["not where it shows what was deployed", [web("1", day(2)), seen("1", day(3))], []],
    ["where it shows another image", [web("1", day(2)), seen("2", day(3))], ["03T12:00 observed web main=2"]],
    [
      "once, however often it is repeated",
      [web("1", day(2)), seen("2", day(3)), seen("2", day(4)), seen("1", day(5)), seen("1", day(6))],
      ["03T12:00 observed web main=2", "05T12:00 observed web main=1"],
    ],
    [
      "not where it shows another digest of the image",
      [index, web("index", day(2)), seen("arm64", day(3))],
      [],
    ],
    ["where nothing was deployed", [seen("1", day(3))], ["03T12:00 observed web main=1"]],
    [
      "where the service was removed",
      [web("1", day(2)), removed("production", "web", day(3)), seen("1", day(4))],
      ["04T12:00 observed web main=1"],
    ],
    [
      "where the whole environment was removed",
      [
        web("1", day(2)),
        seen("1", day(2, "13:00")),
        removed("production", undefined, day(3)),
        seen("1", day(4)),
      ],
      ["04T12:00 observed web main=1"],
    ],
    [
      "where a component is missing",
      [web("1", day(2), both), seen("1", day(3))],
      ["03T12:00 observed web main=1"],
    ],
    [
      "not where it is about one component, and shows that",
      [web("1", day(2), both), seen("1", day(3), { scope: "components" })],
      [],
    ],
    [
      "not where a component was deployed by itself since",
      [
        web("1", day(2), both),
        seen("1", day(3), both),
        web("", day(4), { ...components(["worker", "3"]), scope: "components" }),
        seen("1", day(5), bothOther),
      ],
      [],
    ],
    [
      "not where it shows what a tag meant",
      [
        pushed,
        web("", day(2), { components: [{ component: "main", repository: "ghcr.io/web", tag: "1.4" }] }),
        seen("1", day(3)),
      ],
      [],
    ],
    [
      "where it shows something else than a tag meant",
      [
        pushed,
        web("", day(2), { components: [{ component: "main", repository: "ghcr.io/web", tag: "1.4" }] }),
        seen("2", day(3)),
        seen("2", day(4)),
      ],
      ["03T12:00 observed web main=2"],
    ],
    [
      "where a tag follows a tag",
      [
        seen("", day(3), tagged),
        seen("", day(4), tagged),
        seen("", day(5), { components: [{ component: "main", tag: "1.5" }] }),
      ],
      ["03T12:00 observed web main=1.4", "05T12:00 observed web main=1.5"],
    ],
    [
      "not where it shows the components that a deployer left to its tasks",
      [
        web("", day(2), { deployment: deployment7, components: [{ component: "main" }] }),
        task("app", "1", day(2, "13:00")),
        task("log", "2", day(2, "13:00")),
        seen("", day(3), components(["app", "1"], ["log", "2"])),
        seen("", day(4), components(["app", "1"], ["log", "3"])),
      ],
      ["04T12:00 observed web app=1 log=3"],
    ],
    [
      "not where it knows no image",
      [web("1", day(2)), seen("", day(3), { components: [{ component: "main" }] })],
      [],
    ],
  ])("%s", async (_, statements, expected) => {
    const found = await told(...statements);
    expect(found.filter((entry) => entry.includes("observed"))).toEqual(expected);
    // The same, where all that went before lies outside the span.
    const late = await lines(await given(...statements), { from: day(3, "00:00") });
    expect(late.filter((entry) => entry.includes("observed"))).toEqual(expected);
  });
});

describe("migrations on the timeline", () => {
  const applied = (version: string, at: string) => database("migration.applied", at, version);
  const reverted = (version: string, at: string) => database("migration.reverted", at, version);
  const before = "2026-09-01T00:00:00.000Z";

  it.each([
    [
      "are those that were said",
      [applied("1", day(2)), reverted("1", day(3)), database("migration.failed", day(4), "2")],
      ["02T12:00 migrated db@1", "03T12:00 reverted db@1", "04T12:00 migration failed db@2"],
    ],
    [
      "are those that came and went between two sets",
      [set(before, ["1", "2"]), set(day(3), ["2", "3"])],
      [
        "03T12:00 migrated db@3 between 01T00:00 and 03T12:00",
        "03T12:00 reverted db@1 between 01T00:00 and 03T12:00",
      ],
    ],
    ["are none before the first set", [set(day(3), ["1", "2"])], []],
    [
      "are at the row's own time where it has one",
      [set(before, []), set(day(3), [{ version: "1", appliedAt: day(2) }])],
      ["02T12:00 migrated db@1 applied 02T12:00"],
    ],
    [
      "are not told twice where a fact says so",
      [set(before, ["1"]), applied("2", day(2)), reverted("1", day(2, "13:00")), set(day(3), ["2"])],
      ["02T12:00 migrated db@2", "02T13:00 reverted db@1"],
    ],
    [
      "are reverted where what was said to be applied is gone",
      [set(before, ["1"]), applied("2", day(2)), set(day(3), ["1"])],
      ["02T12:00 migrated db@2", "03T12:00 reverted db@2 between 02T12:00 and 03T12:00"],
    ],
    [
      "are applied again where what was said to be reverted is there",
      [set(before, ["1"]), reverted("1", day(2)), set(day(3), ["1"])],
      ["02T12:00 reverted db@1", "03T12:00 migrated db@1 between 02T12:00 and 03T12:00"],
    ],
    [
      "are derived from no head",
      [set(before, ["1"], { mode: "head" }), set(day(3), ["2"], { mode: "head" })],
      [],
    ],
    [
      "are derived from one set to the next, past a head",
      [set(before, ["1"]), set(day(2), ["9"], { mode: "head" }), set(day(3), ["1"])],
      [],
    ],
    [
      "are derived from sets in parts, once all of them came",
      [
        set(before, ["1"], { part: { set: "a", n: 1, of: 2 } }),
        set(day(1), ["2"], { part: { set: "a", n: 2, of: 2 } }),
        set(day(3), ["3"], { part: { set: "b", n: 2, of: 2 } }),
        set(day(2), ["1"], { part: { set: "b", n: 1, of: 2 } }),
      ],
      [
        "03T12:00 migrated db@3 between 01T00:00 and 02T12:00",
        "03T12:00 reverted db@2 between 01T00:00 and 02T12:00",
      ],
    ],
    [
      "are not made up of parts of two sources, whatever they call their sets",
      [
        set(before, ["1", "2", "3"], { source: "/a" }),
        set(day(2), ["1"], { source: "/a", part: { set: "x", n: 1, of: 2 } }),
        set(day(3), ["9"], { source: "/b", part: { set: "x", n: 2, of: 2 } }),
      ],
      [],
    ],
    [
      "that were said while the parts of a set were read are not doubted",
      [
        set(before, ["1"]),
        set(day(2), ["1"], { part: { set: "b", n: 1, of: 2 } }),
        applied("2", day(2, "13:00")),
        applied("3", day(2, "13:00")),
        set(day(3), ["3"], { part: { set: "b", n: 2, of: 2 } }),
      ],
      ["02T13:00 migrated db@2", "02T13:00 migrated db@3"],
    ],
    [
      "of two databases are kept apart",
      [
        set(before, ["1"]),
        set(before, ["7"], { database: "Other" }),
        set(day(2), ["2"], { database: "other" }),
      ],
      [
        "02T12:00 migrated other@2 between 01T00:00 and 02T12:00",
        "02T12:00 reverted other@7 between 01T00:00 and 02T12:00",
      ],
    ],
  ])("%s", async (_, statements, expected) => {
    expect((await told(...statements)).toSorted()).toEqual(expected.toSorted());
  });
});

describe("a migration that a set dates stands on the timeline at its own time", () => {
  const dated = (version: string, appliedAt: string) => ({ version, appliedAt });
  const before = "2026-09-01T00:00:00.000Z";
  const later = "2026-12-01T00:00:00.000Z";
  const history = [
    set(before, ["1"]),
    database("migration.applied", day(4), "3"),
    web("1", day(6)),
    set(later, ["1", dated("2", day(3)), "3", "4", dated("5", day(9)), dated("6", day(9))]),
  ];
  const migrations = [
    "03T12:00 migrated db@2 applied 03T12:00",
    "04T12:00 migrated db@3",
    "09T12:00 migrated db@4 between 01T00:00 and 09T12:00",
    "09T12:00 migrated db@5 applied 09T12:00",
    "09T12:00 migrated db@6 applied 09T12:00",
  ];

  it("where the set was read long after the span", async () => {
    const ledger = await given(...history);
    const found = await lines(ledger);
    expect(found).toEqual(migrations.toSpliced(2, 0, "06T12:00 deployed web main=1"));
    expect(await lines(ledger, { from: day(3), to: day(3) })).toEqual(migrations.slice(0, 1));
    expect(await lines(ledger, { from: day(3, "12:01"), to: day(5) })).toEqual(migrations.slice(1, 2));
    expect(await lines(ledger, { from: "2026-11-30T00:00:00.000Z", to: later })).toEqual([
      "30T00:00 running web main=1",
    ]);
  });

  it("where the set is read in the span, and where it is read again", async () => {
    const again = set("2026-12-02T00:00:00.000Z", ["1", "2", "3", "4", dated("5", day(9)), "6"]);
    const ledger = await given(...history, again);
    expect(await lines(ledger, { from: before, to: "2026-12-31T00:00:00.000Z" })).toEqual(
      migrations.toSpliced(2, 0, "06T12:00 deployed web main=1"),
    );
  });

  it("with the set as its fact, of the services that it concerns", async () => {
    const told = set(day(20), ["1", dated("2", day(3))], { service: "web" });
    const ledger = await given(web("1", day(1)), deployed("production", "api", "1", day(1)), told);
    const answer = await timeline(ledger.at(day(30)), { ...october, service: "web" });
    expect(answer?.entries.slice(1)).toMatchObject([
      { what: "migrated", at: day(3), appliedAt: day(3), fact: { source: told.source, id: told.id } },
    ]);
    expect(await lines(ledger, { service: "api" })).toEqual(["01T12:00 deployed api main=1"]);
  });

  it("not before the set was recorded, and at the set where the one before contradicts its time", async () => {
    const ledger = await given(set(before, ["1"]));
    await ledger.tell(set(day(5), ["1", dated("2", "2026-08-01T00:00:00.000Z"), dated("3", day(3))]), day(8));
    expect(await lines(ledger, {}, day(7))).toEqual([]);
    expect(await lines(ledger)).toEqual([
      "03T12:00 migrated db@3 applied 03T12:00",
      "05T12:00 migrated db@2 applied 01T00:00",
    ]);
  });

  it.each([1, 2, 3, 7])("in pages of %i entries, among more facts than are read at once", async (limit) => {
    const ledger = await given(
      ...history,
      ...Array.from({ length: 250 }, (_, n) =>
        observed("production", "api", "1", new Date(Date.parse(day(2)) + n * 3_600_000).toISOString()),
      ),
    );
    const whole = await lines(ledger);
    expect(whole.filter((entry) => entry.includes("migrated"))).toEqual(migrations);
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await timeline(ledger.at(day(1)), october, { limit, cursor });
      found.push(...(page?.entries ?? []).map(line));
      cursor = page?.next ?? undefined;
    } while (cursor !== undefined);
    expect(found).toEqual(whole);
  });
});

describe("the pages of a timeline", () => {
  const everything = async () => {
    const statements: Statement[] = [
      ...["a", "b", "c"].map((service) => deployed("production", service, "1", "2026-08-01T00:00:00.000Z")),
      set("2026-09-01T00:00:00.000Z", ["1", "2", "3"]),
      ...Array.from({ length: 9 }, (_, n) => web(String(n % 3), day(n + 2))),
      set(day(5, "10:00"), ["3", "4", "5"]),
      ...Array.from({ length: 9 }, (_, n) => seen(String(n % 2), day(n + 3, "13:00"))),
      set(day(20), ["1"]),
    ];
    return given(...statements);
  };

  it.each([1, 2, 3, 5, 7, 500])("of %i entries are together the whole, in order", async (limit) => {
    const ledger = await everything();
    const whole = await lines(ledger);
    expect(whole.length).toBeGreaterThan(25);
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await timeline(ledger.at(day(1)), october, { limit, cursor });
      expect(page?.entries.length).toBeLessThanOrEqual(limit);
      found.push(...(page?.entries ?? []).map(line));
      cursor = page?.next ?? undefined;
    } while (cursor !== undefined);
    expect(found).toEqual(whole);
  });

  it("refuse a cursor of another question or of another span", async () => {
    const ledger = await everything();
    const page = await timeline(ledger.at(day(1)), october, { limit: 10 });
    const cursor = page?.next ?? "";
    const later = timeline(ledger.at(day(1)), { ...october, from: day(25) }, { cursor });
    await expect(later).rejects.toThrow(BadCursor);
    await expect(timeline(ledger.at(day(1)), october, { cursor: `${cursor}A` })).rejects.toThrow(BadCursor);
  });
});
