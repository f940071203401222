/** A ledger that listens, and `asof migrations` as a pipeline calls it: the address and the token in its variables. */
import { join } from "node:path";
import { type Running, start } from "../../functions/runtime/server/server.ts";
import { Release } from "../../schemas/answer.ts";
import { asof, type Ended } from "../cli/harness.ts";
import { type Client, clientOf, over } from "../client.ts";

const TOKEN = "a-token-for-the-real-thing";
export const ENVIRONMENT = "production";

export interface MigrationLedger {
  readonly client: Client;
  readonly migrations: (url: string, ...options: readonly string[]) => Promise<Ended>;
  readonly releaseAt: (service: string, at: string) => Promise<Release>;
  readonly stop: Running["stop"];
}

export async function startMigrationLedger(folder: string): Promise<MigrationLedger> {
  const { address, stop } = await start({
    ASOF_PORT: "0",
    ASOF_DATA: join(folder, "ledger"),
    ASOF_TOKENS: `admin:test:${TOKEN}`,
  });
  const client = clientOf(over(address), TOKEN);
  return {
    client,
    stop,
    migrations: (url, ...options) =>
      asof(
        ["migrations", "--environment", ENVIRONMENT, "--outbox", join(folder, "outbox.ndjson"), ...options],
        { DATABASE_URL: url, ASOF_URL: address, ASOF_TOKEN: TOKEN },
        new Date().toISOString(),
      ),
    releaseAt: async (service, at) =>
      Release.parse((await client.get("/v1/release", { environment: ENVIRONMENT, service, at })).json),
  };
}
