/**
 * Real tools migrate a real PostgreSQL, step by step, up and down; `asof migrations` runs after each step as a pipeline
 * runs it; and afterwards the ledger knows of every step what the database itself said then. The programs go down by the
 * commands of a plan, as they are printed. All tools are at work at once: most of the time is their starting.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { revertCommand } from "../functions/plan/migration-tools/revert-commands.ts";
import { Timeline } from "../schemas/answer.ts";
import { event, outcomesOf } from "./client.ts";
import { digestOf } from "./ledger/given.ts";
import {
  installDbmate,
  type Migrating,
  withDbmate,
  withDrizzle,
  withKnex,
  withMikroOrm,
  withNodePgMigrate,
  withTypeorm,
} from "./real/migrating.ts";
import {
  withActiveRecord,
  withAlembic,
  withDjango,
  withLiquibase,
  withUmzug,
} from "./real/migrating-programs.ts";
import { ENVIRONMENT, type MigrationLedger, startMigrationLedger } from "./real/migration-ledger.ts";
import { namesOf, type Postgresql, startPostgresql, thingsIn } from "./real/postgresql.ts";

// All tools migrate before the first test.
vi.setConfig({ hookTimeout: 600_000 });

const folder = mkdtempSync(join(tmpdir(), "asof-migrating-"));
let postgresql: Postgresql;
let ledger: MigrationLedger;
const journeys = new Map<string, Journey>();

type Making = (url: string, files: string) => Migrating | Promise<Migrating>;

const TOOLS: Readonly<Record<string, Making>> = {
  liquibase: withLiquibase,
  alembic: withAlembic,
  django: withDjango,
  rails: withActiveRecord,
  umzug: withUmzug,
  "mikro-orm": withMikroOrm,
  knex: (url, files) => withKnex("pg", url, files),
  "node-pg-migrate": withNodePgMigrate,
  typeorm: withTypeorm,
  drizzle: withDrizzle,
  dbmate: async (url, files) => withDbmate(await installDbmate(join(folder, "npm")), url, files),
};

/** What the database itself said after a step, and when the command had said it to the ledger. */
interface Seen {
  readonly at: string;
  readonly applied: readonly string[];
  readonly things: readonly string[];
}

interface Journey {
  readonly migrating: Migrating;
  readonly seen: readonly Seen[];
}

const databaseOf = (tool: string): string => `${tool} database`;
const serviceOf = (tool: string): string => `acme/${tool}`;

async function described(tool: string): Promise<void> {
  const at = "2026-01-01T00:00:00Z";
  const service = serviceOf(tool);
  const answer = await ledger.client.sayAll([
    event("service.described", `${service} described`, at, { service, databases: [databaseOf(tool)] }),
    event("deployment.succeeded", `${service} deployed`, at, {
      environment: ENVIRONMENT,
      service,
      deployment: { provider: "test", instance: "here", id: service },
      components: [{ component: "main", digest: digestOf(service) }],
    }),
  ]);
  expect(outcomesOf(answer)).toEqual(["recorded", "recorded"]);
}

/** What a plan prints to revert these migrations, newest first. */
function plannedReverts(tool: string, versions: readonly string[], to: string | null): string[] {
  const revert = revertCommand({ database: databaseOf(tool), tool, versions, to });
  if (!revert.can) throw new Error(revert.why);
  return revert.commands.map(({ shell }) => shell);
}

async function journeyOf(tool: string, making: Making): Promise<Journey> {
  const url = await postgresql.database(tool);
  const migrating = await making(url, join(folder, tool));
  await described(tool);
  const seen: Seen[] = [];
  const look = async () => {
    const ran = await ledger.migrations(url, "--database", databaseOf(tool), ...(migrating.options ?? []));
    expect(ran).toMatchObject({ code: 0, err: "" });
    expect(ran.out).toContain(`note: ${tool}, `);
    const [applied, things] = await Promise.all([namesOf(url, migrating.applied), thingsIn(url)]);
    seen.push({ at: new Date().toISOString(), applied, things });
  };
  const { up, ups, down, reverted, version } = migrating;
  for (const n of ups ?? [1, 2, 3]) {
    await up(n);
    await look();
  }
  if (reverted !== undefined) {
    for (const shell of plannedReverts(tool, [version(3), version(2)], version(1))) await reverted(shell);
    await look();
    for (const shell of plannedReverts(tool, [version(1)], null)) await reverted(shell);
    await look();
  }
  if (down !== undefined) {
    await down();
    await look();
    await down();
    await look();
    await up(2);
    await look();
  }
  // Once more with nothing between: a retry, or a pipeline without a migration.
  await look();
  return { migrating, seen };
}

beforeAll(async () => {
  // The server runs as a user of its own.
  chmodSync(folder, 0o755);
  postgresql = await startPostgresql(join(folder, "postgresql"));
  ledger = await startMigrationLedger(folder);
  const tools = Object.entries(TOOLS);
  await Promise.all(tools.map(async ([tool, making]) => journeys.set(tool, await journeyOf(tool, making))));
});

afterAll(async () => {
  await ledger?.stop();
  postgresql?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The numbers of migrations at each step. */
function stepsOf({ ups = [1, 2, 3], reverted, down }: Migrating): number[] {
  const back = reverted === undefined ? (down === undefined ? [] : [2, 1, 2]) : [1, 0];
  const steps = [...ups, ...back];
  return [...steps, steps.at(-1) ?? 0];
}

describe.each(Object.keys(TOOLS))("%s", (tool) => {
  const database = databaseOf(tool);
  const service = serviceOf(tool);
  const journey = () => journeys.get(tool) ?? expect.fail(`${tool} has not been used`);

  it("migrates up and down, and its table holds what is applied", () => {
    const { migrating, seen } = journey();
    const counts = stepsOf(migrating);
    expect(seen.map(({ things }) => things.length)).toEqual(counts);
    expect(seen.map(({ applied }) => applied.length)).toEqual(
      migrating.isHead === true ? counts.map((n) => Math.min(n, 1)) : counts,
    );
  });

  it("is known at each step as the database itself said it then", async () => {
    const { migrating, seen } = journey();
    for (const { at, things } of seen) {
      const { migrations } = await ledger.releaseAt(service, at);
      const n = things.length;
      const known = { status: "known", tool, version: migrating.version(n) };
      expect(migrations).toMatchObject([{ database, ...(n === 0 ? { status: "empty" } : known) }]);
      expect(things).toEqual(things.map((_, n) => `thing${n + 1}`));
    }
  });

  it("is known to have been applied when the tool says, or else between what was seen", async () => {
    const { migrating, seen } = journey();
    const [first, second] = seen;
    if (first === undefined || second === undefined) throw new Error("nothing was seen");
    const { migrations } = await ledger.releaseAt(service, second.at);
    const [one] = migrations === "unknown" ? [] : migrations;
    expect(one?.appliedAt !== undefined).toBe(migrating.timed);
    const [after, before] = migrating.timed
      ? [one?.appliedAt, one?.appliedAt]
      : [one?.appliedBetween?.after, one?.appliedBetween?.before];
    // Rows of the second step came after the first step was looked at, which itself is a moment before it was noted.
    expect(Date.parse(after ?? "")).toBeGreaterThan(Date.parse(first.at) - 5000);
    expect(Date.parse(before ?? "")).toBeLessThanOrEqual(Date.parse(second.at));
  });

  it("is told as a history of what was migrated and reverted, and nothing else", async () => {
    const { migrating } = journey();
    const { version, timed, isHead } = migrating;
    const from = "2026-01-01T00:00:00Z";
    const { json } = await ledger.client.get("/v1/timeline", { environment: ENVIRONMENT, from });
    const changes = Timeline.parse(json).entries.flatMap((entry) =>
      "database" in entry && entry.database === database ? [[entry.what, entry.version]] : [],
    );
    // Of what the first look shows, only a time of its own says when it came.
    const up = (timed ? [1, 2, 3] : [2, 3]).map((n) => ["migrated", version(n)]);
    // Two heads do not say what lies between them.
    if (isHead === true) return expect(changes).toEqual([]);
    const { down, reverted } = migrating;
    const stepwise = down === undefined ? [] : [3, 2].map((n) => ["reverted", version(n)]);
    // What one look finds reverted was reverted at one moment, as far as it knows.
    const byPlan = reverted === undefined ? [] : [2, 3, 1].map((n) => ["reverted", version(n)]);
    const again = down === undefined ? [] : [["migrated", version(2)]];
    expect(changes).toEqual([...up, ...stepwise, ...byPlan, ...again]);
  });
});
