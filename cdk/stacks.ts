/** The stack of the ledger, and the stack of the executors. */
import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { AsofExecutors, type AsofExecutorsProps } from "./executors.ts";
import { AsofLedger, type AsofLedgerProps } from "./ledger.ts";

/** The CDK leaves this id out of logical ids, so resources have the same ids as if they stood in the stack itself. */
const WHOLE_STACK = "Default";

export class AsofStack extends Stack {
  constructor(scope: Construct, id: string, props: AsofLedgerProps & StackProps) {
    super(scope, id, props);
    new AsofLedger(this, WHOLE_STACK, props);
  }
}

export class AsofExecutorsStack extends Stack {
  constructor(scope: Construct, id: string, props: AsofExecutorsProps & StackProps) {
    super(scope, id, props);
    new AsofExecutors(this, WHOLE_STACK, props);
  }
}
