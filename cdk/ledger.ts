/**
 * A ledger on AWS. Facts arrive at the function URLs and in the queue `events`. One function writes them into one table,
 * two functions read them, and the table's stream publishes them on a bus. A second table holds the persons.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CfnOutput, Duration, RemovalPolicy, SecretValue, Stage, Validations } from "aws-cdk-lib";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { Archive, EventBus, Match, Rule } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { type FunctionUrl, FunctionUrlAuthType, InvokeMode, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { SqsDlq, SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { deployToolsFrom, gatePolicyFrom, samePersonsFrom } from "../functions/runtime/config/files.ts";
import { Signers } from "../functions/sources/standards/attestation.ts";
import { Alarms } from "./alarms.ts";
import { deadLetters, QUEUE_DEFAULTS } from "./dead-letters.ts";
import { addEdge } from "./edge.ts";
import { LedgerFunction, type LedgerFunctionProps } from "./function.ts";
import { type FunctionName, IDENTITIES, PACKAGED, RULES, TRUST_ROOTS, withFiles } from "./functions.ts";
import { PeopleTable } from "./people.ts";
import { LedgerTable } from "./table.ts";

export interface AsofLedgerProps {
  /** JSON: commands of deploy tools that plans do not know. */
  deployTools?: string | undefined;
  /** A file with the gate's policy. */
  gatePolicy?: string | undefined;
  /** A file that lists which logins are one person. */
  persons?: string | undefined;
  /** A JSON file of naming rules. */
  rules?: string | undefined;
  /** A YAML or JSON file: which OIDC tokens of CI and people are taken, as `ASOF_IDENTITIES`. */
  identities?: string | undefined;
  /** A file of trusted roots for the signatures on attestations; with `signers`. */
  trustRoots?: string | undefined;
  /** The signers whose attestations count, JSON as in `ASOF_SIGNERS`; with `trustRoots`. */
  signers?: string | undefined;
  /** An address that is subscribed to the alarms' topic. */
  alarmEmail?: string | undefined;
  /** CloudFront and WAF in front of the function URLs. */
  cloudfront?: boolean | undefined;
  /** The folder that contains one folder with a bundle for each function. Default: the package's bundles. */
  bundles?: string | undefined;
}

/** Time limit for one batch of `events`. AWS recommends a visibility timeout of six times this. */
const INGEST_TIMEOUT = Duration.seconds(30);
/** The name by which listeners in other stacks find the bus. */
export const LEDGER_BUS = "asof-ledger";

/**
 * A ledger. There can be one in each account and region, because its buses have fixed names.
 *
 * @example
 * new AsofLedger(stack, "Ledger", { alarmEmail: "oncall@example.com" });
 */
export class AsofLedger extends Construct {
  /** Publishes every fact as an event with the source `asof`. */
  readonly bus: EventBus;
  /** The tokens and the webhook secrets: written by a person after the deployment. */
  readonly secret: Secret;
  readonly alarmTopic: Topic;

  constructor(scope: Construct, id: string, props: AsofLedgerProps) {
    super(scope, id);
    if ((props.trustRoots === undefined) !== (props.signers === undefined)) {
      throw new Error("trustRoots and signers: give both, or neither");
    }
    // The CDK identifies an asset by its path, so each ledger of an app needs its own folder.
    const folder = join(Stage.of(this)?.outdir ?? tmpdir(), "asof-functions", this.node.addr);
    const bundles = withFiles(props.bundles ?? PACKAGED, props, folder);

    const alarms = new Alarms(this, "Alarms", props.alarmEmail);

    // ---- Store ---------------------------------------------------------------------------------------------------
    const table = new LedgerTable(this, "Table");
    const people = new PeopleTable(this, "People");
    // A stack update does not change the secret's value as long as this placeholder stays the same.
    const secret = new Secret(this, "Secret", {
      description: "asof: the tokens, and the webhook secrets",
      secretStringValue: SecretValue.unsafePlainText('{"tokens":"","webhookSecrets":{}}'),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(secret).acknowledge({
      id: "AwsSolutions-SMG4",
      reason:
        "The other half of each token and secret is in CI or with a vendor, where no rotation function reaches. Both sorts may hold several values at once, so that a person rotates them without a gap.",
    });

    // ---- Queues and buses ----------------------------------------------------------------------------------------
    // The quarantine: refused events, kept whole. Only a person takes them out.
    const aside = deadLetters(
      this,
      alarms,
      "Aside",
      "Statements were quarantined: malformed, refused or in conflict.",
    );
    const eventsDlq = deadLetters(
      this,
      alarms,
      "EventsDlq",
      "Events could not be recorded: redrive them to the queue of events.",
    );
    const publishDlq = deadLetters(
      this,
      alarms,
      "PublishDlq",
      "Facts were not published. The stream keeps them for 24 hours.",
    );

    const events = new Queue(this, "Events", {
      ...QUEUE_DEFAULTS,
      visibilityTimeout: Duration.seconds(6 * INGEST_TIMEOUT.toSeconds()),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: eventsDlq, maxReceiveCount: 5 },
    });
    const ageS = (queue: Queue) => queue.metricApproximateAgeOfOldestMessage({ statistic: "Maximum" });
    alarms.on("Events", "Events wait for more than ten minutes to be recorded.", ageS(events), 600);

    // Questions to registries; one without an answer is repeated every three minutes for four hours.
    const laterDlq = deadLetters(
      this,
      alarms,
      "LaterDlq",
      "A registry never answered: fix the access, then redrive these to the queue of questions to registries.",
    );
    const later = new Queue(this, "Later", {
      ...QUEUE_DEFAULTS,
      visibilityTimeout: Duration.seconds(6 * INGEST_TIMEOUT.toSeconds()),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: laterDlq, maxReceiveCount: 80 },
    });
    alarms.on("Later", "A registry has not answered for an hour.", ageS(later), 3600);

    const ledgerBus = new EventBus(this, "LedgerBus", { eventBusName: LEDGER_BUS });
    const ingestBus = new EventBus(this, "IngestBus", { eventBusName: "asof-ingest" });
    const arrivals = [
      {
        name: "Aws",
        bus: EventBus.fromEventBusName(this, "DefaultBus", "default"),
        pattern: {
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
        },
      },
      {
        name: "Ci",
        bus: ingestBus,
        pattern: {
          // The ledger's own events must not be recorded, even if another rule forwards them.
          source: Match.anythingBut("asof"),
          detailType: Match.anyOf(Match.prefix("dev.asof."), Match.prefix("dev.cdevents.")),
        },
      },
    ];
    for (const { name, bus, pattern } of arrivals) {
      new Rule(this, `${name}Rule`, {
        eventBus: bus,
        eventPattern: pattern,
        targets: [new SqsQueue(events, { deadLetterQueue: eventsDlq })],
      });
      // For a replay after a fault of the ledger; events that were recorded are duplicates then.
      new Archive(this, `${name}Archive`, {
        sourceEventBus: bus,
        eventPattern: pattern,
        retention: Duration.days(90),
      });
    }

    // ---- Functions -----------------------------------------------------------------------------------------------
    const addFunction = (
      id: string,
      name: FunctionName,
      { environment, ...rest }: Omit<LedgerFunctionProps, "bundle">,
    ): LedgerFunction => {
      const rules = props.rules !== undefined ? { ASOF_RULES: `/var/task/${RULES}` } : {};
      const bundle = join(bundles, name);
      const created = new LedgerFunction(this, id, {
        ...rest,
        bundle,
        environment: { ...environment, ...rules },
      });
      table.denyRewrites(created);
      people.denyErasure(created);
      if (name !== "ingest") table.denyPuts(created);
      alarms.on(id, `The function ${name} failed.`, created.metricErrors());
      return created;
    };
    const allowReads = (reader: LedgerFunction): void => {
      table.allowReads(reader);
      reader.allow(["secretsmanager:GetSecretValue"], secret.secretArn);
    };
    const tools =
      props.deployTools === undefined
        ? {}
        : { ASOF_DEPLOY_TOOLS: JSON.stringify(deployToolsFrom({ ASOF_DEPLOY_TOOLS: props.deployTools })) };
    const policy =
      props.gatePolicy === undefined
        ? {}
        : { ASOF_GATE_POLICY: JSON.stringify(gatePolicyFrom({ ASOF_GATE_POLICY: props.gatePolicy })) };
    const persons =
      props.persons === undefined
        ? {}
        : { ASOF_PERSONS: JSON.stringify(samePersonsFrom({ ASOF_PERSONS: props.persons })) };
    const environment = {
      ASOF_TABLE: table.tableName,
      ASOF_PEOPLE_TABLE: people.tableName,
      ASOF_SECRET: secret.secretArn,
      // After this time indexes and clocks have caught up, and answers about the past no longer change.
      ASOF_SETTLE_MS: "60000",
      ...tools,
      ...policy,
      ...persons,
      ...(props.identities === undefined ? {} : { ASOF_IDENTITIES: `/var/task/${IDENTITIES}` }),
    };

    const trust =
      props.signers === undefined
        ? {}
        : {
            ASOF_TRUST_ROOTS: `/var/task/${TRUST_ROOTS}`,
            // Parsed here, so that invalid signers fail at synthesis, not in the function that records.
            ASOF_SIGNERS: JSON.stringify(Signers.parse(JSON.parse(props.signers))),
          };
    const ingest = addFunction("Ingest", "ingest", {
      timeout: INGEST_TIMEOUT,
      // Lambda assigns CPU in proportion to memory, and a cold start is CPU-bound.
      memoryMiB: 1024,
      environment: {
        ...environment,
        ASOF_ASIDE_QUEUE: aside.queueUrl,
        ASOF_LATER_QUEUE: later.queueUrl,
        ASOF_LATER_ARN: later.queueArn,
        ...trust,
      },
    });
    allowReads(ingest);
    table.allowPuts(ingest);
    people.allowCommit(ingest);
    people.allowReveal(ingest);
    ingest.allow(["sqs:SendMessage"], aside.queueArn, later.queueArn);
    ingest.addEventSource(new SqsEventSource(events, { batchSize: 10, reportBatchItemFailures: true }));
    // One message at a time: asking a registry may take as long as the function may run.
    ingest.addEventSource(new SqsEventSource(later, { batchSize: 1, reportBatchItemFailures: true }));

    const questions = addFunction("Questions", "questions", {
      timeout: Duration.seconds(30),
      memoryMiB: 1024,
      environment,
    });
    allowReads(questions);
    people.allowReveal(questions);

    // Lambda's maximum: an export of months streams for minutes.
    const exported = addFunction("Export", "export", {
      timeout: Duration.minutes(15),
      memoryMiB: 1024,
      environment,
    });
    allowReads(exported);

    const publish = addFunction("Publish", "publish", {
      timeout: Duration.seconds(30),
      memoryMiB: 512,
      environment: { ASOF_BUS: ledgerBus.eventBusName },
    });
    publish.allow(["events:PutEvents"], ledgerBus.eventBusArn);
    const streamArn = `${table.tableStreamArn}`;
    table.allowStream(publish, streamArn);
    publish.addEventSourceMapping("Stream", {
      eventSourceArn: streamArn,
      // Not LATEST: facts that are recorded while the mapping starts must be published, too.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      // One record that cannot be published must not block its shard until the stream drops the others.
      retryAttempts: 10,
      onFailure: new SqsDlq(publishDlq),
    });
    const breach = new Metric({ namespace: "asof", metricName: "ImmutabilityBreach", statistic: "Sum" });
    alarms.on("ImmutabilityBreach", "An item of the ledger was changed or removed.", breach);

    // ---- Endpoints -----------------------------------------------------------------------------------------------
    // No IAM authorization: webhooks cannot sign for it. The functions check tokens and signatures themselves.
    const addUrl = (to: LedgerFunction, invokeMode = InvokeMode.BUFFERED): FunctionUrl =>
      to.addFunctionUrl({ authType: FunctionUrlAuthType.NONE, invokeMode });
    const urls = {
      ingest: addUrl(ingest),
      questions: addUrl(questions),
      export: addUrl(exported, InvokeMode.RESPONSE_STREAM),
    };
    if (props.cloudfront === true) addEdge(this, urls);

    this.bus = ledgerBus;
    this.secret = secret;
    this.alarmTopic = alarms.topic;
    for (const [name, value] of Object.entries({
      IngestUrl: urls.ingest.url,
      QuestionsUrl: urls.questions.url,
      ExportUrl: urls.export.url,
      TableName: table.tableName,
      PeopleTableName: people.tableName,
      SecretArn: secret.secretArn,
      IngestBusArn: ingestBus.eventBusArn,
      LedgerBusArn: ledgerBus.eventBusArn,
      AlarmTopicArn: alarms.topic.topicArn,
    })) {
      new CfnOutput(this, name, { value });
    }
  }
}
