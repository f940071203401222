/**
 * A ledger on AWS. Facts arrive at the function URLs and in the queue `events`. One function writes them into one table,
 * two functions read them, and the table's stream publishes them on a bus. A second table holds the persons.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CfnOutput, Duration, Stage } from "aws-cdk-lib";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { EventBus, Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction as LambdaTarget } from "aws-cdk-lib/aws-events-targets";
import { type FunctionUrl, FunctionUrlAuthType, InvokeMode, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { SqsDlq, SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { parse } from "../functions/runtime/config/secrets.ts";
import { Alarms } from "./alarms.ts";
import { addAnalysis } from "./analysis.ts";
import { addArrivals } from "./arrivals.ts";
import { addBackups, addBudget } from "./costs.ts";
import { deadLetters, QUEUE_DEFAULTS } from "./dead-letters.ts";
import { addEdge } from "./edge.ts";
import { addExportJobs } from "./export-jobs.ts";
import { LedgerFunction, type LedgerFunctionProps } from "./function.ts";
import {
  answerVariables,
  EXPORT_JOB,
  type FunctionName,
  IDENTITIES,
  PACKAGED,
  RULES,
  trustVariables,
  withFiles,
} from "./functions.ts";
import { PeopleTable } from "./people.ts";
import { allowErasing, allowQuarantine, quarantineBucket } from "./quarantine.ts";
import { addSealing, logBucket } from "./sealing.ts";
import { behindOrigin, secretFor } from "./secrets.ts";
import { LedgerSettings } from "./settings.ts";
import { LedgerTable } from "./table.ts";

export interface AsofLedgerProps extends LedgerSettings {
  /** The folder that contains one folder with a bundle for each function. Default: the package's bundles. */
  readonly bundles?: string | undefined;
  /** The ARN of a web ACL for CloudFront. */
  readonly webAclArn?: string | undefined;
}

/** Time limit for one batch of `events`. AWS recommends a visibility timeout of six times this. */
const INGEST_TIMEOUT = Duration.seconds(30);
/** How often the sources are checked for one that fell silent. */
const CHECK_EVERY = Duration.minutes(15);
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

  constructor(
    scope: Construct,
    id: string,
    { bundles: given = PACKAGED, webAclArn, ...input }: AsofLedgerProps,
  ) {
    super(scope, id);
    const props = parse("the ledger's configuration", LedgerSettings, input);
    if ((props.trustRoots === undefined) !== (props.signers === undefined)) {
      throw new Error("trustRoots and signers: give both, or neither");
    }
    // The CDK identifies an asset by its path, so each ledger of an app needs its own folder.
    const folder = join(Stage.of(this)?.outdir ?? tmpdir(), "asof-functions", this.node.addr);
    const bundles = withFiles(given, props, folder);

    const alarms = new Alarms(this, "Alarms", props.alarmEmail);

    // ---- Store ---------------------------------------------------------------------------------------------------
    const table = new LedgerTable(this, "Table", props.throughput, props.table);
    table.alarm(alarms);
    const people = new PeopleTable(this, "People", props.table?.people);
    if (props.backup !== undefined) addBackups(this, table, props.backup);
    if (props.analysis !== undefined) addAnalysis(this, table, props.analysis);
    if (props.budget !== undefined) addBudget(this, props.budget);
    const quarantine = quarantineBucket(this);
    const log = logBucket(this, props.log.retentionDays);
    alarms.onOwn("Quarantined", "Statements were newly quarantined.", "quarantined");
    // A stack update does not change a secret's value as long as its placeholder stays the same.
    const secret = secretFor(
      this,
      "Secret",
      "asof: the tokens, and the registries",
      '{"tokens":"","registries":{}}',
    );
    const webhookSecret = secretFor(
      this,
      "WebhookSecret",
      "asof: the secrets of webhooks",
      '{"webhookSecrets":{}}',
    );
    alarms.onOwn("StaleSecrets", "A secret cannot be read: an earlier value serves.", "stale_secrets");

    // ---- Queues and buses ----------------------------------------------------------------------------------------
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
    addArrivals(this, { ingestBus, ledgerBus }, { events, eventsDlq });

    // ---- Functions -----------------------------------------------------------------------------------------------
    const addFunction = (
      id: string,
      name: FunctionName | typeof EXPORT_JOB,
      { environment, ...rest }: Omit<LedgerFunctionProps, "bundle">,
    ): LedgerFunction => {
      const concurrency =
        props.concurrency === false || name === EXPORT_JOB ? undefined : props.concurrency[name];
      const rules = props.rules !== undefined ? { ASOF_RULES: `/var/task/${RULES}` } : {};
      const bundle = join(bundles, name);
      const created = new LedgerFunction(this, id, {
        ...rest,
        bundle,
        concurrency,
        environment: { ...environment, ...rules },
      });
      table.denyRewrites(created);
      if (name === "erase") people.denyOtherChanges(created);
      else people.denyErasure(created);
      if (name !== "ingest") table.denyPuts(created);
      alarms.onFunction(id, created, rest.timeout);
      return created;
    };
    const allowReads = (reader: LedgerFunction): void => {
      table.allowReads(reader);
      reader.allow(["secretsmanager:GetSecretValue"], secret.secretArn);
    };
    const environment = {
      ASOF_TABLE: table.tableName,
      ASOF_PEOPLE_TABLE: people.tableName,
      ASOF_SECRET: secret.secretArn,
      // After this time indexes and clocks have caught up, and answers about the past no longer change.
      ASOF_SETTLE_MS: "60000",
      ...answerVariables(props),
      ...(props.identities === undefined ? {} : { ASOF_IDENTITIES: `/var/task/${IDENTITIES}` }),
    };

    const trust = trustVariables(props.signers);
    const ingest = addFunction("Ingest", "ingest", {
      timeout: INGEST_TIMEOUT,
      // Lambda assigns CPU in proportion to memory, and a cold start is CPU-bound.
      memoryMiB: 1024,
      environment: {
        ...environment,
        ASOF_QUARANTINE_BUCKET: quarantine.bucketName,
        ASOF_WEBHOOK_SECRET: webhookSecret.secretArn,
        ASOF_LATER_QUEUE: later.queueUrl,
        ASOF_LATER_ARN: later.queueArn,
        ...(props.senders === undefined ? {} : { ASOF_SENDERS: JSON.stringify(props.senders) }),
        ...trust,
      },
    });
    allowReads(ingest);
    table.allowPuts(ingest, props.log.carriedBy);
    people.allowCommit(ingest);
    people.allowReveal(ingest);
    ingest.allow(["secretsmanager:GetSecretValue"], webhookSecret.secretArn);
    ingest.allow(["sqs:SendMessage"], later.queueArn);
    allowQuarantine(quarantine, ingest, "s3:PutObject", "s3:GetObject", "s3:DeleteObject");
    const taken = { reportBatchItemFailures: true, enabled: props.log.carriedBy === undefined };
    const take = (queue: Queue, batchSize: number, maxConcurrency: number): void =>
      ingest.addEventSource(new SqsEventSource(queue, { ...taken, batchSize, maxConcurrency }));
    take(events, 10, 5);
    // One message at a time: asking a registry may take as long as the function may run.
    take(later, 1, 2);
    const questions = addFunction("Questions", "questions", {
      timeout: Duration.seconds(30),
      memoryMiB: 1024,
      environment: {
        ...environment,
        ASOF_QUARANTINE_BUCKET: quarantine.bucketName,
        ASOF_LOG_BUCKET: log.bucketName,
        ...(props.silentAfter === undefined ? {} : { ASOF_SILENT_AFTER: JSON.stringify(props.silentAfter) }),
      },
    });
    allowReads(questions);
    people.allowReveal(questions);
    allowQuarantine(quarantine, questions, "s3:GetObject");
    questions.allow(["s3:ListBucket"], quarantine.bucketArn);
    new Rule(this, "CheckSources", {
      schedule: Schedule.rate(CHECK_EVERY),
      targets: [new LambdaTarget(questions, { event: RuleTargetInput.fromObject({ check: "sources" }) })],
    });
    alarms.onOwn("SilentSources", "A source is late by its own rhythm.", "silent_sources");

    const exporting = { ...environment, ASOF_LATER_QUEUE: later.queueUrl, ASOF_LOG_BUCKET: log.bucketName };
    // Lambda's maximum: an export of months streams for minutes.
    const exported = addFunction("Export", "export", {
      timeout: Duration.minutes(15),
      memoryMiB: 1024,
      environment: exporting,
    });
    allowReads(exported);
    // The audit report names people.
    people.allowReveal(exported);
    exported.allow(["sqs:SendMessage"], later.queueArn);

    // It reads the whole history to show what is held about a person.
    const erase = addFunction("Erase", "erase", {
      timeout: Duration.minutes(15),
      memoryMiB: 1024,
      environment: {
        ...environment,
        ASOF_QUARANTINE_BUCKET: quarantine.bucketName,
        ASOF_LATER_QUEUE: later.queueUrl,
      },
    });
    allowReads(erase);
    people.allowReveal(erase);
    people.allowErasure(erase);
    allowErasing(quarantine, erase);
    erase.allow(["sqs:SendMessage"], later.queueArn);

    const publish = addFunction("Publish", "publish", {
      timeout: Duration.seconds(30),
      memoryMiB: 512,
      environment: { ASOF_BUS: ledgerBus.eventBusName, ASOF_TABLE: table.tableName },
    });
    publish.allow(["events:PutEvents"], ledgerBus.eventBusArn);
    table.allowStream(publish);
    // For what the stream lost: an operator has it published again, from the facts.
    table.allowReads(publish);
    alarms.on(
      "PublishIteratorAge",
      "Facts wait for more than an hour to be published; the stream drops them after 24.",
      publish.metric("IteratorAge", { statistic: "Maximum" }),
      3_600_000,
    );
    publish.addEventSourceMapping("Stream", {
      eventSourceArn: table.streamArn,
      // Not LATEST: facts that are recorded while the mapping starts must be published, too.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      // One record that cannot be published must not block its shard until the stream drops the others.
      retryAttempts: 10,
      onFailure: new SqsDlq(publishDlq),
    });
    const jobs = { asked: exported, addFunction, table, later, environment: exporting };
    const readers = [questions, exported, ...addExportJobs(this, alarms, props.exportJobs, jobs)];
    addSealing(this, alarms, { bucket: log, table, settings: props.log, addFunction, readers });

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
      erase: addUrl(erase),
    };
    alarms.onUrl("Ingest", ingest);
    alarms.onUrl("Questions", questions);
    alarms.onUrl("Export", exported);
    alarms.onUrl("Erase", erase);
    const addresses = props.cloudfront
      ? {
          Url: addEdge(this, {
            urls,
            originSecret: behindOrigin(this, [ingest, questions, exported, erase]),
            domain: props.domain,
            webAclArn,
          }),
        }
      : {
          IngestUrl: urls.ingest.url,
          QuestionsUrl: urls.questions.url,
          ExportUrl: urls.export.url,
          EraseUrl: urls.erase.url,
        };

    this.bus = ledgerBus;
    this.secret = secret;
    this.alarmTopic = alarms.topic;
    for (const [name, value] of Object.entries({
      ...addresses,
      TableName: table.tableName,
      PeopleTableName: people.tableName,
      SecretArn: secret.secretArn,
      WebhookSecretArn: webhookSecret.secretArn,
      QuarantineBucket: quarantine.bucketName,
      LogBucket: log.bucketName,
      IngestBusArn: ingestBus.eventBusArn,
      LedgerBusArn: ledgerBus.eventBusArn,
      AlarmTopicArn: alarms.topic.topicArn,
    })) {
      new CfnOutput(this, name, { value });
    }
  }
}
