/** The engine in a process of its own, so that what is measured does not share its event loop. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import * as z from "zod";
import { clientOf, startEmulator } from "../store/emulator.ts";

export interface RemoteEngine {
  readonly client: DynamoDBClient;
  readonly endpoint: string;
  readonly table: string;
  readonly people: string;
  readonly stop: () => Promise<void>;
}

const Started = z.object({ endpoint: z.string(), table: z.string(), people: z.string() });

/** Starts a process that runs the emulator on a folder. */
export async function startRemoteEngine(folder: string): Promise<RemoteEngine> {
  const child = fork(fileURLToPath(import.meta.url), [folder], {
    execArgv: ["--import", import.meta.resolve("tsx")],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [said] = await Promise.race([once(child, "message"), once(child, "exit")]);
  const { endpoint, ...tables } = Started.parse(said);
  const client = clientOf(endpoint);
  const stop = async () => {
    client.destroy();
    const exited = once(child, "exit");
    child.disconnect();
    await exited;
  };
  return { client, endpoint, ...tables, stop };
}

async function main(folder: string): Promise<void> {
  const { endpoint, table, people, stop } = await startEmulator(folder);
  process.once("disconnect", () => void stop().then(() => process.exit(0)));
  process.send?.({ endpoint, table, people });
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2] ?? "");
