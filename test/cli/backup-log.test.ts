/** A backup carries the sealed log, so that a restored ledger continues it. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keyFile, logFolder } from "../../functions/adapters/folder/log-backup.ts";
import { fileSigner } from "../../functions/adapters/folder/log-key.ts";
import { folderLog } from "../../functions/adapters/folder/log-store.ts";
import { backupsOf } from "../../functions/adapters/sqlite/background.ts";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { ledgerFile, openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import { configuration } from "../../functions/runtime/config/environment.ts";
import { sealingRunner } from "../../functions/runtime/server/sealing-runner.ts";
import { type Sealing, seal } from "../../functions/seal/sealer.ts";
import { wrongIn } from "../seal/check-log.ts";
import { memoryStore } from "../store/memory.ts";
import { frozen, keep } from "../store/stores.ts";
import { asof, cleanUp } from "./harness.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "asof-backup-log-"));
});
afterEach(async () => {
  rmSync(root, { recursive: true });
  await cleanUp();
});

const START = Date.parse("2026-11-22T09:00:00.000Z");
let clockMs = START;

/** The ledger of a folder, open. */
function opened(folder: string) {
  mkdirSync(folder, { recursive: true });
  const database = openDatabase(folder);
  const store = sqliteStore(database, steadyClock(undefined), noDamage());
  const sealing = (): Sealing => ({
    ...{ store, log: folderLog(logFolder(folder)), now: () => new Date(clockMs) },
    signer: fileSigner(keyFile(folder), undefined, "machine/asof"),
  });
  return { store, sealing, close: () => database.close() };
}

/** Records facts `from` to `to`, and seals them. Returns their bytes. */
async function sealSome({ store, sealing }: ReturnType<typeof opened>, from: number, to: number) {
  const facts = await Promise.all(
    Array.from({ length: to - from }, async (_, n) => {
      const recordedAt = new Date(clockMs + from + n).toISOString();
      const fact = frozen("/test", String(from + n), { recordedAt });
      await keep(store, fact);
      return JSON.stringify((await store.get([fact]))[0]);
    }),
  );
  clockMs += 60_000;
  await seal(sealing());
  return facts;
}

const filesOf = (folder: string): Map<string, Buffer> =>
  new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((file) => [file.slice(folder.length + 1), readFileSync(file)]),
  );

describe("a backup with the sealed log", () => {
  it("is one file, and the restored ledger seals on without a fork", async () => {
    const [old, made, backup] = [join(root, "old"), join(root, "new"), join(root, "backup.db")];
    const ledger = opened(old);
    const before = await sealSome(ledger, 0, 298);
    const checkpoint = readFileSync(join(old, "log", "checkpoint"), "utf8");
    expect(await asof(["backup", "--data", old, backup])).toMatchObject({ code: 0, err: "" });
    ledger.close();

    const restored = await asof(["restore", backup, made]);
    expect(restored).toMatchObject({ code: 0, err: "" });
    expect(restored.out).toContain("put back 0 of 298 sealed facts");
    expect(statSync(keyFile(made)).mode & 0o777).toBe(0o600);
    expect(readFileSync(keyFile(made), "utf8")).toBe(readFileSync(keyFile(old), "utf8"));
    expect(readFileSync(join(made, "log", "checkpoint"), "utf8")).toBe(checkpoint);
    // The log is not in the ledger's file any more.
    expect(readFileSync(ledgerFile(made)).includes("tile/entries")).toBe(false);

    const again = opened(made);
    const after = await sealSome(again, 298, 600);
    const key = again.sealing().signer.key;
    again.close();
    expect(
      wrongIn(filesOf(join(made, "log")), { key, facts: [...before, ...after], published: [checkpoint] }),
    ).toEqual([]);
  });

  it("ends with the checkpoint of before the facts, also where the log grows meanwhile", async () => {
    const [old, made, backup] = [join(root, "old"), join(root, "new"), join(root, "backup.db")];
    const ledger = opened(old);
    await sealSome(ledger, 0, 298);
    const checkpoint = readFileSync(join(old, "log", "checkpoint"), "utf8");
    const making = asof(["backup", "--data", old, backup]);
    await sealSome(ledger, 298, 600);
    expect(await making).toMatchObject({ code: 0 });
    ledger.close();
    expect(await asof(["restore", backup, made])).toMatchObject({ code: 0, err: "" });
    const size = (text: string): number => Number(text.split("\n")[1]);
    const carried = readFileSync(join(made, "log", "checkpoint"), "utf8");
    expect(size(carried)).toBeGreaterThanOrEqual(size(checkpoint));
    const again = opened(made);
    await sealSome(again, 600, 601);
    const key = again.sealing().signer.key;
    const [, found] = await Promise.all([
      again.close(),
      wrongIn(filesOf(join(made, "log")), { key, facts: [], published: [carried] }),
    ]);
    expect(found.filter((one) => !one.startsWith("is no fact"))).toEqual([]);
  });

  it("has no private key where the server made it, and then asks for the key", async () => {
    const [old, made, backup] = [join(root, "old"), join(root, "new"), join(root, "backup.db")];
    const ledger = opened(old);
    await sealSome(ledger, 0, 3);
    const { body } = (await backupsOf(ledgerFile(old))()) ?? expect.fail("is busy");
    const bytes = Buffer.from(await new Response(body).arrayBuffer());
    ledger.close();
    expect(bytes.includes("PRIVATE+KEY")).toBe(false);
    writeFileSync(backup, bytes);

    const restored = await asof(["restore", backup, made]);
    expect(restored).toMatchObject({
      code: 0,
      err: expect.stringContaining("private key is not in the backup"),
    });
    const settings = configuration({ ASOF_DATA: made });
    expect(() =>
      sealingRunner(settings, { store: memoryStore(), stored: async function* () {}, now: () => new Date() }),
    ).toThrow(/log\.key: is missing/);
    const keyed = join(root, "keyed");
    const given = await asof(["restore", "--log-key", keyFile(old), backup, keyed]);
    expect(given).toMatchObject({ code: 0, err: "" });
    expect(statSync(keyFile(keyed)).mode & 0o777).toBe(0o600);
  });

  it("is made of a ledger that has sealed nothing, too", async () => {
    const [old, made, backup] = [join(root, "old"), join(root, "new"), join(root, "backup.db")];
    opened(old).close();
    expect(await asof(["backup", "--data", old, backup])).toMatchObject({ code: 0 });
    expect(await asof(["restore", backup, made])).toMatchObject({ code: 0, err: "" });
    expect(existsSync(logFolder(made))).toBe(false);
  });
});

describe("a ledger that is older than its own log", () => {
  it("gets back in its place what it lacks, and the log its head", async () => {
    const folder = join(root, "data");
    const ledger = opened(folder);
    const facts = await sealSome(ledger, 0, 5);
    const head = readFileSync(join(folder, "log", "head"));
    facts.push(...(await sealSome(ledger, 5, 9)));
    ledger.close();
    rmSync(ledgerFile(folder));
    opened(folder).close();
    writeFileSync(join(folder, "log", "head"), head);

    const { code, out } = await asof(["restore", "--from-log", folder, folder]);
    expect({ code, out }).toEqual({ code: 0, out: "put back 9 of 9 sealed facts" });
    const again = opened(folder);
    facts.push(...(await sealSome(again, 9, 10)));
    const key = again.sealing().signer.key;
    again.close();
    expect(wrongIn(filesOf(join(folder, "log")), { key, facts })).toEqual([]);
  });

  it("is not overwritten by the log of another folder", async () => {
    const [one, other] = [join(root, "one"), join(root, "other")];
    for (const folder of [one, other]) {
      const ledger = opened(folder);
      await sealSome(ledger, 0, 1);
      ledger.close();
    }
    expect(await asof(["restore", "--from-log", one, other])).toMatchObject({
      code: 1,
      err: expect.stringContaining("is there already"),
    });
  });
});
