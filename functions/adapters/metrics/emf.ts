/** Metrics on AWS: lines in CloudWatch's embedded metric format, which need no request. */
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { METRICS, type Recorder } from "../../ledger/recorder.ts";
import { DIMENSIONS, emfName, NAMESPACE } from "./emf-names.ts";

/**
 * Each metric has one series, because CloudWatch charges for each combination of dimensions. The labels stand beside the
 * value in the same line, where Logs Insights groups by them.
 */
export function emfMetrics(): Recorder {
  const metrics = new Metrics({ namespace: NAMESPACE, serviceName: DIMENSIONS.service });
  return {
    record: (metric, labels, value = 1) => {
      const unit = "unit" in METRICS[metric] ? MetricUnit.Seconds : MetricUnit.Count;
      const line = metrics.singleMetric();
      for (const [name, label] of Object.entries(labels)) line.addMetadata(name, label);
      line.addMetric(emfName(metric), unit, value);
    },
  };
}
