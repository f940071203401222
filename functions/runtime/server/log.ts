/** The log of a server. */
import type { Log } from "../../ledger/ingest.ts";

/** Logs JSON lines to standard error; standard output is for people. */
const logAs =
  (level: "info" | "error"): Log["info"] =>
  (message, fields) =>
    console.error(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }));
export const log: Log = { info: logAs("info"), error: logAs("error") };
