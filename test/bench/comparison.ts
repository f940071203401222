/** The ledger against PostgreSQL with plain tables: the same history, the same questions, the same reports. */
import { deepStrictEqual } from "node:assert";
import { join } from "node:path";
import { busyRow } from "./busy.ts";
import { filledFolder } from "./filled.ts";
import { BUSY, END, type Extent, MOMENTS, quarter, STAGING } from "./history.ts";
import { overHttp, TOKEN } from "./ledger.ts";
import { startCompetitor } from "./postgresql/start.ts";
import { statementsOf } from "./recording.ts";
import type { Row } from "./rows.ts";
import {
  asking,
  type Main,
  postgresql,
  type Running,
  recording,
  send,
  snapshotting,
  startLedgerOn,
} from "./sides.ts";
import { inTurns, median, p95 } from "./timing.ts";

const CLIENTS = 32;

const byService = (a: Main, b: Main): number => (a.service < b.service ? -1 : 1);

/** Everything that is asked while it is measured, asked of both sides and compared. Throws where they disagree. */
async function compare(ours: Running, theirs: Running): Promise<number> {
  const answersOf = async ({ side, address }: Running): Promise<Main[]> => {
    const ask = overHttp(address);
    const found: Main[] = [];
    for (const at of MOMENTS) found.push(side.releaseIn(await send(ask, side.release(BUSY, at), 200)));
    for (const environment of [STAGING.environment, BUSY.environment]) {
      const pages = await side.snapshot(ask, environment, END);
      found.push(...pages.flatMap(side.releasesIn).sort(byService));
    }
    return found;
  };
  const [a, b] = [await answersOf(ours), await answersOf(theirs)];
  deepStrictEqual(a, b, "the ledger and PostgreSQL answer differently");
  return a.length;
}

interface Compared {
  readonly what: string;
  readonly samples: number;
  readonly warm: number;
  /** What is done with one side, the nth time. */
  readonly sample: (running: Running) => (n: number) => Promise<unknown>;
}

const rowOf = (
  what: string,
  unit: string,
  ours: readonly number[],
  theirs: readonly number[],
  note: string,
): Row => ({
  what: `${what}, against PostgreSQL`,
  unit,
  ours: median(ours),
  floor: median(theirs),
  floorIs: "PostgreSQL",
  ratio: median(ours) / median(theirs),
  aim: { atMost: 1 },
  p95: { ours: p95(ours), floor: p95(theirs) },
  note,
});

async function timed(
  { what, samples, warm, sample }: Compared,
  ours: Running,
  theirs: Running,
): Promise<Row> {
  const competitors = { ours: sample(ours), theirs: sample(theirs) };
  await inTurns(warm, competitors);
  const times = await inTurns(samples, {
    ours: (n) => competitors.ours(warm + n),
    theirs: (n) => competitors.theirs(warm + n),
  });
  return rowOf(what, "ms", times.get("ours") ?? [], times.get("theirs") ?? [], `median of ${samples}`);
}

/** Several clients at once, each with a connection of its own and its next report as soon as the last is acknowledged. */
async function crowdRow(ours: Running, theirs: Running, rounds: number, each: number): Promise<Row> {
  const statements = statementsOf("acme/crowd", rounds * each);
  const crowd = ({ side, address }: Running) => {
    const clients = Array.from({ length: CLIENTS }, () => overHttp(address));
    const reports = statements.map(side.record);
    return async (n: number) => {
      const rest = reports.slice(n * each, (n + 1) * each).values();
      await Promise.all(
        clients.map(async (ask) => {
          for (const report of rest) await send(ask, report, 201);
        }),
      );
    };
  };
  const times = await inTurns(rounds, { ours: crowd(ours), theirs: crowd(theirs) });
  const perSecond = (name: "ours" | "theirs") =>
    (times.get(name) ?? []).slice(1).map((ms) => each / (ms / 1000));
  const [mine, other] = [perSecond("ours"), perSecond("theirs")];
  return {
    what: `record with ${CLIENTS} clients, against PostgreSQL`,
    unit: "facts/s",
    ours: median(mine),
    floor: median(other),
    floorIs: "PostgreSQL",
    ratio: median(other) / median(mine),
    aim: { atMost: 1 },
    note: `median of ${rounds - 1} rounds of ${each.toLocaleString("en")}; the ratio is that of the times`,
  };
}

export interface Sizes {
  readonly samples: number;
  readonly snapshots: number;
  readonly rounds: number;
  readonly each: number;
}

async function measured(
  ours: Running,
  theirs: Running,
  extent: Extent,
  sizes: Sizes,
  progress: (text: string) => void,
) {
  const { samples, snapshots, rounds, each } = sizes;
  progress(`both answer ${await compare(ours, theirs)} releases alike`);
  const warm = Math.min(samples, 300);
  const statements = statementsOf("acme/bench", warm + samples);
  const snapshotOf = (environment: string, services: number) => ({
    what: `a snapshot of ${services.toLocaleString("en")} services`,
    samples: snapshots * Math.max(1, Math.round(200 / services)),
    warm: snapshots,
    sample: snapshotting(environment),
  });
  const rows: Row[] = [];
  for (const one of [
    { what: "the release", samples, warm, sample: asking },
    snapshotOf(STAGING.environment, STAGING.services),
    snapshotOf(BUSY.environment, extent.services),
    { what: "record a fact", samples, warm, sample: recording(statements) },
  ]) {
    progress(one.what);
    rows.push(await timed(one, ours, theirs));
  }
  progress(`record with ${CLIENTS} clients`);
  rows.push(await crowdRow(ours, theirs, rounds, each));
  progress("the release beside exports");
  return [...rows, await busyRow(ours, Math.min(samples, 100))];
}

export async function comparisonRows(
  folder: string,
  extent: Extent,
  sizes: Sizes,
  progress: (text: string) => void,
): Promise<Row[]> {
  const history = join(folder, "history");
  await filledFolder(history, extent, progress);
  // First, so that the check that it makes after its start is over when something is measured.
  const ours = await startLedgerOn(history, join(folder, "ours"));
  try {
    const competitor = await startCompetitor(quarter(extent), TOKEN);
    try {
      return await measured(ours, { side: postgresql, ...competitor }, extent, sizes, progress);
    } finally {
      await competitor.stop();
    }
  } finally {
    await ours.stop();
  }
}
