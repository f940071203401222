/**
 * A rollback for real, as docs/redeploy.md has it: the demo breaks a service with a release that carries a migration; the plan,
 * one click, an executor on this machine, and PostgreSQL and the ledger say that it is as it was last week.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Release, Timeline } from "../schemas/answer.ts";
import { Gate } from "../schemas/answers/gate.ts";
import { Plan } from "../schemas/plan.ts";
import { type Client, clientOf, over } from "./client.ts";
import { MIGRATIONS, PLACE } from "./demo/shop.ts";
import { cleanUp, end, newFolder, type Process, startLedger, startProcess } from "./local/process.ts";
import { type Postgresql, startPostgresql } from "./real/postgresql.ts";
import { freePort, run } from "./real/registry.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const DEMO = join(import.meta.dirname, "demo/rollback.ts");
const data = newFolder();
const shop = join(data, "demo-shop");
const folder = mkdtempSync(join(tmpdir(), "asof-rollback-"));

let postgresql: Postgresql;
let databaseUrl: string;
let port: string;
let ledger: Process;
let executor: ChildProcess;
let executed = "";
let client: Client;
/** As of last week, before anything is put back. */
let first: Release;
let second: Release;

/** Lines as somebody types them, in a shell that knows the shop. */
async function typed(lines: string, environment = shop): Promise<{ code: number | null; text: string }> {
  const child = spawn("sh", ["-c", `. ${environment}/environment.sh\n${lines}`]);
  let text = "";
  for (const output of [child.stdout, child.stderr]) output.on("data", (chunk) => (text += chunk));
  await once(child, "close");
  return { code: child.exitCode, text };
}

const THEN = "--environment demo --service acme/shop --at $LAST_WEEK";
const release = async (more: Record<string, string> = {}): Promise<Release> =>
  Release.parse((await client.get("/v1/release", { ...PLACE, ...more })).json);
const digestOf = ({ components }: Release): string => components[0]?.digest ?? expect.fail("has no digest");
const gate = async (digest: string): Promise<Gate> =>
  Gate.parse((await client.get("/v1/gate", { ...PLACE, digest })).json);

/** The schema alone, without the words that newer versions of `pg_dump` make up anew for each file. */
const schemaOf = async (url: string): Promise<string> =>
  (await run("pg_dump", "--schema-only", `--dbname=${url}`)).replaceAll(/^\\(un)?restrict .*\n/gm, "");

/** The schema that the migrations of a release make in a database of its own. */
async function schemaAfter(n: number): Promise<string> {
  const url = await postgresql.database(`after-${n}`);
  const { code, text } = await typed(
    `cd ${shop}/release-${n} && DATABASE_URL='${url}' npx --no -- knex migrate:latest`,
  );
  expect(code, text).toBe(0);
  return schemaOf(url);
}

beforeAll(async () => {
  // PostgreSQL runs as a user of its own.
  chmodSync(folder, 0o755);
  postgresql = await startPostgresql(join(folder, "postgresql"));
  databaseUrl = await postgresql.database("shop");
  port = `${await freePort()}`;
  ledger = await startLedger(data, { ASOF_PORT: port });
  const demo = await startProcess(
    { ASOF_DATA: data, ASOF_URL: ledger.address, DATABASE_URL: databaseUrl },
    DEMO,
  ).ended;
  expect(demo.code, demo.stderr).toBe(0);
  expect(demo.stdout).toContain("release 1: acme has 2 orders");
  expect(demo.stdout).toContain("release 2: acme has 0 orders");

  // As it says then: the ledger again, with the executor that it knows. Its port may be in use here.
  await end(ledger, "SIGINT");
  const here = `${await freePort()}`;
  const executors = readFileSync(join(shop, "executors.json"), "utf8").replace(":8788/", `:${here}/`);
  ledger = await startLedger(data, { ASOF_PORT: port, ASOF_EXECUTORS: executors });
  client = clientOf(over(ledger.address), ledger.token);
  const line = `exec asof execute --port ${here} --cwd ${shop}/release-2 --steps revert,deploy,check --deploy ${shop}/deploy.mjs`;
  executor = spawn("sh", ["-c", `. ${shop}/environment.sh\n${line}`]);
  for (const output of [executor.stdout, executor.stderr]) {
    output?.on("data", (chunk) => {
      executed += chunk;
    });
  }
  await vi.waitFor(() => expect(executed).toContain("listens on"), 20_000);
  const [, week = ""] = /LAST_WEEK=(\S+)/.exec(readFileSync(join(shop, "environment.sh"), "utf8")) ?? [];
  first = await release({ at: week });
  second = await release();
});

afterAll(async () => {
  executor?.kill("SIGKILL");
  cleanUp();
  postgresql?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it("is broken by the second release, whose schema the first does not run on", async () => {
  expect(first).toMatchObject({ status: "running", migrations: [{ version: MIGRATIONS[0] }] });
  expect(second).toMatchObject({ status: "running", migrations: [{ version: MIGRATIONS[1] }] });
  expect(digestOf(first)).not.toBe(digestOf(second));
  expect(await schemaOf(databaseUrl)).toBe(await schemaAfter(2));
  const older = await typed(`node ${shop}/shop.mjs release-1`);
  expect(older).toMatchObject({ code: 1, text: expect.stringContaining('"customer" does not exist') });
});

it("has a plan that asks what becomes of the schema, and then is ready", async () => {
  const asked = await typed(`asof plan ${THEN}`);
  expect(asked).toMatchObject({
    code: 1,
    text: expect.stringContaining("schema_choice_needed: applied since then"),
  });
  const ready = await typed(`asof plan ${THEN} --schema revert`);
  expect(ready).toMatchObject({ code: 0, text: expect.stringContaining("READY") });
  expect(ready.text).toContain(`npx --no -- knex migrate:down ${MIGRATIONS[1]}`);
  expect(ready.text).not.toMatch(/BLOCKED|^!/m);
});

it("is put back by one click: service, image and schema, and the ledger says so", async () => {
  const { json } = await client.get("/v1/plan", { ...PLACE, at: first.at, schema: "revert" });
  const before = Plan.parse(json);
  const clicked = await typed(
    `asof redeploy ${THEN} --schema revert --yes --reason "acme's orders are gone"`,
  );
  expect(clicked.code, clicked.text + executed).toBe(0);
  expect(clicked.text).toMatch(/^redeployment \S+: succeeded$/m);
  // It is over with the report of its deployment; the last step only looks.
  await vi.waitFor(() => expect(executed).toMatch(/^redeployment \S+: succeeded$/m), 20_000);
  expect(executed).toMatch(/^1\| .*rolled back/m);
  expect(executed).toMatch(/^2\| release 1: acme has 2 orders$/m);

  expect(await typed(`node ${shop}/shop.mjs`)).toEqual({ code: 0, text: "release 1: acme has 2 orders\n" });
  expect(await schemaOf(databaseUrl)).toBe(await schemaAfter(1));
  const now = await release();
  expect(now).toMatchObject({ status: "running", rollback: true, drift: null, warnings: [] });
  expect([digestOf(now), now.migrations]).toEqual([digestOf(first), first.migrations]);

  const body = {
    ...{ ...PLACE, at: first.at, schema: "revert", reason: "again" },
    ...{ expectedCurrent: before.components[0]?.from, planHash: before.hash },
  };
  const again = await client.post("/v1/redeployments", body, { "idempotency-key": "the second click" });
  expect(again).toMatchObject({ status: 409, json: { refusals: [{ code: "current_changed" }] } });
});

it("has its reason in the history, and a gate that keeps the next pipeline from undoing it", async () => {
  const { json } = await client.get("/v1/timeline", { ...PLACE, from: second.at });
  const requested = Timeline.parse(json).entries.find(({ what }) => what === "redeployment requested");
  expect(requested).toMatchObject({ reason: "acme's orders are gone", by: "admin" });
  expect(await gate(digestOf(second))).toMatchObject({ allowed: false, reasons: [{ code: "frozen" }] });
  expect(await gate(digestOf(first))).toMatchObject({ allowed: true, reasons: [] });
});

it("leaves the executor with Ctrl-C", async () => {
  executor.kill("SIGINT");
  await once(executor, "close");
  expect(executor.exitCode).toBe(0);
});

it("can be played again in the same ledger, on a PostgreSQL that the demo starts and stops", async () => {
  const own = newFolder();
  const env = { ASOF_DATA: own, ASOF_URL: ledger.address, ASOF_TOKEN: ledger.token, TMPDIR: folder };
  const before = readdirSync(folder);
  const demo = startProcess(env, DEMO);
  let shown = "";
  demo.child.stdout?.on("data", (chunk) => {
    shown += chunk;
  });
  await vi.waitFor(() => expect(shown).toContain("PostgreSQL runs until Ctrl-C"), 60_000);
  const [theirs] = readdirSync(folder).filter((name) => !before.includes(name));
  expect(theirs).toMatch(/^asof-shop-/);
  const ready = await typed(`asof plan ${THEN} --schema revert`, join(own, "demo-shop"));
  expect(ready).toMatchObject({ code: 0, text: expect.stringContaining(`revert ${MIGRATIONS[1]} of shop`) });
  expect((await end(demo, "SIGINT")).code).toBe(0);
  expect(existsSync(join(folder, theirs ?? ""))).toBe(false);
});

it("takes no database that is not empty", async () => {
  const env = { ASOF_DATA: data, ASOF_URL: ledger.address, DATABASE_URL: databaseUrl };
  const { code, stderr } = await startProcess(env, DEMO).ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining("DATABASE_URL: is not empty")]);
  writeFileSync(join(data, "token"), "another-token-than-the-ledgers\n");
  const other = await startProcess(env, DEMO).ended;
  expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("does not take this token")]);
});
