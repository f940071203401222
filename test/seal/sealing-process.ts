/** A process that seals the ledger of a folder again and again, as fast as it can, until it is killed. */
import { setImmediate } from "node:timers/promises";
import { keyFile, logFolder } from "../../functions/adapters/folder/log-backup.ts";
import { fileSigner } from "../../functions/adapters/folder/log-key.ts";
import { folderLog } from "../../functions/adapters/folder/log-store.ts";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { ledgerFile, openReader } from "../../functions/adapters/sqlite/database.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import { type Sealing, seal } from "../../functions/seal/sealer.ts";

const [, , folder = ""] = process.argv;
const sealing: Sealing = {
  store: sqliteStore(openReader(ledgerFile(folder)), steadyClock(undefined), noDamage()),
  log: folderLog(logFolder(folder)),
  signer: fileSigner(keyFile(folder), undefined, ""),
  now: () => new Date(),
};
console.log("Ctrl-C stops the sealer, which listens on nothing\n");
for (;;) {
  await seal(sealing);
  await setImmediate();
}
