/** Everything that is measured, in one run: medians, and ratios against what else could be done. */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { coldRows } from "./cold.ts";
import { comparisonRows } from "./comparison.ts";
import { PRICES, releaseCostRow, writeCostRows } from "./cost.ts";
import { startRemoteEngine } from "./engine.ts";
import { exportRows } from "./exporting.ts";
import { type Filled, filled } from "./filled.ts";
import { STAGING } from "./history.ts";
import { pageRows } from "./page.ts";
import { profiled, WORKS } from "./profiled.ts";
import { recordingRows } from "./recording.ts";
import { flatnessRow, releaseRows } from "./release.ts";
import { type Row, tableOf } from "./rows.ts";
import { snapshotRow } from "./snapshot.ts";
import { startUpRows } from "./start-up.ts";

const USAGE = `Measures asof against PostgreSQL with plain tables, and against the least that any program doing the same on
DynamoDB would need.

  npm run bench -- [--quick] [--facts N] [--only ROWS] [--data FOLDER] [--json]
  npm run bench -- --profile release|snapshot|record [--quick] [--facts N] [--data FOLDER]

  --quick        small sizes, for a look: about a minute
  --facts N      length of the long history (default 100000; with --quick 3000)
  --only ROWS    some of postgresql, cost, cold, start, page, recording, release, snapshot, export; joined by commas
  --data FOLDER  keeps the histories there, and uses them again
  --json         JSON instead of a table in Markdown
  --profile WORK measures nothing; says where the server's time goes while it does one thing: release, snapshot, record
  --help         this text

Servers and engines run in processes of their own. Samples of both sides take turns, so other load changes the times
more than the ratios. An aim that is missed is marked; exits with 2 where something fails.`;

/** The client warns of Node versions that a coming release of it drops; which one runs here is said in the report. */
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

const PARTS = [
  "postgresql",
  "cost",
  "cold",
  "start",
  "page",
  "recording",
  "release",
  "snapshot",
  "export",
] as const;
type Part = (typeof PARTS)[number];

const options = {
  quick: { type: "boolean", default: false },
  facts: { type: "string" },
  only: { type: "string", default: PARTS.join(",") },
  data: { type: "string" },
  json: { type: "boolean", default: false },
  profile: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

const started = performance.now();
function progress(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(0).padStart(5);
  console.error(`${seconds} s  ${text}`);
}

const SIZES = {
  quick: {
    facts: 3000,
    services: 50,
    samples: 100,
    snapshots: 3,
    views: 1,
    loads: 3,
    rounds: 4,
    each: 320,
    seconds: 5,
  },
  full: {
    facts: 100_000,
    services: 1000,
    samples: 2000,
    snapshots: 5,
    views: 3,
    loads: 20,
    rounds: 11,
    each: 3200,
    seconds: 20,
  },
} as const;

interface Plan {
  readonly sizes: (typeof SIZES)[keyof typeof SIZES];
  readonly facts: number;
  readonly folder: string;
  readonly wants: (part: Part) => boolean;
}

async function recorded({ sizes, folder }: Plan): Promise<Row[]> {
  progress("recording");
  const engine = await startRemoteEngine(join(folder, "recording"));
  try {
    return await recordingRows(engine, sizes.samples);
  } finally {
    await engine.stop();
    rmSync(join(folder, "recording"), { recursive: true });
  }
}

async function asked(plan: Plan, long: Filled): Promise<Row[]> {
  const { sizes, folder, wants } = plan;
  const rows: Row[] = [];
  if (wants("release")) {
    progress("the release");
    rows.push(...(await releaseRows(long, sizes.samples / 4)));
    const short = await filled(join(folder, "short"), { facts: 1000, services: 10 }, progress);
    progress("the release on both histories");
    rows.push(await flatnessRow(short, long, sizes.samples / 4));
    await short.engine.stop();
  }
  if (wants("snapshot")) {
    progress("snapshots");
    rows.push(await snapshotRow(long, STAGING.environment, sizes.snapshots));
    rows.push(await snapshotRow(long, "production", sizes.snapshots));
  }
  if (wants("export")) {
    progress("the export");
    rows.push(...(await exportRows(long)));
  }
  if (wants("cost")) rows.push(await releaseCostRow(long.engine));
  return rows;
}

async function measured(plan: Plan): Promise<Row[]> {
  const { sizes, facts, folder, wants } = plan;
  const rows: Row[] = [];
  if (wants("postgresql")) {
    progress("against PostgreSQL");
    const extent = { facts, services: sizes.services };
    rows.push(...(await comparisonRows(join(folder, "comparison"), extent, sizes, progress)));
  }
  if (wants("cold")) {
    progress("loading bundles");
    rows.push(...(await coldRows(sizes.loads, progress)));
  }
  if (wants("start")) rows.push(...(await startUpRows(sizes.loads, progress)));
  if (wants("page"))
    rows.push(...(await pageRows(join(folder, "page"), { ...sizes, samples: sizes.views }, progress)));
  if (wants("recording")) rows.push(...(await recorded(plan)));
  if (wants("cost")) rows.push(...writeCostRows());
  if (PARTS.slice(6).some(wants) || wants("cost")) {
    progress(`a history of ${facts.toLocaleString("en")} facts`);
    const long = await filled(join(folder, "long"), { facts, services: sizes.services }, progress);
    try {
      rows.push(...(await asked(plan, long)));
    } finally {
      await long.engine.stop();
    }
  }
  return rows;
}

function report(rows: readonly Row[], isJson: boolean): string {
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: `${cpus()[0]?.model.trim()}, ${cpus().length} cores`,
    prices: PRICES,
  };
  if (isJson) return JSON.stringify({ ...about, rows }, null, 2);
  const { date, node, cpu, prices } = about;
  return `${tableOf(rows)}\n\n${date}, Node ${node}, ${cpu}. Engine: dynalite in a process of its own, on disk. Costs: ${prices}.`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options });
  if (values.help) return console.log(USAGE);
  const sizes = values.quick ? SIZES.quick : SIZES.full;
  const only = values.only.split(",");
  const unknown = only.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) throw new Error(`--only: ${unknown} is none of ${PARTS.join(", ")}`);
  const facts = Number(values.facts ?? sizes.facts);
  if (!Number.isInteger(facts) || facts < 1000) throw new Error("--facts: must be a number from 1000 up");
  const work = WORKS.find((one) => one === values.profile);
  if (work !== values.profile) throw new Error(`--profile: ${values.profile} is none of ${WORKS.join(", ")}`);
  const folder = values.data ?? mkdtempSync(join(tmpdir(), "asof-bench-"));
  try {
    if (work !== undefined) {
      const extent = { facts, services: sizes.services };
      return console.log(await profiled(work, join(folder, "comparison"), extent, sizes.seconds, progress));
    }
    const rows = await measured({ sizes, facts, folder, wants: (part) => only.includes(part) });
    console.log(report(rows, values.json));
  } finally {
    if (values.data === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

// What was started ends with this process, however it ends.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => process.exit(code));

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 2;
});
