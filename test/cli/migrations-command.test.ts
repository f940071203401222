/** `asof migrations` as it is called: what it reads, what it would say, and how it ends. */
import { utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { Event } from "../../cli/record/event.ts";
import { Release } from "../../schemas/answer.ts";
import { givenDoors, NOW } from "../http/given.ts";
import { asof as call, cleanUp, type Env, ledgerServer, newFolder } from "./harness.ts";
import { fileOf, golden, inserts, tableOf } from "./tables.ts";

const folder = newFolder();
afterAll(cleanUp);

const WHERE = ["--environment", "production", "--database", "billing"];

const asof = (args: readonly string[], env: Env = {}) => call(["migrations", ...args], env);

const Dry = z.object({ notes: z.array(z.string()), events: z.array(Event) });

async function dryRun(args: readonly string[], env: Env = {}) {
  const { code, out, err } = await asof([...args, "--dry-run", "--json"], env);
  expect([code, err]).toEqual([0, ""]);
  return Dry.parse(JSON.parse(out));
}

const knex = fileOf(folder, "knex", ...tableOf(golden("knex.knex_migrations")));
const KNEX = { DATABASE_URL: `sqlite:${knex}` };

describe("a database", () => {
  it("is read from DATABASE_URL, and said of the place and the service that were given", async () => {
    const image = `sha256:${"a".repeat(64)}`;
    const { events, notes } = await dryRun([...WHERE, "--service", "acme/billing", "--image", image], KNEX);
    expect(notes).toEqual(["knex, knex_migrations: 2 applied, the newest 20260102120000_add_orders.js"]);
    expect(events).toMatchObject([
      {
        type: "dev.asof.migration.snapshot.v1",
        source: "/cli/local",
        data: {
          environment: "production",
          database: "billing",
          service: "acme/billing",
          tool: "knex",
          image,
          mode: "set",
        },
      },
    ]);
  });

  it("is said of by the CI's repository, run and environment", async () => {
    const env = {
      ...KNEX,
      GITLAB_CI: "true",
      CI_SERVER_URL: "https://gitlab.com",
      CI_PROJECT_URL: "https://gitlab.com/acme/billing",
      CI_PIPELINE_ID: "7",
      CI_JOB_ID: "8",
      CI_JOB_URL: "https://gitlab.com/acme/billing/-/jobs/8",
      CI_ENVIRONMENT_NAME: "staging",
      GITLAB_USER_LOGIN: "ann",
    };
    const { events } = await dryRun(["--database", "billing"], env);
    expect(events).toMatchObject([
      {
        source: "/cli/gitlab.com/acme/billing",
        data: { environment: "staging", url: "https://gitlab.com/acme/billing/-/jobs/8", actor: "ann" },
      },
    ]);
  });

  it("read twice is said of twice, each of its moment, under two ids", async () => {
    const [first] = (await dryRun(WHERE, KNEX)).events;
    await new Promise((done) => setTimeout(done, 5));
    const [second] = (await dryRun(WHERE, KNEX)).events;
    expect(second?.data).toEqual(first?.data);
    expect((second?.time ?? "") > (first?.time ?? "")).toBe(true);
    expect(second?.id).not.toBe(first?.id);
  });

  it("is sent again after an answer was lost, and is one fact", async () => {
    const doors = givenDoors();
    doors.setNow(new Date().toISOString());
    const { url, weather } = await ledgerServer(doors);
    weather.push("breaks off after");
    const { code, out } = await asof([...WHERE, "--service", "acme/billing"], { ...KNEX, ASOF_URL: url });
    expect([code, out]).toEqual([0, expect.stringMatching(/^duplicate dev.asof.migration.snapshot.v1 /m)]);
    doors.setNow(new Date(Date.now() + 1000).toISOString());
    const query = { environment: "production", service: "acme/billing" };
    const { json } = await doors.client("reader").get("/v1/release", query);
    expect(Release.parse(json).migrations).toMatchObject([
      { version: "20260102120000_add_orders.js", appliedAt: "2026-11-22T09:06:17.320Z" },
    ]);
  });

  it("tells people what is left out, what failed, and a head that broke", async () => {
    const path = fileOf(
      folder,
      "dirty",
      "CREATE TABLE schema_migrations (version uint64, dirty bool)",
      ...inserts("schema_migrations", [{ version: 8, dirty: 1 }]),
    );
    const { events, notes } = await dryRun(WHERE, { DATABASE_URL: `sqlite:${path}` });
    expect(notes).toEqual(["golang-migrate, schema_migrations: its version is unknown", "failed: 8"]);
    expect(events.map(({ type }) => type)).toEqual(["dev.asof.migration.failed.v1"]);
  });

  it.each<[string, string[], Record<string, string>, number, RegExp]>([
    ["without an address", WHERE, {}, 2, /^asof: no database address: set DATABASE_URL/],
    ["without an environment", ["--database", "x"], KNEX, 2, /^asof: no environment was found/],
    ["without a name", ["--environment", "x"], KNEX, 2, /--database/],
    [
      "with a tool that nobody knows",
      [...WHERE, "--tool", "sqitch"],
      KNEX,
      2,
      /Allowed choices are flyway, /,
    ],
    [
      "with a tag for an image",
      [...WHERE, "--image", "ghcr.io/acme/billing:1"],
      KNEX,
      2,
      /must name a digest/,
    ],
    ["with two things to read", [...WHERE, "--report", "x", "--actuator", "y"], {}, 2, /cannot be used with/],
    ["with a journal that is none", [...WHERE, "--journal", knex], drizzled(), 1, /cannot be read as JSON/],
  ])("%s is a complaint", async (_, args, env, code, why) => {
    const ended = await asof([...args, "--dry-run"], env);
    expect([ended.code, ended.out]).toEqual([code, ""]);
    expect(ended.err).toMatch(why);
  });
});

function drizzled(): Record<string, string> {
  return {
    DATABASE_URL: `file:${fileOf(folder, "drizzle", ...tableOf(golden("drizzle.__drizzle_migrations")))}`,
  };
}

describe("a report", () => {
  const file = join(folder, "report.json");

  it("of Flyway's is said of the moment in which it was written, so that a second time is a duplicate", async () => {
    writeFileSync(file, JSON.stringify(golden("flyway.migrate")));
    utimesSync(file, new Date(), new Date("2026-11-22T08:30:00Z"));
    const first = await dryRun([...WHERE, "--report", file]);
    expect(first.events).toMatchObject([
      { time: "2026-11-22T08:30:00.000Z", data: { version: "8", tool: "flyway" } },
    ]);
    expect(await dryRun([...WHERE, "--report", file])).toEqual(first);
  });

  it("of Spring Boot's is read from a file or fetched, and no credentials are shown", async () => {
    writeFileSync(file, JSON.stringify(golden("spring-actuator.flyway")));
    const fromFile = await dryRun([...WHERE, "--actuator", file]);
    expect(fromFile.events).toMatchObject([
      { time: NOW, data: { mode: "set", versions: [{ version: "1" }] } },
    ]);
    const server = createServer((request, response) => {
      response.statusCode = request.url === "/actuator/flyway" ? 200 : 401;
      response.end(JSON.stringify(golden("spring-actuator.flyway")));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    const host = typeof address === "object" ? `127.0.0.1:${address?.port}` : "";
    const fetched = await dryRun([...WHERE, "--actuator", `http://${host}/actuator/flyway`]);
    expect(fetched.events[0]?.data).toEqual(fromFile.events[0]?.data);
    expect((await asof([...WHERE, "--actuator", `http://${host}/other`])).err).toMatch(/answered 401/);
    server.closeAllConnections();
    server.close();
    const gone = await asof([...WHERE, "--actuator", `http://${host}/actuator/flyway`]);
    // A kept-alive connection that was closed gives another code than a refused one.
    expect(gone.err).toMatch(/actuator\/flyway: cannot be reached \(\w+\)$/);
    const secret = await asof([...WHERE, "--actuator", `http://ann:s3cret@${host}/actuator/flyway`]);
    expect(secret.code).toBe(1);
    expect(secret.err).not.toContain("s3cret");
  });

  it.each([
    ["--report", "nothing.json", /nothing.json: cannot be read/],
    ["--report", knex, /must be JSON/],
    ["--actuator", "package.json", /is not an answer of/],
  ])("that is none is a complaint: %s %s", async (option, path, why) => {
    const { code, err } = await asof([...WHERE, option, path]);
    expect(code).toBe(1);
    expect(err).toMatch(why);
  });
});
