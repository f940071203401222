/**
 * Argo CD and Flux revert whatever differs from git. So the steps suspend them first, and resume them only when git itself
 * has the target state.
 */

import type { Command } from "../../../schemas/plan.ts";
import { isCommit } from "../../../schemas/words/in-git.ts";
import { lastPart } from "../../../schemas/words/texts.ts";
import { command, quote, unknown } from "../shell.ts";
import {
  brings,
  type Deployer,
  isBy,
  kubernetesName,
  listed,
  type StepDraft,
  type Target,
} from "../step-target.ts";
import { commitPaths, restorePaths } from "./git.ts";
import { CHECK_NAMES, clusterOptions, setImages, workloadsOf } from "./kubernetes.ts";

// --- Argo CD ----------------------------------------------------------------------------------------------

const isArgo = isBy("argocd");

/**
 * Syncs to the recorded revisions, if they are those of the application's own sources in order; otherwise rolls back by
 * its history. While auto-sync is on, Argo CD refuses a rollback and a sync to another revision.
 * Options: argo-cd.readthedocs.io, "argocd app sync", "argocd app rollback"; sources count from 1.
 */
function syncing(target: Target, app: readonly string[]): Command[] {
  const revisions = target.config.map(({ revision }) => revision);
  const [only] = revisions;
  if (revisions.length === 1)
    return [command("argocd", "argocd", "app", "sync", ...app, `--revision=${only}`)];
  if (revisions.length > 1 && isArgo(target)) {
    const sources = revisions.flatMap((revision, n) => [
      `--revisions=${revision}`,
      `--source-positions=${n + 1}`,
    ]);
    return [command("argocd", "argocd", "app", "sync", ...app, ...sources)];
  }
  return [
    command("argocd", "argocd", "app", "history", ...app),
    command("argocd", "argocd", "app", "rollback", ...app, unknown("history id")),
  ];
}

/**
 * No revision in git has images that never ran here, so they are set in the application.
 * Options: argo-cd.readthedocs.io, "argocd app set" (`--kustomize-image`), "argocd app sync".
 */
function settingImages(target: Target, app: readonly string[]): StepDraft[] {
  if (target.components.length === 0) return [];
  const images = target.components.map(({ repository, image }) => `--kustomize-image=${repository}=${image}`);
  return [
    {
      title: "set the images in Argo CD",
      why:
        "This needs an application whose source is a kustomization; for a Helm chart set its values with `--helm-set-string` " +
        "instead, and for plain manifests change them in git. If another application or an ApplicationSet manages this " +
        "one, it takes the images back: suspend that. Bring the same images to git afterwards, then remove them here " +
        "(`argocd app unset --kustomize-image`). `ARGOCD_SERVER` and `ARGOCD_AUTH_TOKEN` are read from the environment.",
      commands: [
        command("argocd", "argocd", "app", "get", ...app, "--output=yaml"),
        command("argocd", "argocd", "app", "set", ...app, ...images),
        command("argocd", "argocd", "app", "sync", ...app),
        command("argocd", "argocd", "app", "wait", ...app, "--operation", "--health", "--timeout=600"),
      ],
      brings: brings(target, []),
    },
  ];
}

function byArgo(target: Target): StepDraft[] {
  const name = kubernetesName(lastPart(target.service), "application");
  const instance = isArgo(target) ? target.deployment?.instance : undefined;
  const app = instance === undefined ? [name] : [name, `--app-namespace=${instance}`];
  if (target.isNew === true) return settingImages(target, app);
  return [
    {
      title: "roll back with Argo CD",
      why:
        "Auto-sync is turned off first: while it is on, Argo CD refuses the rollback, or would undo it. Keep the output of the " +
        "first command: it contains the sync policy. If another application or an ApplicationSet manages this one, it " +
        "restores the policy: suspend that, too. The earlier manifests may name tags: afterwards, compare what runs with " +
        `${listed(target.components.map(({ image }) => image))}. Turn auto-sync on again, as it was, only when the tracked ` +
        "branch has the same state. `ARGOCD_SERVER` and `ARGOCD_AUTH_TOKEN` are read from the environment.",
      commands: [
        command("argocd", "argocd", "app", "get", ...app, "--output=yaml"),
        command("argocd", "argocd", "app", "set", ...app, "--sync-policy=none"),
        ...syncing(target, app),
        // Without `--sync`: an application at another revision than its branch stays out of sync.
        command("argocd", "argocd", "app", "wait", ...app, "--operation", "--health", "--timeout=600"),
      ],
      brings: brings(target, target.restore),
    },
  ];
}

export const argocd: Deployer = { called: /^argo(cd)?[23]?$/, fits: isArgo, drafts: byArgo };

// --- Flux -------------------------------------------------------------------------------------------------

/** In Flux, the revision of a Kustomization is a commit, and that of a HelmRelease is a chart version. */
const kindOf = ({ config }: Target): string =>
  /^v?\d+\.\d+\.\d+/.test(config[0]?.revision ?? "") ? "helmrelease" : "kustomization";

/** The namespace of the Flux object, which may differ from that of its workloads. The environment is `cluster/namespace`. */
function objectNamespace({ environment, cluster }: Target): string {
  const isInside = cluster !== undefined && environment.startsWith(`${cluster}/`);
  return isInside ? environment.slice(cluster.length + 1) : unknown("namespace of the Flux object");
}

/** The manifests of then: Flux reports their commit, and their path only if the sender of the deployment does. */
function inManifests({ restore }: Target): { revision: string; path: string }[] {
  if (!restore.every(({ revision, path }) => isCommit(revision) && (path === undefined || path !== "")))
    return [];
  return restore.map(({ revision, path = unknown("path of the manifests") }) => ({ revision, path }));
}

/** Options: fluxcd.io, "flux reconcile kustomization", "flux reconcile helmrelease". */
function revertingGit(
  target: Target,
  manifests: readonly { revision: string; path: string }[],
  object: readonly string[],
  options: readonly string[],
): StepDraft {
  const { service, environment, restore, components } = target;
  const repository = restore.find((one) => one.repository !== undefined)?.repository;
  return {
    title: "revert the manifests in git, and let Flux apply them",
    why:
      `Run it in a checkout of ${repository ?? "the repository of the manifests"}, on the branch that Flux follows. The ` +
      "manifests go back as a commit: images and configuration together. Suspend image automation first, or it updates " +
      "the images again. The earlier manifests may name tags: afterwards, compare what runs with " +
      `${listed(components.map(({ image }) => image))}.`,
    commands: [
      ...restorePaths(manifests),
      ...commitPaths(
        `Run ${service} in ${environment} as before`,
        manifests.map(({ path }) => path),
      ),
      command("flux", "flux", "reconcile", ...object, "--with-source", ...options),
    ],
    brings: brings(target, restore),
  };
}

/** Options: fluxcd.io, "flux suspend kustomization", "flux suspend helmrelease" and their `resume`. */
function byFlux(target: Target): StepDraft[] {
  if (target.components.length === 0) return [];
  const object = [kindOf(target), kubernetesName(lastPart(target.service), "name")];
  const options = [
    `--namespace=${objectNamespace(target)}`,
    `--context=${target.cluster ?? unknown("context")}`,
  ];
  const manifests = inManifests(target);
  if (manifests.length > 0) return [revertingGit(target, manifests, object, options)];
  return [
    {
      title: "suspend Flux and set the images",
      why:
        "Flux would revert whatever differs from git, so it is suspended first (check whether the object is a Kustomization or " +
        `a HelmRelease). ${CHECK_NAMES} Then change git to the same images, and only then resume Flux: ` +
        `\`${quote(["flux", "resume", ...object, ...options])}\`. Changing only git has the same effect, more slowly and without these commands.`,
      commands: [command("flux", "flux", "suspend", ...object, ...options), ...setImages(target)],
      brings: brings(target, []),
    },
  ];
}

// --- Keel -------------------------------------------------------------------------------------------------

/** Options: keel.sh, "Policies": `never` updates nothing. Keel reads labels and annotations. */
function byKeel(target: Target): StepDraft[] {
  if (target.components.length === 0) return [];
  const options = clusterOptions(target);
  const held = workloadsOf(target).flatMap((workload) =>
    ["annotate", "label"].map((verb) =>
      command("kubectl", "kubectl", ...options, verb, workload, "keel.sh/policy=never", "--overwrite"),
    ),
  );
  return [
    {
      title: "hold Keel and set the images",
      why:
        "Keel would update the images again with the next push of their tags, so its policy is set to `never` first. Keep " +
        `the policy of now, and set it again only when newer images are wanted. ${CHECK_NAMES}`,
      commands: [...held, ...setImages(target)],
      brings: brings(target, []),
    },
  ];
}

export const keel: Deployer = { called: /^keel(sh)?$/, fits: isBy("keel"), drafts: byKeel };

export const flux: Deployer = { called: /^flux(cd|v?2)?$/, fits: isBy("flux"), drafts: byFlux };
