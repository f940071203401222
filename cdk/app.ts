/**
 * `npx cdk deploy -c alarmEmail=… -c rules=rules.json -c trustRoots=roots.jsonl -c signers=[…] -c cloudfront=true
 * -c executors=true -c maintenance=true`: every context is optional; with one of the last two there are two stacks, `asof`
 * and `asof-executors`.
 */
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { bundleAll, bundleListeners, LISTENERS } from "./bundle.ts";
import { AsofExecutorsStack } from "./executors.ts";
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
const env = region === undefined ? {} : { region };
const alarmEmail = context("alarmEmail");

const ledger = new AsofStack(app, "asof", {
  bundles: await bundleAll({ rules, trustRoots }),
  hasRules: rules !== undefined,
  signers,
  alarmEmail,
  cloudfront: context("cloudfront") === "true",
  env,
});
const SWITCHES = { execute: "executors", maintain: "maintenance" } as const;
const listeners = LISTENERS.filter((name) => context(SWITCHES[name]) === "true");
if (listeners.length > 0) {
  const bundles = await bundleListeners(listeners);
  // The bus that they listen to is the ledger's.
  new AsofExecutorsStack(app, "asof-executors", { bundles, alarmEmail, env }).addStackDependency(ledger);
}
// Findings that nobody acknowledged with a reason make the synthesis fail.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
