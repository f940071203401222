/** Configuration in git repositories: what can be checked out again, and the commands that do it. */
import type { Command } from "../../../schemas/plan.ts";
import type { InGit } from "../../../schemas/words/in-git.ts";
import { command } from "../shell.ts";
import { listed, type StepDraft, type Target } from "../step-target.ts";

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

/** Puts configuration back by a commit in each of its repositories: for deployers that bring images alone. */
export function committing({ service, environment }: Target, restored: readonly InGit[]): StepDraft[] {
  return [...new Set(restored.map(({ repository }) => repository))].map((repository) => {
    const own = restored.filter((one) => one.repository === repository);
    const paths = own.map(({ path }) => path);
    return {
      title: `put ${listed(paths)} back, by a commit`,
      why:
        `Run it in a checkout of ${repository}, on the deployed branch. It commits these paths as they were then; ` +
        "other paths stay as they are. What applies this branch brings it into effect.",
      commands: [
        ...restorePaths(own),
        ...commitPaths(`Configure ${service} in ${environment} as before`, paths),
      ],
      brings: { images: [], config: own },
    };
  });
}
