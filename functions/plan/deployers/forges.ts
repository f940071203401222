/** Runs the original job again, on GitHub or GitLab. Offered only if the number of the job is known. */
import { command, unknown } from "../shell.ts";
import { brings, type Deployer, isBy, listed, type StepDraft, type Target } from "../step-target.ts";

const rebuilds = ({ components }: Target): string =>
  "This runs the original job at the original commit." +
  (components.length === 0
    ? ""
    : ` A job that builds or resolves a tag gives other images than ${listed(components.map(({ image }) => image))}, so read first what it does.`);

/** The configuration that is in the commit of the original job: the job checks it out. */
const ofItsCommit = ({ restore, commit }: Target) =>
  restore.filter(
    ({ repository, revision }) =>
      revision === commit?.sha && repository !== undefined && repository === commit.repository,
  );

// --- GitHub -----------------------------------------------------------------------------------------------

const GITHUB_RUN = /^https:\/\/([\w.-]+)\/([\w.-]+)\/([\w.-]+)\/actions\/runs\/(\d+)(?:[/?#]|$)/;
const GITHUB_REPOSITORY = /^https:\/\/([\w.-]+)\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/;

/**
 * Options: cli.github.com/manual, "gh run rerun"; the limit: docs.github.com, "Re-running workflows and jobs". The job
 * number in a URL is not the one that `--job` takes, so the whole run is run again.
 */
function rerun(target: Target): StepDraft[] {
  const [, host, owner, name, run] = GITHUB_RUN.exec(target.url ?? "") ?? [];
  if (run === undefined) return [];
  return [
    {
      title: "run the original workflow again on GitHub",
      why:
        "GitHub allows this for 30 days after the first run, while the logs exist; it refuses older runs. " +
        rebuilds(target),
      commands: [command("gh", "gh", "run", "rerun", run, `--repo=${host}/${owner}/${name}`)],
      brings: brings(target, ofItsCommit(target)),
    },
  ];
}

/**
 * Without `auto_merge=false`, GitHub would first try to merge the default branch into the older commit. The payload has the
 * fields that asof reads from deployments: `service`, `component`, `image`.
 * Options: cli.github.com/manual, "gh api"; docs.github.com, REST API, "Create a deployment".
 */
function asDeployment(target: Target): StepDraft[] {
  const { commit, config, environment, service } = target;
  const components: readonly { component: string; image?: string; digest?: string }[] = [
    ...target.components,
    ...target.bare,
  ];
  const [, host, owner, name] = GITHUB_REPOSITORY.exec(commit?.repository ?? "") ?? [];
  if (commit === undefined || name === undefined || components.length === 0) return [];
  return [
    {
      title: "request a deployment on GitHub",
      why:
        `This needs a workflow that starts on \`deployment\` and deploys the image ${config.length === 0 ? "" : "and configuration "}` +
        "in the payload; without one, nothing happens. Check that the environment has this name on GitHub.",
      commands: components.map(({ component, image, digest }) =>
        command(
          "gh",
          ...["gh", "api", "--method=POST", `--hostname=${host}`, `repos/${owner}/${name}/deployments`],
          ...[
            `--raw-field=ref=${commit.sha}`,
            `--raw-field=environment=${environment}`,
            "--field=auto_merge=false",
          ],
          `--raw-field=payload[service]=${service}`,
          ...(image === undefined ? [] : [`--raw-field=payload[image]=${image}`]),
          ...(image !== undefined || digest === undefined ? [] : [`--raw-field=payload[digest]=${digest}`]),
          ...(components.length === 1 ? [] : [`--raw-field=payload[component]=${component}`]),
          ...(config.length === 0 ? [] : [`--raw-field=payload[config]=${JSON.stringify(config)}`]),
        ),
      ),
      brings: brings(target, target.restore),
    },
  ];
}

export const github: Deployer = {
  called: /^(github(actions|deployments)?|gha|gh)$/,
  fits: isBy("github", "github-actions"),
  drafts: (target) => [...rerun(target), ...asDeployment(target)],
};

// --- GitLab -----------------------------------------------------------------------------------------------

const GITLAB_JOB = /^(https:\/\/[\w.:-]+(?:\/[\w.-]+){2,})\/-\/(?:jobs|builds)\/(\d+)(?:[/?#]|$)/;

/** The project and job: from the job's URL, or from a deployment id of the form `job/7`. */
function jobOf({ url = "", deployment, commit }: Target): { project?: string; job?: string } {
  const [, project, job] = GITLAB_JOB.exec(url) ?? [];
  if (project !== undefined && job !== undefined) return { project, job };
  const [, own] = /^job\/(\d+)$/.exec(deployment?.id ?? "") ?? [];
  const repository = /^https:\/\/[\w.:-]+(?:\/[\w.-]+){2,}$/.exec(commit?.repository ?? "")?.[0];
  return own === undefined || repository === undefined ? {} : { project: repository, job: own };
}

/** Options: docs.gitlab.com, "glab ci retry" (`--repo` takes the whole URL), "Deployment safety". */
function byGitlab(target: Target): StepDraft[] {
  if (target.isNew === true) return ofProject(target);
  const { project, job } = jobOf(target);
  if (project === undefined || job === undefined) return [];
  return [
    {
      title: "run the original job again on GitLab",
      why:
        `${rebuilds(target)} GitLab refuses it if the project prevents outdated deployments without allowing ` +
        "retries for rollbacks, or if the job was archived. Artifacts that the job needs may have expired.",
      commands: [command("glab", "glab", "ci", "retry", job, `--repo=${project}`)],
      brings: brings(target, ofItsCommit(target)),
    },
    ...(target.restore.length === 0 ? [] : [asPipeline(target, new URL(project))]),
  ];
}

/** A pipeline of the project that the images are built from. */
const ofProject = (target: Target): StepDraft[] =>
  target.commit?.repository === undefined || target.components.length === 0
    ? []
    : [asPipeline(target, new URL(target.commit.repository))];

/** Options: docs.gitlab.com, "glab api"; pipelines API, "Create a new pipeline" (`variables`). */
function asPipeline(target: Target, { host, pathname }: URL): StepDraft {
  const { components, config } = target;
  const images = components.map(({ component, image }) => ({ component, image }));
  const variables = [
    ["ASOF_ENVIRONMENT", target.environment],
    ["ASOF_SERVICE", target.service],
    ["ASOF_IMAGES", JSON.stringify(images)],
    ["ASOF_CONFIG", JSON.stringify(config)],
  ].map(
    ([key = "", value = ""]) =>
      `variables[][key]=${encodeURIComponent(key)}&variables[][value]=${encodeURIComponent(value)}`,
  );
  const path = `projects/${encodeURIComponent(pathname.slice(1))}/pipeline?ref=${unknown("branch")}&${variables.join("&")}`;
  return {
    title: "start a pipeline on GitLab with the images and the configuration",
    why:
      "This needs a pipeline that deploys the images in `ASOF_IMAGES` with the configuration in `ASOF_CONFIG`; any other " +
      "pipeline ignores them.",
    commands: [command("glab", "glab", "api", "--method=POST", `--hostname=${host}`, path)],
    brings: brings(target, target.restore),
  };
}

export const gitlab: Deployer = {
  called: /^(gitlab(ci|cicd)?|glab)$/,
  fits: isBy("gitlab", "gitlab-ci"),
  drafts: byGitlab,
};
