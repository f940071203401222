/** Maintenance, for real: who is called, and who is not, while a release is put back. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import * as z from "zod";
import { bundleFunction } from "../functions/runtime/bundle.ts";
import { type Running, start } from "../functions/runtime/server/server.ts";
import { Gate as GateAnswer } from "../schemas/answers/gate.ts";
import { Plan } from "../schemas/plan.ts";
import { Redeployment, Redeployments } from "../schemas/redeployment.ts";
import { queueEvent } from "./aws/events.ts";
import { startLambda } from "./aws/lambda.ts";
import { node24 } from "./aws/node24.ts";
import { type Client, clientOf, event, outcomesOf, over } from "./client.ts";
import { digestOf, shaOf } from "./ledger/given.ts";
import {
  type Alertmanager,
  type Labels,
  type OnCall,
  type Silences,
  startAlertmanager,
  startOnCall,
} from "./real/alertmanager.ts";
import { freePort } from "./real/registry.ts";

const TOKEN = "a-token-for-the-real-thing";
const MAX_MINUTES = 20;
const ENVIRONMENT = "production";

/** @param port Alertmanager's */
const settingsOf = (port: number) => ({
  url: `http://127.0.0.1:${port}`,
  matchers: [
    { name: "env", value: "{environment}" },
    { name: "service", value: "{service}" },
    { name: "pod", value: "{serviceName}-[0-9]+", isRegex: true },
    { name: "severity", value: "disaster", isEqual: false },
  ],
  maxMinutes: MAX_MINUTES,
  deployments: true,
  ledger: "acme",
  link: "https://asof.acme.example/v1/redeployments/{id}",
});

const folder = mkdtempSync(join(tmpdir(), "asof-maintenance-"));
let onCall: OnCall;
let port: number;
let alertmanager: Alertmanager;
let ledger: Running;
let client: Client;
/** Of what a test started for itself. */
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  onCall = await startOnCall();
  port = await freePort();
  alertmanager = await startAlertmanager(join(folder, "alertmanager"), port, onCall);
  ledger = await start({
    ASOF_PORT: "0",
    ASOF_DATA: join(folder, "asof"),
    ASOF_TOKENS: `admin:anna:${TOKEN}`,
    ASOF_MAINTENANCE: JSON.stringify(settingsOf(port)),
  });
  client = clientOf(over(ledger.address), TOKEN);
});
afterAll(async () => {
  for (const stop of stops.splice(0)) await stop();
  await ledger?.stop();
  await alertmanager?.stop();
  await onCall?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const soon = <T>(check: () => Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 20_000, interval: 50 });
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

const REPOSITORY = "ghcr.io/acme/image";
const deployed = (service: string, digest: string, time: string, more: object = {}) =>
  event("deployment.succeeded", `${service} ${digest} ${time}`, time, {
    environment: ENVIRONMENT,
    service,
    deployment: { provider: "ci", instance: "acme", id: time },
    components: [{ component: "main", repository: REPOSITORY, digest }],
    ...more,
  });

/** A service whose second release is broken: the first one is asked back. */
async function clicked(service: string, more: object = {}, by = client): Promise<Redeployment> {
  const [good, bad] = [digestOf("good"), digestOf("bad")];
  const built = (digest: string, days: number) =>
    event("artifact.built", `${service} ${digest}`, daysAgo(days), {
      digest,
      repository: REPOSITORY,
      commit: { repository: "https://github.com/acme/image", sha: shaOf(digest) },
    });
  const pushed = (digest: string, days: number) =>
    event("artifact.pushed", `${service} ${digest} push`, daysAgo(days), { repository: REPOSITORY, digest });
  const said = await by.sayAll([
    ...[built(good, 9), pushed(good, 9), deployed(service, good, daysAgo(9))],
    ...[built(bad, 2), pushed(bad, 2), deployed(service, bad, daysAgo(2))],
  ]);
  expect(new Set(outcomesOf(said))).toEqual(new Set(["recorded"]));
  const question = { environment: ENVIRONMENT, service, at: daysAgo(5) };
  const plan = Plan.parse((await by.get("/v1/plan", question)).json);
  const answer = await by.post(
    "/v1/redeployments",
    { ...question, expectedCurrent: bad, planHash: plan.hash, reason: 'rounds "wrongly"\nüberall', ...more },
    { "idempotency-key": `click on ${service}` },
  );
  expect(answer.status).toBe(201);
  const { redeployments } = Redeployments.parse(answer.json);
  return z.tuple([Redeployment]).parse(redeployments)[0];
}

async function standing({ id }: Redeployment): Promise<Silences> {
  const all = await alertmanager.silences();
  return all.filter(({ comment, status }) => comment.includes(` ${id}:`) && status.state === "active");
}

const oneStands = (redeployment: Redeployment) =>
  soon(async () => {
    const [silence, ...more] = await standing(redeployment);
    expect(more).toEqual([]);
    if (silence === undefined) throw new Error("no silence stands");
    return silence;
  });

const labels = (service: string, more: Labels = {}): Labels => ({
  alertname: "Down",
  env: ENVIRONMENT,
  service,
  pod: `${service.split("/").at(-1)}-0`,
  severity: "page",
  ...more,
});

it("calls nobody about a service while its release is put back, and does again afterwards", async () => {
  const billing = labels("acme/billing");
  const others = [
    labels("acme/web"),
    labels("acme/billing", { env: "staging" }),
    labels("acme/billing", { severity: "disaster" }),
  ];
  const redeployment = await clicked("acme/billing");
  const silence = await oneStands(redeployment);
  expect(silence).toMatchObject({
    matchers: [
      { name: "env", value: "production", isRegex: false, isEqual: true },
      { name: "service", value: "acme/billing", isRegex: false, isEqual: true },
      { name: "pod", value: "billing-[0-9]+", isRegex: true, isEqual: true },
      { name: "severity", value: "disaster", isRegex: false, isEqual: false },
    ],
    createdBy: "asof:acme",
    comment: `asof redeployment ${redeployment.id}: requested by anna: rounds "wrongly"\nüberall (https://asof.acme.example/v1/redeployments/${redeployment.id})`,
  });
  expect(Date.parse(silence.endsAt) - Date.parse(redeployment.requestedAt)).toBe(MAX_MINUTES * 60_000);

  await alertmanager.raise(billing, ...others);
  expect((await alertmanager.alert(billing)).status).toMatchObject({
    state: "suppressed",
    silencedBy: [silence.id],
  });
  await soon(async () => {
    for (const other of others) {
      expect((await alertmanager.alert(other)).status).toMatchObject({ state: "active", silencedBy: [] });
      expect(onCall.called).toContainEqual(other);
    }
  });
  expect(onCall.called).not.toContainEqual(billing);

  // Spelt otherwise, it is the same service all the same.
  const now = new Date().toISOString();
  await client.say(deployed("Acme/Web", digestOf("good"), now));
  await client.say(deployed("Acme/Billing", digestOf("good"), now, { redeployment: redeployment.id }));
  const { json } = await client.get(`/v1/redeployments/${redeployment.id}`);
  expect(Redeployment.parse(json).status).toBe("succeeded");
  await soon(async () => expect(await standing(redeployment)).toEqual([]));
  await soon(async () => {
    expect((await alertmanager.alert(billing)).status).toMatchObject({ state: "active", silencedBy: [] });
    expect(onCall.called).toContainEqual(billing);
  });
});

it("ends with an end that is said by whoever carries it out", async () => {
  const redeployment = await clicked("acme/mail");
  await oneStands(redeployment);
  const body = { outcome: "failed", reason: "nobody at home" };
  expect((await client.post(`/v1/redeployments/${redeployment.id}/end`, body)).status).toBe(201);
  await soon(async () => expect(await standing(redeployment)).toEqual([]));
});

it("takes a name for nothing but itself, whatever Alertmanager's expressions would make of its letters", async () => {
  const service = 'acme/b.l+l*i?n(g)|[x]{2}^$\\d"ü';
  const redeployment = await clicked(service);
  const silence = await oneStands(redeployment);
  const own = labels(service);
  const others = [labels(service, { pod: "billing-0" }), labels(service, { pod: "-0" })];
  await alertmanager.raise(own, ...others);
  expect((await alertmanager.alert(own)).status.silencedBy).toEqual([silence.id]);
  for (const other of others) expect((await alertmanager.alert(other)).status.silencedBy).toEqual([]);
  await client.post(`/v1/redeployments/${redeployment.id}/end`, { outcome: "succeeded" });
  await soon(async () => expect(await standing(redeployment)).toEqual([]));
});

it("calls nobody about a service while it is deployed, from the start that is reported to the end", async () => {
  const service = "acme/pay";
  const deployment = { provider: "ci", instance: "acme", id: "run 7" };
  const data = { environment: ENVIRONMENT, service, deployment, actor: "octocat" };
  const components = [{ component: "main", repository: REPOSITORY, digest: digestOf("good") }];
  const startedAt = new Date().toISOString();
  await client.say(event("deployment.started", "pay starts", startedAt, { ...data, components }));
  const deploying = async () =>
    (await alertmanager.silences()).filter(
      ({ comment, status }) => comment.startsWith("asof deployment ") && status.state === "active",
    );
  await soon(async () => expect(await deploying()).toHaveLength(1));
  const [silence] = await deploying();
  expect(silence?.comment).toBe("asof deployment ci/acme/run%207: started by octocat");
  expect(Date.parse(silence?.endsAt ?? "") - Date.parse(startedAt)).toBe(MAX_MINUTES * 60_000);
  await alertmanager.raise(labels(service), labels("acme/other"));
  expect((await alertmanager.alert(labels(service))).status.silencedBy).toEqual([silence?.id]);
  expect((await alertmanager.alert(labels("acme/other"))).status.silencedBy).toEqual([]);
  const end = { ...data, components };
  await client.say(event("deployment.succeeded", "pay runs", new Date().toISOString(), end));
  await soon(async () => expect(await deploying()).toEqual([]));
});

it("silences and freezes in a window that was planned, from its beginning to its end, by itself", async () => {
  const service = "acme/database";
  await client.say(deployed(service, digestOf("good"), daysAgo(9)));
  const planned = async () =>
    (await alertmanager.silences()).filter(
      ({ comment, status }) => comment.startsWith("asof maintenance ") && status.state !== "expired",
    );
  const gateOf = async (of: string) =>
    GateAnswer.parse(
      (await client.get("/v1/gate", { environment: ENVIRONMENT, service: of, digest: digestOf("good") }))
        .json,
    ).reasons.map(({ code }) => code);
  const soonAt = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const [from, until] = [soonAt(4), soonAt(9)];
  const window = { environment: ENVIRONMENT, service, from, until, silenceAlerts: true, reason: "upgrade" };
  expect((await client.post("/v1/freezes", window)).status).toBe(201);

  await soon(async () => expect(await planned()).toMatchObject([{ startsAt: from, endsAt: until }]));
  const [silence] = await planned();
  expect(silence?.status.state).toBe("pending");
  expect(await gateOf(service)).not.toContain("frozen");
  await alertmanager.raise(labels(service));
  expect((await alertmanager.alert(labels(service))).status.silencedBy).toEqual([]);

  await soon(async () => {
    expect((await alertmanager.alert(labels(service))).status.silencedBy).toEqual([silence?.id]);
    expect(await gateOf(service)).toContain("frozen");
  });
  await soon(async () => {
    expect((await alertmanager.alert(labels(service))).status.silencedBy).toEqual([]);
    expect(await gateOf(service)).not.toContain("frozen");
  });
});

it("takes a planned window back where it is cancelled before it begins", async () => {
  const planned = async () =>
    (await alertmanager.silences()).filter(
      ({ comment, status }) => comment.includes("next month") && status.state === "pending",
    );
  const place = { environment: ENVIRONMENT, service: "acme/database" };
  const window = { from: daysAgo(-30), until: daysAgo(-31), silenceAlerts: true, reason: "next month" };
  await client.post("/v1/freezes", { ...place, ...window });
  await soon(async () => expect(await planned()).toHaveLength(1));
  await client.post("/v1/freezes/end", place);
  await soon(async () => expect(await planned()).toEqual([]));
});

it("lasts no longer than until the deadline, where nobody ever says how it went", async () => {
  const redeployment = await clicked("acme/search", { timeoutSeconds: 60 });
  const { endsAt } = await oneStands(redeployment);
  expect(endsAt).toBe(redeployment.deadline);
});

it("stops no redeployment while Alertmanager is down, and comes when it is up again", async () => {
  await alertmanager.stop();
  const redeployment = await clicked("acme/shop");
  expect(redeployment.status).toBe("requested");
  await expect(alertmanager.silences()).rejects.toThrow();
  alertmanager = await startAlertmanager(join(folder, "alertmanager-2"), port, onCall);
  await oneStands(redeployment);
});

it("is the same on AWS, where a queue brings what the ledger said", async () => {
  const node = node24();
  if (node === undefined) throw new Error("Node 24 is not to be had here: npx cannot fetch node@24");
  const elsewhere = await start({
    ASOF_PORT: "0",
    ASOF_DATA: join(folder, "elsewhere"),
    ASOF_TOKENS: `admin:anna:${TOKEN},executor:maintain:${TOKEN}-too`,
  });
  stops.push(elsewhere.stop);
  const asof = { url: elsewhere.address, token: `${TOKEN}-too` };
  const SecretString = JSON.stringify({ asof, maintenance: settingsOf(port) });
  const secrets = createServer((_, response) => response.end(JSON.stringify({ Name: "asof", SecretString })));
  secrets.listen(0, "127.0.0.1");
  await once(secrets, "listening");
  stops.push(async () => secrets.close());
  const address = secrets.address();
  const bundled = join(folder, "bundle");
  await bundleFunction("functions/runtime/aws/silence-alerts.ts", bundled);
  const lambda = await startLambda(node, bundled, {
    ASOF_SECRET: "arn:aws:secretsmanager:us-east-1:000000000000:secret:maintain",
    ASOF_MAX_RECEIVES: "5",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "none",
    AWS_SECRET_ACCESS_KEY: "none",
    AWS_ENDPOINT_URL: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
  });
  stops.push(lambda.stop);
  const heard = (kind: string, id: string) => {
    const detail = { kind, id, environment: ENVIRONMENT, service: "acme/cloud" };
    return lambda.call(queueEvent([JSON.stringify({ version: "0", source: "asof", detail })]));
  };

  const by = clientOf(over(elsewhere.address), TOKEN);
  const redeployment = await clicked("acme/cloud", {}, by);
  expect(await heard("redeployment.requested", redeployment.id)).toEqual({ batchItemFailures: [] });
  expect(await standing(redeployment)).toMatchObject([{ endsAt: expect.any(String) }]);
  await by.post(`/v1/redeployments/${redeployment.id}/end`, { outcome: "succeeded" });
  await heard("redeployment.ended", `${redeployment.id}/ended`);
  expect(await standing(redeployment)).toEqual([]);
  expect(lambda.complaints()).toBe("");

  await alertmanager.stop();
  const failed = { batchItemFailures: [{ itemIdentifier: "1" }] };
  expect(await heard("redeployment.ended", `${redeployment.id}/ended`)).toEqual(failed);
});
