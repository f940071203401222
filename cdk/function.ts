/** A Lambda function with the settings that all share, and a role without permissions except those that `allow` adds. */
import type { Duration, Size } from "aws-cdk-lib";
import { Effect, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";

export type LedgerFunctionProps = {
  /** The bundle's folder. */
  bundle: string;
  timeout: Duration;
  memoryMiB: number;
  environment: Record<string, string>;
  /** Executions at the same time, reserved for it: its ceiling, and what no other function can take away. */
  concurrency?: number | undefined;
  /** Absent: Lambda's 512 MiB. */
  disk?: Size | undefined;
};

export class LedgerFunction extends LambdaFunction {
  constructor(
    scope: Construct,
    id: string,
    { bundle, memoryMiB, concurrency, disk, ...props }: LedgerFunctionProps,
  ) {
    // With an explicit role and log group, the CDK adds no managed policy, and logs expire.
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
      ...(disk === undefined ? {} : { ephemeralStorageSize: disk }),
      role,
      logGroup,
      ...(concurrency === undefined ? {} : { reservedConcurrentExecutions: concurrency }),
      // X-Ray is off: its tracer adds 20 ms to each cold start, and would show a single hop.
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

/** Whom a policy that denies everybody leaves out: a function, and a role that copies a ledger into the stack. */
export function allBut(one: LedgerFunction, copier?: string): { readonly ArnNotEquals: object } {
  const arn = one.role?.roleArn;
  return { ArnNotEquals: { "aws:PrincipalArn": copier === undefined ? arn : [arn, copier] } };
}
