/**
 * `npx cdk deploy -c alarmEmail=… -c rules=rules.json -c identities=identities.yaml -c trustRoots=roots.jsonl -c signers=[…] -c cloudfront=true
 * -c executors=true -c maintenance=true`. Every context is optional. With one of the last two there are two stacks,
 * `asof` and `asof-executors`.
 */
import { join } from "node:path";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { bundleFunctions } from "../functions/runtime/build.ts";
import { ROOT } from "../functions/runtime/bundle.ts";
import { AsofExecutorsStack, AsofStack } from "./stacks.ts";

const app = new App({ analyticsReporting: false });
const context = (name: string): string | undefined => {
  const value: unknown = app.node.tryGetContext(name);
  return value === undefined ? undefined : String(value);
};
const region = process.env.CDK_DEFAULT_REGION;
const env = region === undefined ? {} : { region };
const alarmEmail = context("alarmEmail");
const bundles = await bundleFunctions(join(ROOT, ".build", "functions"));

const ledger = new AsofStack(app, "asof", {
  bundles,
  rules: context("rules"),
  identities: context("identities"),
  deployTools: context("deployTools"),
  gatePolicy: context("gatePolicy"),
  persons: context("persons"),
  trustRoots: context("trustRoots"),
  signers: context("signers"),
  alarmEmail,
  cloudfront: context("cloudfront") === "true",
  env,
});
const executors = context("executors") === "true";
const maintenance = context("maintenance") === "true";
if (executors || maintenance) {
  const more = { bundles, executors, maintenance, alarmEmail, env };
  // They listen to the ledger's bus.
  new AsofExecutorsStack(app, "asof-executors", more).addStackDependency(ledger);
}
// A finding that is not suppressed with a reason makes the synthesis fail.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
