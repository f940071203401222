/** How long a fresh process takes to load a bundle, and how large it is, against one with only the table's client. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { FUNCTION_ENTRIES } from "../../functions/runtime/build.ts";
import { bundleFunction } from "../../functions/runtime/bundle.ts";
import { node24 } from "../aws/node24.ts";
import type { Row } from "./rows.ts";
import { median, sum } from "./timing.ts";

/** What `cdk/stack.ts` sets, and the runtime. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "none",
  AWS_SECRET_ACCESS_KEY: "none",
  ASOF_TABLE: "asof",
  ASOF_PEOPLE_TABLE: "asof-people",
  ASOF_SECRET: "arn:aws:secretsmanager:us-east-1:000000000000:secret:asof",
  ASOF_SETTLE_MS: "60000",
  ASOF_QUARANTINE_BUCKET: "asof-quarantine",
  ASOF_LOG_BUCKET: "asof-log",
  ASOF_LATER_QUEUE: "https://sqs.us-east-1.amazonaws.com/000000000000/later",
  ASOF_LATER_ARN: "arn:aws:sqs:us-east-1:000000000000:later",
};

const LOAD =
  "const start=performance.now();await import(process.argv[1]);console.log(performance.now()-start)";

function loadMs(node: string, folder: string): number {
  const url = pathToFileURL(join(folder, "index.mjs")).href;
  const printed = execFileSync(node, ["--input-type=module", "--eval", LOAD, url], {
    env: ENVIRONMENT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return Number(printed);
}

/** The files that are loaded at start: the entry, and the chunks it imports other than lazily. */
function loadedAtStart(folder: string): string[] {
  const found = new Set<string>();
  const visit = (file: string) => {
    if (found.has(file)) return;
    found.add(file);
    const text = readFileSync(join(folder, file), "utf8");
    for (const [, chunk = ""] of text.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) visit(chunk);
  };
  visit("index.mjs");
  return [...found].map((file) => readFileSync(join(folder, file), "utf8"));
}

function sizeOf(folder: string): string {
  const files = loadedAtStart(folder);
  const kb = (bytes: number) => Math.round(bytes / 1024);
  const whole = sum(files.map((file) => Buffer.byteLength(file)));
  const zipped = sum(files.map((file) => gzipSync(file).length));
  return `${kb(whole)} KB, ${kb(zipped)} gz`;
}

async function rowsOn(node: string, folders: Map<string, string>, samples: number): Promise<Row[]> {
  const version = execFileSync(node, ["-v"], { encoding: "utf8" }).trim();
  const times = new Map<string, number[]>([...folders.keys()].map((name) => [name, []]));
  const names = [...folders.keys()];
  for (let n = 0; n < samples; n++) {
    const first = n % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      times.get(name)?.push(loadMs(node, folders.get(name) ?? ""));
    }
  }
  const floor = median(times.get("client") ?? []);
  return ["questions", "ingest"].map((name) => {
    const ours = median(times.get(name) ?? []);
    return {
      what: `loading the ${name} bundle, Node ${version}`,
      unit: "ms",
      ours,
      floor,
      floorIs: `client only, ${sizeOf(folders.get("client") ?? "")}`,
      ratio: ours / floor,
      aim: { atMost: 1.35 },
      note: `${sizeOf(folders.get(name) ?? "")}; median of ${samples} fresh processes`,
    };
  });
}

export async function coldRows(samples: number, progress: (text: string) => void): Promise<Row[]> {
  const temp = mkdtempSync(join(tmpdir(), "asof-bench-bundles-"));
  const entries: [string, string][] = [
    ["client", join(import.meta.dirname, "client-only.ts")],
    ["questions", FUNCTION_ENTRIES.questions],
    ["ingest", FUNCTION_ENTRIES.ingest],
  ];
  const folders = new Map<string, string>();
  for (const [name, entry] of entries) {
    await bundleFunction(entry, join(temp, name));
    folders.set(name, join(temp, name));
  }
  const nodes = [...new Set([node24(), process.execPath])].filter((node) => node !== undefined);
  if (nodes.length === 1) progress("Node 24 is not to be had here; only this Node is measured");
  const rows: Row[] = [];
  for (const node of nodes) rows.push(...(await rowsOn(node, folders, samples)));
  rmSync(temp, { recursive: true });
  return rows;
}
