/** The export through the door, from a process of its own, against bare paging of the same index. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { QueryCommand } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import { placeOfRecorded } from "../../functions/adapters/keys.ts";
import { SHARDS } from "../../functions/ledger/store.ts";
import { clientOf } from "../store/emulator.ts";
import type { RemoteEngine } from "./engine.ts";
import type { Filled } from "./filled.ts";
import { DAYS, dayOf } from "./history.ts";
import { expecting, ledgerOn, overHttp, queryOf, served } from "./ledger.ts";
import type { Row } from "./rows.ts";
import { inTurns, sum } from "./timing.ts";

const MB = 1024 * 1024;
/** The quarter in spans, so that both competitors take turns. */
const SPANS = 6;
const PAGE = 1000;

const Served = z.object({ address: z.string() });
const Memory = z.object({ rssBytes: z.number(), peakBytes: z.number() });

/** A process that serves the doors, and says how much memory it holds. */
async function startExporter({ endpoint, table, people }: RemoteEngine) {
  const child = fork(fileURLToPath(import.meta.url), [endpoint, table, people], {
    execArgv: ["--import", import.meta.resolve("tsx")],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [said] = await Promise.race([once(child, "message"), once(child, "exit")]);
  return {
    address: Served.parse(said).address,
    memory: async () => {
      const answer = once(child, "message");
      child.send("memory");
      return Memory.parse((await answer)[0]);
    },
    stop: async () => {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}

async function main(endpoint: string, table: string, people: string): Promise<void> {
  const { address } = await served(ledgerOn({ client: clientOf(endpoint), table, people }));
  let peakBytes = 0;
  setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }, 10);
  process.on("message", () => {
    process.send?.({ rssBytes: process.memoryUsage.rss(), peakBytes });
    peakBytes = 0;
  });
  process.once("disconnect", () => process.exit(0));
  process.send?.({ address });
}

const DAYS_OF_SPAN = DAYS / SPANS;

/** The days of a span; facts of the last minutes of the quarter are recorded a day after it. */
const daysOf = (span: number): string[] =>
  Array.from({ length: DAYS_OF_SPAN + (span === SPANS - 1 ? 1 : 0) }, (_, n) =>
    dayOf(span * DAYS_OF_SPAN + n),
  );

/** Reads every page of one shard of a day, and counts the items. */
async function pageShard({ client, table }: RemoteEngine, day: string, shard: number): Promise<number> {
  const { index, key } = placeOfRecorded({ of: "recorded", day, shard });
  let count = 0;
  let start: Record<string, never> | undefined | object;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        IndexName: index,
        KeyConditionExpression: "#partition = :partition",
        ExpressionAttributeNames: { "#partition": index },
        ExpressionAttributeValues: { ":partition": { S: key } },
        Limit: PAGE,
        ...(start === undefined ? {} : { ExclusiveStartKey: { ...start } }),
      }),
    );
    count += page.Items?.length ?? 0;
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return count;
}

async function pageSpan(engine: RemoteEngine, span: number): Promise<number> {
  let count = 0;
  for (const day of daysOf(span)) {
    const shards = Array.from({ length: SHARDS }, (_, shard) => pageShard(engine, day, shard));
    count += sum(await Promise.all(shards));
  }
  return count;
}

/** Exports a span over HTTP, and counts its lines. */
function exporting(address: string) {
  let lines = 0;
  const ask = overHttp(address, (chunk) => {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  });
  return async (span: number): Promise<number> => {
    lines = 0;
    const days = daysOf(span);
    const query = { from: days[0] ?? "", to: days.at(-1) ?? "" };
    await expecting(200, ask(queryOf("/v1/export", query)));
    return lines;
  };
}

export async function exportRows({ engine, facts }: Filled): Promise<Row[]> {
  const exporter = await startExporter(engine);
  const exportSpan = exporting(exporter.address);
  const before = await exporter.memory();
  // Its first few thousand facts a process exports slowly, whoever wrote it.
  for (let span = 0, warm = 0; span < SPANS && warm < 5000; span++) warm += await exportSpan(span);
  const counts = { bare: 0, ours: 0 };
  const times = await inTurns(SPANS, {
    bare: async (span) => {
      counts.bare += await pageSpan(engine, span);
    },
    ours: async (span) => {
      counts.ours += await exportSpan(span);
    },
  });
  const { peakBytes } = await exporter.memory();
  await exporter.stop();
  for (const [name, count] of Object.entries(counts)) {
    if (count !== facts) throw new Error(`${name} delivered ${count} of ${facts} facts`);
  }
  const perSecond = (name: string) => facts / (sum(times.get(name) ?? []) / 1000);
  const [ours, floor] = [perSecond("ours"), perSecond("bare")];
  const count = facts.toLocaleString("en");
  return [
    {
      what: `an export of ${count} facts over HTTP`,
      unit: "facts/s",
      ours,
      floor,
      floorIs: "bare paging",
      ratio: ours / floor,
      aim: { atLeast: 0.7 },
    },
    {
      what: "memory that the export adds to its process",
      unit: "MB",
      ours: (peakBytes - before.rssBytes) / MB,
      aim: { atMost: 150 },
      note: `peak of its resident set over the ${Math.round(before.rssBytes / MB)} MB it began with`,
    },
  ];
}

const [, program, endpoint = "", table = "", people = ""] = process.argv;
if (program === import.meta.filename) await main(endpoint, table, people);
