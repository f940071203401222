/** The ledger and what reacts to it, each as a stack of its own. */
import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { AsofExecutors, type AsofExecutorsProps } from "./executors.ts";
import { AsofLedger, type AsofLedgerProps } from "./ledger.ts";

/** The CDK leaves this id out of the names of what is in a construct: they are as if it stood in the stack itself. */
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
