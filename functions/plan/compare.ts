/** Links to the pages where forges show the difference between two commits. */

import type { KnownCommit, Release, ReleasedComponent } from "../../schemas/answer.ts";
import type { Plan } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import { bareUrl } from "../../schemas/words/repository-url.ts";

const hasLabel = (host: string, label: string): boolean => host.split(".").includes(label);

/** The path of a forge's page that shows what `newer` contains and `older` does not. */
function pageOf(host: string, path: string, older: string, newer: string): string | undefined {
  if (hasLabel(host, "github")) return `${path}/compare/${older}...${newer}`;
  if (hasLabel(host, "gitlab")) return `${path}/-/compare/${older}...${newer}`;
  if (host === "bitbucket.org") return `${path}/branches/compare/${newer}..${older}`;
  if (host === "dev.azure.com" || host.endsWith(".visualstudio.com")) {
    return `${path}/branchCompare?baseVersion=GC${older}&targetVersion=GC${newer}`;
  }
  return undefined;
}

/** Revisions that are safe as a part of a URL. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

/**
 * The page that shows what is undone by going back from one commit to another. Forges show what the second commit of an
 * address contains and the first does not, so the commit to go back to comes first. null: an unknown forge, or nothing
 * to compare.
 */
export function compareUrl(repository: string | undefined, from: string, to: string): string | null {
  if (repository === undefined || from === to || !PLAIN.test(from) || !PLAIN.test(to)) return null;
  if (from.includes("..") || to.includes("..")) return null;
  const { origin, hostname, pathname } = new URL(repository);
  const path = pathname.replace(/\/+$/, "").replace(/\.git$/, "");
  if (path === "") return null;
  const page = pageOf(hostname, path, to, from);
  return page === undefined ? null : `${origin}${page}`;
}

/** The repository of both sides; undefined if they name different ones. */
function sharedRepository(from: string | undefined, to: string | undefined): string | undefined {
  if (from !== undefined && to !== undefined && bareUrl(from) !== bareUrl(to)) return undefined;
  return to ?? from;
}

/** The commit of a release: its only commit, otherwise that of the component `main`. */
function commitOf(components: readonly ReleasedComponent[]): KnownCommit | null {
  const commits = new Map(
    components.flatMap(({ commit }) => (commit === null ? [] : [[commit.sha, commit] as const])),
  );
  if (commits.size === 1) return [...commits.values()][0] ?? null;
  const mains = components.filter(({ component }) => fold(component) === "main");
  return mains.length === 1 ? (mains[0]?.commit ?? null) : null;
}

/** The commit that runs now, the commit to run, and the link that compares them. */
export function commitsBetween(current: Release, target: Release, described?: string): Plan["commits"] {
  const from = commitOf(current.components);
  const to = commitOf(target.components);
  if (from === null || to === null) return { from, to, compareUrl: null };
  const isNamed = from.repository !== undefined || to.repository !== undefined;
  const repository = isNamed ? sharedRepository(from.repository, to.repository) : described;
  return { from, to, compareUrl: compareUrl(repository, from.sha, to.sha) };
}
