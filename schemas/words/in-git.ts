/** Configuration in git repositories: what of it can be checked out, and committed again. */
import type { Configuration } from "../fact.ts";

/** Configuration of which the repository, the path in it and the commit are known. */
export interface InGit extends Configuration {
  readonly repository: string;
  readonly path: string;
}

const COMMIT = /^[0-9a-f]{7,64}$/;
export const isCommit = (revision: string): boolean => COMMIT.test(revision);

/** A path that stays in its repository. The empty path is its root, which other services share. */
const isInside = (path: string): boolean =>
  path !== "" && !path.startsWith("/") && !path.split("/").includes("..");

/** Whether it is a commit, as opposed to a chart's version or an OCI artifact, of a part of a known repository. */
export const isInGit = (one: Configuration): one is InGit =>
  one.repository !== undefined &&
  /^https?:\/\//.test(one.repository) &&
  one.path !== undefined &&
  isCommit(one.revision) &&
  isInside(one.path);
