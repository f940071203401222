/** The port of the metrics: what is measured, in one table, for every system that keeps metrics. */

interface Metric {
  /** counter: adds up; histogram: each value is one measurement; gauge: the newest value counts. */
  readonly type: "counter" | "histogram" | "gauge";
  readonly help: string;
  readonly labels: readonly string[];
  readonly unit?: "seconds";
}

export const METRICS = {
  facts: { type: "counter", help: "Facts recorded, by kind.", labels: ["kind"] },
  outcomes: { type: "counter", help: "Statements received, by outcome.", labels: ["outcome"] },
  quarantined: { type: "counter", help: "Statements newly quarantined, by reason.", labels: ["why"] },
  refusals: { type: "counter", help: "Requests refused (4xx), by status.", labels: ["status"] },
  failures: { type: "counter", help: "Requests failed (5xx), by status.", labels: ["status"] },
  request_duration: {
    type: "histogram",
    help: "Time to answer a request, by route.",
    labels: ["route"],
    unit: "seconds",
  },
  store_requests: { type: "counter", help: "Requests to the store, by route.", labels: ["route"] },
  exports: { type: "counter", help: "Exports of the history that ended, by how.", labels: ["ended"] },
  stale_secrets: {
    type: "counter",
    help: "Times that an earlier secret served because the current one could not be read.",
    labels: [],
  },
  queue_age: {
    type: "gauge",
    help: "Age of the oldest job of a queue.",
    labels: ["queue"],
    unit: "seconds",
  },
  quarantine_items: { type: "gauge", help: "Statements in quarantine.", labels: [] },
  silent_sources: { type: "gauge", help: "Sources that are late by their own rhythm.", labels: [] },
  seal_age: {
    type: "gauge",
    help: "Time since everything recorded was sealed.",
    labels: [],
    unit: "seconds",
  },
  seal_findings: {
    type: "gauge",
    help: "What is wrong with the sealed log: facts that the last sweep found, no sealing, no time-stamp.",
    labels: ["what"],
  },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
export interface Recorder {
  /**
   * Records one value of a metric. Never throws and never waits.
   * @param labels those of the metric
   * @param value in the metric's unit; default 1
   */
  record(metric: MetricName, labels: Readonly<Record<string, string>>, value?: number): void;
}

export const metricNames = (): MetricName[] => Object.keys(METRICS).filter((name) => isMetric(name));

const isMetric = (name: string): name is MetricName => name in METRICS;
