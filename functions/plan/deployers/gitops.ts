/**
 * Argo CD and Flux: what deploys from git sets everything else back. So it is held first, and let go again only when git
 * itself says the same.
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
 * By the revisions of then, where they are those of the application's own sources in its own order; else by its
 * history. A rollback, and a sync to another revision than the application's, are refused while auto-sync is on.
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
      title: "go back with Argo CD",
      why:
        "Auto-sync goes off first: with it Argo CD refuses, and would undo it. Keep what the first command prints, the " +
        "sync policy is in it. An application that another one or an ApplicationSet makes gets its policy back from " +
        "there: hold that one too. The manifests of then may name tags: afterwards compare what runs with " +
        `${listed(target.components.map(({ image }) => image))}. Turn auto-sync on again, as it was, only when the branch ` +
        "it follows says the same; `ARGOCD_SERVER` and `ARGOCD_AUTH_TOKEN` are read from the environment.",
      commands: [
        command("argocd", "argocd", "app", "get", ...app, "--output=yaml"),
        command("argocd", "argocd", "app", "set", ...app, "--sync-policy=none"),
        ...syncing(target, app),
        // Not for `--sync`: what is not the revision of the branch stays out of sync.
        command("argocd", "argocd", "app", "wait", ...app, "--operation", "--health", "--timeout=600"),
      ],
    },
  ];
}

export const argocd: Deployer = { called: /^argo(cd)?[23]?$/, fits: isArgo, drafts: byArgo };

// --- Flux -------------------------------------------------------------------------------------------------

/** Flux's revision of a Kustomization is a commit, of a HelmRelease a chart's version. */
const kindOf = ({ config }: Target): string =>
  /^v?\d+\.\d+\.\d+/.test(config[0]?.revision ?? "") ? "helmrelease" : "kustomization";

/** Of the object, which need not be where its workloads are: Flux's deployments are in `cluster/namespace`. */
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
      title: "hold Flux and set the images",
      why:
        "Flux would set back whatever is not in git, so it is suspended first (check whether it is a Kustomization or " +
        `a HelmRelease). ${CHECK_NAMES} Then change git to the same images, and only then let Flux go on: ` +
        `\`${quote(["flux", "resume", ...object, ...options])}\`. Changing git alone does the same, slower and without these commands.`,
      commands: [command("flux", "flux", "suspend", ...object, ...options), ...setImages(target)],
    },
  ];
}

export const flux: Deployer = { called: /^flux(cd|v?2)?$/, fits: isBy("flux"), drafts: byFlux };
