import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ciContext } from "../../cli/record/ci.ts";
import { forgeUrl, withoutCredentials } from "../../functions/sources/git-remote.ts";
import { shaOf } from "../ledger/given.ts";
import { cleanUp, newFolder } from "./harness.ts";

afterEach(cleanUp);

const SHA = shaOf("head");
const MERGE = shaOf("merge");

const GITHUB = {
  GITHUB_ACTIONS: "true",
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_REPOSITORY: "acme/billing",
  GITHUB_SHA: SHA,
  GITHUB_REF: "refs/heads/main",
  GITHUB_RUN_ID: "1658821493",
  GITHUB_RUN_ATTEMPT: "3",
  GITHUB_JOB: "deploy",
  GITHUB_ACTION: "__run_2",
  RUNNER_NAME: "runner-7",
  GITHUB_ACTOR: "octocat",
  GITHUB_TRIGGERING_ACTOR: "hubot",
};
const GITLAB = {
  GITLAB_CI: "true",
  CI_SERVER_URL: "https://gitlab.example.com:8443/git",
  CI_PROJECT_URL: "https://gitlab.example.com:8443/git/acme/billing",
  CI_COMMIT_SHA: SHA,
  CI_COMMIT_BRANCH: "main",
  CI_PIPELINE_ID: "77",
  CI_JOB_ID: "501",
  CI_JOB_URL: "https://gitlab.example.com:8443/git/acme/billing/-/jobs/501",
  CI_ENVIRONMENT_NAME: "production",
  GITLAB_USER_LOGIN: "ada",
};
const AZURE = {
  TF_BUILD: "True",
  SYSTEM_COLLECTIONURI: "https://dev.azure.com/fabrikam/",
  SYSTEM_TEAMPROJECT: "Shop Floor",
  SYSTEM_JOBID: "12f1170f-54f2-53f3-20dd-22fc7dff55f9",
  SYSTEM_STAGEATTEMPT: "1",
  SYSTEM_JOBATTEMPT: "2",
  BUILD_BUILDID: "1430",
  BUILD_SOURCEVERSION: SHA,
  BUILD_SOURCEBRANCH: "refs/heads/main",
  BUILD_REPOSITORY_URI: "https://fabrikam@dev.azure.com/fabrikam/Shop/_git/billing",
  BUILD_REQUESTEDFOR: "Ada Lovelace",
  ENVIRONMENT_NAME: "smarthotel-dev",
};

/** What each CI says in a usual run on a branch; what is not there is absent. */
const CASES: readonly [string, Record<string, string>, object, Record<string, string>][] = [
  [
    "GitHub Actions",
    GITHUB,
    {
      provider: "github-actions",
      instance: "github.com",
      id: "1658821493/3",
      job: ["deploy", "runner-7", "__run_2"],
    },
    {
      sha: SHA,
      repository: "https://github.com/acme/billing",
      ref: "refs/heads/main",
      url: "https://github.com/acme/billing/actions/runs/1658821493",
      actor: "hubot",
    },
  ],
  [
    "GitLab CI",
    GITLAB,
    { provider: "gitlab-ci", instance: "gitlab.example.com:8443/git", id: "77", job: ["501"] },
    {
      sha: SHA,
      repository: "https://gitlab.example.com:8443/git/acme/billing",
      ref: "refs/heads/main",
      url: "https://gitlab.example.com:8443/git/acme/billing/-/jobs/501",
      actor: "ada",
      environment: "production",
    },
  ],
  [
    "Bitbucket Pipelines",
    {
      BITBUCKET_BUILD_NUMBER: "4",
      BITBUCKET_COMMIT: SHA,
      BITBUCKET_REPO_FULL_NAME: "acme/billing",
      BITBUCKET_BRANCH: "main",
      BITBUCKET_STEP_UUID: "{c2f2}",
      BITBUCKET_STEP_RUN_NUMBER: "2",
      BITBUCKET_DEPLOYMENT_ENVIRONMENT: "staging",
      BITBUCKET_STEP_TRIGGERER_UUID: "{5a50dd52}",
    },
    {
      provider: "bitbucket-pipelines",
      instance: "bitbucket.org",
      id: "acme/billing/4",
      job: ["{c2f2}", "2"],
    },
    {
      sha: SHA,
      repository: "https://bitbucket.org/acme/billing",
      ref: "refs/heads/main",
      url: "https://bitbucket.org/acme/billing/addon/pipelines/home#!/results/4",
      environment: "staging",
    },
  ],
  [
    "CircleCI",
    {
      CIRCLECI: "true",
      CIRCLE_SHA1: SHA,
      CIRCLE_REPOSITORY_URL: "git@github.com:acme/billing.git",
      CIRCLE_BRANCH: "feature/iban",
      CIRCLE_BUILD_URL: "https://circleci.com/gh/acme/billing/42",
      CIRCLE_USERNAME: "ada",
      CIRCLE_WORKFLOW_ID: "w-1",
      CIRCLE_WORKFLOW_JOB_ID: "j-1",
      CIRCLE_BUILD_NUM: "42",
      CIRCLE_NODE_INDEX: "0",
    },
    { provider: "circleci", instance: "circleci.com", id: "w-1", job: ["j-1", "42", "0"] },
    {
      sha: SHA,
      repository: "https://github.com/acme/billing",
      ref: "refs/heads/feature/iban",
      url: "https://circleci.com/gh/acme/billing/42",
      actor: "ada",
    },
  ],
  [
    "Jenkins",
    {
      JENKINS_URL: "https://ci.acme.example/jenkins/",
      JOB_NAME: "billing/main",
      BUILD_NUMBER: "153",
      BUILD_TAG: "jenkins-billing-main-153",
      STAGE_NAME: "Deploy",
      NODE_NAME: "built-in",
      BUILD_URL: "https://ci.acme.example/jenkins/job/billing/job/main/153/",
      GIT_COMMIT: SHA,
      GIT_URL: "ssh://git@git.acme.example:7999/acme/billing.git",
      GIT_BRANCH: "origin/main",
      BRANCH_NAME: "main",
    },
    {
      provider: "jenkins",
      instance: "ci.acme.example/jenkins",
      id: "billing/main/153",
      job: ["jenkins-billing-main-153", "Deploy", "built-in"],
    },
    {
      sha: SHA,
      repository: "https://git.acme.example/acme/billing",
      ref: "refs/heads/main",
      url: "https://ci.acme.example/jenkins/job/billing/job/main/153/",
    },
  ],
  [
    "Azure Pipelines",
    AZURE,
    {
      provider: "azure-pipelines",
      instance: "dev.azure.com/fabrikam",
      id: "1430",
      job: ["12f1170f-54f2-53f3-20dd-22fc7dff55f9", "1", "2"],
    },
    {
      sha: SHA,
      repository: "https://dev.azure.com/fabrikam/Shop/_git/billing",
      ref: "refs/heads/main",
      url: "https://dev.azure.com/fabrikam/Shop%20Floor/_build/results?buildId=1430",
      environment: "smarthotel-dev",
    },
  ],
  [
    "CodeBuild",
    {
      CODEBUILD_BUILD_ID: "billing:b1e6661e",
      AWS_REGION: "eu-central-1",
      CODEBUILD_RESOLVED_SOURCE_VERSION: SHA,
      CODEBUILD_SOURCE_REPO_URL: "https://github.com/acme/billing.git",
      CODEBUILD_WEBHOOK_HEAD_REF: "refs/tags/v1.4.2",
      CODEBUILD_BUILD_URL:
        "https://eu-central-1.console.aws.amazon.com/codebuild/home#/builds/billing:b1e6661e/view/new",
      CODEBUILD_INITIATOR: "codepipeline/billing",
    },
    {
      provider: "codebuild",
      instance: "codebuild.eu-central-1.amazonaws.com",
      id: "billing:b1e6661e",
      job: ["billing:b1e6661e"],
    },
    {
      sha: SHA,
      repository: "https://github.com/acme/billing",
      ref: "refs/tags/v1.4.2",
      url: "https://eu-central-1.console.aws.amazon.com/codebuild/home#/builds/billing:b1e6661e/view/new",
      actor: "codepipeline/billing",
    },
  ],
];

const valuesOf = (env: Record<string, string>) =>
  Object.fromEntries(Object.entries(ciContext(env).found).map(([field, { value }]) => [field, value]));

describe("what a CI says of itself", () => {
  it.each(CASES)("is found in %s", (_, env, run, values) => {
    expect(ciContext(env).run).toEqual(run);
    expect(valuesOf(env)).toEqual(values);
  });

  it("is named with the variables that said it", () => {
    const { found } = ciContext(GITHUB);
    expect(found.sha?.from).toBe("GITHUB_SHA");
    expect(found.repository?.from).toBe("GITHUB_SERVER_URL, GITHUB_REPOSITORY");
    expect(found.actor?.from).toBe("GITHUB_TRIGGERING_ACTOR");
  });

  it("is nothing where no CI is known", () => {
    expect(ciContext({ CI: "true", GIT_COMMIT: SHA })).toEqual({ found: {}, notes: [] });
  });

  it.each([
    ["GitLab's tag", { ...GITLAB, CI_COMMIT_BRANCH: "", CI_COMMIT_TAG: "v1.4.2" }, "refs/tags/v1.4.2"],
    [
      "GitLab's merge request",
      { ...GITLAB, CI_COMMIT_BRANCH: "", CI_MERGE_REQUEST_IID: "12" },
      "refs/merge-requests/12/head",
    ],
    [
      "CircleCI's fork",
      { CIRCLECI: "true", CIRCLE_BRANCH: "pull/12", CIRCLE_PR_NUMBER: "12" },
      "refs/pull/12/head",
    ],
    [
      "Jenkins' change request",
      { JENKINS_URL: "https://ci.example/", BRANCH_NAME: "PR-7", CHANGE_BRANCH: "iban" },
      "refs/heads/iban",
    ],
    [
      "Jenkins' tag",
      { JENKINS_URL: "https://ci.example/", BRANCH_NAME: "v1", TAG_NAME: "v1" },
      "refs/tags/v1",
    ],
    [
      "Jenkins' remote branch, of a remote of any name",
      { JENKINS_URL: "https://ci.example/", GIT_BRANCH: "a/b" },
      undefined,
    ],
  ])("names the ref of %s", (_, env, ref) => {
    expect(ciContext(env).found.ref?.value).toBe(ref);
  });

  it.each([
    ["GitLab's merged results", { ...GITLAB, CI_COMMIT_SHA: MERGE, CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: SHA }],
    [
      "Azure's pull request",
      { ...AZURE, BUILD_SOURCEVERSION: MERGE, SYSTEM_PULLREQUEST_SOURCECOMMITID: SHA },
    ],
  ])("names the commit that was pushed, and not the merge, for %s", (_, env) => {
    expect(ciContext(env).found.sha?.value).toBe(SHA);
  });

  it("leaves out what is none: an archive's version, a person's name, an address that is no web page", () => {
    const env = {
      CODEBUILD_BUILD_ID: "billing:1",
      CODEBUILD_RESOLVED_SOURCE_VERSION: "arn:aws:s3:::bucket/archive.zip",
      CODEBUILD_SOURCE_REPO_URL: "s3://bucket/archive.zip",
      CODEBUILD_INITIATOR: "Ada Lovelace",
    };
    expect(ciContext(env).found).toEqual({});
  });
});

describe("a run for a pull request on GitHub", () => {
  const env = { ...GITHUB, GITHUB_SHA: MERGE, GITHUB_REF: "refs/pull/12/merge" };

  it("is of the head commit that its event names, and says so", () => {
    const file = join(newFolder(), "event.json");
    writeFileSync(file, JSON.stringify({ number: 12, pull_request: { head: { sha: SHA, ref: "iban" } } }));
    const { found, notes } = ciContext({ ...env, GITHUB_EVENT_PATH: file });
    expect(found.sha).toEqual({ value: SHA, from: "GITHUB_EVENT_PATH" });
    expect(found.ref?.value).toBe("refs/pull/12/head");
    expect(notes.join()).toContain(MERGE);
  });

  it.each(["", "not JSON", '{"pull_request":{"head":{"sha":"short"}}}'])(
    "has no commit where its event is %j",
    (event) => {
      const file = join(newFolder(), "event.json");
      writeFileSync(file, event);
      const { found, notes } = ciContext({ ...env, GITHUB_EVENT_PATH: file });
      expect(found).not.toHaveProperty("sha");
      expect(found).not.toHaveProperty("ref");
      expect(notes.join()).toContain("--commit");
    },
  );
});

describe("an address", () => {
  it.each([
    ["git@github.com:acme/billing.git", "https://github.com/acme/billing"],
    ["ssh://git@git.acme.example:7999/acme/billing.git", "https://git.acme.example/acme/billing"],
    ["https://gitlab-ci-token:secret@gitlab.com/acme/billing.git", "https://gitlab.com/acme/billing"],
    ["https://github.com/acme/billing/", "https://github.com/acme/billing"],
    ["http://gitea.local:3000/acme/billing", "http://gitea.local:3000/acme/billing"],
    ["/srv/git/billing.git", undefined],
    ["file:///srv/git/billing.git", undefined],
    ["codecommit::us-east-1://billing", undefined],
  ])("of a repository, %s, is what its forge shows", (remote, shown) => {
    expect(forgeUrl(remote)).toBe(shown);
  });

  it("of a run carries no credentials", () => {
    expect(withoutCredentials("https://ada:secret@ci.example/job/1?x=1#y")).toBe(
      "https://ci.example/job/1?x=1#y",
    );
    expect(withoutCredentials("javascript:alert(1)")).toBeUndefined();
  });
});
