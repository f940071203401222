/**
 * Reads manifests from registries that follow the OCI distribution specification: the digest that a tag points at, and
 * the content of a manifest or index. Bytes are trusted only if they hash to the digest that names them.
 *
 * Formats: opencontainers/image-spec `manifest.md`, `image-index.md`, `config.md`, and their older Docker forms
 * (distribution/distribution `manifest-v2-2.md`).
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { digest as digestForm, imageRepository, tag as tagForm } from "../../../schemas/scalars.ts";
import { type ImageContent, type Registries, RegistryError } from "../../ledger/ingest/registries.ts";
import { Access, type Asking, asking, parsed } from "./client.ts";

/** A registry's name in image references: the host, with the port if it is not 443. */
const host = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/, "must be a host, like ghcr.io or 127.0.0.1:5000");

/** Access by registry host (with port). Registries that are not listed are never contacted. */
export const RegistryAccess = z.record(host, Access);
export type RegistryAccess = z.infer<typeof RegistryAccess>;

const MANIFEST_MAX_BYTES = 4 * 1024 * 1024;
const CONFIG_MAX_BYTES = 4 * 1024 * 1024;
const MANIFESTS_MAX = 128;
const AT_ONCE = 8;

const INDEXES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFESTS = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const CONFIGS = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];
/** Its digest excludes its signature, so it is not the hash of the bytes. */
const SIGNED_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/** The media types of manifests and indexes that are read here. */
export const MANIFEST_TYPES: readonly string[] = [...INDEXES, ...MANIFESTS];
const ACCEPT = MANIFEST_TYPES.join(", ");

const annotations = z.record(z.string(), z.string()).nullish();
const Descriptor = z.looseObject({
  mediaType: z.string(),
  digest: digestForm,
  annotations,
  platform: z
    .looseObject({ os: z.string(), architecture: z.string(), variant: z.string().nullish() })
    .nullish(),
});
type Descriptor = z.infer<typeof Descriptor>;

const Index = z.looseObject({ manifests: z.array(Descriptor).max(MANIFESTS_MAX), annotations });
const Manifest = z.looseObject({ config: Descriptor, annotations });
const Annotated = z.looseObject({ annotations });
const Typed = z.looseObject({ mediaType: z.string().optional() });
const Config = z.looseObject({
  created: z.string().nullish(),
  config: z.looseObject({ Labels: z.record(z.string(), z.string()).nullish() }).nullish(),
});

const Tags = z.looseObject({ tags: z.array(z.string()).nullish() });
/** Tags asked for at once, and the most that an answer may have. */
const TAGS_PAGE = 1000;
const TAGS_MAX_BYTES = 4 * 1024 * 1024;

/** A repository within its registry. */
interface Place extends Asking {
  readonly name: string;
}

interface Bytes {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const hashOf = (bytes: Buffer, like: string): string => {
  const algorithm = like.startsWith("sha512:") ? "sha512" : "sha256";
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
};

const isDigest = (value: string): boolean => digestForm.safeParse(value).success;

/** The digest that an answer's header names (distribution specification, "Pulling manifests"). */
function namedBy(place: Place, { headers }: Response): string | undefined {
  const named = headers.get("docker-content-digest") ?? undefined;
  if (named !== undefined && !isDigest(named)) throw place.refused("names an invalid digest");
  return named;
}

/** A manifest's digest: the hash of its bytes, which must equal the digest in the request and in the header. */
function digestOfBytes(
  place: Place,
  bytes: Buffer,
  mediaType: string,
  named: string | undefined,
  asked?: string,
) {
  if (named !== undefined && asked !== undefined && named !== asked) {
    throw place.refused(`answered with ${named} to a request for ${asked}`);
  }
  const claimed = asked ?? named;
  if (mediaType === SIGNED_SCHEMA_1) {
    if (claimed === undefined) throw place.refused("names no digest of a manifest of schema 1");
    return claimed;
  }
  const digest = hashOf(bytes, claimed ?? "sha256:");
  if (claimed !== undefined && digest !== claimed) {
    throw place.refused(`answered with bytes that are not those of ${claimed}`);
  }
  return digest;
}

async function manifestOf(place: Place, reference: string): Promise<Bytes | undefined> {
  const { name } = place;
  const response = await place.ask({ method: "GET", name, what: `manifests/${reference}`, accept: ACCEPT });
  const bytes = await place.read(response, MANIFEST_MAX_BYTES);
  if (response.status === 404) return undefined;
  if (!response.ok) throw place.refused(`answered ${response.status}`);
  const mediaType =
    parsed(Typed, bytes)?.mediaType ?? response.headers.get("content-type")?.split(";")[0]?.trim() ?? "";
  const asked = isDigest(reference) ? reference : undefined;
  return {
    digest: digestOfBytes(place, bytes, mediaType, namedBy(place, response), asked),
    mediaType,
    bytes,
  };
}

/** What an image says of itself. */
interface Described {
  readonly labels: Record<string, string>;
  readonly created?: string;
}

const CREATED = "org.opencontainers.image.created";

/** A time as ISO 8601 in UTC; nothing if it is none. */
function createdAt(time: string | null | undefined): { created?: string } {
  const ms = Date.parse(time ?? "");
  return Number.isNaN(ms) ? {} : { created: new Date(ms).toISOString() };
}

/** An image's labels, and when it was made; none if its configuration has another media type, or is gone. */
async function configOf(place: Place, { mediaType, digest }: Descriptor): Promise<Described> {
  if (!CONFIGS.includes(mediaType)) return { labels: {} };
  const { name } = place;
  const response = await place.ask({ method: "GET", name, what: `blobs/${digest}`, accept: mediaType });
  const bytes = await place.read(response, CONFIG_MAX_BYTES);
  if (response.status === 404) return { labels: {} };
  if (!response.ok) throw place.refused(`answered ${response.status}`);
  if (hashOf(bytes, digest) !== digest)
    throw place.refused(`answered with bytes that are not those of ${digest}`);
  const config = parsed(Config, bytes);
  return { labels: config?.config?.Labels ?? {}, ...createdAt(config?.created) };
}

/** The metadata of one image, with the digest of its configuration. */
async function imageOf(place: Place, { bytes, digest }: Bytes) {
  const manifest = parsed(Manifest, bytes);
  if (manifest === undefined) throw place.refused(`holds ${digest}, which is not a manifest`);
  const config = await configOf(place, manifest.config);
  return {
    configDigest: manifest.config.digest,
    labels: { ...config.labels, ...manifest.annotations },
    ...(config.created === undefined ? {} : { created: config.created }),
    ...createdAt(manifest.annotations?.[CREATED]),
  };
}

const platformOf = ({ platform }: Descriptor) => {
  if (platform == null) return {};
  const { os, architecture, variant } = platform;
  return { platform: [os, architecture, ...(variant ? [variant] : [])].join("/") };
};

/** One manifest of an index. It may be missing: an index can be copied without all of its manifests. */
async function childOf(place: Place, child: Descriptor) {
  const { digest } = child;
  const found = MANIFESTS.includes(child.mediaType) ? await manifestOf(place, digest) : undefined;
  const manifest = { digest, ...platformOf(child) };
  if (found === undefined) return { manifest, labels: {} };
  const { configDigest, ...described } = await imageOf(place, found);
  return { manifest: { ...manifest, configDigest }, ...described };
}

/** The labels that all images have, with the same value. */
function shared([first = {}, ...others]: readonly Readonly<Record<string, string>>[]): Record<
  string,
  string
> {
  return Object.fromEntries(
    Object.entries(first).filter(([key, value]) => others.every((labels) => labels[key] === value)),
  );
}

/** BuildKit stores attestations as manifests of an index (its `attestation-storage.md`): they are not images. */
const isAttestation = (child: Descriptor): boolean =>
  child.annotations?.["vnd.docker.reference.type"] !== undefined;

function indexOf(place: Place, { digest, bytes }: Bytes) {
  const index = parsed(Index, bytes);
  if (index === undefined)
    throw place.refused(`holds ${digest}, which is not an index of at most ${MANIFESTS_MAX} manifests`);
  return { ...index, images: index.manifests.filter((child) => !isAttestation(child)) };
}

async function indexContent(place: Place, found: Bytes): Promise<ImageContent> {
  const { digest, mediaType } = found;
  const { images, annotations } = indexOf(place, found);
  const children: Awaited<ReturnType<typeof childOf>>[] = [];
  for (let n = 0; n < images.length; n += AT_ONCE) {
    children.push(...(await Promise.all(images.slice(n, n + AT_ONCE).map((child) => childOf(place, child)))));
  }
  const labels = { ...shared(children.map((child) => child.labels)), ...annotations };
  const newest = children
    .flatMap((child: Partial<Described>) => child.created ?? [])
    .sort()
    .at(-1);
  return {
    digest,
    mediaType,
    manifests: children.map(({ manifest }) => manifest),
    labels,
    ...createdAt(newest),
    ...createdAt(annotations?.[CREATED]),
  };
}

/** What a manifest or index says by itself; no labels, which its configuration has, and no manifests if it cannot be read. */
export function contentOfManifest(digest: string, mediaType: string, text: string): ImageContent {
  const bytes = Buffer.from(text);
  const said = { digest, mediaType, labels: parsed(Annotated, bytes)?.annotations ?? {} };
  const index = INDEXES.includes(mediaType) ? parsed(Index, bytes) : undefined;
  if (index === undefined) return said;
  const images = index.manifests.filter((child) => !isAttestation(child));
  return { ...said, manifests: images.map((child) => ({ digest: child.digest, ...platformOf(child) })) };
}

async function contentOf(place: Place, found: Bytes): Promise<ImageContent> {
  const { digest, mediaType } = found;
  if (INDEXES.includes(mediaType)) return indexContent(place, found);
  if (!MANIFESTS.includes(mediaType)) return { digest, mediaType, labels: {} };
  const { configDigest: _, ...described } = await imageOf(place, found);
  return { digest, mediaType, ...described };
}

/** The tags after one, in the registry's own order, page by page (distribution specification, "Listing Tags"). */
async function* tagsOf(place: Place): AsyncGenerator<string> {
  const { name } = place;
  for (let last: string | undefined, isMore = true; isMore; ) {
    const after = last === undefined ? "" : `&last=${encodeURIComponent(last)}`;
    const what = `tags/list?n=${TAGS_PAGE}${after}`;
    const response = await place.ask({ method: "GET", name, what, accept: "application/json" });
    const bytes = await place.read(response, TAGS_MAX_BYTES);
    if (response.status === 404) return;
    if (!response.ok) throw place.refused(`answered ${response.status}`);
    const tags = parsed(Tags, bytes)?.tags ?? [];
    yield* tags;
    // The link names the next page; registries differ in how, and agree that it comes after the last tag of this one.
    isMore = response.headers.has("link") && tags.length > 0 && tags.at(-1) !== last;
    last = tags.at(-1);
  }
}

async function isThere(place: Place, digest: string): Promise<boolean> {
  const { name } = place;
  const response = await place.ask({ method: "HEAD", name, what: `manifests/${digest}`, accept: ACCEPT });
  if (response.status === 404) return false;
  // Some registries do not support HEAD: GET then gives the manifest, or the reason why there is none.
  return response.ok || (await manifestOf(place, digest)) !== undefined;
}

async function missingOf(place: Place, digest: string): Promise<string | undefined> {
  const found = await manifestOf(place, digest);
  if (found === undefined) return digest;
  if (!INDEXES.includes(found.mediaType)) return undefined;
  // Sequential: callers already check many images at once.
  for (const child of indexOf(place, found).images) {
    if (!(await isThere(place, child.digest))) return child.digest;
  }
  return undefined;
}

const DOCKER_HUB = "docker.io";

/** Docker Hub has another API host, and keeps its official images under `library`. */
const onDockerHub = (path: string): string => (path.includes("/") ? path : `library/${path}`);

/** A reader of the configured registries. It caches tokens as long as it lives. */
export function registries(access: RegistryAccess): Registries {
  const listed = new Map(
    Object.entries(access).map(([host, how]) => [
      host,
      asking(host, host === DOCKER_HUB ? "registry-1.docker.io" : host, how),
    ]),
  );
  const split = (repository: string): [string, string] => {
    const slash = repository.indexOf("/");
    return [repository.slice(0, slash), repository.slice(slash + 1)];
  };
  const placeOf = (repository: string): Place => {
    const [host, path] = split(repository);
    const asked = listed.get(host);
    if (asked === undefined)
      throw new RegistryError(`${JSON.stringify(host)} is not a configured registry`, false);
    if (!imageRepository.safeParse(repository).success)
      throw asked.refused("cannot have a repository of that name");
    return { ...asked, name: host === DOCKER_HUB ? onDockerHub(path) : path };
  };
  return {
    knows: (repository) => listed.has(split(repository)[0]),
    digestOf: async (repository, tag) => {
      const place = placeOf(repository);
      if (!tagForm.safeParse(tag).success) throw place.refused("cannot have a tag of that name");
      const { name } = place;
      const response = await place.ask({ method: "HEAD", name, what: `manifests/${tag}`, accept: ACCEPT });
      if (response.status === 404) return undefined;
      const named = response.ok ? namedBy(place, response) : undefined;
      // Some registries do not support HEAD, or name no digest: GET then gives it, or the reason why there is none.
      return named ?? (await manifestOf(place, tag))?.digest;
    },
    tags: (repository) => tagsOf(placeOf(repository)),
    read: async (repository, reference) => {
      const place = placeOf(repository);
      if (!isDigest(reference) && !tagForm.safeParse(reference).success) {
        throw place.refused("cannot have a tag or digest of that name");
      }
      const found = await manifestOf(place, reference);
      return found === undefined ? undefined : contentOf(place, found);
    },
    missing: async (repository, digest) => {
      const place = placeOf(repository);
      if (!isDigest(digest)) throw place.refused("cannot have a digest of that form");
      return missingOf(place, digest);
    },
  };
}
