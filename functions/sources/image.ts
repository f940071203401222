/**
 * An image reference, `host/path[:tag][@digest]` (the distribution specification's `reference`). A short name without a
 * host (`acme/billing`) is refused: its registry depends on the runtime's configuration, and must not be guessed.
 */

export interface Image {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/**
 * The parts of a reference, with or without a host. The repository is all before the tag: a colon before the last slash
 * belongs to a port. Nothing is validated.
 */
export function splitImage(reference: string): Image {
  const [named = "", ...digests] = reference.split("@");
  const colon = named.indexOf(":", named.lastIndexOf("/"));
  return {
    repository: colon < 0 ? named : named.slice(0, colon),
    ...(colon < 0 ? {} : { tag: named.slice(colon + 1) }),
    ...(digests.length === 0 ? {} : { digest: digests.join("@") }),
  };
}

/** The parts of a reference; undefined if it has no host, or several digests. The schemas validate the parts. */
export function readImage(reference: string): Image | undefined {
  const image = splitImage(reference);
  return image.digest?.includes("@") === true || !namesHost(image.repository) ? undefined : image;
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
