/** How much a question waits while many take everything: exports give way between any two pages. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { queryOf, TOKEN } from "./ledger.ts";
import type { Row } from "./rows.ts";
import { asking, type Running } from "./sides.ts";
import { median, msOf, p95 } from "./timing.ts";

const EXPORTS = 60;

/** Reads so many exports at once, to their ends, in a process of its own: the one that measures has other work. */
const READER = `
const [, url, token, count] = process.argv;
const read = async () => {
  const answer = await fetch(url, { headers: { authorization: "Bearer " + token } });
  let bytes = 0;
  for await (const chunk of answer.body) {
    if (bytes === 0) process.stdout.write(".");
    bytes += chunk.length;
  }
  return bytes;
};
const sizes = await Promise.all(Array.from({ length: Number(count) }, read));
if (new Set(sizes).size !== 1) throw new Error("the exports differ: " + sizes);
`;

/** The most memory that a process had, in MB; NaN where the system does not tell. */
function peakMb(pid: number): number {
  const file = `/proc/${pid}/status`;
  const found = existsSync(file) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(file, "utf8")) : null;
  return found === null ? Number.NaN : Number(found[1]) / 1024;
}

/** A release beside sixty exports, against itself alone. */
export async function busyRow(ours: Running, samples: number): Promise<Row> {
  const ask = asking(ours);
  const idle: number[] = [];
  for (let n = 0; n < samples; n++) idle.push(await msOf(() => ask(n)));
  const before = peakMb(ours.pid ?? 0);
  const url = `${ours.address}${queryOf("/v1/export", { from: "2020-01-01", to: "2030-01-01" })}`;
  const reader = spawn(process.execPath, ["--input-type=module", "-e", READER, url, TOKEN, String(EXPORTS)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(reader, "exit");
  // Until the first of them comes, nobody is in the way.
  if (reader.stdout !== null) await Promise.race([once(reader.stdout, "data"), ended]);
  const busy: number[] = [];
  while (reader.exitCode === null && busy.length < samples) busy.push(await msOf(() => ask(busy.length)));
  // A long history is not read to its end: enough was measured.
  reader.kill();
  const [code] = await ended;
  if (code !== 0 && code !== null) throw new Error(`the exports failed: ${code}`);
  return {
    what: `the release beside ${EXPORTS} exports, against itself alone`,
    unit: "ms",
    ours: median(busy),
    floor: median(idle),
    floorIs: "alone",
    ratio: median(busy) / median(idle),
    aim: { atMost: 10 },
    p95: { ours: p95(busy), floor: p95(idle) },
    note: `median of ${busy.length}; memory at most ${Math.round(peakMb(ours.pid ?? 0))} MB, ${Math.round(before)} MB before`,
  };
}
