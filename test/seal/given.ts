/** A log that is sealed, for tests: a store with facts, and the sealer over it. */
import type { Reads } from "../../functions/ledger/loader.ts";
import type { LogStore } from "../../functions/seal/log-store.ts";
import { type Outcome, type Sealing, seal } from "../../functions/seal/sealer.ts";
import type { Fact } from "../../schemas/fact.ts";
import { wrongIn } from "./check-log.ts";
import { factOf, laggingStore, type Row, rowOf } from "./late-store.ts";
import { type MemoryLog, memoryLog } from "./memory-log.ts";
import { newSigner } from "./signer.ts";

export const START = Date.parse("2026-11-28T09:00:00.000Z");

/** A time that many milliseconds after the start. */
export const timeAfter = (ms: number): string => new Date(START + ms).toISOString();

export interface SealedLedger {
  readonly sealing: Sealing;
  readonly log: MemoryLog;
  readonly clock: { time: number };
  /** Records facts, at the present time where no other is given. */
  record(count: number, recordedAt?: string): Fact[];
  seal(since?: string, ports?: { log?: LogStore; store?: Reads }): Promise<Outcome>;
  /** Seals until nothing is left. */
  sealAll(): Promise<void>;
  /** What is wrong with the log, given that all recorded facts must be in it. */
  wrong(): string[];
}

export function sealedLedger(): SealedLedger {
  const rows: Row[] = [];
  const store = laggingStore(rows, () => Number.POSITIVE_INFINITY);
  const log = memoryLog();
  const clock = { time: START };
  const signer = newSigner("log.example/test");
  const sealing: Sealing = { store, log, signer, now: () => new Date(clock.time) };
  const ledger: SealedLedger = {
    sealing,
    log,
    clock,
    record: (count, recordedAt = new Date(clock.time).toISOString()) => {
      const facts = Array.from({ length: count }, (_, n) => factOf(rows.length + n, recordedAt));
      for (const fact of facts) rows.push(rowOf(fact));
      return facts;
    },
    seal: (since, ports = {}) => seal({ ...sealing, ...ports }, since),
    sealAll: async () => {
      for (;;) {
        const outcome = await ledger.seal();
        if (outcome.is !== "sealed" || !outcome.isCut) return;
      }
    },
    wrong: () => wrongIn(log.files, { key: signer.key, facts: rows.map(({ fact }) => JSON.stringify(fact)) }),
  };
  return ledger;
}
