/**
 * Argo CD and Flux revert whatever differs from git. So the steps suspend them first, and resume them only when git itself
 * has the target state.
 */
import type { Command } from "../../../schemas/plan.ts";
import { command, quote, unknown } from "../shell.ts";
import {
  type Deployer,
  isBy,
  kubernetesName,
  lastPart,
  listed,
  type StepDraft,
  type Target,
} from "../step-target.ts";
import { CHECK_NAMES, setImages } from "./kubernetes.ts";

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

function byArgo(target: Target): StepDraft[] {
  const name = kubernetesName(lastPart(target.service), "application");
  const instance = isArgo(target) ? target.deployment?.instance : undefined;
  const app = instance === undefined ? [name] : [name, `--app-namespace=${instance}`];
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

/** Options: fluxcd.io, "flux suspend kustomization", "flux suspend helmrelease" and their `resume`. */
function byFlux(target: Target): StepDraft[] {
  if (target.components.length === 0) return [];
  const object = [kindOf(target), kubernetesName(lastPart(target.service), "name")];
  const options = [
    `--namespace=${objectNamespace(target)}`,
    `--context=${target.cluster ?? unknown("context")}`,
  ];
  return [
    {
      title: "suspend Flux and set the images",
      why:
        "Flux would revert whatever differs from git, so it is suspended first (check whether the object is a Kustomization or " +
        `a HelmRelease). ${CHECK_NAMES} Then change git to the same images, and only then resume Flux: ` +
        `\`${quote(["flux", "resume", ...object, ...options])}\`. Changing only git has the same effect, more slowly and without these commands.`,
      commands: [command("flux", "flux", "suspend", ...object, ...options), ...setImages(target)],
    },
  ];
}

export const flux: Deployer = { called: /^flux(cd|v?2)?$/, fits: isBy("flux"), drafts: byFlux };
