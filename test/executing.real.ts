/** The function that carries out, as AWS runs it: on Node 24, with a message of its queue, its secret and a ledger. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { AsofExecutorsStack } from "../cdk/stacks.ts";
import { App, Template } from "../cdk/testing.ts";
import { bundleFunction } from "../functions/runtime/bundle.ts";
import { type Running, start } from "../functions/runtime/server/server.ts";
import type { Redeployment } from "../schemas/redeployment.ts";
import { queueEvent } from "./aws/events.ts";
import { type Lambda, startLambda } from "./aws/lambda.ts";
import { node24 } from "./aws/node24.ts";
import { type Client, clientOf, over } from "./client.ts";
import { click, statusOf, tellReleases } from "./reactions/asked-back.ts";
import { type Receiver, type Reply, receiver, verified } from "./reactions/receiving.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-executing-"));
const SECRET = `whsec_${randomBytes(24).toString("base64")}`;
const TOKENS = { admin: "a-token-of-an-admin", executor: "a-token-of-an-executor" };

let node: string;
let bundled: string;
let secrets: Server;
let endpoint: string;
/** What Secrets Manager answers from now on; and how often it was asked, for which. */
let held: unknown;
let asked: unknown[];

let ledger: Running;
let admin: Client;
let redeployment: Redeployment;
let lambda: Lambda;
let receivers: Receiver[];

beforeAll(async () => {
  const found = node24();
  if (found === undefined) throw new Error("Node 24 is not to be had here: npx cannot fetch node@24");
  node = found;
  bundled = join(folder, "execute");
  await bundleFunction("functions/runtime/aws/execute-redeployment.ts", bundled);
  secrets = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString("utf8"));
    asked.push({ target: request.headers["x-amz-target"], ...body });
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ Name: "asof", SecretString: JSON.stringify(held) }));
  });
  await new Promise<void>((done) => secrets.listen(0, "127.0.0.1", done));
  const address = secrets.address();
  endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterAll(() => {
  secrets.closeAllConnections();
  secrets.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The function's variables as the stack sets them. */
function environment(): Record<string, string> {
  const app = new App({ analyticsReporting: false, outdir: join(folder, "cdk.out") });
  const stack = new AsofExecutorsStack(app, "asof-executors", { bundles: folder, executors: true });
  const [found] = Object.values(Template.fromStack(stack).findResources("AWS::Lambda::Function"));
  const Resource = z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) });
  const variables = Object.entries(Resource.parse(found?.Properties).Environment.Variables);
  return {
    // What is a reference there is the secret's here.
    ...Object.fromEntries(
      variables.map(([name, value]) => [name, typeof value === "string" ? value : "the-secret"]),
    ),
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "none",
    AWS_SECRET_ACCESS_KEY: "none",
    AWS_LAMBDA_FUNCTION_NAME: "execute",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
    AWS_ENDPOINT_URL: endpoint,
  };
}

beforeEach(async () => {
  asked = [];
  receivers = [];
  const tokens = Object.entries(TOKENS).map(([role, token]) => `${role}:${role}:${token}`);
  ledger = await start({
    ASOF_PORT: "0",
    ASOF_DATA: mkdtempSync(join(folder, "data-")),
    ASOF_TOKENS: tokens.join(","),
  });
  admin = clientOf(over(ledger.address), TOKENS.admin);
  const now = new Date().toISOString();
  await tellReleases(admin, now);
  redeployment = await click(admin, now);
  lambda = await startLambda(node, bundled, environment());
});
afterEach(async () => {
  await Promise.all(receivers.map(({ stop }) => stop()));
  await lambda.stop();
  await ledger.stop();
});

async function receiving(...replies: readonly Reply[]): Promise<Receiver> {
  const one = await receiver(replies);
  receivers.push(one);
  return one;
}

const settings = ({ address }: Receiver, more: object = {}) => ({
  asof: { url: ledger.address, token: TOKENS.executor, ...more },
  executors: [{ kind: "webhook", url: `${address}/deploy`, secrets: [SECRET] }],
});

/** The fact as the ledger has it, in what EventBridge wraps around it, in a message that is received for the nth time. */
async function message(n = 1) {
  // An export holds what is settled.
  const fact = await vi.waitFor(async () => {
    const exported = await admin.get("/v1/export", { from: redeployment.requestedAt.slice(0, 10) });
    const found = exported.text.split("\n").find((line) => line.includes('"redeployment.requested"'));
    return z.string().parse(found);
  }, 5000);
  const envelope = {
    version: "0",
    id: "8f5a2f0e-6d1c-4c0e-9f56-1d9b5f0a7c11",
    "detail-type": "dev.asof.redeployment.requested.v1",
    source: "asof",
    account: "000000000000",
    time: redeployment.requestedAt.replace(/\.\d+/, ""),
    region: "us-east-1",
    resources: [],
    detail: JSON.parse(fact),
  };
  return received(n, JSON.stringify(envelope));
}

const received = (n: number, body: string) => ({
  Records: queueEvent([body]).Records.map((record) => ({
    ...record,
    attributes: { ...record.attributes, ApproximateReceiveCount: String(n) },
  })),
});

const FAILED = { batchItemFailures: [{ itemIdentifier: "1" }] };

describe("the function that carries out", () => {
  it("starts without a word, and sends a request that it hears of, signed", async () => {
    expect(lambda.complaints()).toBe("");
    const to = await receiving({ status: 202 });
    held = settings(to);
    expect(await lambda.call(await message())).toEqual({ batchItemFailures: [] });
    const sent = to.received.map((one) => verified(one, SECRET).data.redeployment);
    expect(sent).toMatchObject([{ id: redeployment.id, status: "requested" }]);
    expect(asked).toEqual([{ target: "secretsmanager.GetSecretValue", SecretId: "the-secret" }]);
  });

  it("asks for it again where nobody takes it, and gives up with its last receipt, as a dead letter", async () => {
    const to = await receiving({ status: 503 });
    held = settings(to);
    for (const n of [1, 4]) {
      expect(await lambda.call(await message(n))).toEqual(FAILED);
      expect(await statusOf(admin, redeployment)).toMatchObject({ status: "requested" });
    }
    expect(await lambda.call(await message(5))).toEqual(FAILED);
    const why = `its executor did not accept the request, despite retries: ${to.host} answers 503`;
    expect(await statusOf(admin, redeployment)).toMatchObject({ status: "failed", why });
    expect(to.received).toHaveLength(3);
    await vi.waitFor(() => expect(lambda.complaints()).toContain("a message was given up"));
    expect(lambda.complaints().match(/a message failed and will be redelivered/g)).toHaveLength(2);
    const printed = `${lambda.complaints()}${lambda.lines().join()}`;
    for (const secret of [SECRET, ...Object.values(TOKENS)]) expect(printed).not.toContain(secret);
    // Revived by somebody, it deploys nothing any more.
    expect(await lambda.call(await message())).toEqual({ batchItemFailures: [] });
    expect(to.received).toHaveLength(3);
  });

  it("says how it ended where the ledger has an address of its own for that", async () => {
    const to = await receiving({ status: 422 });
    const ingest = await receiving({ status: 500, body: "{}" });
    held = settings(to, { ingestUrl: ingest.address });
    expect(await lambda.call(await message())).toEqual(FAILED);
    const ends = ingest.received.map(({ method, path }) => `${method} ${path}`);
    expect(ends).toEqual([`POST /v1/redeployments/${redeployment.id}/end`]);
  });

  it("reads its secret anew after a minute, so that another executor counts then", async () => {
    const first = await receiving({ status: 202 });
    held = settings(first);
    await lambda.call(await message());
    const second = await receiving({ status: 202 });
    held = settings(second);
    await lambda.call(await message());
    expect(second.received).toEqual([]);
    await lambda.forward(61_000);
    await lambda.call(await message());
    expect(second.received).toHaveLength(1);
    expect(first.received).toHaveLength(2);
  });

  it.each([
    ["no JSON", () => "{ this is no JSON"],
    ["no fact", () => JSON.stringify({ detail: { kind: "redeployment.requested" } })],
  ])("asks again for a message that is %s, until it is a dead letter", async (_, body) => {
    held = settings(await receiving({ status: 202 }));
    for (const n of [1, 5]) expect(await lambda.call(received(n, body()))).toEqual(FAILED);
  });

  it("carries out nothing while its secret is the stack's own, and says what is wrong with it", async () => {
    held = { asof: { url: "", token: "" }, executors: [] };
    expect(await lambda.call(await message())).toEqual(FAILED);
    await vi.waitFor(() => expect(lambda.complaints()).toContain("ASOF_SECRET: asof.url: "));
    expect(await statusOf(admin, redeployment)).toMatchObject({ status: "requested" });
  });
});
