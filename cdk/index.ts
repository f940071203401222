/** `asof/cdk`: constructs for your own CDK app: a ledger on AWS, and the executors and silences that react to it. */
export { AsofExecutors, type AsofExecutorsProps } from "./executors.ts";
export { AsofLedger, type AsofLedgerProps } from "./ledger.ts";
