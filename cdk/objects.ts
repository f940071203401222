/** Rights on the objects of a bucket. */
import { CfnElement, Stack, Validations } from "aws-cdk-lib";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { LedgerFunction } from "./function.ts";

/** Lets the function do something to all objects. @param reason why their keys cannot be listed in the role */
export function allowObjects(bucket: Bucket, to: LedgerFunction, reason: string, actions: string[]): void {
  to.allow(actions, bucket.arnForObjects("*"));
  const element = bucket.node.defaultChild;
  if (to.role === undefined || !(element instanceof CfnElement)) return;
  Validations.of(to.role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::<${Stack.of(bucket).getLogicalId(element)}.Arn>/*]`,
    reason,
  });
}
