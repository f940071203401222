/**
 * The images that manifests of Kubernetes run: YAML of several documents, as Helm keeps what it applied. Containers of
 * pods, not those that only prepare them (`initContainers`); of any object that holds a pod or a template of pods.
 */
import { parseAllDocuments } from "yaml";
import * as z from "zod";
import type { Container } from "./workload.ts";

/** Of what may hold containers: to read so much takes some seconds. */
const MAX_CHARACTERS = 2 * 1024 * 1024;

const PodSpec = z.object({
  containers: z.array(z.object({ name: z.string(), image: z.string().optional() })),
});
const Template = z.object({ spec: PodSpec });
/** A Pod; what holds a template of pods; what holds one that does (a CronJob). */
const Running = z.union([
  z.object({ spec: PodSpec }).transform(({ spec }) => spec),
  z.object({ spec: z.object({ template: Template }) }).transform(({ spec }) => spec.template.spec),
  z
    .object({ spec: z.object({ jobTemplate: z.object({ spec: z.object({ template: Template }) }) }) })
    .transform(({ spec }) => spec.jobTemplate.spec.template.spec),
]);
const Named = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
});
const List = z.object({ items: z.array(z.unknown()) });

/**
 * The containers of a manifest, in its order; undefined where it is no YAML, or too long.
 * @param namespace that of objects which name none
 */
export function containersIn(manifest: string, namespace: string): Container[] | undefined {
  // Most of a manifest is dashboards and the like, which need not be read.
  const texts = manifest.split(/^---(?=\s|$)/m).filter((text) => text.includes("containers"));
  if (texts.reduce((sum, { length }) => sum + length, 0) > MAX_CHARACTERS) return undefined;
  try {
    const documents = texts.flatMap((text) => parseAllDocuments(text, { merge: true, uniqueKeys: false }));
    if (documents.some(({ errors }) => errors.length > 0)) return undefined;
    return documents.flatMap((document) => containersOf(document.toJS(), namespace));
  } catch {
    // Aliases by the thousand or in a ring, or nesting that no object has.
    return undefined;
  }
}

function containersOf(object: unknown, namespace: string): Container[] {
  const list = List.safeParse(object);
  if (list.success) return list.data.items.flatMap((item) => containersOf(item, namespace));
  const running = Running.safeParse(object);
  const named = Named.safeParse(object);
  if (!running.success || !named.success) return [];
  const { kind, metadata } = named.data;
  const workload = { kind, namespace: metadata.namespace ?? namespace, name: metadata.name };
  return running.data.containers.flatMap(({ name, image }) =>
    image === undefined ? [] : [{ workload, container: name, image }],
  );
}
