/** What bounds costs and losses beside the ceilings: a budget, and backups. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from "aws-cdk-lib/aws-backup";
import { CfnBudget } from "aws-cdk-lib/aws-budgets";
import { Schedule } from "aws-cdk-lib/aws-events";
import type { Construct } from "constructs";
import type { LedgerTable } from "./table.ts";

/** E-mails at 80% of the budget, and when the forecast for the month exceeds it. It is of the whole account. */
export function addBudget(
  scope: Construct,
  { monthlyUsd, email }: { monthlyUsd: number; email: string },
): void {
  const subscribers = [{ subscriptionType: "EMAIL", address: email }];
  const above = { comparisonOperator: "GREATER_THAN", thresholdType: "PERCENTAGE" };
  new CfnBudget(scope, "Budget", {
    budget: {
      budgetType: "COST",
      timeUnit: "MONTHLY",
      budgetLimit: { amount: monthlyUsd, unit: "USD" },
    },
    notificationsWithSubscribers: [
      { notification: { ...above, notificationType: "ACTUAL", threshold: 80 }, subscribers },
      { notification: { ...above, notificationType: "FORECASTED", threshold: 100 }, subscribers },
    ],
  });
}

/** Daily backups of the facts, and a copy in another vault. Persons are in none: they must be erasable. */
export function addBackups(
  scope: Construct,
  { table }: LedgerTable,
  { keepDays, copyTo }: { keepDays: number; copyTo?: string | undefined },
): void {
  const vault = new BackupVault(scope, "Backups", { removalPolicy: RemovalPolicy.RETAIN });
  const deleteAfter = Duration.days(keepDays);
  const copies =
    copyTo === undefined
      ? []
      : [
          {
            destinationBackupVault: BackupVault.fromBackupVaultArn(scope, "CopyVault", copyTo),
            deleteAfter,
          },
        ];
  const rule = new BackupPlanRule({
    ruleName: "daily",
    scheduleExpression: Schedule.cron({ hour: "3", minute: "0" }),
    deleteAfter,
    copyActions: copies,
  });
  const plan = new BackupPlan(scope, "BackupPlan", { backupVault: vault, backupPlanRules: [rule] });
  const selection = plan.addSelection("Facts", { resources: [BackupResource.fromDynamoDbTable(table)] });
  Validations.of(selection).acknowledge({
    id: "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]",
    reason: "AWS Backup's own policy for its role, which AWS keeps in step with what the service needs.",
  });
}
