/** Where letters end that could not be delivered or worked on, until a person looks: the alarm says so. */
import { Duration, Validations } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { Alarms } from "./alarms.ts";

export const QUEUE_DEFAULTS = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };

/** The longest SQS can keep a message: dead letters wait for a person. */
const RETENTION = Duration.days(14);

export function deadLetters(scope: Construct, alarms: Alarms, name: string, alarmDescription: string): Queue {
  const queue = new Queue(scope, name, { ...QUEUE_DEFAULTS, retentionPeriod: RETENTION });
  alarms.on(name, alarmDescription, queue.metricApproximateNumberOfMessagesVisible({ statistic: "Maximum" }));
  Validations.of(queue).acknowledge({
    id: "AwsSolutions-SQS3",
    reason:
      "It is where letters end: cdk-nag knows dead-letter queues of queues, not those of streams, rules and code.",
  });
  return queue;
}
