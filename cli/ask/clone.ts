/** The repository that the current folder is a clone of. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { isSameSource } from "../../functions/ledger/authority/grants.ts";
import type { Services } from "./names.ts";

const run = promisify(execFile);

/** The web address of a remote: `git@github.com:acme/web.git` is `https://github.com/acme/web`. */
export function webAddress(remote: string): string | undefined {
  const text = remote
    .trim()
    .replace(/\.git$/, "")
    .replace(/\/+$/, "");
  const [, host, path] = /^(?:ssh:\/\/)?(?:[\w.-]+@)([\w.-]+)(?::\d+)?[:/](.+)$/.exec(text) ?? [];
  if (host !== undefined && path !== undefined) return `https://${host}/${path}`;
  return /^https?:\/\//.test(text) ? text.replace(/\/\/[^/@]+@/, "//") : undefined;
}

/** The address of this clone's repository; undefined outside of a clone, or without git. */
export async function repositoryHere(): Promise<string | undefined> {
  try {
    const { stdout } = await run("git", ["remote", "get-url", "origin"], { timeout: 2000 });
    return webAddress(stdout);
  } catch {
    return undefined;
  }
}

/** The services that are described with the repository of the current folder. */
export async function servicesHere(services: Services): Promise<Services> {
  const here = await repositoryHere();
  return services.filter(
    ({ repository }) => here !== undefined && repository !== null && isSameSource(repository, here),
  );
}

/** The commit that a revision names in this clone; undefined if there is none, or no clone. */
export async function commitHere(revision: string): Promise<string | undefined> {
  if (revision.startsWith("-") || revision.startsWith("sha256:")) return undefined;
  try {
    const { stdout } = await run("git", ["rev-parse", "--verify", "--quiet", `${revision}^{commit}`], {
      timeout: 2000,
    });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** Whether a commit is another one or comes before it; undefined where this clone lacks one of them. */
export async function isAncestor(sha: string, of: string): Promise<boolean | undefined> {
  try {
    await run("git", ["merge-base", "--is-ancestor", sha, of], { timeout: 5000 });
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === 1 ? false : undefined;
  }
}
