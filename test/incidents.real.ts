/** Incidents as a real Alertmanager reports them: two members of one cluster, and alerts that begin and end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Running, start } from "../functions/runtime/server/server.ts";
import { Delivery, Sources, Timeline } from "../schemas/answer.ts";
import { type Client, clientOf, event, over } from "./client.ts";
import { digestOf } from "./ledger/given.ts";
import { type Alertmanager, startAlertmanager } from "./real/alertmanager.ts";
import { freePort } from "./real/registry.ts";

const TOKEN = "a-token-for-the-real-thing";
const SECRET = "a-secret-for-alertmanager";

const folder = mkdtempSync(join(tmpdir(), "asof-incidents-"));
const members: { readonly port: number; readonly manager: Alertmanager }[] = [];
let ledger: Running;
let client: Client;

beforeAll(async () => {
  ledger = await start({
    ASOF_PORT: "0",
    ASOF_DATA: join(folder, "asof"),
    ASOF_TOKENS: `admin:anna:${TOKEN}`,
    ASOF_WEBHOOK_SECRETS: JSON.stringify({ alertmanager: [`Bearer ${SECRET}`] }),
  });
  client = clientOf(over(ledger.address), TOKEN);
  const receiver = {
    url: `${ledger.address}/v1/webhooks/alertmanager`,
    sendResolved: true,
    bearer: SECRET,
  } as const;
  for (const name of ["one", "two"]) {
    const port = await freePort();
    members.push({ port, manager: await startAlertmanager(join(folder, name), port, receiver) });
  }
});
afterAll(async () => {
  for (const { manager } of members) await manager.stop();
  await ledger?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

/** Each member gets the alert from a Prometheus of its own. */
async function raise(alert: { startsAt: string; endsAt?: string; labels: Record<string, string> }) {
  for (const { port } of members) {
    const annotations = { summary: `seen by ${port}` };
    const { status } = await fetch(`http://127.0.0.1:${port}/api/v2/alerts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([{ ...alert, annotations, generatorURL: `http://127.0.0.1:${port}/graph` }]),
    });
    expect(status).toBe(200);
  }
}

async function incidents() {
  const { json } = await client.get("/v1/timeline", { environment: "production", from: ago(3600) });
  return Timeline.parse(json).entries.filter(({ what }) => what.startsWith("incident"));
}

const soon = <T>(check: () => Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 20_000, interval: 100 });

it("opens one incident of an alert that two members report, and resolves it once", async () => {
  await client.say(
    event("deployment.succeeded", "one", ago(1200), {
      environment: "production",
      service: "acme/billing",
      deployment: { provider: "ci", instance: "acme", id: "1" },
      components: [{ component: "main", digest: digestOf("one") }],
    }),
  );
  const labels = { alertname: "Down", environment: "production", service: "acme/billing", severity: "page" };
  const [startsAt, endsAt] = [ago(600), ago(60)];
  await raise({ startsAt, labels });
  const heard = async () =>
    (await client.get("/metrics")).text.match(/asof_outcomes_total\{outcome="duplicate"\} (\d+)/)?.[1];
  await soon(async () => expect(await heard()).toBe("1"));
  expect(await incidents()).toMatchObject([
    { what: "incident opened", at: startsAt, service: "acme/billing", type: "page" },
  ]);
  await raise({ startsAt, endsAt, labels });
  await soon(async () => expect(await heard()).toBe("2"));
  expect(await incidents()).toMatchObject([
    { what: "incident opened", at: startsAt },
    { what: "incident resolved", at: endsAt },
  ]);

  const asked = { environment: "production", from: ago(3600) };
  expect(Delivery.parse((await client.get("/v1/delivery", asked)).json)).toMatchObject({
    timeToRestore: { open: 0 },
    incidents: [{ at: startsAt, endedAt: endsAt, restoreS: 540 }],
  });
  const { keptAside } = Sources.parse((await client.get("/v1/sources")).json);
  expect(keptAside.count).toBe(0);
});
