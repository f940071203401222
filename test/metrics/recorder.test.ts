import { afterEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { emfMetrics } from "../../functions/adapters/metrics/emf.ts";
import { emfName } from "../../functions/adapters/metrics/emf-names.ts";
import { prometheusMetrics, prometheusName } from "../../functions/adapters/metrics/prometheus.ts";
import { METRICS, type MetricName, metricNames, type Recorder } from "../../functions/ledger/recorder.ts";

interface Kept {
  readonly recorder: Recorder;
  /** Everything that was recorded of a metric: its values added up, or the newest of a gauge. */
  readonly kept: (metric: MetricName) => Promise<number>;
}

const Line = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({ Namespace: z.literal("asof"), Metrics: z.array(z.object({ Name: z.string() })) }),
    ),
  }),
});

/** What CloudWatch makes of the lines that were printed. */
function onAws(): Kept {
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  const printed: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  return {
    recorder: emfMetrics(),
    kept: async (metric) => {
      const name = emfName(metric);
      const values = printed
        .map((line) => Line.parse(JSON.parse(line)))
        .map((line) => Number(line[name] ?? 0));
      return METRICS[metric].type === "gauge"
        ? (values.at(-1) ?? 0)
        : values.reduce((sum, value) => sum + value, 0);
    },
  };
}

/** What a Prometheus server reads from the text. */
function onOneMachine(): Kept {
  const recorder = prometheusMetrics();
  return {
    recorder,
    kept: async (metric) => {
      const name = prometheusName(metric) + (METRICS[metric].type === "histogram" ? "_sum" : "");
      const lines = (await recorder.text())
        .split("\n")
        .filter((line) => new RegExp(`^${name}[ {]`).test(line));
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
  };
}

/** Every label of a metric, with some value. */
const labelled = (metric: MetricName): Record<string, string> =>
  Object.fromEntries(METRICS[metric].labels.map((label) => [label, "a-value"]));

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe.each([
  ["on AWS", onAws],
  ["on one machine", onOneMachine],
])("metrics %s", (_, keep) => {
  it.each(metricNames())(
    "keep %s: counted and measured values add up, of a gauge the newest counts",
    async (metric) => {
      const { recorder, kept } = keep();
      recorder.record(metric, labelled(metric), 3);
      recorder.record(metric, labelled(metric));
      expect(await kept(metric)).toBe(METRICS[metric].type === "gauge" ? 1 : 4);
    },
  );

  it("keep each metric for itself", async () => {
    const { recorder, kept } = keep();
    recorder.record("facts", { kind: "deployment.succeeded" }, 2);
    expect(await kept("outcomes")).toBe(0);
    expect(await kept("facts")).toBe(2);
  });
});

describe("metrics on one machine", () => {
  it("have the labels of the table", async () => {
    const metrics = prometheusMetrics();
    metrics.record("facts", { kind: "artifact.pushed" });
    expect(await metrics.text()).toContain('asof_facts_total{kind="artifact.pushed"} 1');
  });
});

describe("metrics on AWS", () => {
  it("have one dimension, and labels beside the value", () => {
    const { recorder } = onAws();
    recorder.record("refusals", { status: "403" });
    const [line = ""] = vi.mocked(console.log).mock.calls.map(([text]) => String(text));
    expect(JSON.parse(line)).toMatchObject({ status: "403", Refusals: 1 });
    expect(JSON.parse(line)._aws.CloudWatchMetrics[0].Dimensions).toEqual([["service"]]);
  });
});
