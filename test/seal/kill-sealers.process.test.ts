/** Two sealers at once as processes, killed at any moment: the log verifies as it then lies, and the next seal goes on. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { folderFiles } from "../../cli/verify/files.ts";
import { keyFile, logFolder } from "../../functions/adapters/folder/log-backup.ts";
import { fileSigner } from "../../functions/adapters/folder/log-key.ts";
import { folderLog } from "../../functions/adapters/folder/log-store.ts";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import { sealAll } from "../../functions/seal/sealer.ts";
import { checkBundle } from "../../functions/seal/verify/bundle.ts";
import { verifyLog } from "../../functions/seal/verify/log.ts";
import { cleanUp, end, newFolder, startProcess } from "../local/process.ts";
import { RUNS } from "../runs.ts";
import { frozen, keep } from "../store/stores.ts";
import { wrongIn } from "./check-log.ts";
import { randomOf } from "./world.ts";

afterAll(cleanUp);

const ROUNDS = Math.max(2, Math.round(RUNS / 100));
const SEALERS = 2;
const SEALER = join(import.meta.dirname, "sealing-process.ts");

/** The log's files, and its checkpoints, oldest first. */
function logIn(folder: string) {
  const files = new Map<string, Buffer>();
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (file.isFile()) {
      const path = join(file.parentPath, file.name);
      files.set(path.slice(folder.length + 1), readFileSync(path));
    }
  const sizes = [...files.keys()].flatMap((path) => /^checkpoints\/(\d+)$/.exec(path)?.[1] ?? []).map(Number);
  const published = sizes
    .toSorted((a, b) => a - b)
    .map((size) => files.get(`checkpoints/${size}`)?.toString() ?? "");
  return { files, published };
}

it("leave a log that verifies after each kill, and in the end holds every fact once", async () => {
  const random = randomOf(Number(process.env.ASOF_SEED));
  const folder = newFolder();
  mkdirSync(logFolder(folder));
  const database = openDatabase(folder);
  const store = sqliteStore(database, steadyClock(undefined), noDamage());
  const log = folderLog(logFolder(folder));
  const signer = fileSigner(keyFile(folder), undefined, "machine/asof");
  const sealing = { store, log, signer, now: () => new Date() };
  const facts: string[] = [];
  const record = async (): Promise<void> => {
    const fact = frozen("/test", String(facts.length), { recordedAt: new Date().toISOString() });
    await keep(store, fact);
    facts.push(JSON.stringify((await store.get([fact]))[0]));
  };
  const verified = async () => {
    const files = folderFiles(logFolder(folder));
    const question = { files, key: signer.key, now: new Date(), check: checkBundle, ahead: 2 };
    return (await verifyLog(question)).findings;
  };
  await record();
  await sealAll(sealing);
  for (let round = 0; round < ROUNDS; round++) {
    const sealers = Array.from({ length: SEALERS }, () => startProcess({}, SEALER, [folder]));
    await Promise.all(sealers.map(({ listening }) => listening));
    const killAtMs = Date.now() + random() * 250;
    while (Date.now() < killAtMs) {
      await record();
      await setTimeout(random() * 4);
    }
    const ended = await Promise.all(sealers.map((sealer) => end(sealer, "SIGKILL")));
    expect(ended.map(({ stderr }) => stderr)).toEqual(sealers.map(() => ""));
    // A seal that was on its way has published its checkpoint under its size alone: nothing else may be wrong.
    const left = (await verified()).filter(({ message }) => !message.endsWith("a seal is on its way"));
    expect(left, `round ${round}, as it was left`).toEqual([]);
    await sealAll(sealing);
    expect(await verified(), `round ${round}`).toEqual([]);
    const { files, published } = logIn(logFolder(folder));
    expect(wrongIn(files, { key: signer.key, facts, published }), `round ${round}`).toEqual([]);
  }
  database.close();
}, 3600_000);
