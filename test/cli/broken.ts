/** A service whose second release carries a migration, and is broken. */
import { expect } from "vitest";
import { event } from "../client.ts";
import { deployed } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";
import { type LedgerServer, ledgerServer } from "./harness.ts";

export const REPOSITORY = "ghcr.io/acme/billing";
export const [ONE, TWO] = [digestOf("one"), digestOf("two")];
/** What makes it likely that it is deployed by Kustomize, too. */
const CONFIG = "https://github.com/acme/deploy";
export const VERSION = "20261120_terms";

const DAYS = [
  ["2026-11-10T10:00:00.000Z", ONE],
  ["2026-11-20T10:00:00.000Z", TWO],
] as const;

/** @param more what else is to be known of the service */
export async function broken(more: object = {}, ...services: readonly string[]): Promise<LedgerServer> {
  const ledger = await ledgerServer();
  const client = ledger.doors.client();
  const say = async (kind: string, id: string, time: string, data: object) =>
    expect((await client.say(event(kind, id, time, data))).status).toBe(201);
  for (const service of ["acme/billing", ...services]) {
    await say("service.described", service, "2026-11-01T00:00:00Z", { service, owner: "team", ...more });
    for (const [time, digest] of DAYS) {
      const image = { repository: REPOSITORY, digest };
      const components = [{ component: "main", ...image }];
      const deployment = deployed(`${service} ${digest}`, time, {
        service,
        components,
        namespace: "billing",
        config: [{ repository: CONFIG, revision: "77aa01c", path: "billing" }],
      });
      await say("artifact.pushed", `push of ${service} ${digest}`, time, image);
      expect((await client.say(deployment)).status).toBe(201);
    }
  }
  await say("migration.applied", "7", "2026-11-20T09:00:00Z", {
    ...{ environment: "production", service: "acme/billing", database: "billing", version: VERSION },
    ...{ tool: "knex", reversible: true, losesData: false, image: TWO },
  });
  return ledger;
}
