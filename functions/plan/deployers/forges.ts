/** The job of then, on GitHub or GitLab: only where its own number is known, for none is made up. */
import { command } from "../shell.ts";
import { type Deployer, isBy, listed, type StepDraft, type Target } from "../step-target.ts";

const rebuilds = ({ components }: Target): string =>
  "It is the job of then with the commit of then: one that builds or asks a tag makes or finds other images than " +
  `${listed(components.map(({ image }) => image))}, so read what it does first.`;

// --- GitHub -----------------------------------------------------------------------------------------------

const GITHUB_RUN = /^https:\/\/([\w.-]+)\/([\w.-]+)\/([\w.-]+)\/actions\/runs\/(\d+)(?:[/?#]|$)/;
const GITHUB_REPOSITORY = /^https:\/\/([\w.-]+)\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/;

/**
 * Options: cli.github.com/manual, "gh run rerun"; the limit: docs.github.com, "Re-running workflows and jobs". The number
 * of a job in an address is not the one that `--job` takes, so the whole run is done again.
 */
function again(target: Target): StepDraft[] {
  const [, host, owner, name, run] = GITHUB_RUN.exec(target.url ?? "") ?? [];
  if (run === undefined) return [];
  return [
    {
      title: "run the workflow of then again on GitHub",
      why:
        "GitHub runs one again for 30 days after its first run, and not when its logs are gone; older ones it refuses. " +
        rebuilds(target),
      commands: [command("gh", "gh", "run", "rerun", run, `--repo=${host}/${owner}/${name}`)],
    },
  ];
}

/**
 * Without `auto_merge=false` GitHub would first try to merge the default branch into what is older than it. The
 * payload is what a deployment says of its image here too (`service`, `component`, `image`).
 * Options: cli.github.com/manual, "gh api"; docs.github.com, REST API, "Create a deployment".
 */
function asDeployment(target: Target): StepDraft[] {
  const { commit, components, environment, service } = target;
  const [, host, owner, name] = GITHUB_REPOSITORY.exec(commit?.repository ?? "") ?? [];
  if (commit === undefined || name === undefined || components.length === 0) return [];
  return [
    {
      title: "ask for a deployment on GitHub",
      why:
        "Where a workflow starts on `deployment` and deploys the image in its payload; where none does, nothing " +
        "happens. Check that GitHub calls the environment so.",
      commands: components.map(({ component, image }) =>
        command(
          "gh",
          ...["gh", "api", "--method=POST", `--hostname=${host}`, `repos/${owner}/${name}/deployments`],
          ...[
            `--raw-field=ref=${commit.sha}`,
            `--raw-field=environment=${environment}`,
            "--field=auto_merge=false",
          ],
          ...[`--raw-field=payload[service]=${service}`, `--raw-field=payload[image]=${image}`],
          ...(components.length === 1 ? [] : [`--raw-field=payload[component]=${component}`]),
        ),
      ),
    },
  ];
}

export const github: Deployer = {
  called: /^(github(actions|deployments)?|gha|gh)$/,
  fits: isBy("github", "github-actions"),
  drafts: (target) => [...again(target), ...asDeployment(target)],
};

// --- GitLab -----------------------------------------------------------------------------------------------

const GITLAB_JOB = /^(https:\/\/[\w.:-]+(?:\/[\w.-]+){2,})\/-\/(?:jobs|builds)\/(\d+)(?:[/?#]|$)/;

/** The project and job: by the job's address, or by the deployment's id where that is the job's (`job/7`). */
function jobOf({ url = "", deployment, commit }: Target): { project?: string; job?: string } {
  const [, project, job] = GITLAB_JOB.exec(url) ?? [];
  if (project !== undefined && job !== undefined) return { project, job };
  const [, own] = /^job\/(\d+)$/.exec(deployment?.id ?? "") ?? [];
  const repository = /^https:\/\/[\w.:-]+(?:\/[\w.-]+){2,}$/.exec(commit?.repository ?? "")?.[0];
  return own === undefined || repository === undefined ? {} : { project: repository, job: own };
}

/** Options: docs.gitlab.com, "glab ci retry" (`--repo` takes the whole address), "Deployment safety". */
function byGitlab(target: Target): StepDraft[] {
  const { project, job } = jobOf(target);
  if (project === undefined || job === undefined) return [];
  return [
    {
      title: "run the job of then again on GitLab",
      why:
        `${rebuilds(target)} GitLab refuses it where the project prevents outdated deployments and does not allow ` +
        "retries for rollbacks, and where the job was archived; artifacts that the job needs may have expired.",
      commands: [command("glab", "glab", "ci", "retry", job, `--repo=${project}`)],
    },
  ];
}

export const gitlab: Deployer = {
  called: /^(gitlab(ci|cicd)?|glab)$/,
  fits: isBy("gitlab", "gitlab-ci"),
  drafts: byGitlab,
};
