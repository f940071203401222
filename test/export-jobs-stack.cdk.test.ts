/** Exports as jobs: what the stack adds for them, with the least rights, and nothing without them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import * as z from "zod";
import { AsofStack } from "../cdk/stacks.ts";
import { App, AwsSolutionsChecks, Match, Template, Validations } from "../cdk/testing.ts";
import { placeholders } from "./aws/placeholders.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-cdk-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bundles = placeholders(join(folder, "placeholders"));

const context = { "@aws-cdk/core:validateAgainstDefaultRules": true };
const app = new App({ analyticsReporting: false, context, outdir: join(folder, "out") });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const template = Template.fromStack(new AsofStack(app, "asof", { bundles, exportJobs: {} }));

const Statements = z.array(
  z.looseObject({
    Effect: z.string(),
    Action: z.union([z.string(), z.array(z.string())]),
    Resource: z.unknown(),
  }),
);

/** What a role may do to something whose id begins like this, as actions. */
function actionsOn(role: string, resource: string): string[] {
  const policies = Object.values(template.findResources("AWS::IAM::Policy")).filter(({ Properties }) =>
    JSON.stringify(Properties.Roles).includes(`"Ref":"${role}`),
  );
  return policies
    .flatMap(({ Properties }) => Statements.parse(Properties.PolicyDocument.Statement))
    .filter(({ Effect, Resource }) => Effect === "Allow" && JSON.stringify(Resource).includes(`"${resource}`))
    .flatMap(({ Action }) => Action)
    .sort();
}

it("passes the checks of the synthesis", () => {
  expect(() => app.synth()).not.toThrow();
});

it("lets the job write files and read none, and the asked function hand out links and run nothing", () => {
  expect(actionsOn("ExportJobRole", "Exports")).toEqual(["s3:PutObject"]);
  expect(actionsOn("ExportRole", "Exports")).toEqual(["s3:GetObject", "s3:ListBucket", "s3:PutObject"]);
  expect(actionsOn("ExportRole", "ExportJobs")).toEqual(["sqs:SendMessage"]);
  expect(actionsOn("ExportJobRole", "Secret")).toEqual([]);
  expect(actionsOn("ExportJobRole", "People")).toEqual([]);
  expect(actionsOn("ExportJobRole", "Table")).not.toContain("dynamodb:PutItem");
  expect(actionsOn("QuestionsRole", "Exports")).toEqual([]);
});

it("forgets files, keeps what failed for a person, and gives an export a disk", () => {
  template.hasResourceProperties("AWS::S3::Bucket", {
    LifecycleConfiguration: { Rules: [{ ExpirationInDays: 3, Status: "Enabled" }] },
    PublicAccessBlockConfiguration: Match.objectLike({ BlockPublicAcls: true, RestrictPublicBuckets: true }),
  });
  template.hasResourceProperties("AWS::SQS::Queue", {
    VisibilityTimeout: 5400,
    RedrivePolicy: Match.objectLike({ maxReceiveCount: 3 }),
  });
  template.hasResourceProperties("AWS::Lambda::Function", {
    EphemeralStorage: { Size: 10_240 },
    Timeout: 900,
  });
  const alarms = Object.keys(template.findResources("AWS::CloudWatch::Alarm"));
  expect(alarms.some((id) => id.startsWith("AlarmsExportJobDlq"))).toBe(true);
});

it("is not there where nobody asked for it", () => {
  const without = new App({ analyticsReporting: false, outdir: join(folder, "without") });
  const text = JSON.stringify(Template.fromStack(new AsofStack(without, "asof", { bundles })).toJSON());
  expect(text).not.toContain("ASOF_EXPORT_");
});
