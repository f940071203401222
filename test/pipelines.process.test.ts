/**
 * The pipelines of docs/pipelines.md, as their CI runs them: each command in a shell of its own folder, with the variables that the
 * CI documents, against a running ledger. What is not ours (docker, the deployment) is a program that does as much as it must.
 */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { event } from "./client.ts";
import { page } from "./docs/pages.ts";
import { digestOf, shaOf } from "./ledger/given.ts";
import { cleanUp, newFolder, type Process, startLedger } from "./local/process.ts";
import { CLI } from "./programs.ts";

const run = promisify(execFile);
let ledger: Process;
beforeAll(async () => {
  ledger = await startLedger(newFolder());
});
afterAll(cleanUp);

const blocks = page("docs/pipelines.md").blocks;
const blockOf = (name: string): string =>
  blocks.find(({ text }) => text.includes(name))?.text ?? expect.fail(`there is no ${name}`);

/** A job of a pipeline: its commands, in order. */
type Job = readonly string[];

const GitLab = z.record(
  z.string(),
  z.strictObject({
    stage: z.enum(["build", "test", "deploy"]),
    environment: z.string().optional(),
    script: z.array(z.string()).min(1),
    artifacts: z.strictObject({ paths: z.array(z.string()) }).optional(),
  }),
);
const Bitbucket = z.strictObject({
  pipelines: z.strictObject({
    branches: z.record(
      z.string(),
      z.array(
        z.strictObject({
          step: z.strictObject({
            name: z.string(),
            deployment: z.string().optional(),
            script: z.array(z.string()).min(1),
            artifacts: z.array(z.string()).optional(),
          }),
        }),
      ),
    ),
  }),
});

/** The `sh` steps of each stage of a Jenkinsfile, as Groovy reads their text. */
const jenkinsJobs = (text: string): Job[] =>
  text
    .split(/stage\('/)
    .slice(1)
    .map((stage) =>
      [...stage.matchAll(/^\s*sh '((?:[^'\\]|\\.)*)'$/gm)].map(([, sh = ""]) => sh.replaceAll("\\'", "'")),
    );

const PIPELINES: readonly [
  name: string,
  jobs: () => Job[],
  perJob: readonly Record<string, string>[],
  isOneShell: boolean,
][] = [
  [
    "GitLab CI",
    () => Object.values(GitLab.parse(parse(blockOf(".gitlab-ci.yml")))).map(({ script }) => script),
    ["501", "502"].map((CI_JOB_ID, n) => ({
      GITLAB_CI: "true",
      CI_SERVER_URL: "https://gitlab.example.com",
      CI_PROJECT_URL: "https://gitlab.example.com/acme/billing",
      CI_COMMIT_SHA: shaOf("GitLab CI"),
      CI_COMMIT_BRANCH: "main",
      CI_PIPELINE_ID: "77",
      CI_JOB_ID,
      CI_JOB_URL: `https://gitlab.example.com/acme/billing/-/jobs/${CI_JOB_ID}`,
      GITLAB_USER_LOGIN: "ada",
      ...(n === 1 ? { CI_ENVIRONMENT_NAME: "production" } : {}),
    })),
    true,
  ],
  [
    "Bitbucket Pipelines",
    () =>
      (Bitbucket.parse(parse(blockOf("bitbucket-pipelines.yml"))).pipelines.branches.main ?? []).map(
        ({ step }) => step.script,
      ),
    ["{1}", "{2}"].map((BITBUCKET_STEP_UUID, n) => ({
      BITBUCKET_BUILD_NUMBER: "12",
      BITBUCKET_REPO_FULL_NAME: "acme/billing",
      BITBUCKET_COMMIT: shaOf("Bitbucket Pipelines"),
      BITBUCKET_BRANCH: "main",
      BITBUCKET_STEP_UUID,
      BITBUCKET_STEP_RUN_NUMBER: "1",
      ...(n === 1 ? { BITBUCKET_DEPLOYMENT_ENVIRONMENT: "production" } : {}),
    })),
    true,
  ],
  [
    "Jenkins",
    () => jenkinsJobs(blockOf("Jenkinsfile")),
    ["build", "deploy"].map((STAGE_NAME) => ({
      JENKINS_URL: "https://jenkins.example.com/",
      JOB_NAME: "billing",
      BUILD_NUMBER: "9",
      BUILD_TAG: "jenkins-billing-9",
      BUILD_URL: "https://jenkins.example.com/job/billing/9/",
      GIT_COMMIT: shaOf("Jenkins"),
      GIT_URL: "https://github.com/acme/billing.git",
      GIT_LOCAL_BRANCH: "main",
      STAGE_NAME,
      NODE_NAME: "built-in",
    })),
    // Each `sh` is a shell of its own.
    false,
  ],
];

/** The folder of a checkout, with programs that stand for those of others. */
function checkoutFor(digest: string): { folder: string; programs: string } {
  const folder = newFolder();
  const programs = join(folder, "programs");
  mkdirSync(programs);
  const program = (path: string, text: string) => {
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  };
  program(join(programs, "docker"), `echo '{"containerimage.digest":"${digest}"}' > meta.json`);
  program(join(programs, "npx"), `shift\nexec '${process.execPath}' '${CLI}' "$@"`);
  program(join(folder, "deploy.sh"), 'test "$1" = "$(sed "s/.*\\(sha256:[0-9a-f]*\\).*/\\1/" meta.json)"');
  return { folder, programs };
}

describe("a pipeline", () => {
  it.each(PIPELINES)(
    "of %s reports its build, passes the gate, and reports migration and deployment",
    async (name, jobsOf, perJob, isOneShell) => {
      const digest = digestOf(name);
      const { folder, programs } = checkoutFor(digest);
      const jobs = jobsOf();
      expect(jobs).toHaveLength(2);
      // The registry tells by its webhook what it took.
      const repository = "registry.acme.example/billing";
      const pushed = event("artifact.pushed", name, new Date().toISOString(), { repository, digest });
      expect((await ledger.client.say(pushed)).status).toBe(201);
      for (const [n, job] of jobs.entries()) {
        const { PATH = "" } = process.env;
        const env = {
          PATH: `${programs}:${PATH}`,
          HOME: folder,
          CI: "true",
          ASOF_URL: ledger.address,
          ASOF_TOKEN: ledger.token,
          ...perJob[n],
        };
        for (const script of isOneShell ? [job.join("\n")] : job)
          await run("sh", ["-euc", script], { cwd: folder, env });
      }
      const place = { environment: "production", service: "acme/billing" };
      const { json } = await ledger.client.get("/v1/release", place);
      expect(json).toMatchObject({
        components: [{ digest, commit: { sha: shaOf(name) } }],
        migrations: [{ database: "billing", version: "20261120_add_iban" }],
      });
    },
  );

  it("whose image is not known stops at the gate, before it deploys", async () => {
    const [, jobsOf, perJob] = PIPELINES[0] ?? expect.fail("there is none");
    const { folder, programs } = checkoutFor(digestOf("unknown"));
    writeFileSync(
      join(folder, "meta.json"),
      JSON.stringify({ "containerimage.digest": digestOf("unknown") }),
    );
    const env = {
      PATH: `${programs}:${process.env.PATH ?? ""}`,
      HOME: folder,
      ASOF_URL: ledger.address,
      ASOF_TOKEN: ledger.token,
      ...perJob[1],
    };
    const ended = run("sh", ["-euc", jobsOf()[1]?.join("\n") ?? ""], { cwd: folder, env });
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining("refused: no registry is known"),
    });
  });
});
