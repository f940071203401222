/**
 * An image as people and deployers write it, `host/path[:tag][@digest]` (the distribution specification's
 * `reference`). A short name without its host (`acme/billing`) is refused: which registry is meant is the
 * runtime's configuration, and not to be guessed.
 */

export interface Image {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** The parts of a reference, or undefined where it names no host. The parts' own form is the schemas' business. */
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
 * What a deployer's reference says of an image. Of a short name the repository is absent, and its tag and digest stand:
 * a service that is described with its images is still found by them.
 */
export function partsOf(reference: string): Partial<Image> {
  const image = readImage(reference);
  if (image !== undefined) return image;
  const { repository: _, ...parts } = readImage(`localhost/${reference}`) ?? { repository: "" };
  return parts;
}

/** The first part is a host where it could not be a path: with a dot, a port, or `localhost`. */
function namesHost(repository: string): boolean {
  const [host = "", ...path] = repository.split("/");
  return path.length > 0 && (host === "localhost" || /[.:]/.test(host));
}
