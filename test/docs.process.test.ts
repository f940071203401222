/** The commands of README and docs/ do what the pages say, against a ledger that holds the demo's history. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { Outcomes, Release } from "../schemas/answer.ts";
import { run as runDemo } from "./demo.ts";
import { PAGES, type Page, page } from "./docs/pages.ts";
import { parseCommands, programsIn, runCommands, type Shell } from "./docs/shell.ts";
import { cleanUp, newFolder, startLedger } from "./local/process.ts";
import { CLI } from "./programs.ts";

const folder = newFolder();
let shell: Shell;

beforeAll(async () => {
  const ledger = await startLedger(join(folder, ".asof"));
  const { address, token } = ledger;
  await runDemo({ address, token, day: new Date().toISOString().slice(0, 10), print: () => undefined });
  shell = {
    folder,
    address,
    programs: programsIn(folder, { asof: CLI, curl: "test/docs/curl.mjs" }),
  };
});
afterAll(cleanUp);

const withBlocks = (language: string) =>
  PAGES.filter(({ blocks }) => blocks.some((block) => block.language === language));

/** What the commands of a page print. They are run once: sent again with other times, their events would be conflicts. */
const printed = new Map<string, Promise<string>>();
function printedBy(one: Page): Promise<string> {
  const known = printed.get(one.path) ?? runCommands(one, shell);
  printed.set(one.path, known);
  return known;
}

describe("commands", () => {
  it.each(withBlocks("sh"))("of $path are carried out, and the ledger refuses none", async (one) => {
    const text = await printedBy(one);
    expect(text).not.toBe("");
    expect(text).not.toContain("urn:asof:problem");
  });

  it("of docs/getting-started.md report two deployments, and are answered what ran before and after", async () => {
    const answers = (await printedBy(page("docs/getting-started.md")))
      .replaceAll("}{", "}\n{")
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    const reported = answers.flatMap((answer) => Outcomes.safeParse(answer).data?.outcomes ?? []);
    expect(reported.map(({ outcome, kind }) => `${outcome} ${kind}`)).toEqual([
      "recorded artifact.built",
      "recorded migration.applied",
      "recorded deployment.succeeded",
      "recorded deployment.succeeded",
    ]);
    const [month, yesterday, now] = answers.flatMap((answer) => Release.safeParse(answer).data ?? []);
    expect(month).toMatchObject({ service: "acme/billing", status: "running" });
    expect(yesterday?.components[0]).toMatchObject({
      image: `ghcr.io/acme/hello@sha256:${"1".repeat(64)}`,
      commit: { sha: "4be1f0a7d2c3951e6b8840f7a9d5c2e13b6a7f90" },
    });
    expect(yesterday?.migrations).toMatchObject([{ database: "hello", version: "20261012093000" }]);
    expect(yesterday?.config).toMatchObject([{ revision: "77aa01c" }]);
    expect(now?.components[0]?.digest).toBe(`sha256:${"2".repeat(64)}`);
  });

  it("of README are answered with the image that it shows", async () => {
    const readme = page("README.md");
    const [sample] = readme.blocks.filter(({ language }) => language === "json");
    const [shown] = Sample.parse(JSON.parse(sample?.text ?? "")).components;
    expect(await printedBy(readme)).toContain(`"image":"${shown.image}"`);
  });
});

const Sample = z.object({ components: z.tuple([z.object({ image: z.string() })]) });

const Workflow = z.object({
  jobs: z.record(z.string(), z.object({ steps: z.array(z.object({ run: z.string().optional() })) })),
});
const Pipeline = z.record(
  z.string(),
  z.object({ script: z.array(z.string()), after_script: z.array(z.string()).optional() }),
);

/** What the YAML of a page holds. */
const yamlOf = (path: string): unknown[] =>
  page(path)
    .blocks.filter(({ language }) => language === "yaml")
    .map(({ text }): unknown => parse(text));

describe("commands that need more than a ledger", () => {
  it.each(withBlocks("console"))("of $path can be read by a shell", async ({ blocks }) => {
    for (const { text } of blocks.filter(({ language }) => language === "console")) await parseCommands(text);
  });

  it("in workflows of GitHub can be read by a shell", async () => {
    const jobs = yamlOf("docs/github-actions.md").flatMap((one) => Object.values(Workflow.parse(one).jobs));
    const scripts = jobs.flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    expect(scripts.length).toBeGreaterThan(5);
    for (const script of scripts) await parseCommands(script);
  });

  it("in pipelines of GitLab can be read by a shell", async () => {
    const jobs = yamlOf("docs/gitlab-ci.md").flatMap((one) => Object.values(Pipeline.parse(one)));
    const scripts = jobs.flatMap(({ script, after_script = [] }) => [...script, ...after_script]);
    expect(scripts.length).toBeGreaterThan(5);
    for (const script of scripts) await parseCommands(script);
  });
});
