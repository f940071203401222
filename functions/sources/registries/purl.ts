/** Images in package URLs (package-url/purl-spec, PURL-TYPES: `oci`, `docker`). */
import { PackageURL } from "packageurl-js";
import { readImage } from "../image.ts";
import { present, quoted } from "../payload.ts";

interface Parts {
  readonly repository?: string;
  readonly digest?: string;
  readonly tag?: string;
}
export type NamedImage =
  | { readonly is: "image"; readonly parts: Parts }
  | { readonly is: "ignored" | "rejected"; readonly reason: string };

/** A package URL's image; other types of packages are ignored. */
export function readPurl(purl: string): NamedImage {
  let read: PackageURL;
  try {
    read = PackageURL.fromString(purl);
  } catch {
    return { is: "rejected", reason: `${quoted(purl)} is not a package URL` };
  }
  if (read.type === "oci") return readOci(read);
  if (read.type === "docker") return { is: "image", parts: readDocker(read) };
  return { is: "ignored", reason: `${quoted(purl)} is not an image` };
}

const bare = (repositoryUrl: string): string => repositoryUrl.replace(/^https?:\/\//, "").replace(/\/$/, "");

/** `repository_url` must be the whole repository; if it does not end in the name, it may or may not omit the name. */
function readOci({ name, version, qualifiers }: PackageURL): NamedImage {
  const given = qualifiers?.repository_url;
  const repository = given === undefined ? undefined : bare(given);
  if (repository !== undefined && !repository.endsWith(`/${name}`)) {
    return {
      is: "rejected",
      reason: `repository_url must be the whole repository, ending in ${quoted(`/${name}`)}`,
    };
  }
  return { is: "image", parts: present({ repository, digest: version, tag: qualifiers?.tag }) };
}

/**
 * `repository_url` is only the registry; the version is a tag or a digest. BuildKit puts the registry before the path
 * instead (moby/buildkit, util/purl/image.go).
 */
function readDocker({ namespace, name, version, qualifiers }: PackageURL): Parts {
  const given = qualifiers?.repository_url;
  const path = namespace === undefined || namespace === null ? name : `${namespace}/${name}`;
  const whole = given === undefined ? readImage(path)?.repository : undefined;
  const repository = whole ?? inRegistry(bare(given ?? "docker.io"), path);
  return { repository, ...present(version?.includes(":") ? { digest: version } : { tag: version }) };
}

function inRegistry(registry: string, path: string): string {
  if (registry !== "docker.io" && registry !== "hub.docker.com") return `${registry}/${path}`;
  return `docker.io/${path.includes("/") ? path : `library/${path}`}`;
}
