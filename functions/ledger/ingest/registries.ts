/** The port of image registries. */

/** A registry failed, refused, or did not answer. The message names its host, never a secret. */
export class RegistryError extends Error {
  /** Whether a retry may succeed: no connection, timeout, 429, 5xx. */
  readonly retry: boolean;

  constructor(message: string, retry: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retry = retry;
  }
}

export interface ImageContent {
  readonly digest: string;
  readonly mediaType: string;
  /** The manifests of an index, without BuildKit's attestations; absent for a single manifest. */
  readonly manifests?: readonly ImageManifest[];
  /**
   * Labels of the image's configuration (of an index: those with the same value in all its images), overridden by the
   * annotations of the manifest or index. Empty if it is not an image.
   */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * When the image was made, as its annotation or configuration says (of an index: the newest of its images), ISO 8601 in
   * UTC. A build that wants the same bytes each time writes a fixed time.
   */
  readonly created?: string;
}

export interface ImageManifest {
  readonly digest: string;
  /** `os/architecture[/variant]` */
  readonly platform?: string;
  readonly configDigest?: string;
}

/** Each method throws a RegistryError: for a host that is not listed, a refusal, or an invalid answer. */
export interface Registries {
  /** Whether the host of a repository (`host/path`) is listed. */
  readonly knows: (repository: string) => boolean;
  /** The digest that a tag points at now; undefined if there is no such tag (404). */
  readonly digestOf: (repository: string, tag: string) => Promise<string | undefined>;
  /** The tags that a repository has now, by name; empty if it has none, or there is no such repository (404). */
  readonly tags: (repository: string) => AsyncGenerator<string>;
  /** Reads the manifest of a tag or digest; undefined if there is none (404). */
  readonly read: (repository: string, reference: string) => Promise<ImageContent | undefined>;
  /**
   * The first manifest that the registry does not have (404): the digest itself, or a manifest of that index; undefined
   * if it has all of them. Layers are not checked.
   */
  readonly missing: (repository: string, digest: string) => Promise<string | undefined>;
}
