/** What is said of histories and reports, and what the ledger answers of it. */
import { afterEach, describe, expect, it } from "vitest";
import { historyEvents, runEvents, type Sender, type Target } from "../../cli/migrations/events.ts";
import type { History, Version } from "../../cli/migrations/history.ts";
import { actuatorHistory, flywayRun } from "../../cli/migrations/reports.ts";
import type { Event } from "../../cli/record/event.ts";
import { Release, Timeline } from "../../schemas/answer.ts";
import { event, outcomesOf } from "../client.ts";
import { cleanUp, type GivenDoors, givenDoors } from "../http/given.ts";
import { golden } from "./tables.ts";

afterEach(cleanUp);

const PLACE: Target = { environment: "production", database: "billing", service: "acme/billing" };
const SPEAKER: Sender = {
  source: "/cli/github.com/acme/billing",
  run: { provider: "github-actions", instance: "github.com", id: "77/1", job: ["migrate"] },
};

const minute = (n: number): string => `2026-11-22T08:${String(n).padStart(2, "0")}:00.000Z`;

const history = (
  at: string,
  versions: readonly (string | Version)[],
  more: Partial<History> = {},
): History => ({
  tool: "dbmate",
  from: "public.schema_migrations",
  mode: "set",
  at,
  versions: versions.map((one) => (typeof one === "string" ? { version: one } : one)),
  failed: [],
  leftOut: new Map(),
  ...more,
});

const say = async ({ client }: GivenDoors, events: readonly Event[]): Promise<string[]> =>
  outcomesOf(await client("writer").sayAll(events));

const sayHistory = (given: GivenDoors, one: History): Promise<string[]> =>
  say(given, historyEvents(one, PLACE, SPEAKER));

async function releaseAt({ client }: GivenDoors, at: string): Promise<Release> {
  const query = { environment: "production", service: "acme/billing", at };
  return Release.parse((await client("reader").get("/v1/release", query)).json);
}

const migrationsAt = async (given: GivenDoors, at: string) => (await releaseAt(given, at)).migrations;

async function timelineOf({ client }: GivenDoors) {
  const query = { environment: "production", from: minute(0), to: minute(59) };
  return Timeline.parse((await client("reader").get("/v1/timeline", query)).json).entries;
}

describe("a history that goes forth and back", () => {
  it("is a fact at each step, and known as it was at each", async () => {
    const given = givenDoors();
    const steps = [["1"], ["1", "2"], ["1"], ["1", "2"]];
    for (const [n, versions] of steps.entries()) {
      expect(await sayHistory(given, history(minute(n), versions))).toEqual(["recorded"]);
    }
    for (const [n, versions] of steps.entries()) {
      expect(await migrationsAt(given, minute(n))).toMatchObject([
        { database: "billing", status: "known", version: versions.at(-1), tool: "dbmate" },
      ]);
    }
    expect(await migrationsAt(given, minute(3))).toMatchObject([
      { appliedBetween: { after: minute(2), before: minute(3) } },
    ]);
  });

  it("sent again is a duplicate, and read again a further fact that changes nothing", async () => {
    const given = givenDoors();
    await sayHistory(given, history(minute(0), []));
    const first = history(minute(1), ["1"]);
    await sayHistory(given, first);
    expect(await sayHistory(given, first)).toEqual(["duplicate"]);
    const [before] = [await migrationsAt(given, minute(1))];
    const changes = await timelineOf(given);
    for (const n of [2, 3, 4]) {
      expect(await sayHistory(given, history(minute(n), ["1"]))).toEqual(["recorded"]);
    }
    expect(await migrationsAt(given, minute(4))).toEqual(before);
    expect(await timelineOf(given)).toEqual(changes);
  });

  it("says that nothing is applied, where there is no row", async () => {
    const given = givenDoors();
    await sayHistory(given, history(minute(0), []));
    expect(await migrationsAt(given, minute(0))).toMatchObject([{ status: "empty", version: null }]);
  });
});

describe("a failure", () => {
  it("stands beside what is applied", async () => {
    const given = givenDoors();
    const failed = [{ version: "2", checksum: "-2" }];
    expect(await sayHistory(given, history(minute(0), ["1"], { failed }))).toEqual(["recorded", "recorded"]);
    expect(await migrationsAt(given, minute(1))).toMatchObject([
      { version: "1", failed: { version: "2", at: "2026-11-22T08:00:00.001Z" } },
    ]);
    await sayHistory(given, history(minute(2), ["1", "2"]));
    const [mended] = await migrationsAt(given, minute(2));
    expect(mended).toMatchObject({ version: "2" });
    expect(mended).not.toHaveProperty("failed");
  });

  it("of a head leaves open where the schema is, so that the last one known still counts", async () => {
    const given = givenDoors();
    const head = { tool: "golang-migrate", mode: "head" } as const;
    await sayHistory(given, history(minute(0), ["7"], head));
    const dirty = history(minute(1), [], { ...head, failed: [{ version: "8" }] });
    expect(historyEvents(dirty, PLACE, SPEAKER).map(({ type }) => type)).toEqual([
      "dev.asof.migration.failed.v1",
    ]);
    await sayHistory(given, dirty);
    expect(await migrationsAt(given, minute(2))).toMatchObject([{ version: "7", failed: { version: "8" } }]);
  });
});

describe("a long history", () => {
  const long = (at: string, count: number): History =>
    history(
      at,
      Array.from({ length: count }, (_, n) => ({
        version: `${n}`.padStart(6, "0"),
        appliedAt: "2026-01-01T00:00:00.000Z",
        checksum: "c".repeat(64),
      })),
    );

  it("comes in parts that a fact can hold, which are one set together", async () => {
    const given = givenDoors();
    const events = historyEvents(long(minute(0), 2500), PLACE, SPEAKER);
    expect(events.length).toBeGreaterThan(2);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(new Set(await say(given, events))).toEqual(new Set(["recorded"]));
    expect(await migrationsAt(given, minute(0))).toMatchObject([{ version: "002499" }]);
    await say(given, historyEvents(long(minute(1), 2499), PLACE, SPEAKER));
    expect(await migrationsAt(given, minute(1))).toMatchObject([{ version: "002498" }]);
    const reverted = (await timelineOf(given)).filter(({ what }) => what === "reverted");
    expect(reverted).toMatchObject([{ version: "002499" }]);
  });

  it("of a thousand short versions is one fact, of one more two", () => {
    const short = (count: number) =>
      history(
        minute(0),
        Array.from({ length: count }, (_, n) => `${n}`),
      );
    expect(historyEvents(short(1000), PLACE, SPEAKER)).toHaveLength(1);
    expect(historyEvents(short(1001), PLACE, SPEAKER)).toHaveLength(2);
  });
});

describe("Flyway's report of a run", () => {
  it("says what it applied, in order", async () => {
    const given = givenDoors();
    const run = flywayRun(golden("flyway.migrate"), "report.json", minute(5));
    expect([...run.leftOut]).toEqual([["repeatable, without a version", 1]]);
    expect(await say(given, runEvents(run, PLACE, SPEAKER))).toEqual(["recorded"]);
    expect(await migrationsAt(given, minute(5))).toMatchObject([
      { version: "8", tool: "flyway", appliedAt: minute(5) },
    ]);
  });

  it("orders several migrations by their place in it, the last at its end", () => {
    const migrations = ["1", "2", "3"].map((version) => ({ version }));
    const run = flywayRun(
      { individualResults: [{ operation: "info" }, { operation: "migrate", migrations }] },
      "-",
      minute(5),
    );
    expect(runEvents(run, PLACE, SPEAKER).map(({ time, data }) => [time, data.version])).toEqual([
      ["2026-11-22T08:04:59.998Z", "1"],
      ["2026-11-22T08:04:59.999Z", "2"],
      [minute(5), "3"],
    ]);
  });

  it.each<[string, object, string[]]>([
    ["names the version that failed by its file", { path: "/sql/V8_1__add_due_date.sql" }, ["8.1"]],
    ["names none where the file is not named so", { path: "/sql/due_date.sql" }, []],
    ["names none where no file is known", {}, []],
  ])("of a failure %s, and takes nothing as applied", (_, error, failed) => {
    const migrations = [{ version: "7" }];
    const run = flywayRun({ operation: "migrate", success: false, migrations, error }, "-", minute(5));
    expect(run).toMatchObject({ applied: [], failed: failed.map((version) => ({ version })) });
    expect([...run.leftOut]).toEqual([["of a failed run, possibly rolled back", 1]]);
  });

  it.each([{ operation: "info", migrations: [] }, {}, [], "text"])(
    "that is none is refused: %j",
    (report) => {
      expect(() => flywayRun(report, "it.json", minute(5))).toThrow("it.json: is not a report of");
    },
  );
});

describe("Spring Boot's Actuator", () => {
  it("tells Flyway's state, with its times", () => {
    expect(actuatorHistory(golden("spring-actuator.flyway"), "actuator", minute(5))).toEqual({
      tool: "flyway",
      from: "actuator",
      mode: "set",
      at: minute(5),
      versions: [{ version: "1", appliedAt: "2026-01-22T12:43:37.867Z", checksum: "-156244537" }],
      failed: [],
      leftOut: new Map(),
    });
  });

  it("tells Liquibase's state, with its times", () => {
    const { tool, versions } = actuatorHistory(golden("spring-actuator.liquibase"), "actuator", minute(5));
    expect(tool).toBe("liquibase");
    expect(versions).toEqual([
      {
        version:
          "org/springframework/boot/actuate/docs/liquibase/db.changelog-master.yaml::1::marceloverdijk",
        appliedAt: "2026-02-19T12:19:21.774Z",
        checksum: "9:d3589feb2baad02e15540750499ba311",
      },
    ]);
  });

  it("knows Flyway's states apart", () => {
    const states = [
      "SUCCESS",
      "OUT_OF_ORDER",
      "MISSING_SUCCESS",
      "FUTURE_SUCCESS",
      "BASELINE",
      "UNDONE",
      "DELETED",
    ];
    const others = ["PENDING", "FAILED", "SUCCESS"];
    const migrations = [...states, ...others].map((state, n) => ({
      version: n === 9 ? null : `${n}`,
      type: "SQL",
      state,
      installedRank: n,
    }));
    const undo = { version: "5", type: "UNDO_SQL", state: "SUCCESS", installedRank: 99 };
    const answer = { contexts: { app: { flywayBeans: { flyway: { migrations: [...migrations, undo] } } } } };
    const { versions, failed, leftOut } = actuatorHistory(answer, "actuator", minute(5));
    expect(versions.map(({ version }) => version)).toEqual(["0", "1", "2", "3", "4"]);
    expect(failed.map(({ version }) => version)).toEqual(["8"]);
    expect(Object.fromEntries(leftOut)).toEqual({
      undone: 1,
      deleted: 1,
      pending: 1,
      "repeatable, without a version": 1,
      "reverts another": 1,
    });
  });

  it.each([
    [{ contexts: {} }, "has 0 histories"],
    [
      { contexts: { a: { flywayBeans: { x: { migrations: [] }, y: { migrations: [] } } } } },
      "has 2 histories",
    ],
    [{ migrations: [] }, "is not an answer of /actuator/flyway"],
  ])("that leaves open which database is meant is refused: %j", (answer, why) => {
    expect(() => actuatorHistory(answer, "it", minute(5))).toThrow(why);
  });
});

describe("what the ledger would refuse", () => {
  it("is refused before it is sent", () => {
    const place = { ...PLACE, image: "latest" };
    expect(() => historyEvents(history(minute(0), ["1"]), place, SPEAKER)).toThrow(/image: must be a digest/);
    const odd = history(minute(0), [" 1"]);
    expect(() => historyEvents(odd, PLACE, SPEAKER)).toThrow(
      /versions\.0\.version: must not start or end with space/,
    );
  });
});

describe("a service", () => {
  it("that a description names for the database has its migrations, whoever posted them", async () => {
    const given = givenDoors();
    const { service, ...place } = PLACE;
    const described = event("service.described", "d", minute(0), { service, databases: ["billing"] });
    expect(outcomesOf(await given.client("writer").say(described))).toEqual(["recorded"]);
    await say(given, historyEvents(history(minute(0), ["1"]), place, SPEAKER));
    const deployed = event("deployment.succeeded", "x", minute(1), {
      environment: "production",
      service,
      deployment: { provider: "ci", instance: "here", id: "1" },
      components: [{ component: "main", digest: `sha256:${"1".repeat(64)}` }],
    });
    await given.client("writer").say(deployed);
    expect(await migrationsAt(given, minute(1))).toMatchObject([{ version: "1" }]);
  });
});
