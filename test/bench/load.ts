/**
 * A load on a ledger of this machine: so many facts a second for so many minutes, one request each, as CI sends them. Prints
 * p50 and p99 of the time to the acknowledgement, the ledger's memory, and what was lost.
 *
 *   node --import tsx test/bench/load.ts [FACTS_A_SECOND=500] [MINUTES=10]
 */
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { setTimeout } from "node:timers/promises";
import { event, outcomesOf } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, end, newFolder, startLedger } from "../local/process.ts";
import { setup } from "../programs.ts";

const [rate = 500, minutes = 10] = process.argv.slice(2).map(Number);
const TICK_MS = 20;

await setup();
const ledger = await startLedger(newFolder());
const times: number[] = [];
let [sent, refused] = [0, 0];
let residentMiB = 0;

async function record(n: number): Promise<void> {
  const at = new Date().toISOString();
  const one = event("artifact.pushed", `load/${n}`, at, {
    digest: digestOf(String(n)),
    repository: `ghcr.io/acme/service-${n % 200}`,
    tag: `build-${n}`,
  });
  const begun = performance.now();
  const [outcome] = outcomesOf(await ledger.client.say(one));
  if (outcome === "recorded") times.push(performance.now() - begun);
  else refused += 1;
}

function memory(): number {
  const status = readFileSync(`/proc/${ledger.child.pid}/status`, "utf8");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

/** Each minute, since ten of them are long without a word. */
let reports = 1;
function progress(): void {
  console.error(
    `${reports} min: ${sent} sent, ${times.length} acknowledged, ${open.size} open, ${residentMiB} MiB`,
  );
  reports += 1;
}

const begun = performance.now();
const open = new Set<Promise<void>>();
const failures: string[] = [];
while (performance.now() - begun < minutes * 60_000) {
  const due = Math.floor(((performance.now() - begun) / 1000) * rate);
  for (; sent < due; sent++) {
    const one: Promise<void> = record(sent)
      .catch((error: unknown) => void failures.push(String(error)))
      .finally(() => open.delete(one));
    open.add(one);
  }
  residentMiB = Math.max(residentMiB, memory());
  if (performance.now() - begun > reports * 60_000) progress();
  await setTimeout(TICK_MS);
}
await Promise.all(open);
const seconds = (performance.now() - begun) / 1000;
console.error("all sent; reading them back");
await setTimeout(2000);
const text = (
  await ledger.client.get("/v1/export", { from: new Date(Date.now() - 86_400_000).toISOString() })
).text;
const held = text.split("\n").filter((line) => line.includes('"artifact.pushed"')).length;
await end(ledger, "SIGTERM");
cleanUp();

const sorted = times.toSorted((a, b) => a - b);
const quantile = (q: number) => `${(sorted[Math.floor(sorted.length * q)] ?? 0).toFixed(1)} ms`;
console.log(
  `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
);
console.log(
  `${sent} facts in ${seconds.toFixed(0)} s: ${(times.length / seconds).toFixed(0)} a second acknowledged`,
);
console.log(`p50 ${quantile(0.5)}, p99 ${quantile(0.99)}, at most ${residentMiB} MiB resident`);
console.log(
  `refused ${refused}, failed ${failures.length}, acknowledged and lost ${Math.max(0, times.length - held)}`,
);
