/** Each alarm of the stacks has its entry in the runbook, and each entry an alarm. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { AsofExecutorsStack, AsofStack } from "../cdk/stacks.ts";
import { App, Template } from "../cdk/testing.ts";
import { placeholders } from "./aws/placeholders.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-runbook-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bundles = placeholders(join(folder, "placeholders"));
const runbook = readFileSync(join(import.meta.dirname, "../docs/runbook.md"), "utf8");
const entries = runbook
  .split("\n### ")
  .slice(1)
  .map((entry) => {
    const [heading = "", ...text] = entry.split("\n");
    return { names: heading.split(", "), text: text.join("\n") };
  });

/** The names of a stack's alarms, without the hash of a logical id. */
const alarmsOf = (template: Template): string[] =>
  Object.keys(template.findResources("AWS::CloudWatch::Alarm")).map((id) =>
    id.replace(/^Alarms/, "").replace(/[0-9A-F]{8}$/, ""),
  );

it("has an entry for each alarm, and an alarm for each entry", () => {
  const app = new App({ analyticsReporting: false, outdir: join(folder, "out") });
  const stacks = [
    new AsofStack(app, "asof", { bundles, exportJobs: {} }),
    new AsofExecutorsStack(app, "asof-executors", {
      bundles,
      executors: true,
      maintenance: true,
      chat: true,
    }),
  ];
  const alarms = stacks.flatMap((stack) => alarmsOf(Template.fromStack(stack)));
  expect(alarms.length).toBeGreaterThan(25);
  expect(entries.flatMap(({ names }) => names).sort()).toEqual([...new Set(alarms)].sort());
});

it("says of each what it means, what to look at and what to do", () => {
  for (const { names, text } of entries)
    for (const part of ["**Means:**", "**Look at:**", "**Do:**"]) expect(text, names[0]).toContain(part);
});
