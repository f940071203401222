/** What seals the ledger: a function, its key, and the bucket of the log. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import { AnyPrincipal, Effect, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Key, KeySpec, KeyUsage } from "aws-cdk-lib/aws-kms";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectLockRetention } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { Alarms } from "./alarms.ts";
import { allBut, type LedgerFunction, type LedgerFunctionProps } from "./function.ts";
import { allowObjects } from "./objects.ts";
import type { LedgerTable } from "./table.ts";

/** In seconds; see the alarm `SealAge`. */
const LATE_S = 300;

const TASKS = { seal: Duration.minutes(1), sweep: Duration.days(1), stamp: Duration.days(1) } as const;

/** The bucket: for a time after its writing nobody, whatever their permissions, can delete a version of an object. */
export function logBucket(scope: Construct, retentionDays: number): Bucket {
  const bucket = new Bucket(scope, "Log", {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    versioned: true,
    objectLockEnabled: true,
    objectLockDefaultRetention: ObjectLockRetention.compliance(Duration.days(retentionDays)),
    removalPolicy: RemovalPolicy.RETAIN,
  });
  Validations.of(bucket).acknowledge({
    id: "AwsSolutions-S1",
    reason:
      "One function writes it, and what it wrote is signed; what is read of it is public, or logged by the reader.",
  });
  return bucket;
}

const logKey = (scope: Construct): Key =>
  new Key(scope, "LogKey", {
    description: "asof: signs the checkpoints of the sealed log",
    keySpec: KeySpec.ECC_NIST_EDWARDS25519,
    keyUsage: KeyUsage.SIGN_VERIFY,
    removalPolicy: RemovalPolicy.RETAIN,
  });

function allowLog(bucket: Bucket, to: LedgerFunction, ...actions: string[]): void {
  allowObjects(bucket, to, "The log's files are named by its size, which grows.", actions);
  // Without it, S3 answers 403 for what is not there.
  to.allow(["s3:ListBucket"], bucket.bucketArn);
}

const allowLogReads = (bucket: Bucket, reader: LedgerFunction): void =>
  allowLog(bucket, reader, "s3:GetObject");

/** Lets the function write and sign, and denies both to everybody else in the account. */
function allowSealing(bucket: Bucket, key: Key, sealer: LedgerFunction, copier?: string): void {
  allowLog(bucket, sealer, "s3:GetObject", "s3:PutObject");
  sealer.allow(["kms:Sign", "kms:GetPublicKey"], key.keyArn);
  const everyone = { effect: Effect.DENY, principals: [new AnyPrincipal()] };
  const forbid = (actions: string[], conditions = {}): void => {
    const resources = [bucket.arnForObjects("*")];
    bucket.addToResourcePolicy(new PolicyStatement({ ...everyone, actions, resources, conditions }));
  };
  forbid(["s3:PutObject"], allBut(sealer, copier));
  // Both keys are missing: a put without a condition.
  forbid(["s3:PutObject"], { Null: { "s3:if-match": "true", "s3:if-none-match": "true" } });
  forbid(["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention"]);
  key.addToResourcePolicy(
    new PolicyStatement({
      ...everyone,
      actions: ["kms:Sign"],
      resources: ["*"],
      conditions: allBut(sealer),
    }),
  );
}

export interface Sealing {
  readonly bucket: Bucket;
  readonly table: LedgerTable;
  readonly settings: {
    readonly name: string;
    readonly timestampUrl?: string | undefined;
    /** A role that copies a log into the bucket, which a sealer would begin anew meanwhile. */
    readonly carriedBy?: string | undefined;
  };
  /** They serve the log, and say where facts stand in it. */
  readonly readers: readonly LedgerFunction[];
  readonly addFunction: (
    id: string,
    name: "seal",
    props: Omit<LedgerFunctionProps, "bundle">,
  ) => LedgerFunction;
}

/** Adds the function that seals, its key, its schedules and alarms. */
export function addSealing(
  scope: Construct,
  alarms: Alarms,
  { bucket, table, settings: { name, timestampUrl, carriedBy }, addFunction, readers }: Sealing,
): void {
  const key = logKey(scope);
  const sealer = addFunction("Seal", "seal", {
    timeout: Duration.minutes(15),
    memoryMiB: 1024,
    environment: {
      ASOF_TABLE: table.tableName,
      ASOF_LOG_BUCKET: bucket.bucketName,
      ASOF_LOG_KEY: key.keyArn,
      ASOF_LOG_NAME: name,
      ...(timestampUrl === undefined ? {} : { ASOF_TIMESTAMP_URL: timestampUrl }),
    },
  });
  table.allowReads(sealer);
  table.allowScans(sealer);
  for (const reader of readers) allowLogReads(bucket, reader);
  allowSealing(bucket, key, sealer, carriedBy);
  for (const [task, every] of Object.entries(TASKS))
    new Rule(scope, `Schedule-${task}`, {
      schedule: Schedule.rate(every),
      enabled: carriedBy === undefined,
      // The next event does the same.
      targets: [new LambdaTarget(sealer, { event: RuleTargetInput.fromObject({ task }), retryAttempts: 0 })],
    });
  alarms.onOwn("SealFindings", "The sealed log and the ledger differ.", "seal_findings");
  alarms.onOwn("SealAge", "What was recorded is not sealed within five minutes.", "seal_age", {
    threshold: LATE_S,
    isMissingBad: true,
  });
}
