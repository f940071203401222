/** Deployments that commits declare, as statements. */
import { componentsOf } from "../../../functions/sources/deployers/workload.ts";
import { hashOf, loginOnly, present } from "../../../functions/sources/payload.ts";
import { fold } from "../../../schemas/scalars.ts";
import { importSource } from "../sources.ts";
import type { GitCommit } from "./log.ts";
import type { Target } from "./targets.ts";

const COMPONENTS_MAX = 64;
/** Beyond these, the folder that holds all of them. */
const PATHS_MAX = 16;
const SOURCES_MAX = 16;

/** The login in the address that GitHub and GitLab give to people who hide theirs; no other mail address is kept. */
const HIDDEN = /^(?:\d+[+-])?([^@+]+)@users\.noreply\.(?:github\.com|gitlab\.com|[\w.-]+)$/;
const loginIn = (mail: string): string | undefined => loginOnly(HIDDEN.exec(mail)?.[1]);

function commonFolder(paths: readonly string[]): string | undefined {
  const [first = "", ...others] = paths.map((path) => path.split("/").slice(0, -1));
  const shared = [...first].filter((part, n) => others.every((other) => other[n] === part));
  return shared.length === 0 ? undefined : shared.join("/");
}

const commitUrl = (repository: string, sha: string): string | undefined =>
  /^https?:\/\/[^/]*(github|gitlab|gitea|forgejo|codeberg)/.test(repository)
    ? `${repository}/commit/${sha}`
    : undefined;

/** The first of each name: two workloads of one name are one. */
function components({ containers }: Target) {
  const named = new Map<string, ReturnType<typeof componentsOf>[number]>();
  for (const one of componentsOf(containers))
    if (!named.has(fold(one.component))) named.set(fold(one.component), one);
  return [...named.values()].slice(0, COMPONENTS_MAX);
}

function configuration(target: Target, repository: string, revision: string) {
  const folder = target.paths.length > PATHS_MAX ? commonFolder(target.paths) : undefined;
  const paths = folder === undefined ? target.paths.slice(0, PATHS_MAX) : [folder];
  const own = paths.map((path) => ({ repository, revision, ...(path === "." ? {} : { path }) }));
  const sources = new Map(target.sources.map((one) => [JSON.stringify(one), one]));
  return [...own, ...[...sources.values()].slice(0, SOURCES_MAX)];
}

/** The identity of the repository, as its web address. */
const bare = (repository: string): string => repository.replace(/^https?:\/\//, "");

/** @param sequence the number of the commit on its branch */
export function statementOf(
  target: Target,
  { sha, at, authorMail }: GitCommit,
  repository: string,
  sequence: number,
): object {
  const { environment, service } = target;
  const isRemoved = target.paths.length === 0;
  const images = components(target);
  return {
    kind: isRemoved ? "deployment.removed" : "deployment.succeeded",
    source: importSource("git", repository),
    id: `${sha}/${hashOf(fold(environment), fold(service)).slice(0, 16)}`,
    occurredAt: at,
    sequence,
    ...present({ actor: loginIn(authorMail), url: commitUrl(repository, sha) }),
    environment,
    service,
    deployment: { provider: "git", instance: bare(repository).slice(0, 200), id: sha },
    // It takes everything away, whatever commit declared it.
    ...(isRemoved ? { scope: "service", config: [{ repository, revision: sha }] } : {}),
    ...(isRemoved ? {} : { config: configuration(target, repository, sha) }),
    ...(isRemoved || images.length === 0 ? {} : { components: images }),
    declared: true,
  };
}
