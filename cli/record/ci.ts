/**
 * What CI systems set in the environment, by their own documented variables only. Each field lists templates with the
 * names of variables; the first one whose variables are all set is used.
 */
import { readFileSync } from "node:fs";
import * as z from "zod";
import { forgeUrl, withoutCredentials } from "../../functions/sources/git-remote.ts";
import { loginOnly } from "../../functions/sources/payload.ts";
import { fullSha, login, name, text, url } from "../../schemas/scalars.ts";

interface CiSystem {
  readonly provider: string;
  /** Where its variables are documented. */
  readonly documentation: string;
  /** A variable that only this system sets, and its value (absent: any). */
  readonly is: readonly [variable: string, value?: string];
  /** Which installation this is. */
  readonly instance: string;
  /** The run; another attempt is another run. Default id of a deployment. */
  readonly run: string;
  /** Variables that distinguish job, attempt and step within the run. */
  readonly job: readonly string[];
  readonly fields: { readonly [F in Field]?: readonly string[] };
}

const FIELDS = ["sha", "repository", "ref", "url", "actor", "environment"] as const;
export type Field = (typeof FIELDS)[number];

const SYSTEMS: readonly CiSystem[] = [
  {
    provider: "github-actions",
    documentation: "https://docs.github.com/en/actions/reference/workflows-and-actions/variables",
    is: ["GITHUB_ACTIONS", "true"],
    instance: "{GITHUB_SERVER_URL}",
    run: "{GITHUB_RUN_ID}/{GITHUB_RUN_ATTEMPT}",
    // Jobs of a matrix share a name, and each has its own runner.
    job: ["GITHUB_JOB", "RUNNER_NAME", "GITHUB_ACTION"],
    fields: {
      sha: ["{GITHUB_SHA}"],
      repository: ["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}"],
      ref: ["{GITHUB_REF}"],
      url: ["{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"],
      // A rerun is by whoever started it again.
      actor: ["{GITHUB_TRIGGERING_ACTOR}", "{GITHUB_ACTOR}"],
    },
  },
  {
    provider: "gitlab-ci",
    documentation: "https://docs.gitlab.com/ci/variables/predefined_variables/",
    is: ["GITLAB_CI", "true"],
    instance: "{CI_SERVER_URL}",
    run: "{CI_PIPELINE_ID}",
    job: ["CI_JOB_ID"],
    fields: {
      // In a merged-results pipeline CI_COMMIT_SHA is a temporary merge.
      sha: ["{CI_MERGE_REQUEST_SOURCE_BRANCH_SHA}", "{CI_COMMIT_SHA}"],
      repository: ["{CI_PROJECT_URL}"],
      ref: [
        "refs/tags/{CI_COMMIT_TAG}",
        "refs/heads/{CI_COMMIT_BRANCH}",
        "refs/merge-requests/{CI_MERGE_REQUEST_IID}/head",
      ],
      url: ["{CI_JOB_URL}"],
      actor: ["{GITLAB_USER_LOGIN}"],
      environment: ["{CI_ENVIRONMENT_NAME}"],
    },
  },
  {
    provider: "bitbucket-pipelines",
    documentation: "https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/",
    is: ["BITBUCKET_BUILD_NUMBER"],
    instance: "https://bitbucket.org",
    run: "{BITBUCKET_REPO_FULL_NAME}/{BITBUCKET_BUILD_NUMBER}",
    job: ["BITBUCKET_STEP_UUID", "BITBUCKET_STEP_RUN_NUMBER"],
    fields: {
      sha: ["{BITBUCKET_COMMIT}"],
      repository: ["https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}"],
      ref: ["refs/tags/{BITBUCKET_TAG}", "refs/heads/{BITBUCKET_BRANCH}"],
      url: [
        "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/addon/pipelines/home#!/results/{BITBUCKET_BUILD_NUMBER}",
      ],
      environment: ["{BITBUCKET_DEPLOYMENT_ENVIRONMENT}"],
    },
  },
  {
    provider: "circleci",
    documentation: "https://circleci.com/docs/reference/variables/",
    is: ["CIRCLECI", "true"],
    instance: "{CIRCLE_BUILD_URL}",
    run: "{CIRCLE_WORKFLOW_ID}",
    job: ["CIRCLE_WORKFLOW_JOB_ID", "CIRCLE_BUILD_NUM", "CIRCLE_NODE_INDEX"],
    fields: {
      sha: ["{CIRCLE_SHA1}"],
      repository: ["{CIRCLE_REPOSITORY_URL}"],
      // For a fork's pull request CIRCLE_BRANCH is not a branch of this repository.
      ref: ["refs/tags/{CIRCLE_TAG}", "refs/pull/{CIRCLE_PR_NUMBER}/head", "refs/heads/{CIRCLE_BRANCH}"],
      url: ["{CIRCLE_BUILD_URL}"],
      actor: ["{CIRCLE_USERNAME}"],
    },
  },
  {
    provider: "azure-pipelines",
    documentation: "https://learn.microsoft.com/azure/devops/pipelines/build/variables",
    is: ["TF_BUILD", "True"],
    instance: "{SYSTEM_COLLECTIONURI}",
    run: "{BUILD_BUILDID}",
    // Ids of jobs stay the same when a stage or job runs again.
    job: ["SYSTEM_JOBID", "SYSTEM_STAGEATTEMPT", "SYSTEM_JOBATTEMPT"],
    fields: {
      // For a pull request BUILD_SOURCEVERSION is a temporary merge.
      sha: ["{SYSTEM_PULLREQUEST_SOURCECOMMITID}", "{BUILD_SOURCEVERSION}"],
      repository: ["{BUILD_REPOSITORY_URI}"],
      ref: ["{SYSTEM_PULLREQUEST_SOURCEBRANCH}", "{BUILD_SOURCEBRANCH}"],
      url: ["{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}"],
      // BUILD_REQUESTEDFOR is a person's name, which is not recorded.
      environment: ["{ENVIRONMENT_NAME}"],
    },
  },
  {
    provider: "codebuild",
    documentation: "https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html",
    is: ["CODEBUILD_BUILD_ID"],
    instance: "https://codebuild.{AWS_REGION}.amazonaws.com",
    run: "{CODEBUILD_BUILD_ID}",
    job: ["CODEBUILD_BUILD_ID"],
    fields: {
      sha: ["{CODEBUILD_RESOLVED_SOURCE_VERSION}"],
      repository: ["{CODEBUILD_SOURCE_REPO_URL}"],
      ref: ["{CODEBUILD_WEBHOOK_HEAD_REF}"],
      url: ["{CODEBUILD_BUILD_URL}"],
      actor: ["{CODEBUILD_INITIATOR}"],
    },
  },
  {
    // Last: other systems' jobs may run on its agents, and plugins set its variables too.
    provider: "jenkins",
    documentation: "https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables",
    is: ["JENKINS_URL"],
    instance: "{JENKINS_URL}",
    run: "{JOB_NAME}/{BUILD_NUMBER}",
    // Parallel stages and legs of a matrix share a build.
    job: ["BUILD_TAG", "STAGE_NAME", "NODE_NAME"],
    fields: {
      sha: ["{GIT_COMMIT}"],
      repository: ["{GIT_URL}", "{GIT_URL_1}"],
      // BRANCH_NAME of a change request is not a branch (PR-7). GIT_BRANCH has the remote's name in front.
      ref: [
        "refs/tags/{TAG_NAME}",
        "refs/heads/{CHANGE_BRANCH}",
        "refs/heads/{BRANCH_NAME}",
        "refs/heads/{GIT_LOCAL_BRANCH}",
      ],
      url: ["{BUILD_URL}"],
      actor: ["{BUILD_USER_ID}"],
    },
  },
];

type Env = Readonly<Record<string, string | undefined>>;

/** A value, and the variables or file that it came from. */
export interface Found {
  readonly value: string;
  readonly from: string;
}

/** Where this runs. */
export interface CiRun {
  readonly provider: string;
  /** The CI's host, with the organisation where it has one in its address. */
  readonly instance: string;
  readonly id: string;
  /** Distinguishes job, attempt and step; two commands of one step have the same. */
  readonly job: readonly string[];
}

export interface CiContext {
  readonly run?: CiRun;
  readonly found: { readonly [F in Field]?: Found };
  /** What a person might not expect. */
  readonly notes: readonly string[];
}

/** A template with its variables filled in; undefined where one is unset. */
function filled(template: string, env: Env): Found | undefined {
  const variables = [...template.matchAll(/\{([A-Z0-9_]+)\}/g)].map(([, variable = ""]) => variable);
  if (variables.some((variable) => (env[variable] ?? "") === "")) return undefined;
  const value = template.replaceAll(/\{([A-Z0-9_]+)\}/g, (_, variable: string) => env[variable] ?? "");
  return { value, from: variables.join(", ") };
}

const valid = (schema: z.ZodType<string>, value: string | undefined): string | undefined =>
  schema.safeParse(value).success ? value : undefined;

/** A value as a fact may hold it; undefined where it is invalid (CodeBuild's commit may be an S3 version). */
const FORM: { readonly [F in Field]: (value: string) => string | undefined } = {
  sha: (value) => valid(fullSha, value),
  repository: (value) => valid(url, forgeUrl(value)),
  ref: (value) => valid(text(256), value),
  url: (value) => valid(url, withoutCredentials(value)),
  actor: (value) => valid(login, loginOnly(value)),
  environment: (value) => valid(name, value),
};

function lookUp(ci: CiSystem, field: Field, env: Env): Found | undefined {
  for (const template of ci.fields[field] ?? []) {
    const found = filled(template, env);
    const value = found === undefined ? undefined : FORM[field](found.value);
    if (found !== undefined && value !== undefined) return { ...found, value };
  }
  return undefined;
}

const PullRequestEvent = z.looseObject({
  pull_request: z.looseObject({ head: z.looseObject({ sha: fullSha }) }),
});

/** The event that started a GitHub run; undefined where it is not of a pull request. */
function pullRequestOf(file: string | undefined) {
  if (file === undefined) return undefined;
  try {
    return PullRequestEvent.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/**
 * GitHub runs pull requests on a temporary merge; the event names the pushed commit ("Events that trigger workflows",
 * pull_request). Without the event the commit is unknown: the merge is not it.
 */
function onPullRequest(ciContext: CiContext, env: Env): CiContext {
  const { sha: merge, ref, ...others } = ciContext.found;
  if (merge === undefined || ref === undefined || !/^refs\/pull\/\d+\/merge$/.test(ref.value))
    return ciContext;
  const event = pullRequestOf(env.GITHUB_EVENT_PATH);
  if (event === undefined) {
    const note = `GITHUB_SHA ${merge.value} is a temporary merge for ${ref.value}, and GITHUB_EVENT_PATH names no commit: give --commit`;
    return { ...ciContext, found: others, notes: [note] };
  }
  const { sha } = event.pull_request.head;
  const head = { value: ref.value.replace(/merge$/, "head"), from: ref.from };
  return {
    ...ciContext,
    found: { ...others, sha: { value: sha, from: "GITHUB_EVENT_PATH" }, ref: head },
    notes: [`the commit is the pull request's head; GITHUB_SHA ${merge.value} is a temporary merge`],
  };
}

/** The name of an installation: its host, with its path where it has one. */
function instanceOf(ci: CiSystem, env: Env): string {
  const address = filled(ci.instance, env)?.value ?? "";
  if (!URL.canParse(address)) return "unknown";
  const { host, pathname } = new URL(address);
  // CircleCI's template is the URL of a build, whose path is not the installation's.
  return ci.provider === "circleci" ? host : `${host}${pathname}`.replace(/\/+$/, "");
}

/** The values of the CI system that this process runs in; empty in an unknown one. */
export function ciContext(env: Env): CiContext {
  const ci = SYSTEMS.find(({ is: [variable, value] }) =>
    value === undefined ? (env[variable] ?? "") !== "" : env[variable] === value,
  );
  if (ci === undefined) return { found: {}, notes: [] };
  const { provider } = ci;
  const id = filled(ci.run, env)?.value;
  const job = ci.job.map((variable) => env[variable] ?? "");
  const found = Object.fromEntries(
    FIELDS.flatMap((field) => {
      const one = lookUp(ci, field, env);
      return one === undefined ? [] : [[field, one]];
    }),
  );
  const run = id === undefined ? {} : { run: { provider, instance: instanceOf(ci, env), id, job } };
  const all = { ...run, found, notes: [] };
  return provider === "github-actions" ? onPullRequest(all, env) : all;
}
