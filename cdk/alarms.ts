/** The topic for all alarms. */
import { type Duration, Stack } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import { DIMENSIONS, emfName, NAMESPACE } from "../functions/adapters/metrics/emf-names.ts";
import { METRICS, type MetricName } from "../functions/ledger/recorder.ts";

interface Limits {
  readonly threshold?: number;
  /** Whether it is an alarm, too, that nothing was recorded for five minutes. */
  readonly isMissingBad?: boolean;
}

export class Alarms extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, email?: string) {
    super(scope, id);
    // Not encrypted with the AWS managed key for SNS, because CloudWatch may not use that key. Messages hold no facts.
    this.topic = new Topic(this, "Topic", { enforceSSL: true });
    // A topic with its own policy loses the default policy, which lets the account's alarms publish.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
    );
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
  }

  /** Alarms when a function fails, is throttled, or comes near its time limit. */
  onFunction(id: string, watched: LambdaFunction, timeout: Duration): void {
    this.on(id, `The function ${id} failed.`, watched.metricErrors());
    this.on(`${id}Throttles`, `The function ${id} was not started: too many run.`, watched.metricThrottles());
    this.on(
      `${id}Duration`,
      `The function ${id} took more than 90% of its time limit.`,
      watched.metricDuration({ statistic: "Maximum" }),
      0.9 * timeout.toMilliseconds(),
    );
  }

  /** Alarms when a function answers with an error of its own (5xx): it returns those, so Lambda counts no failure. */
  onUrl(id: string, { functionName: FunctionName }: LambdaFunction): void {
    const metric = new Metric({
      namespace: "AWS/Lambda",
      metricName: "Url5xxCount",
      dimensionsMap: { FunctionName },
      statistic: "Sum",
    });
    this.on(`${id}Url5xx`, `The function ${id} answered requests with 5xx.`, metric);
  }

  /** Alarms when a metric that the functions themselves record reaches the threshold. */
  onOwn(name: string, alarmDescription: string, metric: MetricName, limits: Limits = {}): void {
    this.on(
      name,
      alarmDescription,
      new Metric({
        namespace: NAMESPACE,
        metricName: emfName(metric),
        dimensionsMap: DIMENSIONS,
        statistic: METRICS[metric].type === "gauge" ? "Maximum" : "Sum",
      }),
      limits.threshold,
      limits.isMissingBad === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    );
  }

  /** Alarms when the metric reaches the threshold once. Missing data is no alarm by default: most metrics count rare events. */
  on(
    name: string,
    alarmDescription: string,
    metric: IMetric,
    threshold = 1,
    treatMissingData = TreatMissingData.NOT_BREACHING,
  ): void {
    new Alarm(this, name, {
      alarmDescription,
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData,
    }).addAlarmAction(new SnsAction(this.topic));
  }
}
