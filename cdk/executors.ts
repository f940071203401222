/**
 * Who reacts to what the ledger says, apart from it: here is what holds credentials that change production, and the
 * ledger's functions have none of it.
 */
import { join } from "node:path";
import { CfnOutput, Duration, RemovalPolicy, SecretValue, Validations } from "aws-cdk-lib";
import { EventBus, type IEventBus, Rule } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { MAINTENANCE_KINDS } from "../functions/reactions/silences/silences.ts";
import { Alarms } from "./alarms.ts";
import { deadLetters, QUEUE_DEFAULTS } from "./dead-letters.ts";
import { LedgerFunction } from "./function.ts";
import { PACKAGED } from "./functions.ts";
import { LEDGER_BUS } from "./ledger.ts";

/** The longest that one fact may take: a few requests, each of which is given up after seconds. */
const TIMEOUT = Duration.seconds(30);
/** Tried so often, three minutes apart, the message becomes a dead letter. */
const MAX_RECEIVES = 5;

export interface ListenerProps {
  readonly bus: IEventBus;
  readonly alarms: Alarms;
  /** The kinds of facts that it hears of, and no other. */
  readonly kinds: readonly string[];
  /** The folder of the bundle. */
  readonly bundle: string;
  /** What the secret holds until somebody writes it, which says what belongs into it. */
  readonly secret: { readonly description: string; readonly placeholder: string };
  /** What it means that letters are dead, and what to do. */
  readonly failed: string;
}

/** A rule on the ledger's bus, a queue with its dead letters, and the function that works on it, with a secret of its own. */
export function addListener(scope: Construct, id: string, props: ListenerProps): void {
  const { alarms } = props;
  // An update of the stack does not touch the value, as long as this placeholder stays the same.
  const secret = new Secret(scope, `${id}Secret`, {
    description: props.secret.description,
    secretStringValue: SecretValue.unsafePlainText(props.secret.placeholder),
    removalPolicy: RemovalPolicy.RETAIN,
  });
  Validations.of(secret).acknowledge({
    id: "AwsSolutions-SMG4",
    reason:
      "The other half of each token and secret is with a vendor or in a pipeline, where no rotation function reaches: a person rotates them.",
  });
  const dlq = deadLetters(scope, alarms, `${id}Dlq`, props.failed);
  const queue = new Queue(scope, `${id}Queue`, {
    ...QUEUE_DEFAULTS,
    visibilityTimeout: Duration.seconds(6 * TIMEOUT.toSeconds()),
    retentionPeriod: Duration.days(4),
    deadLetterQueue: { queue: dlq, maxReceiveCount: MAX_RECEIVES },
  });
  new Rule(scope, `${id}Rule`, {
    eventBus: props.bus,
    eventPattern: { source: ["asof"], detailType: props.kinds.map((kind) => `dev.asof.${kind}.v1`) },
    targets: [new SqsQueue(queue, { deadLetterQueue: dlq })],
  });
  const listener = new LedgerFunction(scope, id, {
    bundle: props.bundle,
    timeout: TIMEOUT,
    memoryMiB: 512,
    environment: { ASOF_SECRET: secret.secretArn, ASOF_MAX_RECEIVES: String(MAX_RECEIVES) },
  });
  listener.allow(["secretsmanager:GetSecretValue"], secret.secretArn);
  // One at a time: nothing that is slow holds up another, and each fails for itself.
  listener.addEventSource(new SqsEventSource(queue, { batchSize: 1, reportBatchItemFailures: true }));
  alarms.on(id, `The function of ${id} failed.`, listener.metricErrors());
  new CfnOutput(scope, `${id}SecretArn`, { value: secret.secretArn });
}

export interface AsofExecutorsProps {
  /** Redeployments are carried out. */
  executors?: boolean | undefined;
  /** Alerts are silenced in Alertmanager while a redeployment runs. */
  maintenance?: boolean | undefined;
  /** Who gets the alarms by mail, beside the topic. */
  alarmEmail?: string | undefined;
  /** The folder that holds a folder with the bundle of each function. Default: the bundles of this package. */
  bundles?: string | undefined;
}

/** Reacts to a ledger of the same account and region, which it knows by its bus. Belongs into a stack of its own. */
export class AsofExecutors extends Construct {
  constructor(scope: Construct, id: string, props: AsofExecutorsProps) {
    super(scope, id);
    const alarms = new Alarms(this, "Alarms", props.alarmEmail);
    const bus = EventBus.fromEventBusName(this, "LedgerBus", LEDGER_BUS);
    const { bundles = PACKAGED } = props;
    if (props.executors === true) {
      addListener(this, "Execute", {
        bus,
        alarms,
        kinds: ["redeployment.requested"],
        bundle: join(bundles, "execute"),
        secret: {
          description: "asof: who carries out redeployments, and the credentials for it",
          placeholder: '{"asof":{"url":"","token":""},"executors":[]}',
        },
        failed:
          "Redeployments reached no executor: look at their status, and delete these. What is past its deadline is not carried out.",
      });
    }
    if (props.maintenance === true) {
      addListener(this, "Maintain", {
        bus,
        alarms,
        kinds: MAINTENANCE_KINDS,
        bundle: join(bundles, "maintain"),
        secret: {
          description:
            "asof: whose alerts Alertmanager silences while a redeployment runs, and how it is reached",
          placeholder: '{"asof":{"url":"","token":""},"maintenance":{"url":"","matchers":[]}}',
        },
        failed:
          "Alertmanager was not told that a redeployment runs, or that it ended. Silences end at their time; delete these.",
      });
    }
    new CfnOutput(this, "AlarmTopicArn", { value: alarms.topic.topicArn });
  }
}
