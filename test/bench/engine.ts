/** The engine in a process of its own, so that what is measured does not share its event loop. */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import * as z from "zod";
import { startEngine } from "../../functions/store/embedded.ts";

export interface RemoteEngine {
  readonly client: DynamoDBClient;
  readonly endpoint: string;
  readonly table: string;
  readonly stop: () => Promise<void>;
}

const Started = z.object({ endpoint: z.string(), table: z.string() });

export const clientOf = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });

/** Starts a process that runs the embedded engine on a folder. */
export async function startRemoteEngine(folder: string): Promise<RemoteEngine> {
  const child = fork(fileURLToPath(import.meta.url), [folder], {
    execArgv: ["--import", import.meta.resolve("tsx")],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [said] = await Promise.race([once(child, "message"), once(child, "exit")]);
  const { endpoint, table } = Started.parse(said);
  const client = clientOf(endpoint);
  const stop = async () => {
    client.destroy();
    const exited = once(child, "exit");
    child.disconnect();
    await exited;
  };
  return { client, endpoint, table, stop };
}

async function main(folder: string): Promise<void> {
  // The product's engine makes the table; it listens on a socket that no other process finds, so it ends here.
  const { table, stop } = await startEngine(folder);
  await stop();
  const server = dynalite({ path: join(folder, "table"), createTableMs: 0 });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  process.once("disconnect", () => server.close(() => process.exit(0)));
  process.send?.({ endpoint: `http://127.0.0.1:${port}`, table });
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2] ?? "");
