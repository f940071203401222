/** Reads what one file of manifests runs: containers with their images, and charts with their versions. */
import { type Document, parseAllDocuments } from "yaml";
import * as z from "zod";
import { containersOf } from "../../../functions/sources/deployers/manifest-images.ts";
import type { Container } from "../../../functions/sources/deployers/workload.ts";
import { forgeUrl } from "../../../functions/sources/git-remote.ts";
import { splitImage } from "../../../functions/sources/image.ts";
import { present } from "../../../functions/sources/payload.ts";
import type { Configuration } from "../../../schemas/fact.ts";
import { imagesInValues, markedImages, nested } from "./values.ts";

export interface Content {
  readonly containers: readonly Container[];
  /** Charts and other repositories in the version that the file names, by the workload that they are for. */
  readonly sources: readonly { readonly workload: string; readonly config: Configuration }[];
  /** Whether an object of it is for a cluster, or it is a Compose file or the values of a chart. */
  readonly isDeployed: boolean;
  /** What of it could not be known. */
  readonly unknown: readonly string[];
}

export const NOTHING: Content = { containers: [], sources: [], isDeployed: false, unknown: [] };

const ANY = { merge: true, uniqueKeys: false } as const;
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** The documents of a YAML file; undefined if it is none. Templates (of Helm, for example) usually are none. */
export function documentsIn(text: string): object[] | undefined {
  try {
    const parsed: Document[] = parseAllDocuments(text, ANY);
    if (parsed.some(({ errors }) => errors.length > 0)) return undefined;
    return parsed.map((one): unknown => one.toJS({ maxAliasCount: 1000 })).filter(isObject);
  } catch {
    return undefined;
  }
}

const text = z.string();
const Kind = z.looseObject({
  apiVersion: text.optional(),
  kind: text.optional(),
  metadata: z.looseObject({ name: text, namespace: text.optional() }).optional(),
  spec: z.looseObject({}).optional(),
});

// --- Argo CD ----------------------------------------------------------------------------------------------

const maybe = text.nullish().transform((value) => value ?? undefined);
const ArgoSource = z.looseObject({
  repoURL: maybe,
  chart: maybe,
  path: maybe,
  targetRevision: z.union([text, z.number()]).nullish(),
  helm: z
    .looseObject({
      parameters: z.array(z.looseObject({ name: text, value: z.union([text, z.number()]) })).nullish(),
      values: maybe,
      valuesObject: z.looseObject({}).nullish(),
    })
    .nullish(),
  kustomize: z.looseObject({ images: z.array(text).nullish() }).nullish(),
});
type ArgoSource = z.infer<typeof ArgoSource>;
const Application = z.looseObject({ source: ArgoSource.nullish(), sources: z.array(ArgoSource).nullish() });

/** A revision that moves names no version. */
const MOVES = /^(HEAD|main|master|trunk|develop|)$|[*<>^~]|\.x$/i;

const revisionOf = (given: string | number | null | undefined): string | undefined =>
  given == null || MOVES.test(String(given)) ? undefined : String(given);

const webAddress = (address: string | undefined): string | undefined =>
  address === undefined ? undefined : forgeUrl(address);

/** `name=repository:tag`, or `repository:tag`. */
const kustomizeImage = (given: string): string => given.slice(given.indexOf("=") + 1);

function ofApplication(name: string, spec: object): Content {
  const { source, sources } = Application.safeParse(spec).data ?? {};
  const all = [...(source == null ? [] : [source]), ...(sources ?? [])];
  const workload = { kind: "Application", namespace: "", name };
  const images = (one: ArgoSource) => [
    ...imagesInValues(nested((one.helm?.parameters ?? []).map(({ name, value }) => [name, String(value)]))),
    ...imagesInValues(one.helm?.valuesObject ?? documentsIn(one.helm?.values ?? "")?.[0] ?? {}),
    ...(one.kustomize?.images ?? []).map((image) => ({
      container: lastName(kustomizeImage(image)),
      image: kustomizeImage(image),
    })),
  ];
  const versions = all.flatMap(({ repoURL, chart, path, targetRevision }): Configuration[] => {
    const revision = revisionOf(targetRevision);
    const where = present({ repository: webAddress(repoURL), path: chart ?? path });
    return revision === undefined ? [] : [{ revision, ...where }];
  });
  return {
    containers: all.flatMap(images).map((one) => ({ workload, ...one })),
    sources: versions.map((config) => ({ workload: name, config })),
    isDeployed: true,
    unknown:
      versions.length < all.length
        ? ["an Argo CD application follows a branch, whose revision it does not name"]
        : [],
  };
}

const lastName = (reference: string): string =>
  splitImage(reference).repository.split("/").at(-1) ?? reference;

// --- Flux -------------------------------------------------------------------------------------------------

const HelmRelease = z.looseObject({
  chart: z
    .looseObject({ spec: z.looseObject({ chart: text, version: z.union([text, z.number()]).nullish() }) })
    .nullish(),
  values: z.looseObject({}).nullish(),
});

function ofHelmRelease(name: string, spec: object): Content {
  const { chart, values } = HelmRelease.safeParse(spec).data ?? {};
  const workload = { kind: "HelmRelease", namespace: "", name };
  const revision = revisionOf(chart?.spec.version);
  return {
    containers: imagesInValues(values ?? {}).map((one) => ({ workload, ...one })),
    sources:
      chart == null || revision === undefined
        ? []
        : [{ workload: name, config: { revision, path: chart.spec.chart } }],
    isDeployed: true,
    unknown:
      chart != null && revision === undefined ? ["a HelmRelease names no exact version of its chart"] : [],
  };
}

// --- Compose, charts, values ------------------------------------------------------------------------------

const Compose = z.looseObject({
  services: z.record(text, z.looseObject({ image: text.optional() }).nullable()),
});
const COMPOSE = /(^|\/)(docker-)?compose[^/]*\.ya?ml$/;
const Chart = z.looseObject({
  dependencies: z
    .array(z.looseObject({ name: text, version: z.union([text, z.number()]), repository: maybe }))
    .nullish(),
});
const CHART = /(^|\/)Chart\.yaml$/;
export const VALUES = /(^|\/)([^/]*[-_.])?values([-_.][^/]*)?\.ya?ml$|(^|\/)values\/[^/]+\.ya?ml$/;

function ofCompose(document: object): Content {
  const services = Object.entries(Compose.safeParse(document).data?.services ?? {});
  return {
    ...NOTHING,
    containers: services.flatMap(([name, service]) =>
      service?.image === undefined
        ? []
        : [{ workload: { kind: "Service", namespace: "", name }, container: name, image: service.image }],
    ),
    isDeployed: services.length > 0,
    unknown: services
      .filter(([, service]) => service?.image?.includes("$") === true)
      .map(() => "an image is named by a variable"),
  };
}

function ofChart(document: object): Content {
  const { dependencies } = Chart.safeParse(document).data ?? {};
  const sources = (dependencies ?? []).flatMap(({ name, version, repository }) => {
    const revision = revisionOf(version);
    const config = {
      ...present({ repository: webAddress(repository) }),
      revision: revision ?? "",
      path: name,
    };
    return revision === undefined ? [] : [{ workload: "", config }];
  });
  return { ...NOTHING, sources, isDeployed: true };
}

/** @param base the values of the chart beside it, which these override */
export function ofValues(values: object): Content {
  const workload = { kind: "Values", namespace: "", name: "values" };
  const containers = imagesInValues(values).map((one) => ({ workload, ...one }));
  return { ...NOTHING, containers, isDeployed: true };
}

// --- a file -----------------------------------------------------------------------------------------------

function ofObject(document: object): Content {
  const { apiVersion = "", kind, metadata, spec = {} } = Kind.safeParse(document).data ?? {};
  if (kind === undefined || apiVersion === "") return NOTHING;
  const name = metadata?.name ?? "";
  if (kind === "Application" && apiVersion.startsWith("argoproj.io/")) return ofApplication(name, spec);
  if (kind === "HelmRelease") return ofHelmRelease(name, spec);
  const unknown =
    kind === "ApplicationSet" ? ["an ApplicationSet generates its applications in the cluster"] : [];
  return { ...NOTHING, containers: containersOf(document, "default"), isDeployed: true, unknown };
}

const joined = (parts: readonly Content[]): Content => ({
  containers: parts.flatMap(({ containers }) => containers),
  sources: parts.flatMap(({ sources }) => sources),
  isDeployed: parts.some(({ isDeployed }) => isDeployed),
  unknown: parts.flatMap((one) => one.unknown),
});

function ofDocuments(path: string, documents: readonly object[]): Content {
  const [first] = documents;
  if (COMPOSE.test(path)) return first === undefined ? NOTHING : ofCompose(first);
  if (CHART.test(path)) return first === undefined ? NOTHING : ofChart(first);
  return joined(documents.map(ofObject));
}

/** What a file runs by itself; undefined if it is not YAML. Values of charts are read by `ofValues`, with their base. */
export function contentOf(path: string, file: string, documents: readonly object[]): Content {
  const read = ofDocuments(path, documents);
  // Markers of Flux's image automation name images in whatever object: those that no other rule found.
  const marked = read.containers.length > 0 ? [] : markedImages(file);
  return {
    ...read,
    containers: [...read.containers, ...marked],
    isDeployed: read.isDeployed || marked.length > 0,
  };
}
