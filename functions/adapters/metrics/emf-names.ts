/** The names of metrics in CloudWatch. */
import type { MetricName } from "../../ledger/recorder.ts";

export const NAMESPACE = "asof";
/** The only dimension of every metric; Powertools adds it. */
export const DIMENSIONS = { service: "asof" } as const;

/** `request_duration` is `RequestDuration` in CloudWatch. */
export const emfName = (metric: MetricName): string =>
  metric.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
