/** Where a person sees what lies between two commits, on the forges that have a page for it. */
import type { KnownCommit, Release, ReleasedComponent } from "../../schemas/answer.ts";
import type { Configuration } from "../../schemas/fact.ts";
import type { Plan } from "../../schemas/plan.ts";
import { fold } from "../../schemas/scalars.ts";
import { canonical } from "../ledger/canonical.ts";

const hasLabel = (host: string, label: string): boolean => host.split(".").includes(label);

/** How a forge shows what `newer` has and `older` has not: each host's own page. */
function pageOf(host: string, path: string, older: string, newer: string): string | undefined {
  if (hasLabel(host, "github")) return `${path}/compare/${older}...${newer}`;
  if (hasLabel(host, "gitlab")) return `${path}/-/compare/${older}...${newer}`;
  if (host === "bitbucket.org") return `${path}/branches/compare/${newer}..${older}`;
  if (host === "dev.azure.com" || host.endsWith(".visualstudio.com")) {
    return `${path}/branchCompare?baseVersion=GC${older}&targetVersion=GC${newer}`;
  }
  return undefined;
}

/** A name that a forge could not take for a part of the address. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

/**
 * The page that shows what is undone by going from one commit to another: forges show what the second has and the
 * first has not, so the one that is gone back to stands first. null: an unknown forge, or nothing to compare.
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

/** The repository of two sides, where they do not name different ones. */
function sharedRepository(from: string | undefined, to: string | undefined): string | undefined {
  const bare = (url: string) => fold(url.replace(/\/+$/, "").replace(/\.git$/, ""));
  if (from !== undefined && to !== undefined && bare(from) !== bare(to)) return undefined;
  return to ?? from;
}

/** The commit of a release: its only one, else that of `main`. */
function commitOf(components: readonly ReleasedComponent[]): KnownCommit | null {
  const commits = new Map(
    components.flatMap(({ commit }) => (commit === null ? [] : [[commit.sha, commit] as const])),
  );
  if (commits.size === 1) return [...commits.values()][0] ?? null;
  const mains = components.filter(({ component }) => fold(component) === "main");
  return mains.length === 1 ? (mains[0]?.commit ?? null) : null;
}

/** From the commit that runs to the one that shall run. */
export function commitsBetween(current: Release, target: Release, described?: string): Plan["commits"] {
  const from = commitOf(current.components);
  const to = commitOf(target.components);
  if (from === null || to === null) return { from, to, compareUrl: null };
  const isNamed = from.repository !== undefined || to.repository !== undefined;
  const repository = isNamed ? sharedRepository(from.repository, to.repository) : described;
  return { from, to, compareUrl: compareUrl(repository, from.sha, to.sha) };
}

const placeOf = ({ repository, path }: Configuration): string => canonical([repository ?? "", path ?? ""]);

/** Configuration that differs, place by place (a repository and a path in it). */
export function configBetween(current: Release, target: Release): Plan["config"] {
  const before = new Map(current.config.map((one) => [placeOf(one), one]));
  const after = new Map(target.config.map((one) => [placeOf(one), one]));
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((place) => {
    const from = before.get(place) ?? null;
    const to = after.get(place) ?? null;
    if (canonical(from) === canonical(to)) return [];
    const isMoved = from !== null && to !== null;
    const url = isMoved ? compareUrl(to.repository, from.revision, to.revision) : null;
    return [{ from, to, compareUrl: url }];
  });
}
