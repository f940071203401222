/**
 * `npx cdk deploy -c alarmEmail=… -c rules=rules.json -c trustRoots=roots.jsonl -c signers=[…] -c cloudfront=true`:
 * every context is optional.
 */
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { bundleAll } from "./bundle.ts";
import { AsofStack } from "./stack.ts";

const app = new App({ analyticsReporting: false });
const context = (name: string): string | undefined => {
  const value: unknown = app.node.tryGetContext(name);
  return value === undefined ? undefined : String(value);
};
const rules = context("rules");
const trustRoots = context("trustRoots");
const signers = context("signers");
if ((trustRoots === undefined) !== (signers === undefined)) {
  throw new Error("trustRoots and signers: give both, or neither");
}
const region = process.env.CDK_DEFAULT_REGION;

new AsofStack(app, "asof", {
  bundles: await bundleAll({ rules, trustRoots }),
  hasRules: rules !== undefined,
  signers,
  alarmEmail: context("alarmEmail"),
  cloudfront: context("cloudfront") === "true",
  env: region === undefined ? {} : { region },
});
// Findings that nobody acknowledged with a reason make the synthesis fail.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
