/** What arrives and leaves by EventBridge: rules and archives on the buses. */
import { Duration } from "aws-cdk-lib";
import { Archive, EventBus, type EventPattern, type IEventBus, Match, Rule } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";

/** For a replay after a fault; what was recorded is a duplicate then. */
const KEPT = Duration.days(90);

/** AWS's own events on the default bus. */
const AWS_EVENTS: EventPattern = {
  source: ["aws.ecr", "aws.ecs", "aws.codedeploy", "aws.codepipeline"],
  detailType: [
    "ECR Image Action",
    "ECR Replication Action",
    "ECR Pull Through Cache Action",
    "ECS Deployment State Change",
    "ECS Task State Change",
    "CodeDeploy Deployment State-change Notification",
    "CodePipeline Action Execution State Change",
  ],
};

/** CloudEvents of CI on the ledger's own bus. */
const CI_EVENTS: EventPattern = {
  // The ledger's own events must not be recorded, even if another rule forwards them.
  source: Match.anythingBut("asof"),
  detailType: Match.anyOf(Match.prefix("dev.asof."), Match.prefix("dev.cdevents.")),
};

export interface Buses {
  readonly ingestBus: EventBus;
  readonly ledgerBus: EventBus;
}

/** Sends what is to be recorded to a queue, and archives what passes the buses. */
export function addArrivals(
  scope: Construct,
  { ingestBus, ledgerBus }: Buses,
  { events, eventsDlq }: { readonly events: Queue; readonly eventsDlq: Queue },
): void {
  const archive = (name: string, bus: EventBus | IEventBus, pattern: EventPattern): void => {
    new Archive(scope, `${name}Archive`, { sourceEventBus: bus, eventPattern: pattern, retention: KEPT });
  };
  const take = (name: string, bus: EventBus | IEventBus, pattern: EventPattern): void => {
    new Rule(scope, `${name}Rule`, {
      eventBus: bus,
      eventPattern: pattern,
      targets: [new SqsQueue(events, { deadLetterQueue: eventsDlq })],
    });
    archive(name, bus, pattern);
  };
  take("Aws", EventBus.fromEventBusName(scope, "DefaultBus", "default"), AWS_EVENTS);
  take("Ci", ingestBus, CI_EVENTS);
  archive("Ledger", ledgerBus, { source: ["asof"] });
}
