/** Metrics in Prometheus' text format, kept in this process. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { METRICS, type MetricName, metricNames, type Recorder } from "../../ledger/recorder.ts";

export interface PrometheusMetrics extends Recorder {
  /** The content type, and all metrics in the text format. */
  readonly type: string;
  readonly text: () => Promise<string>;
}

/** From 1 ms to 10 s. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The name by Prometheus' conventions: the unit, and `total` for counters. */
export function prometheusName(metric: MetricName): string {
  const { type, ...rest } = METRICS[metric];
  const unit = "unit" in rest ? `_${rest.unit}` : "";
  return `asof_${metric}${unit}${type === "counter" ? "_total" : ""}`;
}

type Add = (labels: Record<string, string>, value: number) => void;

function added(registry: Registry, metric: MetricName): Add {
  const { type, help, labels } = METRICS[metric];
  const configuration = {
    name: prometheusName(metric),
    help,
    labelNames: [...labels],
    registers: [registry],
  };
  switch (type) {
    case "counter": {
      const counter = new Counter(configuration);
      return (given, value) => counter.inc(given, value);
    }
    case "gauge": {
      const gauge = new Gauge(configuration);
      return (given, value) => gauge.set(given, value);
    }
    case "histogram": {
      const histogram = new Histogram({ ...configuration, buckets: BUCKETS_S });
      return (given, value) => histogram.observe(given, value);
    }
  }
}

export function prometheusMetrics(): PrometheusMetrics {
  const registry = new Registry();
  const all = new Map(metricNames().map((metric) => [metric, added(registry, metric)]));
  return {
    record: (metric, labels, value = 1) => all.get(metric)?.({ ...labels }, value),
    type: registry.contentType,
    text: () => registry.metrics(),
  };
}
