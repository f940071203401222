/** `asof restore --from-log`: a backup that is older than the sealed log gets back what it lacks. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { backUpWithLog } from "../../functions/adapters/folder/log-backup.ts";
import { fileSigner } from "../../functions/adapters/folder/log-key.ts";
import { folderLog } from "../../functions/adapters/folder/log-store.ts";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { ledgerFile, openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import { seal } from "../../functions/seal/sealer.ts";
import { frozen, keep } from "../store/stores.ts";
import { asof, cleanUp } from "./harness.ts";

afterEach(cleanUp);

it("puts back every sealed fact that the backup lacks, and continues the log with its key", async () => {
  const root = mkdtempSync(join(tmpdir(), "asof-restore-"));
  const [old, made, backup] = [join(root, "old"), join(root, "new"), join(root, "backup.db")];
  const log = folderLog(join(old, "log"));
  const signer = fileSigner(join(old, "log.key"), undefined, "machine/asof");
  const database = openDatabase(old);
  const store = sqliteStore(database, steadyClock(undefined), noDamage());
  for (let n = 0; n < 3; n++) await keep(store, frozen("/test", String(n)));
  await backUpWithLog(ledgerFile(old), backup, false);
  for (let n = 3; n < 5; n++) await keep(store, frozen("/test", String(n)));
  await seal({ store, log, signer, now: () => new Date("2026-11-22T09:01:00.000Z") });
  database.close();
  // They are derived: a log without them would be sealed twice.
  rmSync(join(old, "log", "positions"), { recursive: true });

  const restored = await asof(["restore", "--from-log", old, backup, made]);
  expect(restored).toMatchObject({ code: 0, err: "" });
  expect(restored.out).toContain("put back 2 of 5 sealed facts");
  expect(readFileSync(join(made, "log.key"), "utf8")).toBe(readFileSync(join(old, "log.key"), "utf8"));
  expect(statSync(join(made, "log.key")).mode & 0o777).toBe(0o600);

  const again = openDatabase(made);
  const outcome = await seal({
    store: sqliteStore(again, steadyClock(undefined), noDamage()),
    log: folderLog(join(made, "log")),
    signer: fileSigner(join(made, "log.key"), undefined, "machine/asof"),
    now: () => new Date("2026-11-22T09:02:00.000Z"),
  });
  again.close();
  expect(outcome).toEqual({ is: "nothing" });
  rmSync(root, { recursive: true });
});
