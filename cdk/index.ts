/** `asof/cdk`: a ledger on AWS, and what reacts to it, as constructs for an app of your own. */
export { AsofExecutors, type AsofExecutorsProps } from "./executors.ts";
export { AsofLedger, type AsofLedgerProps } from "./ledger.ts";
