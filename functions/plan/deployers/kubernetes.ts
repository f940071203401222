/**
 * Kubernetes' own tools: kubectl, Helm, Kustomize. Options are written `--option=value`, so that no name can become
 * one; where the cluster or namespace is not known, a word stands in its place, for without one the command would go to
 * wherever the last one went.
 */
import type { Command } from "../../../schemas/plan.ts";
import { command, unknown } from "../shell.ts";
import {
  type Deployer,
  isBy,
  kubernetesName,
  lastPart,
  listed,
  type StepDraft,
  type Target,
} from "../step-target.ts";

const IN_CLUSTERS = isBy("argocd", "argo-rollouts", "flux", "helm");

/** Amazon ECS has clusters too, but no namespaces. */
const isInCluster = (target: Target): boolean =>
  target.namespace !== undefined ||
  IN_CLUSTERS(target) ||
  (target.cluster !== undefined && !isBy("ecs")(target));

const namespaceOf = ({ namespace }: Target): string => `--namespace=${namespace ?? unknown("namespace")}`;

// --- kubectl ----------------------------------------------------------------------------------------------

/** A component's workload and container, by the names that containers of clusters get as components. */
function placeOf(component: string, service: string): { workload: string; container: string } {
  const [workload = "", container] = component.split("/", 2);
  if (container !== undefined) return { workload, container };
  const only = lastPart(service);
  return { workload: only, container: component === "main" ? only : component };
}

/**
 * Sets the images of each workload, then waits for it.
 * Options: kubernetes.io, kubectl reference, "kubectl set image" and "kubectl rollout status".
 */
export function setImages(target: Target): Command[] {
  const options = [`--context=${target.cluster ?? unknown("context")}`, namespaceOf(target)];
  const workloads = new Map<string, string[]>();
  for (const { component, image } of target.components) {
    const { workload, container } = placeOf(component, target.service);
    const name = `deployment/${kubernetesName(workload, "workload")}`;
    const images = workloads.get(name) ?? [];
    workloads.set(name, [...images, `${kubernetesName(container, "container")}=${image}`]);
  }
  return [...workloads].flatMap(([workload, images]) => [
    command("kubectl", "kubectl", ...options, "set", "image", workload, ...images),
    command("kubectl", "kubectl", ...options, "rollout", "status", workload, "--timeout=10m"),
  ]);
}

/** What has to be looked at before `setImages`. */
export const CHECK_NAMES =
  "Check the names first: the context is the cluster's name here, the workload is taken to be a Deployment that is " +
  "called as the service, and its containers as the components (`main` as the workload).";

const byKubectl = (target: Target): StepDraft[] =>
  target.components.length === 0
    ? []
    : [
        {
          title: "set the images with kubectl",
          why:
            "Where nothing else keeps the state of the cluster: what Argo CD, Flux or Helm deploys they would set " +
            `back. Only the images change, the rest of the manifests stays as it is now. ${CHECK_NAMES}`,
          commands: setImages(target),
        },
      ];

export const kubectl: Deployer = {
  called: /^(kubectl|kubernetes|k8s)$/,
  fits: isInCluster,
  drafts: byKubectl,
};

// --- Helm -------------------------------------------------------------------------------------------------

/** The release and revision of a deployment that Helm told of: its id is `release/revision/time`. */
function revisionOf(target: Target): { release?: string; revision?: string } {
  if (!isBy("helm")(target)) return {};
  const [, release, revision] = /^([^/]+)\/([1-9]\d*)\//.exec(target.deployment?.id ?? "") ?? [];
  return release === undefined || revision === undefined ? {} : { release, revision };
}

/**
 * Which values of a chart are images is the chart's own, so nothing is set: a revision that Helm keeps is all of then.
 * Options: helm.sh, "helm history", "helm get manifest", "helm rollback".
 */
function byHelm(target: Target): StepDraft[] {
  const known = revisionOf(target);
  const release = kubernetesName(known.release ?? lastPart(target.service), "release");
  const revision = known.revision ?? unknown("revision");
  const options = [`--kube-context=${target.cluster ?? unknown("context")}`, namespaceOf(target)];
  return [
    {
      title: "roll back with Helm",
      why:
        `Goes back to ${known.revision === undefined ? "the revision of then" : `revision ${revision}`}: manifests, ` +
        "values and images together. The first command shows whether Helm still has it (it keeps ten unless told " +
        `otherwise), the second whether its images are ${listed(target.components.map(({ image }) => image))}. Where it is ` +
        "gone, upgrade to the chart of then with the values of then, from where they are kept. If Argo CD or Flux " +
        "runs Helm, roll back there.",
      commands: [
        command("helm", "helm", ...options, "history", release),
        command("helm", "helm", ...options, "get", "manifest", release, `--revision=${revision}`),
        command("helm", "helm", ...options, "rollback", release, revision, "--wait", "--timeout=10m"),
      ],
    },
  ];
}

export const helm: Deployer = { called: /^helm[234]?$/, fits: isBy("helm"), drafts: byHelm };

// --- Kustomize --------------------------------------------------------------------------------------------

/** Manifests in a repository: neither a chart's version nor an OCI artifact. */
const inGit = ({ config }: Target) =>
  config.find(
    ({ repository, revision, path }) =>
      repository !== undefined && path !== undefined && /^[0-9a-f]{7,64}$/.test(revision),
  );

/** The folder of a path that may be a file's; of the repository's own root a dot. */
const folderOf = (path: string): string => path.replace(/\/?[^/]*\.ya?ml$/i, "").replace(/^$/, ".");

/**
 * The first word is the folder: `kustomize edit` knows no other than where it runs.
 * Format: kubernetes-sigs/kustomize, `kustomize edit set image --help`: `<image>=<new image>@<digest>`.
 */
const IN_FOLDER = 'cd -- "$1" && shift && exec kustomize edit set image "$@"';

function byKustomize(target: Target): StepDraft[] {
  const { service, environment, components } = target;
  const images = [...new Set(components.map(({ repository, image }) => `${repository}=${image}`))];
  const repositories = new Set(components.map(({ repository }) => repository));
  // It tells images apart by their repositories alone.
  if (images.length === 0 || repositories.size < images.length) return [];
  const { repository, path } = inGit(target) ?? {};
  const folder = path === undefined ? unknown("folder of kustomization.yaml") : folderOf(path);
  return [
    {
      title: "pin the images with Kustomize, in git",
      why:
        `In a checkout of ${repository ?? "the repository of the manifests"}, on the branch that is deployed; the folder ` +
        "must hold the kustomization.yaml of this environment, and images there must be called by their " +
        "repositories. Whatever applies this branch does the rest; where nothing does, `kubectl apply --kustomize` " +
        "does. Only the images are those of then.",
      commands: [
        command("kustomize", "sh", "-c", IN_FOLDER, "sh", folder, ...images),
        // A path of git's own kind may mean more than itself; a dot does not.
        command(
          "git",
          "git",
          "-C",
          folder,
          "commit",
          `--message=Run ${service} in ${environment} as before`,
          "--",
          ".",
        ),
        command("git", "git", "-C", folder, "push"),
      ],
    },
  ];
}

export const kustomize: Deployer = {
  called: /^kustomize$/,
  fits: (target) => inGit(target) !== undefined,
  drafts: byKustomize,
};
