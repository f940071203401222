/**
 * What a kustomization runs: the manifests of its resources, bases and components, with the images that it and they set.
 * Reference: kubectl.docs.kubernetes.io, "kustomization" (resources, components, images, patches, helmCharts).
 */
import { dirname, join, normalize } from "node:path/posix";
import * as z from "zod";
import type { Container } from "../../../functions/sources/deployers/workload.ts";
import { splitImage } from "../../../functions/sources/image.ts";
import { type Content, contentOf, documentsIn, NOTHING, ofValues } from "./content.ts";
import type { Tree } from "./tree.ts";

const NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"] as const;
const DEPTH_MAX = 16;

export const isKustomization = (path: string): boolean =>
  NAMES.some((name) => path === name || path.endsWith(`/${name}`));

const texts = z.array(z.string()).catch([]);
const scalar = z.union([z.string(), z.number()]).transform(String).optional().catch(undefined);
const Image = z.looseObject({ name: z.string(), newName: scalar, newTag: scalar, digest: scalar });
type Image = z.infer<typeof Image>;
const Generator = z.looseObject({ files: texts, envs: texts, env: z.string().optional().catch(undefined) });
const Kustomization = z.looseObject({
  resources: texts,
  bases: texts,
  components: texts,
  images: z.array(Image).catch([]),
  patches: z
    .array(
      z.looseObject({
        path: z.string().optional().catch(undefined),
        patch: z.string().optional().catch(undefined),
      }),
    )
    .catch([]),
  patchesStrategicMerge: texts,
  configMapGenerator: z.array(Generator).catch([]),
  secretGenerator: z.array(Generator).catch([]),
  helmCharts: z
    .array(
      z.looseObject({
        name: z.string(),
        version: scalar,
        valuesFile: z.string().optional().catch(undefined),
        valuesInline: z.looseObject({}).optional().catch(undefined),
      }),
    )
    .catch([]),
});
type Kustomization = z.infer<typeof Kustomization>;

const isRemote = (resource: string): boolean =>
  /^[a-z+]+:\/\/|^git@|^github\.com\/|\?ref=|\/\/.*\?/.test(resource);

/** The name of an image without tag and digest, as kustomize matches it. */
const nameOf = (image: string): string => splitImage(image).repository;

function withImage(container: Container, images: readonly Image[]): Container {
  const name = nameOf(container.image);
  const set = images.find((one) => one.name === name);
  if (set === undefined) return container;
  const kept = container.image.slice(name.length);
  const changed = `${set.newTag === undefined ? "" : `:${set.newTag}`}${set.digest === undefined ? "" : `@${set.digest}`}`;
  return { ...container, image: `${set.newName ?? name}${changed === "" ? kept : changed}` };
}

const slotOf = ({ workload, container }: Container): string =>
  `${workload.kind}/${workload.name}/${container}`;

/** Patches that set an image of a container: a strategic merge names workload and container. */
function patched(containers: readonly Container[], patches: readonly Container[]): Container[] {
  const images = new Map(patches.map((one) => [slotOf(one), one.image]));
  return containers.map((one) => ({ ...one, image: images.get(slotOf(one)) ?? one.image }));
}

/** One building of a kustomization. */
interface Building {
  readonly tree: Tree;
  /** Every path that was read or looked for: a change of one may change what runs. */
  readonly deps: Set<string>;
  /** Whether a kustomization below is of a place of its own, and not of this one. */
  readonly isApart: (path: string) => boolean;
}

function fileOf({ tree, deps }: Building, path: string): Content {
  deps.add(path);
  const documents = tree.documents(path);
  if (documents === undefined)
    return tree.has(path) ? { ...NOTHING, unknown: [`${path} could not be read as YAML`] } : NOTHING;
  return contentOf(path, tree.text(path) ?? "", documents);
}

function partOf(building: Building, folder: string, resource: string, depth: number): Content {
  if (isRemote(resource))
    return { ...NOTHING, unknown: ["a kustomization has a base in another repository"] };
  const path = normalize(join(folder, resource)).replace(/\/$/, "");
  if (building.tree.has(path)) return fileOf(building, path);
  return depth > DEPTH_MAX ? NOTHING : built(building, path, depth + 1);
}

/** Charts that kustomize inflates: their version, and the images of their values. */
function chartsOf(building: Building, folder: string, { helmCharts }: Kustomization): Content[] {
  return helmCharts.map(({ name, version, valuesFile, valuesInline }) => {
    const path = valuesFile === undefined ? undefined : normalize(join(folder, valuesFile));
    if (path !== undefined) building.deps.add(path);
    const values = [
      path === undefined ? [] : (building.tree.documents(path) ?? []),
      valuesInline ?? [],
    ].flat();
    const content = values.map(ofValues);
    const sources =
      version === undefined ? [] : [{ workload: name, config: { revision: version, path: name } }];
    return {
      ...NOTHING,
      isDeployed: true,
      sources,
      containers: content.flatMap(({ containers }) => containers),
    };
  });
}

function generatedFrom(
  building: Building,
  folder: string,
  { configMapGenerator, secretGenerator }: Kustomization,
) {
  for (const { files, envs, env } of [...configMapGenerator, ...secretGenerator])
    for (const file of [...files, ...envs, ...(env === undefined ? [] : [env])])
      building.deps.add(normalize(join(folder, file.slice(file.indexOf("=") + 1))));
}

/** Inline patches are YAML texts; JSON patches name no container, and are left out. */
function patchesOf(building: Building, folder: string, kustomization: Kustomization): Container[] {
  const inline = kustomization.patches.flatMap(({ patch }) => patch ?? []);
  const named = [
    ...kustomization.patches.flatMap(({ path }) => path ?? []),
    ...kustomization.patchesStrategicMerge,
  ];
  const texts = [...inline, ...named.filter((one) => one.includes("\n"))];
  const files = named.filter((one) => !one.includes("\n"));
  return [
    ...files.flatMap((file) => fileOf(building, normalize(join(folder, file))).containers),
    ...texts.flatMap((text) => contentOf("", text, documentsIn(text) ?? []).containers),
  ];
}

function built(building: Building, folder: string, depth: number): Content {
  const { tree, deps, isApart } = building;
  const paths = NAMES.map((name) => join(folder, name));
  for (const path of paths) deps.add(path);
  const path = paths.find((one) => tree.has(one));
  if (path === undefined)
    return { ...NOTHING, unknown: [`${folder} is named by a kustomization, and is not there`] };
  if (depth > 0 && isApart(path)) return NOTHING;
  const parsed = Kustomization.safeParse(tree.documents(path)?.[0]);
  if (!parsed.success) return { ...NOTHING, unknown: [`${path} could not be read as a kustomization`] };
  const kustomization = parsed.data;
  generatedFrom(building, folder, kustomization);
  const { resources, bases, components, images } = kustomization;
  const parts = [
    ...[...resources, ...bases, ...components].map((one) => partOf(building, folder, one, depth)),
    ...chartsOf(building, folder, kustomization),
  ];
  // Components change what came before them, so their images apply to all of it.
  const setByComponents = components.flatMap((one) => imagesIn(building, folder, one));
  const containers = patched(
    parts.flatMap((one) => one.containers),
    patchesOf(building, folder, kustomization),
  );
  return {
    containers: containers.map((one) => withImage(withImage(one, setByComponents), images)),
    sources: parts.flatMap(({ sources }) => sources),
    isDeployed: true,
    unknown: parts.flatMap(({ unknown }) => unknown),
  };
}

function imagesIn({ tree }: Building, folder: string, component: string): Image[] {
  const path = NAMES.map((name) => normalize(join(folder, component, name))).find((one) => tree.has(one));
  return path === undefined ? [] : (Kustomization.safeParse(tree.documents(path)?.[0]).data?.images ?? []);
}

/** What a kustomization runs, by the path of its file. */
export const builtBy = (building: Building, path: string): Content => built(building, dirname(path), 0);
