/** `asof import kubernetes`: what a cluster still knows of deployments, of its own and of the tools that deploy to it. */
import { Option } from "commander";
import * as z from "zod";
import { name } from "../../schemas/scalars.ts";
import { CliError } from "../error.ts";
import { type Importer, type Item, unknown } from "./importer.ts";
import { argocd } from "./kubernetes/argocd.ts";
import { helmReleases, kustomizations } from "./kubernetes/flux.ts";
import { helm } from "./kubernetes/helm.ts";
import { listsOf, NotAllowed } from "./kubernetes/lists.ts";
import type { Origin } from "./kubernetes/origin.ts";
import { rollouts, toldServices } from "./kubernetes/rollouts.ts";

const WHAT = ["helm", "argocd", "flux", "rollouts"] as const;
type What = (typeof WHAT)[number];

const Options = z.looseObject({
  args: z.array(z.string()),
  cluster: z.string(),
  kubeContext: z.string().optional(),
  kubeconfig: z.string().optional(),
  only: z.enum(WHAT).optional(),
});

/** What deployers keep in the cluster, in the order in which it is read. */
const DEPLOYERS: Readonly<
  Record<Exclude<What, "rollouts">, readonly ((origin: Origin) => AsyncGenerator<Item>)[]>
> = {
  helm: [helm],
  argocd: [argocd],
  flux: [kustomizations],
};

/** Reads one kind of thing; what the login may not list is unknown. */
async function* reading(items: AsyncGenerator<Item>): AsyncGenerator<Item> {
  try {
    yield* items;
  } catch (error) {
    if (!(error instanceof NotAllowed)) throw error;
    yield unknown(`${error.message}, which the login may not list`);
  }
}

async function* everything(origin: Origin): AsyncGenerator<Item> {
  const told = toldServices();
  for (const read of Object.values(DEPLOYERS).flat())
    for await (const item of reading(read(origin))) {
      told.add(item);
      yield item;
    }
  yield* reading(rollouts(origin, told.has));
}

async function* only(what: What, origin: Origin): AsyncGenerator<Item> {
  if (what === "rollouts") yield* reading(rollouts(origin, () => false));
  else for (const read of DEPLOYERS[what]) yield* reading(read(origin));
  // By default Helm's own releases report them, with their images.
  if (what === "flux") yield* reading(helmReleases(origin));
}

export const kubernetes: Importer = {
  name: "kubernetes",
  summary: "what a cluster still knows of deployments",
  help: `
Examples:
  asof import kubernetes --cluster eu-1 --dry-run
  asof import kubernetes shop billing --cluster eu-1 --kube-context prod-eu --only helm

Helm's releases with their images, the syncs of Argo CD's applications, the reconciliations of Flux's Kustomizations, and
the rollouts of Deployments, StatefulSets and DaemonSets that none of these reports under the same name. A rollout is known
to have started; only of a Deployment's last one the cluster knows how it ended. The cluster and the login are kubectl's
(KUBECONFIG, ~/.kube/config, or the pod's service account); the login needs to list these objects. Releases that Flux
installs are reported as Helm's; --only flux reports them as Flux does, for a ledger that Flux's events reach.`,
  options: (command) =>
    command
      .argument("[namespaces...]", "only these (default: all)")
      .requiredOption("--cluster <name>", "the cluster's name in the ledger, as live senders name it")
      .option("--kube-context <name>", "of the kubeconfig (default: the current one)")
      .option("--kubeconfig <file>", "the kubeconfig (default: as kubectl)")
      .addOption(new Option("--only <what>", "only these").choices(WHAT)),
  async *items(given, io) {
    const { args: namespaces, cluster, kubeContext, kubeconfig, only: what } = Options.parse(given);
    if (!name.safeParse(cluster).success) throw new CliError("--cluster: must be a name, like eu-1");
    const list = listsOf({ kubeContext, kubeconfig, namespaces }, io);
    const origin = { list, cluster, now: io.now().toISOString() };
    yield* what === undefined ? everything(origin) : only(what, origin);
    yield unknown("releases, applications and workloads that were deleted");
  },
};
