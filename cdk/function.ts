/** A function of the ledger: what all of them share, and a role that may do nothing but what `allow` adds. */
import type { Duration } from "aws-cdk-lib";
import { Effect, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";

export type LedgerFunctionProps = {
  /** The folder of the bundle. */
  bundle: string;
  timeout: Duration;
  memoryMiB: number;
  environment: Record<string, string>;
};

export class LedgerFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, { bundle, memoryMiB, ...props }: LedgerFunctionProps) {
    // With a role and a log group of our own the CDK adds no managed policy, and no logs are kept for ever.
    const logGroup = new LogGroup(scope, `${id}Logs`, { retention: RetentionDays.THREE_MONTHS });
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    logGroup.grantWrite(role);
    super(scope, id, {
      ...props,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(bundle),
      handler: "index.handler",
      memorySize: memoryMiB,
      role,
      logGroup,
      // X-Ray stays off: its tracer costs 20 ms of each cold start, and there is one hop to see.
      tracing: Tracing.DISABLED,
    });
  }

  allow(actions: string[], ...resources: string[]): void {
    this.addToRolePolicy(new PolicyStatement({ actions, resources }));
  }

  deny(actions: string[], ...resources: string[]): void {
    this.addToRolePolicy(new PolicyStatement({ effect: Effect.DENY, actions, resources }));
  }
}
