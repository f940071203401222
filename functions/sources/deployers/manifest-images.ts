/**
 * The images that Kubernetes manifests run: YAML with several documents, as Helm stores what it applied. It reads the
 * `containers` (not `initContainers`) of every object that is a pod or has a pod template.
 */
import { parseAllDocuments } from "yaml";
import * as z from "zod";
import type { Container } from "./workload.ts";

/** Maximum size of the documents that may have containers: reading this much takes some seconds. */
const MAX_CHARACTERS = 2 * 1024 * 1024;

const PodSpec = z.object({
  containers: z.array(z.object({ name: z.string(), image: z.string().optional() })),
});
const Template = z.object({ spec: PodSpec });
/** A Pod; an object with a pod template; an object that wraps such an object (a CronJob). */
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
 * The containers of a manifest, in its order; undefined if it is not YAML, or too long.
 * @param namespace the namespace of objects that name none
 */
export function containersIn(manifest: string, namespace: string): Container[] | undefined {
  // Most of a manifest is often dashboards and the like, which are skipped unparsed.
  const texts = manifest.split(/^---(?=\s|$)/m).filter((text) => text.includes("containers"));
  if (texts.reduce((sum, { length }) => sum + length, 0) > MAX_CHARACTERS) return undefined;
  try {
    const documents = texts.flatMap((text) => parseAllDocuments(text, { merge: true, uniqueKeys: false }));
    if (documents.some(({ errors }) => errors.length > 0)) return undefined;
    return documents.flatMap((document) => containersOf(document.toJS(), namespace));
  } catch {
    // Thousands of aliases, circular aliases, or nesting deeper than any real object.
    return undefined;
  }
}

/** The containers of one parsed object, or of the items of a list. */
export function containersOf(object: unknown, namespace: string): Container[] {
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
