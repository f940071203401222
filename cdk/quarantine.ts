/** The bucket of what is quarantined. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { BlockPublicAccess, Bucket, BucketEncryption } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { LedgerFunction } from "./function.ts";
import { allowObjects } from "./objects.ts";

/** What was discarded or retried stays this long as an earlier version of its object. */
const DISCARDED = Duration.days(365);

/** Lets the function do something to the objects. */
export const allowQuarantine = (bucket: Bucket, to: LedgerFunction, ...actions: string[]): void =>
  allowObjects(bucket, to, "The keys of what is quarantined are made from its content.", actions);

/** Lets the function take a login out of every object, and of what S3 keeps of earlier ones. */
export function allowErasing(bucket: Bucket, to: LedgerFunction): void {
  const versions = ["s3:GetObjectVersion", "s3:DeleteObjectVersion"];
  allowQuarantine(bucket, to, "s3:GetObject", "s3:PutObject", ...versions);
  to.allow(["s3:ListBucketVersions"], bucket.bucketArn);
}

export function quarantineBucket(scope: Construct): Bucket {
  const bucket = new Bucket(scope, "Quarantine", {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    versioned: true,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: [{ noncurrentVersionExpiration: DISCARDED }],
  });
  Validations.of(bucket).acknowledge({
    id: "AwsSolutions-S1",
    reason: "Only three functions read it, and log each request with who made it.",
  });
  return bucket;
}
