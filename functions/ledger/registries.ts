/** The port of image registries: what the ledger asks of them. */

/** What a registry said that is no answer, or that it said nothing. The message names its host, never a secret. */
export class RegistryError extends Error {
  /** The same question may be answered later: no connection, no answer in time, 429, 5xx. */
  readonly retry: boolean;

  constructor(message: string, retry: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retry = retry;
  }
}

export interface ImageContent {
  readonly digest: string;
  readonly mediaType: string;
  /** What an index holds, without BuildKit's attestations; absent where it is no index. */
  readonly manifests?: readonly ImageManifest[];
  /**
   * Labels of the image's configuration (of an index: those that all its images have alike), with the annotations
   * of the manifest or index over them. Empty for what is no image.
   */
  readonly labels: Readonly<Record<string, string>>;
}

export interface ImageManifest {
  readonly digest: string;
  /** `os/architecture[/variant]` */
  readonly platform?: string;
  readonly configDigest?: string;
}

/** Each method throws a RegistryError: of a host that is not listed, a refusal, an answer that cannot be right. */
export interface Registries {
  /** Whether the host of a repository (`host/path`) is listed. */
  readonly knows: (repository: string) => boolean;
  /** What a tag points at now; undefined where the registry says that there is no such tag (404). */
  readonly digestOf: (repository: string, tag: string) => Promise<string | undefined>;
  /** What a tag or digest names; undefined where the registry says that there is none (404). */
  readonly read: (repository: string, reference: string) => Promise<ImageContent | undefined>;
  /**
   * Which manifest the registry says that there is none of (404): the digest itself, or of an index the first of what
   * it holds; undefined where all are there. Layers are not asked for.
   */
  readonly missing: (repository: string, digest: string) => Promise<string | undefined>;
}
