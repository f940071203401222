/** Seals what the server records: every minute, and compares all of it with the log every day. */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { keyFile, logFolder } from "../../adapters/folder/log-backup.ts";
import { fileSigner, KeyFileError } from "../../adapters/folder/log-key.ts";
import { folderLog } from "../../adapters/folder/log-store.ts";
import { timestampAuthority } from "../../adapters/timestamp-authority.ts";
import type { Recorder } from "../../ledger/recorder.ts";
import type { Store, StoredFacts } from "../../ledger/store.ts";
import { anchor } from "../../seal/anchor.ts";
import { type ListedLog, LogFault } from "../../seal/log-store.ts";
import { CHECKPOINT } from "../../seal/read-log.ts";
import { type Sealing, sealAll } from "../../seal/sealer.ts";
import { sweepAndSeal } from "../../seal/sweep.ts";
import type { Configuration } from "../config/environment.ts";
import { ConfigurationError } from "../config/secrets.ts";
import { log } from "./log.ts";

const FIRST_MS = 2000;
const EVERY_MS = 60_000;

/** The first sweep waits, so that it does not slow down a start. */
const FIRST_SWEEP_MS = 10 * 60_000;
const SWEEP_EVERY_MS = 24 * 3600_000;

const ANCHOR_EVERY_MS = 24 * 3600_000;
const ANCHOR_AGAIN_MS = 3600_000;

/** When everything recorded should have been sealed. */
const LATE_MS = 5 * 60_000;

export interface SealingRunner {
  readonly sealedLog: ListedLog;
  start(): void;
  /** Waits for the seal in progress. */
  stop(): Promise<void>;
  /** How the sealing is: `late` if something recorded has waited for more than five minutes. */
  state(): "ok" | "late";
  measure(recorder: Recorder): void;
}

/** The name of a new log: names are for people, and the key is what makes a log one of its kind. */
const nameOfMachine = (): string => `${hostname().replaceAll(/[^\w.-]/g, "-") || "localhost"}/asof`;

/** A new key cannot continue a log that is there. */
function refuseLost(key: string, checkpoint: string): void {
  if (existsSync(key) || !existsSync(checkpoint)) return;
  throw new ConfigurationError(
    `${key}: is missing, and only it continues the sealed log beside it: put it back from a copy, or move the folder log away to begin a new log`,
  );
}

function signerIn({ data, logName }: Configuration) {
  refuseLost(keyFile(data), join(logFolder(data), CHECKPOINT));
  try {
    return fileSigner(keyFile(data), logName, nameOfMachine());
  } catch (error) {
    if (error instanceof KeyFileError) throw new ConfigurationError(error.message, { cause: error });
    throw error;
  }
}

/** @param now the ledger's clock. Throws a ConfigurationError if the key cannot be used. */
export function sealingRunner(
  settings: Configuration,
  { store, stored, now }: { readonly store: Store; readonly stored: StoredFacts; readonly now: () => Date },
): SealingRunner {
  const signer = signerIn(settings);
  const sealedLog = folderLog(logFolder(settings.data));
  const sealing: Sealing = { store, log: sealedLog, signer, now };
  const counts = { unsealed: 0, changed: 0, missing: 0, stopped: 0, unanchored: 0 };
  let doneMs = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const stopping = new AbortController();
  let sweepAtMs = Date.now() + FIRST_SWEEP_MS;
  let anchorAtMs = 0;

  async function sweep(): Promise<void> {
    sweepAtMs = Date.now() + SWEEP_EVERY_MS;
    const { facts, findings } = await sweepAndSeal({ ...sealing, stored });
    Object.assign(counts, { unsealed: 0, changed: 0, missing: 0 });
    for (const { what, source, id } of findings) {
      counts[what]++;
      log.error(`a fact is ${what}, as the sealed log shows`, { source, id });
    }
    log.info("the sealed log was compared with the ledger", { facts, findings: findings.length });
  }

  /** A failure is tried again after an hour. */
  async function anchorTo(url: string): Promise<void> {
    anchorAtMs = Date.now() + ANCHOR_AGAIN_MS;
    counts.unanchored = 1;
    const size = await anchor(sealedLog, signer.key, timestampAuthority(url));
    anchorAtMs = Date.now() + ANCHOR_EVERY_MS;
    counts.unanchored = 0;
    if (size !== undefined) log.info("a checkpoint was time-stamped", { size });
  }

  async function sealAndCheck(): Promise<void> {
    if ((await sealAll(sealing, { signal: stopping.signal })).isDone) doneMs = Date.now();
    counts.stopped = 0;
    if (stopping.signal.aborted) return;
    if (Date.now() >= sweepAtMs) await sweep();
    if (settings.timestampUrl !== undefined && Date.now() >= anchorAtMs)
      await anchorTo(settings.timestampUrl);
  }

  function report(error: unknown): void {
    const isStopped = error instanceof LogFault;
    if (isStopped) counts.stopped = 1;
    const reason = error instanceof Error ? error.message : String(error);
    log.error(isStopped ? "sealing has stopped" : "a step of sealing failed; it is tried again", { reason });
  }

  const schedule = (inMs: number): void => {
    timer = setTimeout(() => {
      running = sealAndCheck()
        .catch(report)
        .then(() => {
          if (timer !== undefined) schedule(EVERY_MS);
        });
    }, inMs);
  };
  return {
    sealedLog,
    start: () => schedule(FIRST_MS),
    stop: () => {
      stopping.abort();
      clearTimeout(timer);
      timer = undefined;
      return running;
    },
    state: () => (Date.now() - doneMs > LATE_MS ? "late" : "ok"),
    measure: (recorder) => {
      recorder.record("seal_age", {}, (Date.now() - doneMs) / 1000);
      for (const [what, count] of Object.entries(counts)) recorder.record("seal_findings", { what }, count);
    },
  };
}
