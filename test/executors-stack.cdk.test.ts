/** The stack of those who react: what it may do, and what reaches it. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { LedgerFunction } from "../cdk/function.ts";
import { AsofExecutorsStack, AsofStack } from "../cdk/stacks.ts";
import { App, AwsSolutionsChecks, Match, Template, Validations } from "../cdk/testing.ts";
import { placeholders } from "./aws/placeholders.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-cdk-executors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bundles = placeholders(join(folder, "placeholders"));

const appOf = (context: Record<string, unknown> = {}) =>
  new App({ analyticsReporting: false, context, outdir: mkdtempSync(join(folder, "out-")) });
const stackOf = (app: App, more: object = {}) =>
  new AsofExecutorsStack(app, "asof-executors", { bundles, executors: true, ...more });

const Resources = z.record(
  z.string(),
  z.looseObject({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
);
const template = Template.fromStack(stackOf(appOf()));
const resources = Object.entries(Resources.parse(template.toJSON().Resources));
const ofType = (type: string) => resources.filter(([, { Type }]) => Type === type);

const Reference = z.union([
  z.strictObject({ Ref: z.string() }).transform(({ Ref }) => Ref),
  z
    .strictObject({ "Fn::GetAtt": z.tuple([z.string(), z.string()]) })
    .transform((it) => it["Fn::GetAtt"].join(".")),
]);
/** A reference as a person would write it, without the hash in a logical id. */
const named = (value: unknown): string => Reference.parse(value).replace(/[0-9A-F]{8}(?=\.|$)/, "");

describe("the function that carries out", () => {
  const Statement = z.strictObject({
    Effect: z.literal("Allow"),
    Action: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
    Resource: z.unknown(),
  });
  const allowed = ofType("AWS::IAM::Policy").flatMap(([, { Properties }]) =>
    z
      .looseObject({ PolicyDocument: z.looseObject({ Statement: z.array(Statement) }) })
      .parse(Properties)
      .PolicyDocument.Statement.flatMap(({ Action, Resource }) =>
        Action.map((action) => `${action} ${named(Resource)}`),
      ),
  );

  it("may read its own secret, take from its own queue and write its log: nothing of the ledger", () => {
    expect(allowed.sort()).toEqual([
      "logs:CreateLogStream ExecuteLogs.Arn",
      "logs:PutLogEvents ExecuteLogs.Arn",
      "secretsmanager:GetSecretValue ExecuteSecret",
      "sqs:ChangeMessageVisibility ExecuteQueue.Arn",
      "sqs:DeleteMessage ExecuteQueue.Arn",
      "sqs:GetQueueAttributes ExecuteQueue.Arn",
      "sqs:GetQueueUrl ExecuteQueue.Arn",
      "sqs:ReceiveMessage ExecuteQueue.Arn",
      "sqs:SendMessage ExecuteQueue.Arn",
    ]);
    expect(JSON.stringify(template.toJSON())).not.toMatch(/dynamodb/i);
    template.allResourcesProperties("AWS::IAM::Role", { ManagedPolicyArns: Match.absent() });
    template.resourceCountIs("AWS::IAM::ManagedPolicy", 0);
    template.resourceCountIs("AWS::Lambda::Url", 0);
  });

  it("is the only one, and knows its secret and how often it is asked, and no more", () => {
    template.resourceCountIs("AWS::Lambda::Function", 1);
    template.hasResourceProperties("AWS::Lambda::Function", {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Environment: {
        Variables: {
          ASOF_SECRET: { Ref: Match.stringLikeRegexp("^ExecuteSecret") },
          ASOF_MAX_RECEIVES: "5",
          ASOF_QUEUE: { Ref: Match.stringLikeRegexp("^ExecuteQueue") },
        },
      },
    });
  });

  it("ends before its queue hands out the message again, and says which failed", () => {
    const [[, taker] = []] = ofType("AWS::Lambda::Function");
    const [, queue] = ofType("AWS::SQS::Queue").find(([id]) => named({ Ref: id }) === "ExecuteQueue") ?? [];
    const timeoutS = z.number().parse(taker?.Properties.Timeout);
    expect(queue?.Properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * timeoutS);
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      BatchSize: 1,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
  });
});

describe("the rights in Amazon ECS", () => {
  const rightsOf = (ecs: object) => {
    const { Resources: all } = Template.fromStack(stackOf(appOf(), { executors: { ecs } })).toJSON();
    const statements = Object.values(Resources.parse(all))
      .filter(({ Type }) => Type === "AWS::IAM::Policy")
      .flatMap(({ Properties }) =>
        z
          .looseObject({ PolicyDocument: z.looseObject({ Statement: z.array(z.looseObject({})) }) })
          .parse(Properties)
          .PolicyDocument.Statement.map((one) => JSON.stringify(one)),
      );
    return statements.filter((one) => /"(ecs|iam):/.test(one));
  };

  it("are none without clusters", () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/"(ecs|iam):\w+"/);
  });

  it("are on the services of the clusters alone, and register nothing without task roles", () => {
    const rights = rightsOf({ clusters: ["eu-1"] });
    expect(rights).toHaveLength(3);
    const [services, revisions, definitions] = rights;
    expect(services).toContain('["ecs:DescribeServices","ecs:ListServiceDeployments","ecs:UpdateService"]');
    expect(services).toContain(':service/eu-1/*"');
    expect(revisions).toContain('"Action":"ecs:DescribeServiceRevisions"');
    expect(revisions).toContain(':service-revision/eu-1/*"');
    expect(definitions).toContain('"Action":"ecs:DescribeTaskDefinition","Effect":"Allow","Resource":"*"');
  });

  it("pass the configured task roles, and to ECS's tasks alone", () => {
    const role = "arn:aws:iam::123456789012:role/billing";
    const rights = rightsOf({ clusters: ["eu-1"], taskRoles: [role] });
    expect(rights).toHaveLength(4);
    expect(rights.join("\n")).toContain('["ecs:DescribeTaskDefinition","ecs:RegisterTaskDefinition"]');
    expect(rights.at(-1)).toContain(
      `"Action":"iam:PassRole","Condition":{"StringEquals":{"iam:PassedToService":"ecs-tasks.amazonaws.com"}},"Effect":"Allow","Resource":"${role}"`,
    );
  });
});

describe("its queue", () => {
  const [dlq] = ofType("AWS::SQS::Queue").find(([id]) => named({ Ref: id }) === "ExecuteDlq") ?? [];

  it("is tried as often as the function is told, and then its letters are kept for 14 days, with an alarm", () => {
    template.hasResourceProperties("AWS::SQS::Queue", {
      SqsManagedSseEnabled: true,
      RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": [dlq, "Arn"] }, maxReceiveCount: 5 },
    });
    template.hasResourceProperties("AWS::SQS::Queue", {
      RedrivePolicy: Match.absent(),
      MessageRetentionPeriod: 14 * 24 * 3600,
    });
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      MetricName: "ApproximateNumberOfMessagesVisible",
      Dimensions: [{ Name: "QueueName", Value: { "Fn::GetAtt": [dlq, "QueueName"] } }],
      Threshold: 1,
    });
  });

  it("and the function have alarms, which are sent by e-mail where an address is given", () => {
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      Namespace: "AWS/Lambda",
      MetricName: "Errors",
    });
    template.resourceCountIs("AWS::CloudWatch::Alarm", 4);
    const [topic] = ofType("AWS::SNS::Topic")[0] ?? [];
    template.allResourcesProperties("AWS::CloudWatch::Alarm", { AlarmActions: [{ Ref: topic }] });
    const mailed = Template.fromStack(stackOf(appOf(), { alarmEmail: "ops@example.com" }));
    mailed.hasResourceProperties("AWS::SNS::Subscription", { Endpoint: "ops@example.com" });
  });
});

/** What the ledger puts on its bus for a fact: what its own function sends, to a server in this test. */
async function entriesOf(...kinds: readonly string[]) {
  const sent: string[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    sent.push(Buffer.concat(pieces).toString("utf8"));
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
    response.end(
      JSON.stringify({ FailedEntryCount: 0, Entries: kinds.map((_, n) => ({ EventId: `${n}` })) }),
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address: AddressInfo | string | null = server.address();
  vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "none");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "none");
  vi.stubEnv("ASOF_BUS", "asof-ledger");
  const { handler } = await import("../functions/runtime/aws/publish.ts");
  const Records = kinds.map((kind, n) => {
    const key = { S: `F#/asof/redeployments#${kind}` };
    const fact = { S: JSON.stringify({ kind, recordedAt: "2026-11-22T09:00:00.000Z" }) };
    return {
      eventName: "INSERT" as const,
      dynamodb: { Keys: { key }, NewImage: { key, fact }, SequenceNumber: `${n}` },
    };
  });
  await handler({ Records }, { getRemainingTimeInMillis: () => 30_000 });
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  const Entry = z.object({ EventBusName: z.string(), Source: z.string(), DetailType: z.string() });
  return sent.flatMap((body) => z.object({ Entries: z.array(Entry) }).parse(JSON.parse(body)).Entries);
}

describe("its rule", () => {
  const Pattern = z.strictObject({ source: z.array(z.string()), "detail-type": z.array(z.string()) });
  const [[, rule] = []] = ofType("AWS::Events::Rule");
  const pattern = Pattern.parse(rule?.Properties.EventPattern);

  it("takes requests, their ends and the ends of freezes as the ledger sends them, and no other fact", async () => {
    const kinds = [
      "redeployment.requested",
      "redeployment.ended",
      "deployment.succeeded",
      "environment.frozen",
      "environment.unfrozen",
    ];
    const entries = await entriesOf(...kinds);
    expect(entries).toHaveLength(5);
    const taken = entries.map(
      ({ EventBusName, Source, DetailType }) =>
        rule?.Properties.EventBusName === EventBusName &&
        pattern.source.includes(Source) &&
        pattern["detail-type"].includes(DetailType),
    );
    expect(taken).toEqual([true, true, false, false, true]);
  });

  it("is the only way in: it alone may send to the queue, and what it cannot goes to the dead letters", () => {
    template.resourceCountIs("AWS::Events::Rule", 1);
    const Target = z.looseObject({ Arn: z.unknown(), DeadLetterConfig: z.looseObject({ Arn: z.unknown() }) });
    const targets = z.array(Target).parse(rule?.Properties.Targets);
    expect(targets.map(({ Arn, DeadLetterConfig }) => [named(Arn), named(DeadLetterConfig.Arn)])).toEqual([
      ["ExecuteQueue.Arn", "ExecuteDlq.Arn"],
    ]);
    const [id] = ofType("AWS::Events::Rule")[0] ?? [];
    template.hasResourceProperties("AWS::SQS::QueuePolicy", {
      Queues: [{ Ref: Match.stringLikeRegexp("^ExecuteQueue") }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            Condition: { ArnEquals: { "aws:SourceArn": { "Fn::GetAtt": [id, "Arn"] } } },
          }),
        ]),
      },
    });
  });
});

describe("the stack", () => {
  it("changes nothing of the ledger's, and takes nothing of it but the name of its bus", () => {
    const alone = appOf();
    const before = Template.fromStack(new AsofStack(alone, "asof", { bundles })).toJSON();
    const both = appOf();
    const ledger = new AsofStack(both, "asof", { bundles });
    const stack = stackOf(both);
    stack.addStackDependency(ledger);
    expect(Template.fromStack(ledger).toJSON()).toEqual(before);
    expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toContain("Fn::ImportValue");
  });

  it("keeps its secret, which begins without an executor", () => {
    template.hasResource("AWS::SecretsManager::Secret", {
      DeletionPolicy: "Retain",
      Properties: { SecretString: '{"asof":{"url":"","token":""},"executors":[]}' },
    });
  });

  const checked = (more: object = {}) => {
    const app = appOf({ "@aws-cdk/core:validateAgainstDefaultRules": true });
    const stack = stackOf(app, more);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    return { app, stack };
  };

  it("has nothing unexplained for cdk-nag, which stops at a grant of everything", () => {
    expect(() => checked().app.synth()).not.toThrow();
    const ecs = { clusters: ["eu-1", "eu-2"], taskRoles: ["arn:aws:iam::123456789012:role/billing"] };
    expect(() => checked({ executors: { ecs } }).app.synth()).not.toThrow();
    const { app, stack } = checked();
    const execute = stack.node.findChild("Default").node.findChild("Execute");
    if (!(execute instanceof LedgerFunction)) throw new Error("no function Execute");
    execute.allow(["secretsmanager:*"], "*");
    expect(() => app.synth()).toThrow("AwsSolutions-IAM5");
  });
});
