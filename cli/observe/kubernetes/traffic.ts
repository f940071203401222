/**
 * Computes each version's share of the traffic: from an Argo Rollout, or from the routes of an Istio VirtualService,
 * whose destinations are services and subsets, and therefore labels of pods.
 * Format: argoproj/argo-rollouts, Rollout.status; istio.io, VirtualService and DestinationRule.
 */
import * as z from "zod";

type Labels = Readonly<Record<string, string>>;

export interface Rollout {
  readonly is: "rollout";
  readonly namespace: string;
  readonly name: string;
  /** By hash of the pods' template. */
  readonly weights: ReadonlyMap<string, number>;
}
export interface Selection {
  readonly is: "service" | "subsets";
  readonly namespace: string;
  readonly host: string;
  /** Of a service: one, without a name. */
  readonly labels: ReadonlyMap<string, Labels>;
}
export interface Routes {
  readonly is: "routes";
  readonly namespace: string;
  readonly routes: readonly { readonly host: string; readonly subset?: string; readonly weight: number }[];
}
export type Traffic = Rollout | Selection | Routes;

const Meta = z.object({ name: z.string(), namespace: z.string().default("") });
const Weight = z.object({ weight: z.number(), podTemplateHash: z.string().optional() }).nullish();
const FullRollout = z.object({
  metadata: Meta,
  status: z.object({
    stableRS: z.string().optional(),
    currentPodHash: z.string().optional(),
    canary: z.object({ weights: z.object({ canary: Weight, stable: Weight }).nullish() }).nullish(),
  }),
});

export function rolloutOf(object: unknown): Rollout | undefined {
  const parsed = FullRollout.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, status } = parsed.data;
  const { canary, stable } = status.canary?.weights ?? {};
  const pairs = [
    { hash: canary?.podTemplateHash ?? status.currentPodHash, weight: canary?.weight },
    { hash: stable?.podTemplateHash ?? status.stableRS, weight: stable?.weight },
  ];
  const weights = new Map(
    pairs.flatMap(({ hash, weight }) =>
      hash === undefined || weight === undefined ? [] : [[hash, weight] as const],
    ),
  );
  return { is: "rollout", ...metadata, weights };
}

const Selector = z.record(z.string(), z.string());
const FullService = z.object({ metadata: Meta, spec: z.object({ selector: Selector.nullish() }) });

export function serviceOf(object: unknown): Selection | undefined {
  const parsed = FullService.safeParse(object);
  const selector = parsed.data?.spec.selector;
  if (!parsed.success || selector == null) return undefined;
  const { namespace, name } = parsed.data.metadata;
  return { is: "service", namespace, host: name, labels: new Map([["", selector]]) };
}

const FullRule = z.object({
  metadata: Meta,
  spec: z.object({
    host: z.string(),
    subsets: z.array(z.object({ name: z.string(), labels: Selector.nullish() })).nullish(),
  }),
});

export function destinationRuleOf(object: unknown): Selection | undefined {
  const parsed = FullRule.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec } = parsed.data;
  const labels = new Map((spec.subsets ?? []).map((one) => [one.name, one.labels ?? {}] as const));
  return { is: "subsets", namespace: metadata.namespace, host: spec.host, labels };
}

const Route = z.object({
  destination: z.object({ host: z.string(), subset: z.string().optional() }),
  weight: z.number().optional(),
});
const FullVirtualService = z.object({
  metadata: Meta,
  spec: z.object({
    http: z
      .array(z.object({ match: z.array(z.unknown()).nullish(), route: z.array(Route).nullish() }))
      .nullish(),
  }),
});

/** The routes of requests that match nothing special: the first rule without conditions. */
export function virtualServiceOf(object: unknown): Routes | undefined {
  const parsed = FullVirtualService.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec } = parsed.data;
  const rule = (spec.http ?? []).find(({ match }) => match == null || match.length === 0);
  const routes = rule?.route ?? [];
  const all = routes.map(({ destination, weight }) => ({
    ...destination,
    weight: weight ?? (routes.length === 1 ? 100 : 0),
  }));
  return {
    is: "routes",
    namespace: metadata.namespace,
    routes: all.map(({ host, subset, weight }) => ({
      host,
      weight,
      ...(subset === undefined ? {} : { subset }),
    })),
  };
}

/** A host as `name.namespace`: a short one is of the namespace of the object that names it. */
function hostIn(host: string, namespace: string): string {
  const [name = "", other = namespace] = host.replace(/\.svc(\..*)?$/, "").split(".");
  return `${name}.${other}`;
}

const fits = (labels: Labels, selector: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

/** The weight of pods in percent; undefined if nothing sets one. */
export function weightsOf(traffic: Iterable<Traffic>): (pods: Pods) => number | undefined {
  const all = [...traffic];
  const rollouts = new Map(
    all.flatMap((one) =>
      one.is === "rollout" ? [[`${one.namespace}/${one.name}`, one.weights] as const] : [],
    ),
  );
  const labels = new Map(
    all.flatMap((one) =>
      one.is === "service" || one.is === "subsets"
        ? [...one.labels].map(
            ([subset, found]) => [`${hostIn(one.host, one.namespace)} ${subset}`, found] as const,
          )
        : [],
    ),
  );
  const destinations = all.flatMap((one, by) =>
    one.is === "routes"
      ? one.routes.flatMap(({ host, subset, weight }) => {
          const full = hostIn(host, one.namespace);
          const service = labels.get(`${full} `);
          const own = subset === undefined ? {} : labels.get(`${full} ${subset}`);
          return service === undefined || own === undefined
            ? []
            : [{ namespace: full.split(".")[1] ?? "", selector: { ...service, ...own }, weight, by }];
        })
      : [],
  );
  return ({ namespace, workload, template, labels: own }) => {
    const byRollout = rollouts.get(`${namespace}/${workload}`)?.get(template);
    if (byRollout !== undefined) return byRollout;
    const found = destinations.filter((one) => one.namespace === namespace && fits(own, one.selector));
    const sums = new Map<number, number>();
    for (const { by, weight } of found) sums.set(by, (sums.get(by) ?? 0) + weight);
    // Two sets of routes that differ, like one for a gateway and one for the mesh, give no one weight.
    const [weight, ...others] = new Set(sums.values());
    return others.length > 0 ? undefined : weight;
  };
}

interface Pods {
  readonly namespace: string;
  readonly workload: string;
  readonly template: string;
  readonly labels: Labels;
}
