/** Analysis: what the stack adds for it, and nothing without it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { AsofStack } from "../cdk/stacks.ts";
import { App, AwsSolutionsChecks, Match, Template, Validations } from "../cdk/testing.ts";
import { placeholders } from "./aws/placeholders.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-cdk-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bundles = placeholders(join(folder, "placeholders"));

function stackOf(more: { analysis?: { keepDays?: number } }): { app: App; template: Template } {
  const context = { "@aws-cdk/core:validateAgainstDefaultRules": true };
  const app = new App({ analyticsReporting: false, context, outdir: mkdtempSync(join(folder, "out-")) });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const stack = new AsofStack(app, "asof", { bundles, cloudfront: false, ...more });
  return { app, template: Template.fromStack(stack) };
}

it("exports the facts every day in a role that may do nothing else, into a bucket that forgets them", () => {
  const { app, template } = stackOf({ analysis: {} });
  expect(() => app.synth()).not.toThrow();
  const [bucket = ""] = Object.keys(template.findResources("AWS::S3::Bucket")).filter((id) =>
    id.startsWith("Analysis"),
  );
  const [table] = Object.keys(template.findResources("AWS::DynamoDB::Table")).filter((id) =>
    id.startsWith("Table"),
  );
  template.hasResourceProperties("AWS::S3::Bucket", {
    LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 3, Status: "Enabled" })] },
  });
  template.hasResourceProperties("AWS::Scheduler::Schedule", {
    ScheduleExpression: "rate(1 day)",
    Target: Match.objectLike({
      Arn: {
        "Fn::Join": [
          "",
          ["arn:", { Ref: "AWS::Partition" }, ":scheduler:::aws-sdk:dynamodb:exportTableToPointInTime"],
        ],
      },
    }),
  });
  const policies = Object.entries(template.findResources("AWS::IAM::Policy"));
  const [, policy] = policies.find(([id]) => id.startsWith("Analysis")) ?? [];
  expect(policy?.Properties.PolicyDocument.Statement).toEqual([
    {
      Effect: "Allow",
      Action: "dynamodb:ExportTableToPointInTime",
      Resource: { "Fn::GetAtt": [table, "Arn"] },
    },
    {
      Effect: "Allow",
      Action: ["s3:PutObject", "s3:AbortMultipartUpload"],
      Resource: { "Fn::Join": ["", [{ "Fn::GetAtt": [bucket, "Arn"] }, "/exports/*"]] },
    },
  ]);
  template.hasResourceProperties("AWS::Glue::Table", {
    TableInput: Match.objectLike({
      StorageDescriptor: Match.objectLike({
        Columns: [{ Name: "item", Type: "struct<key:struct<s:string>,fact:struct<s:string>>" }],
        Location: { "Fn::Join": ["", ["s3://", { Ref: bucket }, "/exports/AWSDynamoDB/"]] },
      }),
    }),
  });
});

it("is not there where nobody asked for it, and never reads the table of persons", () => {
  const { template } = stackOf({});
  for (const type of ["AWS::Scheduler::Schedule", "AWS::Glue::Table", "AWS::Athena::WorkGroup"])
    template.resourceCountIs(type, 0);
  const { template: other } = stackOf({ analysis: { keepDays: 30 } });
  const [schedule] = Object.values(other.findResources("AWS::Scheduler::Schedule"));
  expect(JSON.stringify(schedule)).not.toContain("People");
});
