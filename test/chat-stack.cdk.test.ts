import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { AsofExecutorsStack } from "../cdk/stacks.ts";
import { App, AwsSolutionsChecks, Match, Template, Validations } from "../cdk/testing.ts";
import { CHAT_KINDS } from "../functions/reactions/chat/news.ts";
import { placeholders } from "./aws/placeholders.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-cdk-chat-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bundles = placeholders(join(folder, "placeholders"));
const stackIn = (name: string) => {
  const app = new App({
    analyticsReporting: false,
    context: { "@aws-cdk/core:validateAgainstDefaultRules": true },
    outdir: join(folder, name),
  });
  return { app, stack: new AsofExecutorsStack(app, "asof-executors", { bundles, chat: true }) };
};
const template = Template.fromStack(stackIn("out").stack);

it("hears what chats are told of, and looks regularly for sources that fell silent", () => {
  template.resourceCountIs("AWS::Lambda::Function", 1);
  template.resourceCountIs("AWS::Events::Rule", 2);
  template.hasResourceProperties("AWS::Events::Rule", {
    EventBusName: "asof-ledger",
    EventPattern: { source: ["asof"], "detail-type": CHAT_KINDS.map((kind) => `dev.asof.${kind}.v1`) },
  });
  const [queue] = Object.keys(template.findResources("AWS::SQS::Queue")).filter((id) =>
    /^ChatQueue/.test(id),
  );
  template.hasResourceProperties("AWS::Events::Rule", {
    ScheduleExpression: "rate(15 minutes)",
    Targets: [Match.objectLike({ Arn: { "Fn::GetAtt": [queue, "Arn"] } })],
  });
});

it("may read and write what was sent, in a table of its own that forgets, and reads its own secret", () => {
  const [table, ...more] = Object.keys(template.findResources("AWS::DynamoDB::Table"));
  expect(more).toEqual([]);
  template.hasResourceProperties("AWS::DynamoDB::Table", {
    KeySchema: [{ AttributeName: "message", KeyType: "HASH" }],
    TimeToLiveSpecification: { AttributeName: "ends", Enabled: true },
  });
  template.hasResourceProperties("AWS::IAM::Policy", {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: ["dynamodb:GetItem", "dynamodb:PutItem"],
          Effect: "Allow",
          Resource: { "Fn::GetAtt": [table, "Arn"] },
        }),
      ]),
    },
  });
  const [secret] = Object.keys(template.findResources("AWS::SecretsManager::Secret"));
  template.hasResourceProperties("AWS::Lambda::Function", {
    Environment: { Variables: { ASOF_SECRET: { Ref: secret }, ASOF_SENT_TABLE: { Ref: table } } },
  });
});

it("has nothing unexplained for cdk-nag", () => {
  const { app } = stackIn("checked");
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  expect(() => app.synth()).not.toThrow();
});
