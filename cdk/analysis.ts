/**
 * Analysis over all facts: DynamoDB exports the table to a bucket every day, without using its capacity, and Athena reads
 * the exports. The queries are in docs/athena.md. Persons are commitments there, as in every export.
 */
import { ArnFormat, Aws, CfnOutput, Duration, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import { CfnWorkGroup } from "aws-cdk-lib/aws-athena";
import { CfnDatabase, CfnTable } from "aws-cdk-lib/aws-glue";
import { Policy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { BlockPublicAccess, Bucket, BucketEncryption } from "aws-cdk-lib/aws-s3";
import { CfnSchedule } from "aws-cdk-lib/aws-scheduler";
import { Construct } from "constructs";
import type { LedgerTable } from "./table.ts";

const EVERY = "rate(1 day)";
/** Folders of the bucket: what DynamoDB writes, and what Athena answers. */
const EXPORTS = "exports";
const RESULTS = "results";
/** A query that would read more is cancelled: Athena is paid by what it reads. */
const MOST_BYTES = 1024 ** 4;

function exportBucket(scope: Construct, keepDays: number): Bucket {
  const bucket = new Bucket(scope, "Bucket", {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [
      { expiration: Duration.days(keepDays), abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
  });
  Validations.of(bucket).acknowledge({
    id: "AwsSolutions-S1",
    reason: "DynamoDB and Athena alone write it, and CloudTrail records both; all of it is derived.",
  });
  return bucket;
}

/** The role in which the schedule asks DynamoDB for an export: DynamoDB writes the files with its rights. */
function exporterOf(
  scope: Construct,
  { tableArn }: LedgerTable,
  bucket: Bucket,
): { role: Role; policy: Policy } {
  const role = new Role(scope, "Role", {
    assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } },
    }),
  });
  const policy = new Policy(scope, "Policy", {
    roles: [role],
    statements: [
      new PolicyStatement({ actions: ["dynamodb:ExportTableToPointInTime"], resources: [tableArn] }),
      new PolicyStatement({
        actions: ["s3:PutObject", "s3:AbortMultipartUpload"],
        resources: [bucket.arnForObjects(`${EXPORTS}/*`)],
      }),
    ],
  });
  const bucketId = Stack.of(bucket).resolve(bucket.bucketArn)["Fn::GetAtt"][0];
  Validations.of(policy).acknowledge({
    id: `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/${EXPORTS}/*]`,
    reason: "DynamoDB names the files of an export.",
  });
  return { role, policy };
}

const struct = (fields: readonly string[]): string =>
  `struct<${fields.map((name) => `${name}:struct<s:string>`).join(",")}>`;

/** The exports as a table: an item of the ledger's table in each line, as DynamoDB's JSON has it. */
function addTable(scope: Construct, bucket: Bucket): void {
  const catalogId = Aws.ACCOUNT_ID;
  const database = new CfnDatabase(scope, "Database", { catalogId, databaseInput: { name: "asof" } });
  const table = new CfnTable(scope, "Exported", {
    catalogId,
    databaseName: "asof",
    tableInput: {
      name: "exported",
      tableType: "EXTERNAL_TABLE",
      parameters: { EXTERNAL: "TRUE" },
      storageDescriptor: {
        columns: [{ name: "item", type: struct(["key", "fact"]) }],
        location: `s3://${bucket.bucketName}/${EXPORTS}/AWSDynamoDB/`,
        inputFormat: "org.apache.hadoop.mapred.TextInputFormat",
        outputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        serdeInfo: {
          serializationLibrary: "org.openx.data.jsonserde.JsonSerDe",
          // The manifests of the exports lie in the same folder.
          parameters: { "case.insensitive": "true", "ignore.malformed.json": "true" },
        },
      },
    },
  });
  table.addResourceDependency(database);
}

/** @param keepDays how long an export and the answer to a query are kept */
export function addAnalysis(parent: Construct, table: LedgerTable, { keepDays }: { keepDays: number }): void {
  const scope = new Construct(parent, "Analysis");
  const bucket = exportBucket(scope, keepDays);
  const { role, policy } = exporterOf(scope, table, bucket);
  const schedule = new CfnSchedule(scope, "Schedule", {
    description: "asof: exports all facts for analysis",
    scheduleExpression: EVERY,
    flexibleTimeWindow: { mode: "OFF" },
    target: {
      arn: Stack.of(scope).formatArn({
        service: "scheduler",
        region: "",
        account: "",
        resource: "aws-sdk:dynamodb:exportTableToPointInTime",
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
      roleArn: role.roleArn,
      input: JSON.stringify({
        TableArn: table.tableArn,
        S3Bucket: bucket.bucketName,
        S3Prefix: EXPORTS,
        ExportFormat: "DYNAMODB_JSON",
      }),
      // The next day exports all facts, too.
      retryPolicy: { maximumRetryAttempts: 3 },
    },
  });
  schedule.node.addDependency(policy);
  addTable(scope, bucket);
  const workGroup = new CfnWorkGroup(scope, "WorkGroup", {
    name: "asof",
    workGroupConfiguration: {
      enforceWorkGroupConfiguration: true,
      bytesScannedCutoffPerQuery: MOST_BYTES,
      resultConfiguration: {
        outputLocation: `s3://${bucket.bucketName}/${RESULTS}/`,
        encryptionConfiguration: { encryptionOption: "SSE_S3" },
      },
    },
  });
  new CfnOutput(scope, "WorkGroupName", { value: workGroup.name });
}
