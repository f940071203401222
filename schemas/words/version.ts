/** What people call a release: the version of its image, else its commit, else its digest. */
import { shortCommit, shortDigest } from "./ids.ts";

const VERSION = /^v?\d+(\.\d+)+/;

/** An image of a release, or of a history. */
interface Named {
  readonly tags: readonly string[];
  readonly commit: { readonly sha: string } | string | null;
  readonly digest: string | null;
  readonly reported?: string | null;
}

/** The tag that reads like a version, else any tag, else the commit, else the digest. */
export function versionOf({ tags, commit, digest, reported }: Named): string {
  const tag = tags.find((one) => VERSION.test(one)) ?? tags[0];
  if (tag !== undefined) return tag;
  if (commit !== null) return shortCommit(typeof commit === "string" ? commit : commit.sha);
  const known = digest ?? reported;
  return known === undefined || known === null ? "unknown image" : shortDigest(known);
}

/** The version of a whole release: that of its images, where they agree. */
export function versionsOf({
  status,
  components,
}: {
  readonly status: string;
  readonly components: readonly Named[];
}): string {
  if (status !== "running") return status;
  const versions = [...new Set(components.map(versionOf))];
  return versions.length === 0 ? "no image" : versions.join(", ");
}
