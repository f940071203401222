/** `asof observe kubernetes`: what the pods of a cluster run, by workload. */
import { setMaxListeners } from "node:events";
import * as z from "zod";
import { faultsOf, name } from "../../schemas/scalars.ts";
import { UsageError } from "../error.ts";
import { type Item, unknown } from "../import/importer.ts";
import type { Io } from "../io.ts";
import { type Cluster, clusterOf } from "../kubernetes/cluster.ts";
import { type Gap, type Mirror, mirrorOf } from "./kubernetes/mirror.ts";
import {
  type Owner,
  podOf,
  replicaSetOf,
  type Setting,
  settingOf,
  workloadOwnerOf,
} from "./kubernetes/objects.ts";
import { type ObservedResource, OWNERS, PODS, SETTINGS, TRAFFIC } from "./kubernetes/resources.ts";
import { observationOf } from "./kubernetes/statements.ts";
import {
  destinationRuleOf,
  rolloutOf,
  serviceOf,
  type Traffic,
  virtualServiceOf,
  weightsOf,
} from "./kubernetes/traffic.ts";
import { ownerKey, workloadsOf } from "./kubernetes/workloads.ts";
import type { Observed, Observer } from "./observer.ts";
import { stepMsFrom, stepOf } from "./step.ts";
import { telling } from "./versions.ts";

const Options = z.looseObject({
  cluster: name,
  kubeconfig: z.string().optional(),
  kubeContext: z.string().optional(),
  namespace: z.string().optional(),
  commitAnnotation: z.string(),
  watch: z.boolean().optional(),
});

const KIND_OF: Readonly<Record<string, string>> = {
  deployments: "Deployment",
  replicasets: "ReplicaSet",
  statefulsets: "StatefulSet",
  daemonsets: "DaemonSet",
  jobs: "Job",
  cronjobs: "CronJob",
  configmaps: "ConfigMap",
  secrets: "Secret",
};
const TRAFFIC_OF: Readonly<Record<string, (object: unknown) => Traffic | undefined>> = {
  rollouts: rolloutOf,
  virtualservices: virtualServiceOf,
  destinationrules: destinationRuleOf,
  services: serviceOf,
};

const FORBIDDEN = 403;

/** The copies of everything that is read. */
function mirrors(
  cluster: Cluster,
  { namespace, commitAnnotation }: z.infer<typeof Options>,
  { now, waitMs }: Io,
  { changed, missed }: { readonly changed: () => void; readonly missed: (gap: Gap) => void },
) {
  const of = <T>(resource: ObservedResource, reduce: (object: unknown) => T | undefined) => ({
    resource,
    mirror: mirrorOf(cluster, resource, { namespace, now, waitMs, reduce, changed, missed }),
  });
  const pods = of(PODS, (object) => podOf(object, commitAnnotation));
  const owners = OWNERS.map((one) => {
    const reduce = one.plural === "replicasets" ? replicaSetOf : workloadOwnerOf;
    return of<Owner>(one, (object) => reduce(object, commitAnnotation));
  });
  const traffic = TRAFFIC.map((one) => of<Traffic>(one, TRAFFIC_OF[one.plural] ?? (() => undefined)));
  const settings = SETTINGS.map((one) => of<Setting>(one, settingOf));
  return { pods, owners, traffic, settings };
}

const byKey = <T extends { readonly namespace: string; readonly name: string }>(
  all: readonly { readonly resource: ObservedResource; readonly mirror: Mirror<T> }[],
): Map<string, T> =>
  new Map(
    all.flatMap(({ resource, mirror }) =>
      [...mirror.objects()].map(
        (one) =>
          [ownerKey(KIND_OF[resource.plural] ?? resource.plural, one.namespace, one.name), one] as const,
      ),
    ),
  );

function observing(
  cluster: Cluster,
  options: z.infer<typeof Options>,
  io: Io,
  signal: AbortSignal,
): Observed {
  // Each of a dozen watches and pauses listens to it.
  setMaxListeners(0, signal);
  const { cluster: name, commitAnnotation, watch: isWatching = false } = options;
  const stepMs = stepMsFrom(io.env);
  const gaps: Gap[] = [];
  // A change during a look calls for another one.
  let isStale = false;
  let wake = () => {};
  const changed = () => {
    isStale = true;
    wake();
  };
  const missed = (gap: Gap) => gaps.push(gap);
  const { pods, owners, traffic, settings } = mirrors(cluster, options, io, { changed, missed });
  // Owners before pods: a pod is read with its owner.
  const followed = [...owners, ...traffic, pods];
  const told = telling();
  let isFollowing = false;
  let settingsOfStep = "";

  async function begin(): Promise<void> {
    for (const { mirror } of followed) await mirror.fill();
    isFollowing = isWatching;
    if (isWatching) for (const { mirror } of followed) void mirror.follow(signal);
  }
  /** Settings are not watched: a watch would send what is in them. */
  async function refreshSettings(): Promise<void> {
    const step = stepOf(io.now(), stepMs);
    if (settingsOfStep === step) return;
    for (const { mirror } of settings) await mirror.fill();
    settingsOfStep = step;
  }
  /** When everything that is followed was last known to be as it is here. */
  const heardAt = (): Date =>
    isWatching
      ? new Date(Math.min(...[...owners, pods].map(({ mirror }) => mirror.heardAt().getTime())))
      : io.now();

  function* notKnown(): Generator<Item> {
    for (const { resource, from, to } of gaps.splice(0))
      yield unknown("what came and went while a watch was broken off", `${resource}, ${from} to ${to}`);
    for (const { resource, mirror } of [...traffic, ...settings])
      if (mirror.refused() === FORBIDDEN) yield unknown("what the observer may not list", resource.plural);
  }

  async function* look(): AsyncGenerator<Item> {
    isStale = false;
    if (!isFollowing) await begin();
    await refreshSettings();
    const at = stepOf(heardAt(), stepMs);
    yield* notKnown();
    const around = {
      owners: byKey(owners),
      settings: byKey(settings),
      weightOf: weightsOf(traffic.flatMap(({ mirror }) => [...mirror.objects()])),
    };
    for (const workload of workloadsOf(pods.mirror.objects(), around)) {
      const seen = observationOf(workload, { cluster: name, at, commitAnnotation });
      const key = ownerKey(workload.kind, workload.namespace, workload.name);
      if (seen.is === "unknown") yield seen;
      else yield { is: "statement", statement: told.statementFor(key, at, seen) };
    }
    told.endOf(at);
  }

  return {
    look,
    changed: (until) =>
      new Promise((resolve) => {
        wake = resolve;
        if (isStale) resolve();
        until.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
}

export const kubernetes: Observer = {
  name: "kubernetes",
  summary: "what the pods of a cluster run, workload by workload",
  help: `
Examples:
  asof observe kubernetes --cluster eu-1 --dry-run
  asof observe kubernetes --cluster eu-1 --watch

The login is that of kubectl, or, in a pod, its service account. An environment is cluster/namespace, a service the name of
its workload; naming rules of the ledger shorten them. Of ConfigMaps and Secrets only metadata is read.
What is installed in a cluster, and with which rights: see docs/observe.md.`,
  options: (command) =>
    command
      .requiredOption("--cluster <name>", "what the cluster is called in the ledger, like eu-1")
      .option("--watch", "go on, and report changes when they happen")
      .option("--namespace <namespace>", "only this one (default: all)")
      .option(
        "--commit-annotation <key>",
        "the annotation or label of pods that names a commit",
        "app.kubernetes.io/commit",
      )
      .option("--kubeconfig <file>", "default: as kubectl")
      .option("--kube-context <name>", "the context of the kubeconfig (default: its current one)"),
  open: (given, io, signal) => {
    const options = Options.safeParse(given);
    if (!options.success) throw new UsageError(`--${faultsOf(options.error)}`);
    return observing(clusterOf(options.data), options.data, io, signal);
  },
};
