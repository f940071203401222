/** Interprets how registries describe a push: whether it is an image, and its tag. */

/** Media types of images. Everything else is a layer, a configuration or a chart, which is not deployed by itself. */
const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
]);

/** Whether a media type belongs to an image's manifest or index. */
export const isManifest = (mediaType: string): boolean => MANIFEST_TYPES.has(mediaType);

/** Helm charts have an image's manifest in registries; only the configuration's media type distinguishes them. */
export const isChart = (configType: string | undefined): boolean =>
  configType === "application/vnd.cncf.helm.config.v1+json";

/** The tag; undefined if the field has a digest instead (`sha256:…`, or `sha256__…` in Artifactory's folders). */
export const tagUnlessDigest = (tag: string | undefined): string | undefined =>
  tag !== undefined && /^sha(256|512)(:|__)[0-9a-f]{64,128}$/.test(tag) ? undefined : tag;
