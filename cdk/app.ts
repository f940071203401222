/**
 * `cdk deploy --all`, configured by `asof.config.ts` (or `.mjs`, `.json`, `.yaml`) in the current folder; without one,
 * by the defaults. `-c config=FILE` names another file. There are up to three stacks: `asof`, `asof-executors` where
 * something reacts to the ledger, and `asof-waf` where there is a firewall.
 */
import { join } from "node:path";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { bundleFunctions } from "../functions/runtime/build.ts";
import { ROOT } from "../functions/runtime/bundle.ts";
import { configurationIn, refuseContexts } from "./configuration.ts";
import { AsofExecutorsStack, AsofStack } from "./stacks.ts";
import { AsofWafStack } from "./waf.ts";

const app = new App({ analyticsReporting: false });
refuseContexts((name) => app.node.tryGetContext(name));
const config: unknown = app.node.tryGetContext("config");
const { waf, executors, maintenance, chat, ...ledgerSettings } = await configurationIn(
  process.cwd(),
  config === undefined ? undefined : String(config),
);
const { CDK_DEFAULT_REGION: region, CDK_DEFAULT_ACCOUNT: account } = process.env;
const env = {
  ...(region === undefined ? {} : { region }),
  ...(account === undefined ? {} : { account }),
};
const bundles = await bundleFunctions(join(ROOT, ".build", "functions"));

// The ARN of the firewall is handed over from us-east-1 to the region of the ledger.
const firewall = waf
  ? new AsofWafStack(app, "asof-waf", { env: { ...env, region: "us-east-1" }, crossRegionReferences: true })
  : undefined;
const ledger = new AsofStack(app, "asof", {
  ...ledgerSettings,
  bundles,
  webAclArn: firewall?.webAclArn,
  crossRegionReferences: waf,
  env,
});
if (executors !== false || maintenance || chat) {
  const { alarmEmail } = ledgerSettings;
  const concurrency = ledgerSettings.concurrency === false ? (false as const) : undefined;
  const more = { bundles, executors, maintenance, chat, alarmEmail, concurrency, env };
  // They listen to the ledger's bus.
  new AsofExecutorsStack(app, "asof-executors", more).addStackDependency(ledger);
}
// A finding that is not suppressed with a reason makes the synthesis fail.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
