/** The bundles as AWS runs them: on Node 24, away from this tree, with the events that AWS sends. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { paginateScan } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { type FunctionName, IDENTITIES, RULES } from "../cdk/functions.ts";
import { AsofStack } from "../cdk/stacks.ts";
import { App, Template } from "../cdk/testing.ts";
import { bundleFunctions } from "../functions/runtime/build.ts";
import { type Change, type HttpRequest, type Item, queueEvent, streamEvent, urlEvent } from "./aws/events.ts";
import { type Lambda, startLambda } from "./aws/lambda.ts";
import { node24 } from "./aws/node24.ts";
import { type Services, startServices } from "./aws/services.ts";
import { goldenClaims, type Issuer, startIssuer, stopIssuers } from "./oidc/issuer.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-bundles-"));
const bundles: Record<FunctionName, string> = {
  ingest: join(folder, "ingest"),
  questions: join(folder, "questions"),
  export: join(folder, "export"),
  publish: join(folder, "publish"),
  erase: join(folder, "erase"),
  seal: join(folder, "seal"),
};
let services: Services;
let ingest: Lambda;
let questions: Lambda;
let exporting: Lambda;
let publish: Lambda;

const TOKENS = {
  writer: "a-token-of-the-pipeline",
  reader: "a-token-of-a-developer",
  auditor: "a-token-of-an-auditor",
} as const;
const tokenList = Object.entries(TOKENS)
  .map(([role, token]) => `${role}:${role}:${token}`)
  .join(",");
const holding = (role: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[role]}` });

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
/** Knows one manifest, of no bytes, whatever it is asked for. */
const MANIFEST_DIGEST = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
let issuer: Issuer;
let registry: Server;
let host: string;
let isDown = false;

const LATER_ARN = "arn:aws:sqs:us-east-1:000000000000:later";

const Variables = z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) });

/** The variables of each function as the stack sets them; what is a reference there stands for a part of this test. */
function environmentsOf(): (name: string) => Record<string, string> {
  const stands: Record<string, string> = {
    ASOF_TABLE: services.engine.table,
    ASOF_PEOPLE_TABLE: services.engine.people,
    ASOF_SECRET: "arn:aws:secretsmanager:us-east-1:000000000000:secret:asof",
    ASOF_WEBHOOK_SECRET: "arn:aws:secretsmanager:us-east-1:000000000000:secret:asof-webhooks",
    ASOF_QUARANTINE_BUCKET: "asof-quarantine",
    ASOF_LOG_BUCKET: "asof-log",
    ASOF_LATER_QUEUE: `${services.endpoint}/000000000000/later`,
    ASOF_LATER_ARN: LATER_ARN,
    ASOF_BUS: "asof-ledger",
    ASOF_RULES: join(bundles.ingest, RULES),
    ASOF_IDENTITIES: join(bundles.ingest, IDENTITIES),
  };
  const app = new App({ analyticsReporting: false, outdir: join(folder, "cdk.out") });
  const stack = new AsofStack(app, "asof", {
    bundles: folder,
    rules: join(bundles.ingest, RULES),
    identities: join(bundles.ingest, IDENTITIES),
    cloudfront: false,
  });
  const found = Template.fromStack(stack).findResources("AWS::Lambda::Function");
  return (name) => {
    const [, resource] = Object.entries(found).find(([id]) => id.startsWith(name)) ?? [];
    const { Variables: variables } = Variables.parse(resource?.Properties).Environment;
    const own = Object.entries(variables).map(([key, value]) => {
      const text = stands[key] ?? value;
      if (typeof text !== "string") throw new Error(`nothing in this test stands for ${key} of ${name}`);
      return [key, text];
    });
    return {
      ...Object.fromEntries(own),
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "none",
      AWS_SECRET_ACCESS_KEY: "none",
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
      AWS_ENDPOINT_URL: services.endpoint,
    };
  };
}

const RULES_OF_TEST = [{ match: { service: "acme/billing-service" }, set: { service: "acme/billing" } }];

beforeAll(async () => {
  const node = node24();
  if (node === undefined) throw new Error("Node 24 is not to be had here: npx cannot fetch node@24");
  services = await startServices(join(folder, "engine"));
  registry = createServer((request, response) => {
    if (isDown) response.writeHead(503).end();
    else
      response.writeHead(200, { "content-type": MANIFEST, "docker-content-digest": MANIFEST_DIGEST }).end();
    request.resume();
  });
  await new Promise<void>((done) => registry.listen(0, "127.0.0.1", done));
  const address = registry.address();
  host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  services.secret = {
    tokens: tokenList,
    webhookSecrets: { quay: ["a-secret-in-the-address"] },
    registries: { [host]: { plainHttp: true } },
  };
  await bundleFunctions(folder);
  writeFileSync(join(bundles.ingest, RULES), JSON.stringify(RULES_OF_TEST));
  issuer = await startIssuer();
  const policy = {
    issuer: issuer.issuer,
    audience: "asof",
    claims: { project_path: "acme/billing" },
    role: "writer",
    name: "gitlab/{project_path}",
    grants: { environments: ["{environment}"] },
  };
  writeFileSync(join(bundles.ingest, IDENTITIES), JSON.stringify({ policies: [policy] }));
  const environment = environmentsOf();
  [ingest, questions, exporting, publish] = await Promise.all([
    startLambda(node, bundles.ingest, environment("Ingest")),
    startLambda(node, bundles.questions, environment("Questions")),
    startLambda(node, bundles.export, environment("Export")),
    startLambda(node, bundles.publish, environment("Publish")),
  ]);
});

afterAll(async () => {
  await Promise.all([ingest, questions, exporting, publish].map((one) => one.stop()));
  registry.close();
  await stopIssuers();
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => {
  services.failing = () => false;
  services.refusing = () => false;
});

// --- what is asked and answered ---------------------------------------------------------------------------

const Answer = z.object({
  statusCode: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  isBase64Encoded: z.literal(false),
});

async function answerOf(lambda: Lambda, request: HttpRequest) {
  const { statusCode, headers, body } = Answer.parse(await lambda.call(urlEvent(request)));
  return { status: statusCode, type: headers["content-type"], json: z.unknown().parse(JSON.parse(body)) };
}

const Streamed = z.object({
  contentType: z.string(),
  head: z.object({ statusCode: z.int(), headers: z.record(z.string(), z.string()) }),
  text: z.string(),
  isWhole: z.boolean(),
});

const streamOf = async (request: HttpRequest) => Streamed.parse(await exporting.call(urlEvent(request)));

const digestOf = (letter: string): string => `sha256:${letter.repeat(64)}`;

const deployed = (id: string, data: object = {}) => ({
  specversion: "1.0",
  type: "dev.asof.deployment.succeeded.v1",
  source: "/ci/acme/billing",
  id,
  time: "2026-10-20T08:11:00Z",
  data: {
    environment: "review/feature-x",
    service: "acme/billing",
    deployment: { provider: "github", instance: "github.com", id },
    components: [{ component: "main", repository: "ghcr.io/acme/billing", digest: digestOf("a") }],
    ...data,
  },
});

const posted = (event: unknown, headers: Record<string, string> = holding("writer")): HttpRequest => ({
  method: "POST",
  path: "/v1/events",
  headers: { "content-type": "application/cloudevents+json", ...headers },
  body: JSON.stringify(event),
});

const asked = (query: string, headers: Record<string, string> = holding("reader")): HttpRequest => ({
  path: "/v1/release",
  query,
  headers,
});

const BILLING = "environment=review%2Ffeature-x&service=acme%2Fbilling";

const golden = (name: string): string =>
  readFileSync(join(import.meta.dirname, "golden", "aws", `${name}.json`), "utf8");

/** Everything in the table: facts, names, pointers. */
async function itemsInTable() {
  const { client, table: TableName } = services.engine;
  const items: Item[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName })) items.push(...Items);
  return items;
}

const factsInTable = async () => (await itemsInTable()).filter(({ key }) => key?.S?.startsWith("F#"));

// --- tests ------------------------------------------------------------------------------------------------

describe("every bundle", () => {
  it("starts on Node 24 without a word", () => {
    const complaints = [ingest, questions, exporting, publish].map((one) => one.complaints());
    expect(complaints).toEqual(["", "", "", ""]);
  });
});

describe("the page", () => {
  const Packed = z.object({
    statusCode: z.literal(200),
    headers: z.looseObject({ "content-encoding": z.literal("gzip"), "content-type": z.string() }),
    body: z.base64(),
    isBase64Encoded: z.literal(true),
  });
  const packed = async (request: HttpRequest) => {
    const headers = { ...request.headers, "accept-encoding": "gzip" };
    const answer = Packed.parse(await questions.call(urlEvent({ ...request, headers })));
    return gunzipSync(Buffer.from(answer.body, "base64")).toString();
  };

  it("comes from the function that answers questions, with its script", async () => {
    const html = await packed({ path: "/timeline" });
    const script = /src="\/?(main-[\w-]+\.js)"/.exec(html)?.[1] ?? "none";
    expect((await packed({ path: `/${script}` })).length).toBeGreaterThan(50_000);
    expect(await answerOf(questions, { path: "/main-none.js" })).toMatchObject({ status: 404 });
  });

  it("gets the history compressed", async () => {
    await answerOf(ingest, posted(deployed("0", { environment: "of the page" })));
    const query = "environment=of%20the%20page&from=2026-10-01T00%3A00%3A00Z";
    const text = await packed({ path: "/v1/history", query, headers: holding("reader") });
    expect(JSON.parse(text)).toMatchObject({ places: [{ service: "acme/billing" }] });
  });
});

describe("the function that records", () => {
  it("records an event that is posted to its URL", async () => {
    const answer = await answerOf(ingest, posted(deployed("1")));
    expect(answer).toMatchObject({ status: 201, json: { outcomes: [{ outcome: "recorded", id: "1" }] } });
    const [fact, ...others] = (await factsInTable()).filter(({ key }) => key?.S?.endsWith("#1"));
    expect(fact).toBeDefined();
    expect(others).toEqual([]);
  });

  it("takes a body in base64 as the bytes that it stands for", async () => {
    const main = { component: "main", repository: "ghcr.io/acme/billing", digest: digestOf("a") };
    const worker = { ...main, component: "worker", digest: digestOf("b") };
    const zurich = { service: "acme/worker", namespace: "Zürich", components: [main, worker] };
    const { body = "", ...request } = posted(deployed("2", zurich));
    const encoded = Buffer.from(body).toString("base64");
    const answer = await answerOf(ingest, { ...request, body: encoded, isBase64Encoded: true });
    expect(answer).toMatchObject({ status: 201 });
    const [fact] = (await factsInTable()).filter(({ key }) => key?.S?.endsWith("#2"));
    expect(fact?.fact?.S).toContain('"namespace":"Zürich"');
  });

  it("tells a redelivery from a new event", async () => {
    const answer = await answerOf(ingest, posted(deployed("1")));
    expect(answer).toMatchObject({ status: 200, json: { outcomes: [{ outcome: "duplicate" }] } });
  });

  it("names services by the rules in its bundle", async () => {
    await answerOf(
      ingest,
      posted(deployed("3", { service: "acme/billing-service", environment: "staging" })),
    );
    const query = "environment=staging&service=acme%2Fbilling";
    expect(await answerOf(questions, asked(query))).toMatchObject({ json: { status: "running" } });
  });

  it("records nothing for someone whose token it does not know", async () => {
    const answer = await answerOf(
      ingest,
      posted(deployed("4"), { authorization: "Bearer of-somebody-else" }),
    );
    expect(answer).toMatchObject({ status: 401, type: "application/problem+json" });
  });

  it("answers no question", async () => {
    expect(await answerOf(ingest, asked(BILLING))).toMatchObject({ status: 404 });
  });
});

const Kept = z.object({ why: z.string(), door: z.string(), event: z.unknown() });
const keptAside = () => services.calls("S3.PUT").map((body) => Kept.parse(body));

describe("the function that records, given a batch of the queue", () => {
  it("records AWS's events, and keeps aside what is none instead of asking for it again", async () => {
    const before = (await factsInTable()).length;
    const batch = queueEvent([
      golden("ecr-image-action.push.index"),
      "{ this is no JSON",
      golden("ecs-deployment-state-change.service_deployment_completed"),
      golden("unknown-source"),
    ]);
    expect(await ingest.call(batch)).toEqual({ batchItemFailures: [] });
    expect(await factsInTable()).toHaveLength(before + 2);
    expect(keptAside()).toEqual([{ why: "malformed", door: "aws", event: "{ this is no JSON" }]);
  });

  it("asks again for the one event that the store did not take, and for no other", async () => {
    const before = (await factsInTable()).length;
    services.failing = (target, body) => target.endsWith(".PutItem") && body.includes("ecs-svc/poisoned");
    const good = golden("ecs-deployment-state-change.service_deployment_in_progress");
    const poisoned = good
      .replaceAll(/ecs-svc\/\d+/g, "ecs-svc/poisoned")
      .replaceAll(/"id": ?"[^"]+"/g, '"id":"9"');
    expect(await ingest.call(queueEvent([poisoned, good]))).toEqual({
      batchItemFailures: [{ itemIdentifier: "1" }],
    });
    expect(await factsInTable()).toHaveLength(before + 1);

    services.failing = () => false;
    expect(await ingest.call(queueEvent([poisoned]))).toEqual({ batchItemFailures: [] });
    expect(await factsInTable()).toHaveLength(before + 2);
  });

  it("asks again for a whole batch when nothing is taken, without an error of the function", async () => {
    services.failing = (target) => target.endsWith(".PutItem");
    const batch = queueEvent([golden("ecr-image-action.delete.tagged")]);
    expect(await ingest.call(batch)).toEqual({ batchItemFailures: [{ itemIdentifier: "1" }] });
  });

  it("asks again for what it could not keep aside", async () => {
    services.failing = (target) => target.startsWith("S3");
    expect(await ingest.call(queueEvent(["nor is this"]))).toEqual({
      batchItemFailures: [{ itemIdentifier: "1" }],
    });
  });
});

describe("the function that records, where a registry has to be asked", () => {
  const pushed = (): HttpRequest => ({
    method: "POST",
    path: "/v1/webhooks/quay/a-secret-in-the-address",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      repository: "team/app",
      namespace: "team",
      name: "app",
      docker_url: `${host}/team/app`,
      homepage: "https://quay.example",
      updated_tags: ["1.0"],
    }),
  });
  const jobs = () =>
    services.calls("AmazonSQS.SendMessage").flatMap((body) => {
      const { MessageBody, QueueUrl } = z
        .object({ MessageBody: z.string(), QueueUrl: z.string() })
        .parse(body);
      return QueueUrl.endsWith("/later") ? [MessageBody] : [];
    });

  it("leaves to the queue what the registry does not say, and records it from there", async () => {
    isDown = true;
    const before = (await factsInTable()).length;
    const { json } = await answerOf(ingest, pushed());
    expect(json).toMatchObject({ outcomes: [{ outcome: "deferred" }] });
    const [job = ""] = jobs();
    expect(JSON.parse(job)).toMatchObject({ is: "look up", door: "quay", statement: { tag: "1.0" } });
    expect(await ingest.call(queueEvent([job], LATER_ARN))).toEqual({
      batchItemFailures: [{ itemIdentifier: "1" }],
    });
    expect(await factsInTable()).toHaveLength(before);

    isDown = false;
    expect(await ingest.call(queueEvent([job], LATER_ARN))).toEqual({ batchItemFailures: [] });
    expect(await factsInTable()).toHaveLength(before + 1);
    const query = `repository=${encodeURIComponent(`${host}/team/app`)}&tag=1.0`;
    expect(await answerOf(questions, { ...asked(query), path: "/v1/tag" })).toMatchObject({
      status: 200,
      json: { digest: MANIFEST_DIGEST },
    });
    expect(jobs().map((one) => JSON.parse(one))).toContainEqual({
      is: "read image",
      repository: `${host}/team/app`,
      digest: MANIFEST_DIGEST,
    });
  });
});

describe("the function that answers", () => {
  it("asks the registries of the secret whether a plan's images are there, where that is asked for", async () => {
    const main = { component: "main", repository: `${host}/team/app` };
    const one = { service: "acme/app", components: [{ ...main, digest: MANIFEST_DIGEST }] };
    expect(await answerOf(ingest, posted(deployed("app", one)))).toMatchObject({ status: 201 });
    const query = "environment=review%2Ffeature-x&service=acme%2Fapp&at=2026-10-20&check=registry";
    for (const [down, answer] of [
      [false, { answer: "there" }],
      [true, { answer: "unknown", reason: `${host} answered 503` }],
    ] as const) {
      isDown = down;
      expect(await answerOf(questions, { ...asked(query), path: "/v1/plan" })).toMatchObject({
        status: 200,
        json: { status: "ready", registry: { images: [answer] } },
      });
    }
    isDown = false;
  });

  it("tells what runs under names with slashes", async () => {
    const answer = await answerOf(questions, asked(BILLING));
    expect(answer).toMatchObject({
      status: 200,
      json: {
        environment: "review/feature-x",
        service: "acme/billing",
        status: "running",
        settled: false,
        components: [{ image: `ghcr.io/acme/billing@${digestOf("a")}` }],
      },
    });
  });

  it("takes names with slashes as they are, too", async () => {
    const answer = await answerOf(questions, asked("environment=review/feature-x&service=acme/billing"));
    expect(answer).toMatchObject({ status: 200, json: { service: "acme/billing" } });
  });

  it("describes itself, from a file that is loaded only then", async () => {
    const answer = await answerOf(questions, { path: "/openapi.json" });
    expect(answer).toMatchObject({ status: 200, json: { openapi: expect.stringMatching(/^3\.1/) } });
  });

  it("is healthy", async () => {
    expect(await answerOf(questions, { path: "/healthz" })).toMatchObject({ status: 200 });
  });

  it("records nothing", async () => {
    expect(await answerOf(questions, posted(deployed("5")))).toMatchObject({ status: 404 });
  });

  it("says that it cannot answer now when the store does not", async () => {
    services.failing = (target) => target.startsWith("DynamoDB");
    expect(await answerOf(questions, asked(BILLING))).toMatchObject({ status: 503 });
  });
});

describe("the function that exports", () => {
  const today = new Date().toISOString().slice(0, 10);
  const request = (headers: Record<string, string>): HttpRequest => ({
    path: "/v1/export",
    query: `from=${today}`,
    headers,
  });

  it("holds back what is not settled", async () => {
    const { head, text, isWhole } = await streamOf(request(holding("auditor")));
    expect(head).toMatchObject({ statusCode: 200, headers: { "content-type": "application/x-ndjson" } });
    expect({ text, isWhole }).toEqual({ text: "", isWhole: true });
  });

  it("streams every fact once, behind the head that the runtime needs", async () => {
    await exporting.forward(5 * 60_000);
    const { contentType, head, text, isWhole } = await streamOf(request(holding("auditor")));
    expect(contentType).toBe("application/vnd.awslambda.http-integration-response");
    expect(head.statusCode).toBe(200);
    expect(isWhole).toBe(true);
    const stored = (await factsInTable()).map(({ fact }) => fact?.S ?? "");
    const lines = text.split("\n").filter((line) => line !== "");
    expect(lines.toSorted()).toEqual(stored.toSorted());
  });

  it("breaks off where the store fails in the middle, so that no one takes a part for the whole", async () => {
    const DAY_MS = 86_400_000;
    await ingest.forward(-DAY_MS);
    const events = Array.from({ length: 200 }, (_, n) =>
      deployed(`yesterday ${n}`, { namespace: "n".repeat(128) }),
    );
    const batch = posted(events, {
      ...holding("writer"),
      "content-type": "application/cloudevents-batch+json",
    });
    expect(await answerOf(ingest, batch)).toMatchObject({ status: 200 });
    await ingest.forward(DAY_MS);
    const from = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
    const whole = { ...request(holding("auditor")), query: `from=${from}` };
    const lines = (text: string) => text.split("\n").filter((line) => line !== "");
    const { text } = await streamOf(whole);
    expect(lines(text)).toHaveLength((await factsInTable()).length);

    services.failing = (target, body) => target.endsWith(".Query") && body.includes(`"${today}#`);
    const broken = await streamOf(whole);
    services.failing = () => false;
    expect(broken.head.statusCode).toBe(200);
    expect(broken.isWhole).toBe(false);
    expect(lines(broken.text).length).toBeLessThan(lines(text).length);
    expect(text.startsWith(broken.text)).toBe(true);
  });

  it("exports nothing to those who may only ask", async () => {
    const { head, text } = await streamOf(request(holding("reader")));
    expect(head.statusCode).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ status: 403 });
  });
});

describe("the secret", () => {
  it("is read once for many requests", async () => {
    const before = services.calls("secretsmanager.GetSecretValue").length;
    await answerOf(questions, asked(BILLING));
    await answerOf(questions, asked(BILLING));
    expect(services.calls("secretsmanager.GetSecretValue")).toHaveLength(before);
  });

  it("takes a removed token's rights within a minute, and gives a new one its own", async () => {
    const renewed = "a-new-token-of-a-developer";
    services.secret = { ...services.secret, tokens: tokenList.replace(TOKENS.reader, renewed) };
    expect(await answerOf(questions, asked(BILLING))).toMatchObject({ status: 200 });
    await questions.forward(60_001);
    expect(await answerOf(questions, asked(BILLING))).toMatchObject({ status: 401 });
    const bearer = { authorization: `Bearer ${renewed}` };
    expect(await answerOf(questions, asked(BILLING, bearer))).toMatchObject({ status: 200 });
    services.secret = { ...services.secret, tokens: tokenList };
    await questions.forward(60_001);
  });

  it("serves on while it cannot be read, with a metric that has an alarm", async () => {
    expect(await answerOf(questions, asked(BILLING))).toMatchObject({ status: 200 });
    services.failing = (target) => target.startsWith("secretsmanager");
    await questions.forward(60_001);
    const before = questions.lines().length;
    expect(await answerOf(questions, asked(BILLING))).toMatchObject({ status: 200 });
    expect(questions.lines().slice(before).join("\n")).toContain('"StaleSecrets":1');
    services.failing = () => false;
  });
});

const PutEvents = z.object({
  Entries: z.array(
    z.object({ EventBusName: z.string(), Source: z.string(), DetailType: z.string(), Detail: z.string() }),
  ),
});

/** Does something, and tells the requests to the bus that came of it. */
async function publishing(changes: readonly Change[]) {
  const before = services.calls("AWSEvents.PutEvents").length;
  const answer = await publish.call(streamEvent(changes));
  const requests = services.calls("AWSEvents.PutEvents").slice(before);
  return { answer, requests: requests.map((one) => PutEvents.parse(one).Entries) };
}

/** A fact as it stands in the table, made from one that was recorded there. */
async function insertedFacts(count: number): Promise<Change[]> {
  const [item] = await factsInTable();
  return Array.from({ length: count }, (_, n) => {
    const fact = JSON.stringify({ ...JSON.parse(item?.fact?.S ?? ""), id: `fact ${n + 1}` });
    return { eventName: "INSERT", item: { ...item, key: { S: `F#%2Fci#fact ${n + 1}` }, fact: { S: fact } } };
  });
}

describe("the function that publishes", () => {
  it("puts each fact of the table on the bus, and nothing that stands beside the facts", async () => {
    const items = await itemsInTable();
    expect(new Set(items.map(({ key }) => key?.S?.slice(0, 2)))).toEqual(new Set(["F#", "N#", "P#"]));
    const { answer, requests } = await publishing(items.map((item) => ({ eventName: "INSERT", item })));
    expect(answer).toEqual({ batchItemFailures: [] });
    const entries = requests.flat();
    const stored = (await factsInTable()).map(({ fact }) => fact?.S ?? "");
    expect(entries.map(({ Detail }) => Detail)).toEqual(stored);
    for (const { EventBusName, Source, DetailType, Detail } of entries) {
      expect({ EventBusName, Source }).toEqual({ EventBusName: "asof-ledger", Source: "asof" });
      expect(DetailType).toBe(`dev.asof.${JSON.parse(Detail).kind}.v1`);
    }
  });

  it("sends at most ten facts in a request, in order", async () => {
    const { answer, requests } = await publishing(await insertedFacts(23));
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(requests.map((entries) => entries.length)).toEqual([10, 10, 3]);
    const ids = requests.flat().map(({ Detail }) => JSON.parse(Detail).id);
    expect(ids).toEqual(Array.from({ length: 23 }, (_, n) => `fact ${n + 1}`));
  });

  it("sends large facts in requests that the bus takes", async () => {
    const facts = await insertedFacts(10);
    const large = facts.map(({ eventName, item }) => {
      const fact = { ...JSON.parse(item.fact?.S ?? ""), padding: "é".repeat(29_000) };
      return { eventName, item: { ...item, fact: { S: JSON.stringify(fact) } } };
    });
    const { answer, requests } = await publishing(large);
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(requests.flat()).toHaveLength(10);
    for (const entries of requests) {
      const bytes = entries.reduce((sum, { Detail }) => sum + Buffer.byteLength(Detail), 0);
      expect(bytes).toBeLessThan(256 * 1024);
    }
  });

  it("is given the stream again from the first fact that the bus did not take", async () => {
    services.refusing = (detail) => /"id":"fact (13|15)"/.test(detail);
    const { answer, requests } = await publishing(await insertedFacts(23));
    services.refusing = () => false;
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "13" }] });
    expect(requests).toHaveLength(2);
  });

  it("is given the stream again from the first fact of a request that fails", async () => {
    services.failing = (target, body) => target.startsWith("AWSEvents") && body.includes("fact 21");
    const { answer } = await publishing(await insertedFacts(23));
    services.failing = () => false;
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "21" }] });
  });

  it("publishes again what was recorded in a span of time, once each and whole, when an operator asks for it", async () => {
    const stored = (await factsInTable()).map(({ fact }) => fact?.S ?? "").sort();
    const before = services.calls("AWSEvents.PutEvents").length;
    const span = { from: "2020-01-01T00:00:00.000Z", to: "2100-01-01T00:00:00.000Z" };
    expect(await publish.call({ republish: span })).toEqual({ published: stored.length });
    const sent = services.calls("AWSEvents.PutEvents").slice(before);
    expect(sent.flatMap((one) => PutEvents.parse(one).Entries.map(({ Detail }) => Detail)).sort()).toEqual(
      stored,
    );
    expect(await publish.call({ republish: { ...span, from: "2099-01-01T00:00:00.000Z" } })).toEqual({
      published: 0,
    });
    await expect(publish.call({ republish: {} })).rejects.toThrow();
  });

  it("says where to go on when the bus does not take a fact that is published again", async () => {
    services.failing = (target) => target.startsWith("AWSEvents");
    const span = { from: "2020-01-01T00:00:00.000Z", to: "2100-01-01T00:00:00.000Z" };
    expect(await publish.call({ republish: span })).toMatchObject({ published: 0, next: expect.any(String) });
  });

  it("counts an item that was changed or removed as a breach, and sends the rest", async () => {
    const [first, second, third] = await insertedFacts(3);
    const before = publish.lines().length;
    const changes = [first, second, third].filter((one) => one !== undefined);
    const { answer, requests } = await publishing(
      changes.map(({ item }, n) => ({ eventName: n === 0 ? "MODIFY" : n === 1 ? "REMOVE" : "INSERT", item })),
    );
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(requests.flat()).toHaveLength(1);
    const metrics = publish
      .lines()
      .slice(before)
      .map((line) => z.looseObject({}).parse(JSON.parse(line)))
      .filter((line) => "_aws" in line);
    const breach = {
      _aws: {
        CloudWatchMetrics: [{ Namespace: "asof", Metrics: [{ Name: "ImmutabilityBreach", Unit: "Count" }] }],
      },
      ImmutabilityBreach: 1,
    };
    expect(metrics).toMatchObject([breach, breach]);
  });
});

describe("OIDC tokens", () => {
  it("are taken by the policies of the stack, and their issuer is asked only then", async () => {
    await answerOf(ingest, posted(deployed("0"), { authorization: "Bearer nobody" }));
    expect(issuer.asked).toEqual([]);
    const token = await issuer.sign({ ...goldenClaims("gitlab-ci"), aud: "asof" });
    const headers = { authorization: `Bearer ${token}` };
    const own = await answerOf(ingest, posted(deployed("oidc-1", { environment: "production" }), headers));
    expect(own.status).toBe(201);
    expect((await answerOf(ingest, posted(deployed("oidc-2"), headers))).status).toBe(403);
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
  });
});
