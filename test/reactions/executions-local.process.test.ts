/** One click on one machine: a ledger as `npm start` runs it, and a real server that carries out what it is sent. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { ledgerFile, openReader } from "../../functions/adapters/sqlite/database.ts";
import { start } from "../../functions/runtime/server/server.ts";
import { clientOf, over } from "../client.ts";
import { cleanUp, end, newFolder, startLedger } from "../local/process.ts";
import { jobsIn } from "../store/databases.ts";
import { argoServer } from "./argocd-server.ts";
import { click, deploying, statusOf, tellReleases } from "./asked-back.ts";
import { type Receiver, receiver, verified } from "./receiving.ts";

const SECRET = `whsec_${randomBytes(32).toString("base64")}`;
const executing = ({ address }: Receiver): string =>
  JSON.stringify([{ kind: "webhook", url: `${address}/deploy`, secrets: [SECRET] }]);

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(cleanUp);

it("is sent to the executor once, signed, and is over when it says so", async () => {
  const to = await receiver([{ status: 202 }]);
  const data = newFolder();
  const ledger = await start({ ASOF_PORT: "0", ASOF_DATA: data, ASOF_EXECUTORS: executing(to) });
  stops.push(to.stop, ledger.stop);
  const admin = clientOf(over(ledger.address), readFileSync(join(data, "token"), "utf8").trim());
  await tellReleases(admin, new Date().toISOString());
  const redeployment = await click(admin, new Date().toISOString());

  await vi.waitFor(() => expect(to.received).toHaveLength(1), { timeout: 10_000 });
  const [sent] = to.received.map((one) => verified(one, SECRET).data);
  expect(sent).toMatchObject({
    redeployment: { id: redeployment.id, status: "requested" },
    plan: { hash: redeployment.planHash },
  });
  // Out of the way, so that no next start sends it again.
  const database = openReader(ledgerFile(data));
  stops.push(async () => database.close());
  await vi.waitFor(() => expect(jobsIn(database)).toEqual([]), 10_000);

  await admin.say(deploying("succeeded", redeployment, new Date().toISOString()));
  expect(await statusOf(admin, redeployment)).toMatchObject({ status: "succeeded", why: null });
  expect(to.received).toHaveLength(1);
});

it("is sent by the next process, where the one before was killed between recording and sending it", async () => {
  // Its address is known, and nobody answers there.
  const gone = await receiver([{ status: 202 }]);
  await gone.stop();
  const data = newFolder();
  const first = await startLedger(data, { ASOF_EXECUTORS: executing(gone) });
  await tellReleases(first.client, new Date().toISOString());
  const redeployment = await click(first.client, new Date().toISOString());
  await end(first, "SIGKILL");

  const to = await receiver([{ status: 202 }], Number(new URL(gone.address).port));
  stops.push(to.stop);
  const second = await startLedger(data, { ASOF_EXECUTORS: executing(to) });
  await vi.waitFor(() => expect(to.received).toHaveLength(1), { timeout: 20_000 });
  expect(to.received.map((one) => verified(one, SECRET).data.redeployment.id)).toEqual([redeployment.id]);
  expect(await statusOf(second.client, redeployment)).toMatchObject({ status: "requested" });
  const { stderr } = await end(second, "SIGTERM");
  expect(stderr).not.toContain(SECRET);
});

it("goes on with Argo CD in the next process, where the one before was killed during the sync", async () => {
  const argo = await argoServer({ prune: true });
  stops.push(argo.stop);
  const data = newFolder();
  const env = {
    ASOF_EXECUTORS: JSON.stringify([{ kind: "argocd", url: argo.address, token: "a-token-of-argo" }]),
  };
  const first = await startLedger(data, env);
  await tellReleases(first.client, new Date().toISOString(), {
    deployment: { provider: "argocd", instance: "argocd", id: "uid-1/2026-11-10T09:00:00Z" },
    config: [{ repository: "https://github.com/acme/deploy", revision: "a".repeat(40), path: "billing" }],
  });
  const redeployment = await click(first.client, new Date().toISOString());
  const verbs = () => argo.asked.map(({ verb }) => verb);
  await vi.waitFor(() => expect(verbs()).toEqual(["patch", "sync"]), { timeout: 20_000 });
  await end(first, "SIGKILL");

  argo.operate("Failed", { message: "one object failed to apply" });
  const second = await startLedger(data, env);
  const why = expect.stringContaining("Argo CD's sync ended with Failed: one object failed to apply");
  await vi.waitFor(
    async () => expect(await statusOf(second.client, redeployment)).toMatchObject({ status: "failed", why }),
    { timeout: 20_000 },
  );
  expect(verbs()).toEqual(["patch", "sync"]);
  const { stderr } = await end(second, "SIGTERM");
  expect(stderr).not.toContain("a-token-of-argo");
});

it("is recorded and sent to nobody, where no executor is configured", async () => {
  const data = newFolder();
  const ledger = await start({ ASOF_PORT: "0", ASOF_DATA: data });
  stops.push(ledger.stop);
  const admin = clientOf(over(ledger.address), readFileSync(join(data, "token"), "utf8").trim());
  await tellReleases(admin, new Date().toISOString());
  const redeployment = await click(admin, new Date().toISOString());
  expect(await statusOf(admin, redeployment)).toMatchObject({ status: "requested" });
  expect(existsSync(join(data, "reactions"))).toBe(false);
});
