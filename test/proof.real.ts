/**
 * Run the past again, for real: three releases of a service are built, pushed, migrated and deployed; the plan to the
 * first day is asked for, and its steps run as they are printed. PostgreSQL, Knex, the registry, Docker Compose and
 * the containers are real, and it is them who say what is there afterwards.
 */
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Running, start } from "../functions/runtime/server/server.ts";
import { Release } from "../schemas/answer.ts";
import { Plan, type Step } from "../schemas/plan.ts";
import { type Client, clientOf, event, outcomesOf, over } from "./client.ts";
import { shaOf } from "./ledger/given.ts";
import { CLI } from "./programs.ts";
import { type Containers, startContainers } from "./real/containers.ts";
import { type Postgresql, startPostgresql } from "./real/postgresql.ts";
import { deleteManifest, freePort, inspect, type Registry, run, startRegistry } from "./real/registry.ts";
import { buildShop, RELEASES, type Shop, type ShopRelease } from "./real/shop.ts";

const execute = promisify(execFile);

const TOKEN = "a-token-for-the-real-thing";
const SECRET = "Bearer what-the-registry-sends";
const PLACE = { environment: "production", service: "acme/shop" };
const DATABASE = "shop";
const SOURCE = "https://github.com/acme/shop";

const folder = mkdtempSync(join(tmpdir(), "asof-proof-"));
let ledger: Running;
let client: Client;
let registry: Registry;
let postgresql: Postgresql;
let containers: Containers;
let shop: Shop;
let repository: string;
let databaseUrl: string;
let port: number;

/** What PostgreSQL, the engine and the service themselves say. */
interface Seen {
  readonly schema: string;
  readonly digests: readonly string[];
  /** What the service answers to an order. */
  readonly answer: string;
}

/** A day that brought a release, and what was seen at its end. */
interface Day {
  readonly date: string;
  readonly release: ShopRelease;
  readonly digest: string;
  readonly seen: Seen;
}

let first: Day;
let second: Day;
let third: Day;

/** Runs a line where a person would. */
const pasted = (shell: string): Promise<string> =>
  containers.pasted(shell, {
    DATABASE_URL: databaseUrl,
    ASOF_URL: ledger.address,
    ASOF_TOKEN: TOKEN,
  });

/** Tells the ledger what was done, as a pipeline does. */
async function record(...what: readonly string[]): Promise<void> {
  const env = { PATH: process.env.PATH ?? "", ASOF_URL: ledger.address, ASOF_TOKEN: TOKEN };
  const outbox = join(folder, "outbox.ndjson");
  await execute(process.execPath, [CLI, "record", ...what, "--strict", "--outbox", outbox], {
    env,
  });
}

/** The schema alone, without the words that newer versions of `pg_dump` make up anew for each file. */
const schemaNow = async (): Promise<string> =>
  (await run("pg_dump", "--schema-only", `--dbname=${databaseUrl}`)).replaceAll(
    /^\\(un)?restrict .*\n/gm,
    "",
  );

/** What the service answers to an order, once it listens. */
async function answerNow(): Promise<string> {
  const answer = await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/`), {
    timeout: 20_000,
    interval: 50,
  });
  return `${answer.status} ${await answer.text()}`;
}

/** Notifications come a moment later, so whoever wants to see one waits for it. */
const soon = (check: () => Promise<void>): Promise<void> =>
  vi.waitFor(check, { timeout: 20_000, interval: 50 });

const look = async (): Promise<Seen> => ({
  answer: await answerNow(),
  schema: await schemaNow(),
  digests: await containers.runningDigests(),
});

/* What a pipeline does */

/** Builds an image of a release and pushes it; the registry itself tells the ledger of the push. */
async function publish(release: ShopRelease, tag: string, ...time: string[]): Promise<string> {
  const image = `${repository}:${tag}`;
  await shop.build(tag, release);
  await shop.layout.push(tag, image);
  const commit = ["--commit", shaOf(release.version), "--repository", SOURCE];
  const url = `https://ci.example/builds/${tag}`;
  await record("build", "--image", image, ...commit, "--run-url", url, ...time);
  return inspect(image);
}

/** Migrates the database with the files of an image, which thereby applies these migrations. */
async function migrate(digest: string, applied: readonly ShopRelease[], ...time: string[]): Promise<void> {
  const inImage = `--entrypoint=npx ${repository}@${digest} --no -- knex migrate:latest`;
  await pasted(`docker run --rm --network=host --env=DATABASE_URL ${inImage}`);
  for (const { migration, losesData, oldCodeRuns } of applied) {
    await record(
      ...["migration", "--environment", PLACE.environment, "--service", PLACE.service],
      ...["--database", DATABASE, "--version", migration, "--tool", "knex", "--image", digest],
      ...["--reversible", "true", "--loses-data", `${losesData}`, "--old-code-runs", `${oldCodeRuns}`],
      ...time,
    );
  }
}

const recordDeploy = (digest: string, ...more: readonly string[]): Promise<void> =>
  record(
    ...["deploy", "--environment", PLACE.environment, "--service", PLACE.service],
    ...["--image", `${repository}@${digest}`, ...more],
  );

const recordRevert = (version: string): Promise<void> =>
  record(
    ...["migration", "--status", "reverted", "--environment", PLACE.environment],
    ...["--database", DATABASE, "--version", version, "--tool", "knex"],
  );

async function deploy(digest: string, ...time: string[]): Promise<void> {
  const service = {
    image: `${repository}@${digest}`,
    network_mode: "host",
    environment: { DATABASE_URL: databaseUrl, PORT: port },
  };
  // JSON is YAML too.
  const file = JSON.stringify({ services: { "acme-shop": service } });
  writeFileSync(join(containers.workplace, "compose.yaml"), file);
  await pasted("docker compose -f compose.yaml up -d");
  await recordDeploy(digest, ...time);
}

/** Everything is done now, and told as of a day of the past. */
async function bringOut(release: ShopRelease, daysAgo: number): Promise<Day> {
  const date = new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
  const at = (clock: string) => ["--time", `${date}T${clock}:00Z`];
  const digest = await publish(release, release.version, ...at("10:00"));
  await migrate(digest, [release], ...at("11:00"));
  await deploy(digest, ...at("12:00"));
  return { date, release, digest, seen: await look() };
}

/* What a person does who goes back */

type Query = Readonly<Record<string, string>>;

async function planned(more: Query = {}): Promise<Plan> {
  const question = { ...PLACE, at: first.date, schema: "revert", ...more };
  return Plan.parse((await client.get("/v1/plan", question)).json);
}

const ACCEPTING: Query = { acceptDataLoss: "true" };

const codesOf = (found: readonly { code: string }[]): string[] => found.map(({ code }) => code);

/** Runs the commands of a step, and gives what the last of them printed. */
async function take({ commands }: Step): Promise<string> {
  let printed = "";
  for (const { shell } of commands) {
    expect(shell).not.toMatch(/<[^>]+>/);
    printed = await pasted(shell);
  }
  return printed;
}

/** Takes every step of a plan, and tells what was done. Gives what the last one shows: what the ledger says runs. */
async function carryOut(plan: Plan): Promise<Release> {
  const reverts = plan.steps.filter(({ does }) => does === "revert");
  let printed = "";
  for (const step of plan.steps) {
    printed = await take(step);
    if (step === reverts.at(-1)) for (const { version } of plan.schema.revert) await recordRevert(version);
    if (step.does === "deploy")
      await recordDeploy(plan.components[0]?.image?.split("@")[1] ?? "", "--rollback");
  }
  return Release.parse(JSON.parse(printed));
}

beforeAll(async () => {
  // PostgreSQL runs as a user of its own.
  chmodSync(folder, 0o755);
  ledger = await start({
    ASOF_PORT: "0",
    ASOF_DATA: join(folder, "ledger"),
    ASOF_TOKENS: `admin:test:${TOKEN}`,
    ASOF_WEBHOOK_SECRETS: JSON.stringify({ distribution: [SECRET] }),
  });
  client = clientOf(over(ledger.address), TOKEN);
  const notify = { url: `${ledger.address}/v1/webhooks/distribution`, authorization: SECRET };
  registry = await startRegistry({ folder: join(folder, "registry"), notify });
  repository = `${registry.host}/acme/shop`;
  postgresql = await startPostgresql(join(folder, "postgresql"));
  databaseUrl = await postgresql.database(DATABASE);
  containers = await startContainers(join(folder, "containers"), registry.host);
  shop = await buildShop(join(folder, "shop"));
  port = await freePort();
  const data = {
    service: PLACE.service,
    owner: "team-shop",
    images: [repository],
    databases: [DATABASE],
    deployTool: "docker compose",
  };
  const told = await client.say(event("service.described", "shop", "2026-01-01T00:00:00Z", data));
  expect(outcomesOf(told)).toEqual(["recorded"]);
  first = await bringOut(RELEASES[0], 30);
  second = await bringOut(RELEASES[1], 29);
  third = await bringOut(RELEASES[2], 28);
});

afterAll(async () => {
  await containers?.stop();
  postgresql?.stop();
  await registry?.stop();
  await ledger?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it("goes three releases forward, and each day is told as it was", async () => {
  const days = [first, second, third];
  expect(new Set(days.map(({ seen }) => seen.schema)).size).toBe(days.length);
  for (const { date, release, digest, seen } of days) {
    expect(seen).toMatchObject({ digests: [digest], answer: `200 ${release.version}` });
    const { json } = await client.get("/v1/release", { ...PLACE, at: date });
    expect(json).toMatchObject({
      status: "running",
      components: [{ image: `${repository}@${digest}`, availability: "available" }],
      migrations: [{ database: DATABASE, status: "known", version: release.migration, tool: "knex" }],
      warnings: [],
    });
  }
});

it("plans the way back, newest first, from the images that hold the down scripts", async () => {
  const asked = await planned();
  expect([asked.status, codesOf(asked.blockers)]).toEqual(["blocked", ["data_loss"]]);
  const plan = await planned(ACCEPTING);
  expect(plan).toMatchObject({ status: "ready", blockers: [], warnings: [] });
  expect(plan.components).toMatchObject([{ from: third.digest, to: first.digest }]);
  expect(plan.schema.revert).toMatchObject([
    { version: third.release.migration, image: `${repository}@${third.digest}` },
    { version: second.release.migration, image: `${repository}@${second.digest}` },
  ]);
  expect(plan.steps.map(({ does }) => does)).toEqual(["backup", "revert", "revert", "deploy", "check"]);
});

it("could not go back with the image of the first day, which does not hold the down scripts", async () => {
  const { schema } = await planned(ACCEPTING);
  const { shell } = schema.revert[0]?.command ?? expect.fail("has no command");
  const older = shell.replace(third.digest, first.digest);
  expect(older).not.toBe(shell);
  await expect(pasted(older)).rejects.toThrow("migration directory is corrupt");
  expect(await look()).toEqual(third.seen);
});

it("is back at the first day after the steps as they are printed: schema, image and service", async () => {
  const current = await carryOut(await planned(ACCEPTING));
  expect(await look()).toEqual(first.seen);
  expect(current).toMatchObject({
    status: "running",
    rollback: true,
    components: [{ digest: first.digest }],
    migrations: [{ database: DATABASE, version: first.release.migration }],
  });
  const [copy, ...more] = (await pasted("ls *.dump")).trim().split("\n");
  expect(more).toEqual([]);
  expect(await pasted(`pg_restore --list ${copy}`)).toContain("orders_by_currency");
});

it("is blocked once the image is gone, and says how to build it again", async () => {
  // Forward again first, by the third image alone.
  await migrate(third.digest, [second.release, third.release]);
  await deploy(third.digest);
  expect(await look()).toEqual(third.seen);
  expect(await deleteManifest(registry.host, "acme/shop", first.digest)).toBe(202);
  const { version } = first.release;
  const rebuild = { repository: SOURCE, sha: shaOf(version), url: `https://ci.example/builds/${version}` };
  await soon(async () => {
    const { status, blockers, steps, components } = await planned(ACCEPTING);
    expect([status, codesOf(blockers), steps]).toEqual(["blocked", ["image_gone"], []]);
    expect(components).toMatchObject([{ to: first.digest, availability: "deleted", rebuild }]);
    for (const told of Object.values(rebuild)) expect(blockers[0]?.message).toContain(told);
  });
});

it("offers the image that was built again, and goes back with it once it is accepted", async () => {
  const digest = await publish(first.release, "1.0-again");
  expect(digest).not.toBe(first.digest);
  await soon(async () => {
    const { status, blockers, warnings, components } = await planned(ACCEPTING);
    expect([status, codesOf(blockers)]).toEqual(["blocked", ["image_gone"]]);
    expect(codesOf(warnings)).toEqual(["not_identical"]);
    const substitute = { digest, image: `${repository}@${digest}` };
    expect(components).toMatchObject([{ to: first.digest, substitute }]);
  });
  const asked = { ...ACCEPTING, acceptSubstitute: digest };
  const plan = await planned(asked);
  expect([plan.status, codesOf(plan.warnings)]).toEqual(["ready", ["not_identical"]]);
  const current = await carryOut(plan);
  expect(await look()).toEqual({ ...first.seen, digests: [digest] });
  expect(current).toMatchObject({ status: "running", components: [{ digest }] });
});
