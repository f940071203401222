/** `npx cdk synth` as it is run: which stacks there are. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "asof-synth-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The templates that are made with a configuration, as the CDK's command line hands it on. */
function synthesized(
  configuration: object,
  env: Record<string, string> = {},
): { folder: string; templates: string[] } {
  const out = mkdtempSync(join(folder, "out-"));
  const { PATH = "", HOME = "" } = process.env;
  const config = `${out}.json`;
  writeFileSync(config, JSON.stringify(configuration));
  const own = { "@aws-cdk/core:validateAgainstDefaultRules": true };
  execFileSync(process.execPath, ["--import", "tsx", "cdk/app.ts"], {
    cwd: join(import.meta.dirname, ".."),
    env: { ...env, PATH, HOME, CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify({ ...own, config }) },
  });
  return { folder: out, templates: readdirSync(out).filter((file) => file.endsWith(".template.json")) };
}

it("makes the ledger alone, and beside it those who react only where that is asked for", () => {
  const alone = synthesized({});
  expect(alone.templates).toEqual(["asof.template.json"]);
  const both = synthesized({ executors: true });
  expect(both.templates.sort()).toEqual(["asof-executors.template.json", "asof.template.json"]);
  const ledger = (at: string) => readFileSync(join(at, "asof.template.json"), "utf8");
  expect(ledger(both.folder)).toBe(ledger(alone.folder));
});

it("makes the firewall in us-east-1, beside a ledger of another region, without a finding", () => {
  const env = { CDK_DEFAULT_ACCOUNT: "123456789012", CDK_DEFAULT_REGION: "eu-west-1" };
  const { folder: out, templates } = synthesized({ waf: true }, env);
  expect(templates.sort()).toEqual(["asof-waf.template.json", "asof.template.json"]);
  const manifest = readFileSync(join(out, "manifest.json"), "utf8");
  expect(manifest).toContain("aws://123456789012/us-east-1");
  expect(manifest).toContain("aws://123456789012/eu-west-1");
});
