/**
 * Kubernetes tools: kubectl, Helm, Kustomize. Options are written `--option=value`, so that no name can be mistaken for an
 * option. An unknown cluster or namespace becomes a placeholder: without the option, the command would run against
 * whatever is currently selected.
 */

import type { Command } from "../../../schemas/plan.ts";
import { type InGit, isCommit, isInGit } from "../../../schemas/words/in-git.ts";
import { lastPart } from "../../../schemas/words/texts.ts";
import { command, unknown } from "../shell.ts";
import {
  brings,
  type Deployer,
  isBy,
  kubernetesName,
  listed,
  type StepDraft,
  type Target,
} from "../step-target.ts";
import { checkedOut, checkOut, commitPaths, restorePaths } from "./git.ts";

const IN_CLUSTERS = isBy("argocd", "argo-rollouts", "flux", "helm");

/** Amazon ECS also has clusters, but no namespaces. */
const isInCluster = (target: Target): boolean =>
  target.namespace !== undefined ||
  IN_CLUSTERS(target) ||
  (target.cluster !== undefined && !isBy("ecs")(target));

const namespaceOf = ({ namespace }: Target): string => `--namespace=${namespace ?? unknown("namespace")}`;

// --- kubectl ----------------------------------------------------------------------------------------------

/** Kinds of workloads as components name them where two workloads of a service have one name, and as kubectl does. */
const KINDS: ReadonlyMap<string, string> = new Map(
  ["Deployment", "StatefulSet", "DaemonSet"].map((kind) => [kind, kind.toLowerCase()]),
);

/**
 * The workload and container of a component: components observed in clusters are named `workload/container`, or
 * `StatefulSet/workload/container`.
 */
function workloadOf(
  { component, ...described }: Target["components"][number],
  target: Target,
): { workload: string; container: string } {
  const assumed = assumedWorkload(component, target);
  const container = described.container ?? assumed.container;
  if (described.workload === undefined) return { ...assumed, container };
  const { workload } = assumedWorkload(`${described.workload}/${container}`, target);
  return { workload, container };
}

function assumedWorkload(
  component: string,
  { service, workload: seen }: Target,
): { workload: string; container: string } {
  const [first = "", ...rest] = component.split("/");
  const kind = rest.length === 0 ? undefined : KINDS.get(first);
  const [name = "", container] = kind === undefined ? [first, rest[0]] : rest;
  const named = (workload: string) =>
    `${kind ?? (seen ?? "Deployment").toLowerCase()}/${kubernetesName(workload, "workload")}`;
  if (container !== undefined) return { workload: named(name), container };
  if (kind !== undefined) return { workload: named(name), container: name };
  const only = lastPart(service);
  return { workload: named(only), container: component === "main" ? only : component };
}

/**
 * Sets the images of each workload, then waits for it.
 * Options: kubernetes.io, kubectl reference, "kubectl set image" and "kubectl rollout status".
 */
export function setImages(target: Target): Command[] {
  const options = clusterOptions(target);
  return [...imagesByWorkload(target)].flatMap(([workload, images]) => [
    command("kubectl", "kubectl", ...options, "set", "image", workload, ...images),
    command("kubectl", "kubectl", ...options, "rollout", "status", workload, "--timeout=10m"),
  ]);
}

export const clusterOptions = (target: Target): string[] => [
  `--context=${target.cluster ?? unknown("context")}`,
  namespaceOf(target),
];

/** The workloads of the target, like `deployment/billing`. */
export const workloadsOf = (target: Target): string[] => [...imagesByWorkload(target).keys()];

function imagesByWorkload(target: Target): Map<string, string[]> {
  const workloads = new Map<string, string[]>();
  for (const component of target.components) {
    const { workload, container } = workloadOf(component, target);
    const { image } = component;
    const images = workloads.get(workload) ?? [];
    workloads.set(workload, [...images, `${kubernetesName(container, "container")}=${image}`]);
  }
  return workloads;
}

/** What a person has to check before `setImages`. */
export const CHECK_NAMES =
  "Check the names first. The context is assumed to have the name of the cluster, the workload to be a Deployment (unless " +
  "a StatefulSet or DaemonSet was seen, or a component names one) with the name of the service, and its containers to have the names of the components (`main`: that of the workload).";

/** Applies a file, or a folder with or without a kustomization. Arguments: the path, options of kubectl. */
const APPLY =
  "set -e; path=$1; shift; for name in kustomization.yaml kustomization.yml Kustomization; do " +
  'if [ -e "$path/$name" ]; then exec kubectl "$@" apply --kustomize="$path"; fi; done; ' +
  'exec kubectl "$@" apply --recursive --filename="$path"';

/** Checks out the manifests of then and applies them; images are set afterwards, by digest. */
const applying = (manifests: readonly InGit[], target: Target): Command[] =>
  manifests.flatMap((one) => [
    checkOut(one),
    command("kubectl", "sh", "-c", APPLY, "sh", checkedOut(one), ...clusterOptions(target)),
  ]);

function byKubectl(target: Target): StepDraft[] {
  if (target.components.length === 0) return [];
  const manifests = target.restore.filter(isInGit);
  const isApplied = manifests.length > 0;
  return [
    {
      title: isApplied
        ? "apply the manifests of then and set the images with kubectl"
        : "set the images with kubectl",
      why:
        "Use this only if nothing else manages the cluster's state: Argo CD and Flux would revert it, as would the next " +
        `Helm upgrade. ${isApplied ? "The manifests are checked out into a folder of their own; objects that came since stay." : "Only the images change; the rest of the manifests stays as it is now."} ` +
        CHECK_NAMES,
      commands: [...applying(manifests, target), ...setImages(target)],
      brings: brings(target, manifests),
    },
  ];
}

export const kubectl: Deployer = {
  called: /^(kubectl|kubernetes|k8s)$/,
  fits: isInCluster,
  drafts: byKubectl,
};

// --- Helm -------------------------------------------------------------------------------------------------

/** The release and revision of a deployment that Helm reported: its id is `release/revision/time`. */
function revisionOf(target: Target): { release?: string; revision?: string } {
  if (!isBy("helm")(target)) return {};
  const [, release, revision] = /^([^/]+)\/([1-9]\d*)\//.exec(target.deployment?.id ?? "") ?? [];
  return release === undefined || revision === undefined ? {} : { release, revision };
}

/**
 * Sets no values, because each chart names those for images differently. A revision that Helm keeps contains everything.
 * Options: helm.sh, "helm history", "helm get manifest", "helm rollback".
 */
function byHelm(target: Target): StepDraft[] {
  if (target.isNew === true) return upgrading(target);
  const known = revisionOf(target);
  const release = kubernetesName(known.release ?? lastPart(target.service), "release");
  const revision = known.revision ?? unknown("revision");
  const options = [`--kube-context=${target.cluster ?? unknown("context")}`, namespaceOf(target)];
  return [
    {
      title: "roll back with Helm",
      why:
        `Rolls back to ${known.revision === undefined ? "the earlier revision" : `revision ${revision}`}: manifests, ` +
        "values and images together. The first command shows whether Helm still has it (by default it keeps ten). The " +
        `second shows whether its images are ${listed(target.components.map(({ image }) => image))}. If the revision is ` +
        "gone, upgrade to the earlier chart with the earlier values, from where you keep them. If Argo CD or Flux " +
        "runs Helm, roll back there instead.",
      commands: [
        command("helm", "helm", ...options, "history", release),
        command("helm", "helm", ...options, "get", "manifest", release, `--revision=${revision}`),
        command("helm", "helm", ...options, "rollback", release, revision, "--wait", "--timeout=10m"),
      ],
      brings: brings(target, target.restore),
    },
  ];
}

/**
 * No revision has images that never ran here.
 * Options: helm.sh, "helm get values", "helm upgrade" (`--reuse-values`, `--set-string`).
 */
function upgrading(target: Target): StepDraft[] {
  if (target.components.length === 0) return [];
  const release = kubernetesName(lastPart(target.service), "release");
  const options = [`--kube-context=${target.cluster ?? unknown("context")}`, namespaceOf(target)];
  const values = target.components.map(
    ({ component, image }) => `--set-string=${unknown(`value of the image of ${component}`)}=${image}`,
  );
  return [
    {
      title: "upgrade with Helm to these images",
      why:
        "Each chart names its values for images differently: the first command shows them. Insert the chart of now, with " +
        "its version, and the name of the value; where the chart has values of their own for repository and digest, " +
        "set both. If Argo CD or Flux runs Helm, set the image there instead.",
      commands: [
        command("helm", "helm", ...options, "get", "values", release, "--all"),
        command(
          "helm",
          ...["helm", ...options, "upgrade", release, unknown("chart"), "--reuse-values"],
          ...[...values, "--wait", "--timeout=10m"],
        ),
      ],
      brings: brings(target, []),
    },
  ];
}

export const helm: Deployer = { called: /^helm[234]?$/, fits: isBy("helm"), drafts: byHelm };

// --- Kustomize --------------------------------------------------------------------------------------------

/** The folder of a path, which may name a file in it. The root of the repository is a dot. */
const folderOf = (path: string): string => path.replace(/\/?[^/]*\.ya?ml$/i, "").replace(/^$/, ".");

/**
 * The first argument is the folder: `kustomize edit` works only in the current directory.
 * Format: kubernetes-sigs/kustomize, `kustomize edit set image --help`: `<image>=<new image>@<digest>`.
 */
const IN_FOLDER = 'cd -- "$1" && shift && exec kustomize edit set image "$@"';

/** Manifests in a git repository, at its root, too: images are pinned there, even if it is not restored whole. */
const isInFolder = ({ repository, path, revision }: Target["config"][number]): boolean =>
  repository !== undefined && path !== undefined && isCommit(revision);

function byKustomize(target: Target): StepDraft[] {
  const { service, environment, components } = target;
  const images = [...new Set(components.map(({ repository, image }) => `${repository}=${image}`))];
  const repositories = new Set(components.map(({ repository }) => repository));
  // Kustomize identifies images by repository, so it cannot set two digests of one repository.
  if (images.length === 0 || repositories.size < images.length) return [];
  const { repository, path } = target.config.find(isInFolder) ?? {};
  const folder = path === undefined ? unknown("folder of kustomization.yaml") : folderOf(path);
  // One checkout is of one repository.
  const restored = target.restore.filter(isInGit).filter((one) => one.repository === repository);
  const isRestored = restored.length > 0;
  const message = `Run ${service} in ${environment} as before`;
  return [
    {
      title: isRestored
        ? "revert the manifests and pin the images with Kustomize, in git"
        : "pin the images with Kustomize, in git",
      why:
        `Run it in a checkout of ${repository ?? "the repository of the manifests"}, on the deployed branch. The folder ` +
        "must contain the kustomization.yaml of this environment, and images there must be named by their " +
        "repositories. The tool that applies this branch then deploys it; without such a tool, run " +
        `\`kubectl apply --kustomize\`. ${isRestored ? "Other paths of the repository stay as they are." : "Only the images go back."}`,
      commands: [
        ...(isRestored ? restorePaths(restored) : []),
        command("kustomize", "sh", "-c", IN_FOLDER, "sh", folder, ...images),
        ...(isRestored
          ? commitPaths(message, [folder, ...restored.map((one) => one.path)])
          : [
              // git reads special characters in a path as a pattern; a dot has none.
              command("git", "git", "-C", folder, "commit", `--message=${message}`, "--", "."),
              command("git", "git", "-C", folder, "push"),
            ]),
      ],
      brings: brings(target, restored),
    },
  ];
}

export const kustomize: Deployer = {
  called: /^kustomize$/,
  fits: ({ config }) => config.some(isInFolder),
  drafts: byKustomize,
};
