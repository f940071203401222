/**
 * An image reference, `host/path[:tag][@digest]` (the distribution specification's `reference`). A short name without a
 * host (`acme/billing`) is refused: its registry depends on the runtime's configuration, and must not be guessed.
 */

export interface Image {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** The parts of a reference; undefined if it has no host. The schemas validate the parts. */
export function readImage(reference: string): Image | undefined {
  const [named = "", ...digests] = reference.split("@");
  const colon = named.indexOf(":", named.lastIndexOf("/"));
  const repository = colon < 0 ? named : named.slice(0, colon);
  if (digests.length > 1 || !namesHost(repository)) return undefined;
  return {
    repository,
    ...(colon < 0 ? {} : { tag: named.slice(colon + 1) }),
    ...(digests[0] === undefined ? {} : { digest: digests[0] }),
  };
}

/**
 * The parts of a deployer's image reference. A short name gives no repository, but its tag and digest: the description
 * of a service with its images can still resolve them.
 */
export function partsOf(reference: string): Partial<Image> {
  const image = readImage(reference);
  if (image !== undefined) return image;
  const { repository: _, ...parts } = readImage(`localhost/${reference}`) ?? { repository: "" };
  return parts;
}

/** The first part is a host if it has a dot or a port, or is `localhost`. */
function namesHost(repository: string): boolean {
  const [host = "", ...path] = repository.split("/");
  return path.length > 0 && (host === "localhost" || /[.:]/.test(host));
}
