/** What registries say of what was pushed, beside its digest: whether it is an image, and under which tag. */

/** Everything else that is pushed is a layer, a configuration or a chart, which nobody deploys by itself. */
const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
]);

/** Whether a media type is that of an image's manifest or index. */
export const isManifest = (mediaType: string): boolean => MANIFEST_TYPES.has(mediaType);

/** Helm's charts lie in registries under an image's manifest, and are told by its configuration's media type alone. */
export const isChart = (configType: string | undefined): boolean =>
  configType === "application/vnd.cncf.helm.config.v1+json";

/** The tag, unless a digest stands in its place (`sha256:…`, in Artifactory's folders `sha256__…`): then there is none. */
export const tagUnlessDigest = (tag: string | undefined): string | undefined =>
  tag !== undefined && /^sha(256|512)(:|__)[0-9a-f]{64,128}$/.test(tag) ? undefined : tag;
