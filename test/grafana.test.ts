/** The dashboard for Grafana names only what the ledger has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { prometheusName } from "../functions/adapters/metrics/prometheus.ts";
import { METRICS, metricNames } from "../functions/ledger/recorder.ts";
import { page, ROOT } from "./docs/pages.ts";
import { cleanUp, deployed, givenDoors, NOW } from "./http/given.ts";

afterAll(cleanUp);

/** A variable as Grafana writes it. */
const variable = (name: string): string => `$${`{${name}}`}`;

const Column = z.object({ selector: z.string(), text: z.string(), type: z.enum(["timestamp", "string"]) });
const Dashboard = z.object({
  title: z.string(),
  templating: z.object({ list: z.array(z.object({ name: z.string() })) }),
  annotations: z.object({
    list: z.array(
      z.object({
        target: z.object({ url: z.string(), root_selector: z.string(), columns: z.array(Column) }),
      }),
    ),
  }),
  panels: z.array(
    z.object({
      id: z.int(),
      title: z.string(),
      gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).min(1),
    }),
  ),
});
const text = readFileSync(join(ROOT, "docs/grafana-dashboard.json"), "utf8");
const dashboard = Dashboard.parse(JSON.parse(text));
const queries = dashboard.panels.flatMap(({ targets }) => targets);

/** The series of each metric, with their labels. */
const series = new Map(
  metricNames().flatMap((metric): [string, readonly string[]][] => {
    const { type, labels } = METRICS[metric];
    const name = prometheusName(metric);
    if (type !== "histogram") return [[name, labels]];
    return [
      [`${name}_bucket`, [...labels, "le"]],
      [`${name}_sum`, labels],
      [`${name}_count`, labels],
    ];
  }),
);

describe("the dashboard", () => {
  it("asks for metrics that there are, by labels that they have", () => {
    expect(queries.length).toBeGreaterThan(10);
    for (const { expr, legendFormat } of queries) {
      const named = [...expr.matchAll(/asof_\w+/g)].map(([name]) => name);
      expect(named.length, expr).toBeGreaterThan(0);
      for (const name of named) expect([...series.keys()], expr).toContain(name);
      const labels = named.flatMap((name) => series.get(name) ?? []);
      const by = [...expr.matchAll(/by \(([^)]+)\)/g)].flatMap(([, list = ""]) => list.split(", "));
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
      for (const label of [...by, ...shown]) expect(labels, expr).toContain(label);
    }
  });

  it("shows every metric that a ledger on one machine has, but stale secrets, which are of AWS", () => {
    const missing = metricNames()
      .filter((metric) => metric !== "stale_secrets")
      .map(prometheusName)
      .filter((name) => !text.includes(name));
    expect(missing).toEqual([]);
  });

  it("has panels that do not lie over each other, and variables that are declared", () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    const declared = dashboard.templating.list.map(({ name }) => name);
    const used = [...text.matchAll(/\$\{(\w+)[:}]/g)].map(([, name = ""]) => name);
    for (const name of used.filter((one) => !one.startsWith("__"))) expect(declared).toContain(name);
  });
});

describe("the annotations", () => {
  const [{ target } = expect.fail("there are none")] = dashboard.annotations.list;

  it("are what the ledger answers for the time that Grafana shows", async () => {
    const reader = givenDoors();
    await reader.client("admin").say(deployed("one"));
    const url = target.url
      .replace(variable("environment"), "production")
      .replace(variable("__from:date:iso"), "2026-10-19T00:00:00.000Z")
      .replace(variable("__to:date:iso"), NOW);
    const { status, json } = await reader.client("reader").get(url);
    expect(status).toBe(200);
    const rows = z.record(z.string(), z.unknown()).parse(json)[target.root_selector];
    const [row] = z.array(z.record(z.string(), z.unknown())).parse(rows);
    const shown = Object.fromEntries(target.columns.map(({ selector, text }) => [text, row?.[selector]]));
    expect(shown).toEqual({
      time: "2026-10-20T08:11:00.000Z",
      title: "deployed",
      text: "acme/billing",
      tags: null,
    });
  });

  it("are documented as they are", () => {
    const { text: docs } = page("docs/operate.md");
    expect(docs).toContain(`| URL | \`${target.url.replace(variable("environment"), "production")}\` |`);
    for (const { selector, text } of target.columns) expect(docs).toContain(`\`${selector}\` as \`${text}\``);
  });
});
