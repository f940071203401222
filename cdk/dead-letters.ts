/** A dead-letter queue with an alarm: messages that could not be delivered or processed wait there for a person. */
import { Duration, Validations } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { Alarms } from "./alarms.ts";

export const QUEUE_DEFAULTS = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };

/** SQS's maximum retention: dead letters wait for a person. */
const RETENTION = Duration.days(14);

export function deadLetters(scope: Construct, alarms: Alarms, name: string, alarmDescription: string): Queue {
  const queue = new Queue(scope, name, { ...QUEUE_DEFAULTS, retentionPeriod: RETENTION });
  alarms.on(name, alarmDescription, queue.metricApproximateNumberOfMessagesVisible({ statistic: "Maximum" }));
  Validations.of(queue).acknowledge({
    id: "AwsSolutions-SQS3",
    reason:
      "This is a dead-letter queue itself: cdk-nag recognizes those of queues, not those of streams, rules and code.",
  });
  return queue;
}
