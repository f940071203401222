/**
 * Reactions to the ledger's facts, in a stack of their own: its functions hold credentials that change production; the
 * ledger's functions hold none.
 */
import { join } from "node:path";
import { CfnOutput, Duration, RemovalPolicy, SecretValue, Validations } from "aws-cdk-lib";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { EventBus, type IEventBus, Rule, Schedule } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { SENT } from "../functions/adapters/keys.ts";
import { CHAT_KINDS } from "../functions/reactions/chat/news.ts";
import { EXECUTOR_KINDS } from "../functions/reactions/executors/executors.ts";
import { MAINTENANCE_KINDS } from "../functions/reactions/silences/silences.ts";
import { Alarms } from "./alarms.ts";
import { deadLetters, QUEUE_DEFAULTS } from "./dead-letters.ts";
import { allowEcs } from "./ecs-rights.ts";
import { LedgerFunction } from "./function.ts";
import { PACKAGED } from "./functions.ts";
import { LEDGER_BUS } from "./ledger.ts";
import type { EcsRights } from "./settings.ts";
import { dynamodb } from "./table.ts";

/** Time limit for one fact: a few requests, each with a timeout of seconds. */
const TIMEOUT = Duration.seconds(30);
/** After this many tries, three minutes apart, the message becomes a dead letter. */
const MAX_RECEIVES = 5;
/** Executions at the same time. */
const AT_ONCE = 5;
/** How often a listener looks for what no fact tells. */
const CHECK_EVERY = Duration.minutes(15);

export interface ListenerProps {
  readonly bus: IEventBus;
  readonly alarms: Alarms;
  /** The kinds of facts that it receives. */
  readonly kinds: readonly string[];
  /** The folder of the bundle. */
  readonly bundle: string;
  /** The secret's initial value, which describes what to write into it. */
  readonly secret: { readonly description: string; readonly placeholder: string };
  /** `false`: no executions are reserved. */
  readonly concurrency?: false | undefined;
  /** The alarm's text: what dead letters mean here, and what to do. */
  readonly failed: string;
  /** It also looks regularly for what no fact tells. */
  readonly checks?: true;
  /** It looks again at what it began: by a message that it sends to itself. */
  readonly looksAgain?: true;
  /** More variables of the function. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A rule on the ledger's bus, a queue with a dead-letter queue, and the function that consumes it, with its own secret. */
export function addListener(scope: Construct, id: string, props: ListenerProps): LedgerFunction {
  const { alarms } = props;
  // A stack update does not change the secret's value as long as this placeholder stays the same.
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
  if (props.checks === true) {
    new Rule(scope, `${id}Check`, {
      schedule: Schedule.rate(CHECK_EVERY),
      targets: [new SqsQueue(queue, { deadLetterQueue: dlq })],
    });
  }
  const listener = new LedgerFunction(scope, id, {
    bundle: props.bundle,
    timeout: TIMEOUT,
    memoryMiB: 512,
    concurrency: props.concurrency === false ? undefined : AT_ONCE,
    environment: {
      ...props.environment,
      ASOF_SECRET: secret.secretArn,
      ASOF_MAX_RECEIVES: String(MAX_RECEIVES),
      ...(props.looksAgain === true ? { ASOF_QUEUE: queue.queueUrl } : {}),
    },
  });
  if (props.looksAgain === true) listener.allow(["sqs:SendMessage"], queue.queueArn);
  listener.allow(["secretsmanager:GetSecretValue"], secret.secretArn);
  // One message at a time: a slow one delays no other, and each fails alone.
  listener.addEventSource(
    new SqsEventSource(queue, { batchSize: 1, maxConcurrency: AT_ONCE, reportBatchItemFailures: true }),
  );
  alarms.onFunction(id, listener, TIMEOUT);
  new CfnOutput(scope, `${id}SecretArn`, { value: secret.secretArn });
  return listener;
}

/** Which messages were sent. Each is forgotten after a month, and nothing else depends on the table. */
function sentTable(scope: Construct): Table {
  const table = new Table(scope, "Sent", {
    partitionKey: { name: SENT.key, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: SENT.ends,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false },
    removalPolicy: RemovalPolicy.DESTROY,
  });
  Validations.of(table).acknowledge({
    id: "AwsSolutions-DDB3",
    reason: "It holds hashes of messages of the last month: without it, a message might be sent twice.",
  });
  return table;
}

export interface AsofExecutorsProps {
  /** Carries out redeployments; with `ecs` also in Amazon ECS. */
  executors?: boolean | { readonly ecs: EcsRights } | undefined;
  /** Silences alerts in Alertmanager while a redeployment runs. */
  maintenance?: boolean | undefined;
  /** Tells chats what happened. */
  chat?: boolean | undefined;
  /** An address that is subscribed to the alarms' topic. */
  alarmEmail?: string | undefined;
  /** `false`: no executions are reserved, for accounts whose limit is too low. */
  concurrency?: false | undefined;
  /** The folder that contains one folder with a bundle for each function. Default: the package's bundles. */
  bundles?: string | undefined;
}

/** Reacts to the ledger of the same account and region, which it finds by the name of its bus. Use a stack of its own. */
export class AsofExecutors extends Construct {
  constructor(scope: Construct, id: string, props: AsofExecutorsProps) {
    super(scope, id);
    const alarms = new Alarms(this, "Alarms", props.alarmEmail);
    const bus = EventBus.fromEventBusName(this, "LedgerBus", LEDGER_BUS);
    const { bundles = PACKAGED, concurrency } = props;
    const executes = props.executors ?? false;
    if (executes !== false) {
      const execute = addListener(this, "Execute", {
        bus,
        alarms,
        concurrency,
        kinds: EXECUTOR_KINDS,
        looksAgain: true,
        bundle: join(bundles, "execute"),
        secret: {
          description: "asof: the executors of redeployments, and their credentials",
          placeholder: '{"asof":{"url":"","token":""},"executors":[]}',
        },
        failed:
          "Redeployments reached no executor: check their status, and delete these messages. Past its deadline, a redeployment is not carried out.",
      });
      if (executes !== true) allowEcs(execute, executes.ecs);
    }
    if (props.maintenance === true) {
      addListener(this, "Maintain", {
        bus,
        alarms,
        concurrency,
        kinds: MAINTENANCE_KINDS,
        bundle: join(bundles, "maintain"),
        secret: {
          description: "asof: Alertmanager's address, and which alerts it silences while a redeployment runs",
          placeholder: '{"asof":{"url":"","token":""},"maintenance":{"url":"","matchers":[]}}',
        },
        failed:
          "Alertmanager was not reached at the start or end of a redeployment. Silences expire by themselves; delete these messages.",
      });
    }
    if (props.chat === true) {
      const sent = sentTable(this);
      addListener(this, "Chat", {
        bus,
        alarms,
        concurrency,
        kinds: CHAT_KINDS,
        bundle: join(bundles, "chat"),
        environment: { ASOF_SENT_TABLE: sent.tableName },
        checks: true,
        secret: {
          description: "asof: the chats that are told what happened, and their addresses",
          placeholder: '{"asof":{"url":"","token":""},"chat":{"channels":[]}}',
        },
        failed: "A chat did not take messages: check its address in the secret, and delete these messages.",
      }).allow(dynamodb("GetItem", "PutItem"), sent.tableArn);
    }
    new CfnOutput(this, "AlarmTopicArn", { value: alarms.topic.topicArn });
  }
}
