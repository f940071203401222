/**
 * A world in which sealers run: a store whose index lags, clocks that disagree, a bucket whose writes are lost, or are
 * applied though they fail, and sealers that end at any moment. What happens comes from a seed.
 *
 * Every call of a port waits for its turn, so that several sealers' steps mix in every order.
 */
import type { Reads } from "../../functions/ledger/loader.ts";
import type { LogStore } from "../../functions/seal/log-store.ts";
import type { Signer } from "../../functions/seal/note.ts";
import { type Sealing, sealAll } from "../../functions/seal/sealer.ts";
import { BEGINNING } from "../../functions/seal/unsealed-facts.ts";
import { wrongIn } from "./check-log.ts";
import { factOf, laggingStore, type Row, rowOf } from "./late-store.ts";
import { memoryLog } from "./memory-log.ts";
import { newSigner } from "./signer.ts";

const MINUTE = 60_000;

/** Of a history, each with up to three sealers that run up to three times. Many short histories show more than few long ones. */
const STEPS = 5;
const START = Date.parse("2026-11-28T09:00:00.000Z");

/** Numbers from 0 to 1 of a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The process of a sealer has ended. */
class Ended extends Error {}

/** The outcome of a write is not known. */
class Unclear extends Error {}

export interface World {
  readonly log: LogStore;
  readonly store: Reads;
  readonly signer: Signer;
  /** The files as they are, without faults. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** A change to how a sealer works, made through its ports. */
export interface Change {
  readonly of?: (sealing: Sealing, world: World) => Sealing;
  /** The sweep never runs. */
  readonly isUnswept?: boolean;
}

/** What a sealer's ports do when it is not well. */
interface Weather {
  readonly random: () => number;
  isBad: boolean;
}

interface Turns {
  /** Waits until it is this call's turn. */
  take(): Promise<void>;
  /** Runs all of these, in an order of the seed. */
  run(work: readonly (() => Promise<void>)[]): Promise<void>;
}

function turns(random: () => number, pass: () => void): Turns {
  let waiting: { readonly go: () => void; readonly from: number }[] = [];
  let turn = 0;
  return {
    // Now and then a process sleeps while the others do a lot.
    take: () =>
      new Promise((go) => {
        waiting.push({ go, from: random() < 0.03 ? turn + Math.floor(random() * 150) : turn });
      }),
    run: async (work) => {
      let open = work.length;
      for (const one of work)
        void one().finally(() => {
          open--;
        });
      for (; open > 0; turn++) {
        await new Promise((go) => setImmediate(go));
        const awake = waiting.filter(({ from }) => from <= turn);
        const next = awake[Math.floor(random() * awake.length)] ?? waiting[0];
        waiting = waiting.filter((one) => one !== next);
        pass();
        next?.go();
      }
    },
  };
}

/** What may happen to a call; `retried`: the client repeats a write, and finds its own. */
const FATES = ["ends before", "ends after", "unclear before", "unclear after", "retried", "retried"] as const;
const EACH = 0.012;

/** The ports of one process: it may end before or after each call, and then makes no other. */
function processOf({ log, store, signer }: World, weather: Weather, { take }: Turns) {
  let hasEnded = false;
  const meet = (fate: string | undefined): void => {
    hasEnded = fate?.startsWith("ends") === true;
    if (hasEnded) throw new Ended();
    if (fate?.startsWith("unclear") === true) throw new Unclear();
  };
  const call =
    <A extends readonly unknown[], T>(work: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      await take();
      if (hasEnded) throw new Ended();
      const fate = weather.isBad ? FATES[Math.floor(weather.random() / EACH)] : undefined;
      if (fate?.endsWith("before") === true) meet(fate);
      const answer = await work(...args);
      meet(fate);
      return fate === "retried" ? work(...args) : answer;
    };
  return {
    log: { get: call(log.get), putIfAbsent: call(log.putIfAbsent), putIfMatch: call(log.putIfMatch) },
    store: {
      get: call(store.get),
      query: call(store.query),
      queryRecorded: call(store.queryRecorded),
      count: call(store.count),
      names: call(store.names),
    },
    signer: { key: signer.key, sign: call(signer.sign) },
  };
}

/** Lives through one history. Returns what is wrong at its end; empty if nothing is. */
export async function historyOf(seed: number, change: Change = {}): Promise<string[]> {
  const random = randomOf(seed);
  const between = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const isRare = (): boolean => random() < 0.04;
  let time = START;
  const rows: Row[] = [];
  const store = laggingStore(rows, () => time);
  const key = newSigner("log.example/test");
  const files = new Map<string, Buffer>();
  const bucket = memoryLog(files);
  const signed: string[] = [];
  const published: string[] = [];
  const faults: string[] = [];
  const log: LogStore = {
    ...bucket,
    putIfAbsent: (path, bytes) => noted(path, bytes, bucket.putIfAbsent(path, bytes)),
    putIfMatch: (path, bytes, etag) => noted(path, bytes, bucket.putIfMatch(path, bytes, etag)),
  };
  async function noted<T extends string>(path: string, bytes: Uint8Array, outcome: Promise<T>): Promise<T> {
    const was = await outcome;
    if (was === "written" && path === "checkpoint") published.push(Buffer.from(bytes).toString());
    return was;
  }
  const signer: Signer = {
    key: key.key,
    sign: (bytes) => {
      signed.push(Buffer.from(bytes).toString());
      return key.sign(bytes);
    },
  };
  const world: World = { log, store, signer, files };
  const weather: Weather = { random, isBad: false };
  const order = turns(random, () => {
    time += between(0, 40);
  });

  const recordOne = (): void => {
    // Seldom more than the overlap: the sweep finds those.
    const lag = isRare() ? between(0, 40 * MINUTE) : between(0, 2000);
    const skew = isRare() ? between(-20 * MINUTE, 20 * MINUTE) : between(-500, 500);
    const fact = factOf(rows.length, new Date(time + skew).toISOString());
    rows.push(rowOf(fact, time + lag));
  };

  const sealOnce = async (since?: string): Promise<void> => {
    const skew = isRare() ? between(-5 * MINUTE, 5 * MINUTE) : between(-300, 300);
    // Seals that are cut soon, so that a run makes several.
    const maxFacts = random() < 0.4 ? between(1, 4) : 2000;
    const sealing = { ...processOf(world, weather, order), now: () => new Date(time + skew), maxFacts };
    try {
      await sealAll(change.of?.(sealing, world) ?? sealing, since === undefined ? {} : { since });
    } catch (error) {
      if (!(error instanceof Ended || error instanceof Unclear)) faults.push(String(error));
    }
  };

  /** Records while the sealers work. */
  const recordSome = async (): Promise<void> => {
    for (let n = between(0, 5); n > 0; n--) {
      for (let wait = between(0, 30); wait > 0; wait--) await order.take();
      recordOne();
    }
  };

  // Some begin where a tile fills up.
  for (let n = random() < 0.08 ? between(225, 262) : between(0, 6); n > 0; n--) recordOne();
  for (let step = 0; step < STEPS; step++) {
    time += between(0, isRare() ? 80 * MINUTE : 3 * MINUTE);
    weather.isBad = random() < 0.7;
    const since = random() < 0.1 && change.isUnswept !== true ? BEGINNING : undefined;
    const sealer = async (): Promise<void> => {
      for (let n = between(1, 3); n > 0; n--) await sealOnce(since);
    };
    await order.run([recordSome, ...Array.from({ length: between(1, 3) }, () => sealer)]);
  }
  weather.isBad = false;
  for (let n = 0; n < 3; n++) {
    time += 60 * MINUTE;
    await order.run([() => sealOnce(change.isUnswept === true ? undefined : BEGINNING)]);
  }
  const facts = rows.map(({ fact }) => JSON.stringify(fact));
  return [...faults, ...wrongIn(files, { key: key.key, facts, published, signed })];
}
