/** Configuration in git repositories: what can be checked out again, and the commands that do it. */
import type { Command } from "../../../schemas/plan.ts";
import { command } from "../shell.ts";
import type { Target } from "../step-target.ts";

type Configuration = Target["config"][number];

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

/** The folder that a revision is checked out into. */
const folderFor = ({ revision }: InGit): string => `asof-${revision.slice(0, 12)}`;

/** A path in that folder. */
export const checkedOut = (one: InGit): string => `${folderFor(one)}/${one.path}`;

/** Can be repeated: an earlier checkout is used again. Arguments: folder, repository, revision. */
const CHECK_OUT =
  'set -e; [ -d "$1/.git" ] || git clone --no-checkout -- "$2" "$1"; git -C "$1" fetch origin; exec git -C "$1" checkout --detach "$3"';

/** Checks out a revision into a folder of its own, and leaves other checkouts alone. */
export const checkOut = (one: InGit): Command =>
  command("git", "sh", "-c", CHECK_OUT, "sh", folderFor(one), one.repository, one.revision);

/**
 * Makes paths of the current checkout what they were, without committing. Files that came since are removed: git-restore(1),
 * "--no-overlay" is its default. git reads special characters in a path as a pattern without `--literal-pathspecs`.
 */
export const restorePaths = (restored: readonly { revision: string; path: string }[]): Command[] => [
  command("git", "git", "fetch", "origin"),
  ...restored.map(({ revision, path }) =>
    command(
      "git",
      ...["git", "--literal-pathspecs", "restore", `--source=${revision}`, "--staged", "--worktree"],
      ...["--", path],
    ),
  ),
];

/** Commits these paths alone, and pushes. */
export const commitPaths = (message: string, paths: readonly string[]): Command[] => [
  command("git", "git", "--literal-pathspecs", "commit", `--message=${message}`, "--", ...new Set(paths)),
  command("git", "git", "push"),
];
