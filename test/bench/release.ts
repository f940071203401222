/** The release through the door, against the requests it sends and nothing more; and on a long history against a short one. */

import { dynamodbStore } from "../../functions/adapters/dynamodb/store.ts";
import { release } from "../../functions/queries/release/release.ts";
import type { RemoteEngine } from "./engine.ts";
import type { Filled } from "./filled.ts";
import { BUSY, MOMENTS, type Place } from "./history.ts";
import { type Ask, expecting, inProcess, ledgerOn, overHttp, queryOf, served } from "./ledger.ts";
import type { Row } from "./rows.ts";
import { inTurns, median } from "./timing.ts";
import { requestsIn, sendWaves, type Waves, wavesOf } from "./waves.ts";

const momentOf = (n: number): string => MOMENTS[n % MOMENTS.length] ?? "";

export const releaseWaves = ({ client, table }: RemoteEngine, place: Place, at: string): Promise<Waves> =>
  wavesOf(client, (lockstep) => {
    const now = new Date();
    const store = dynamodbStore({ client: lockstep, name: table });
    return release({ store, at, knownAt: now.toISOString(), now, settleMs: 1000 }, place);
  });

async function asking(ask: Ask, at: string): Promise<void> {
  const text = await expecting(200, ask(queryOf("/v1/release", { ...BUSY, at })));
  if (!text.includes('"status":"running"')) throw new Error(`nothing ran at ${at}: ${text}`);
}

export async function releaseRows({ engine }: Filled, samples: number): Promise<Row[]> {
  const ledger = ledgerOn(engine);
  const server = await served(ledger);
  const http = overHttp(server.address);
  const direct = inProcess(ledger);
  const waves: Waves[] = [];
  for (const at of MOMENTS) waves.push(await releaseWaves(engine, BUSY, at));
  const competitors = {
    bare: (n: number) => sendWaves(engine.client, waves[n % waves.length] ?? []),
    direct: (n: number) => asking(direct, momentOf(n)),
    http: (n: number) => asking(http, momentOf(n)),
  };
  await inTurns(Math.min(samples, 100), competitors);
  const times = await inTurns(samples, competitors);
  await server.stop();

  const floor = median(times.get("bare") ?? []);
  const requests = waves.map(requestsIn);
  const row = (what: string, name: string) => {
    const ours = median(times.get(name) ?? []);
    return { what, unit: "ms", ours, floor, floorIs: "its bare queries", ratio: ours / floor };
  };
  const trips = Math.max(...waves.map((one) => one.length));
  return [
    {
      ...row("the release, `GET /v1/release` in process", "direct"),
      aim: { atMost: 1.3 },
      note: `median of ${samples}; ${median(requests)} requests in ${trips} round trips`,
    },
    { ...row("the same over HTTP", "http"), note: "the floor has none" },
  ];
}

/** The same question asked of both histories, in turns. */
export async function flatnessRow(short: Filled, long: Filled, samples: number): Promise<Row> {
  const askOf = ({ engine }: Filled) => inProcess(ledgerOn(engine));
  const [ofShort, ofLong] = [askOf(short), askOf(long)];
  const competitors = {
    short: (n: number) => asking(ofShort, momentOf(n)),
    long: (n: number) => asking(ofLong, momentOf(n)),
  };
  await inTurns(Math.min(samples, 100), competitors);
  const times = await inTurns(samples, competitors);
  const floor = median(times.get("short") ?? []);
  const ours = median(times.get("long") ?? []);
  const [many, few] = [long.facts, short.facts].map((facts) => facts.toLocaleString("en"));
  return {
    what: `the release at ${many} facts`,
    unit: "ms",
    ours,
    floor,
    floorIs: `at ${few} facts`,
    ratio: ours / floor,
    aim: { atMost: 1.2 },
    note: "a tenth of them are this service's",
  };
}
