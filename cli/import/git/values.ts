/** Finds images in the values of Helm charts by the field names that charts use, because values have no schema. */
import type { Container } from "../../../functions/sources/deployers/workload.ts";

export interface NamedImage {
  readonly container: string;
  readonly image: string;
}

const DEPTH_MAX = 12;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** As Helm prints it: a version without quotes may be a number. */
const scalar = (value: unknown): string | undefined =>
  (typeof value === "string" && value !== "") || typeof value === "number" ? String(value) : undefined;

/** Whether a text looks like a reference with a tag or a digest. */
const isReference = (value: string): boolean =>
  /^[a-z0-9][\w./:-]*(:[\w][\w.-]*|@sha(256|512):[0-9a-f]+)$/.test(value);

/** The reference of an object that charts write as `registry`, `repository`, `tag`, `digest`; undefined if it is none. */
function referenceIn(value: Readonly<Record<string, unknown>>): string | undefined {
  const [tag, digest] = [scalar(value.tag), scalar(value.digest)];
  const repository = scalar(value.repository) ?? scalar(value.name);
  if (tag === undefined && digest === undefined) return undefined;
  const registry = scalar(value.registry);
  // Without a repository it is in the chart: the tag is known alone.
  const name =
    repository === undefined ? "image" : [registry, repository].filter((one) => one !== undefined).join("/");
  return `${name}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

const nameOf = (path: readonly string[]): string => {
  const named = path.filter((key) => key !== "image" && key !== "images");
  return named.length === 0 ? "main" : named.join(".");
};

/** Whether an object with a tag is an image: it is named so, or names a repository, too. */
const isImage = (path: readonly string[], value: Readonly<Record<string, unknown>>): boolean =>
  value.repository !== undefined || /image$/i.test(path.at(-1) ?? "");

function walk(value: unknown, path: readonly string[], found: NamedImage[]): void {
  if (path.length > DEPTH_MAX || !isObject(value)) return;
  const reference = isImage(path, value) ? referenceIn(value) : undefined;
  if (reference !== undefined) {
    found.push({ container: nameOf(path), image: reference });
    return;
  }
  for (const [key, one] of Object.entries(value)) {
    if (typeof one === "string" && /image$/i.test(key) && isReference(one))
      found.push({ container: nameOf([...path, ...(key === "image" ? [] : [key])]), image: one });
    else walk(one, [...path, key], found);
  }
}

/** The images that values name, by the path of their keys: `main`, `worker`, `api.sidecar`. */
export function imagesInValues(values: object): NamedImage[] {
  const found: NamedImage[] = [];
  walk(values, [], found);
  return found;
}

/** Parameters with dots as an object: `image.tag=1` as `{image: {tag: "1"}}`. */
export function nested(parameters: readonly (readonly [string, string])[]): object {
  const root: Record<string, unknown> = {};
  for (const [name, value] of parameters) {
    const keys = name.split(".");
    const last = keys.pop() ?? name;
    let at = root;
    for (const key of keys) {
      const next = isObject(at[key]) ? { ...at[key] } : {};
      at[key] = next;
      at = next;
    }
    at[last] = value;
  }
  return root;
}

/** Values that override others, key by key, as Helm merges them. */
export function overridden(base: object, over: object): object {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isObject(below) && isObject(value) ? overridden(below, value) : value;
  }
  return merged;
}

/** Flux's image automation marks fields: fluxcd.io, "Configure image update for custom resources". */
const MARKER =
  /^(.*?):\s*["']?([^"'#\s]+)["']?\s*#\s*\{\s*"\$imagepolicy":\s*"([^":]+):([^":]+)(?::(tag|name|digest))?"\s*\}/;

/** The images of marked fields, by the name of their policy. */
export function markedImages(text: string): Container[] {
  if (!text.includes("$imagepolicy")) return [];
  const policies = new Map<string, { name?: string; tag?: string; digest?: string; whole?: string }>();
  for (const line of text.split("\n")) {
    const [, , value, , policy, part = "whole"] = MARKER.exec(line) ?? [];
    if (value !== undefined && policy !== undefined)
      policies.set(policy, { ...policies.get(policy), [part]: value });
  }
  return [...policies].flatMap(([policy, { name, tag, digest, whole }]) => {
    const image = whole ?? referenceIn({ repository: name, tag, digest });
    return image === undefined
      ? []
      : [{ workload: { kind: "ImagePolicy", namespace: "", name: policy }, container: policy, image }];
  });
}
