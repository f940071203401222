import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { AsofExecutorsStack } from "../cdk/stacks.ts";
import { App, Match, Template } from "../cdk/testing.ts";
import { placeholders } from "./aws/placeholders.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-cdk-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("listens without any executor, to what begins a redeployment and what may end one, with a secret of its own", () => {
  const bundles = placeholders(join(folder, "placeholders"));
  const app = new App({ analyticsReporting: false, outdir: join(folder, "out") });
  const stack = new AsofExecutorsStack(app, "asof-executors", { bundles, maintenance: true });
  const template = Template.fromStack(stack);

  template.resourceCountIs("AWS::Lambda::Function", 1);
  template.hasResourceProperties("AWS::Events::Rule", {
    EventBusName: "asof-ledger",
    EventPattern: {
      source: ["asof"],
      "detail-type": [
        "dev.asof.redeployment.requested.v1",
        "dev.asof.redeployment.ended.v1",
        "dev.asof.deployment.started.v1",
        "dev.asof.deployment.succeeded.v1",
        "dev.asof.deployment.failed.v1",
        "dev.asof.deployment.observed.v1",
        "dev.asof.environment.frozen.v1",
        "dev.asof.environment.unfrozen.v1",
      ],
    },
  });
  const [secret, ...more] = Object.keys(template.findResources("AWS::SecretsManager::Secret"));
  expect(more).toEqual([]);
  template.hasResourceProperties("AWS::Lambda::Function", {
    Environment: { Variables: { ASOF_SECRET: { Ref: secret } } },
  });
  template.hasResourceProperties("AWS::SQS::Queue", {
    RedrivePolicy: { deadLetterTargetArn: Match.anyValue() },
  });
});
