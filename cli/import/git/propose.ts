/** Proposes the environment and service of each path, by the words that repositories of manifests use. */

import { stringify } from "yaml";
import { byText } from "../../../schemas/words/ordering.ts";
import { contentOf, documentsIn, VALUES } from "./content.ts";
import { isKustomization } from "./kustomize.ts";
import type { Paths, Rule } from "./paths.ts";
import { isReadable, type Tree } from "./tree.ts";

const ENVIRONMENT =
  /^(prod|production|prd|live|stage|staging|stg|dev|develop|development|test|testing|qa|uat|int|integration|preprod|preview|sandbox|demo|canary|nonprod)([-_.].+)?$/i;
/** Folders that say how things are kept, and name no service. */
const GENERIC =
  /^(apps?|applications?|overlays?|bases?|envs?|environments?|clusters?|deploy(ments?)?|k8s|kubernetes|manifests?|helm|charts?|releases?|services?|values|kustomize|argocd|flux|gitops|infra(structure)?|config|src|components|projects|teams|stacks|compose)$/i;
/** Files of which each service has one of its own. */
const GENERIC_FILE =
  /^(kustomization|values|deployment|deploy|statefulset|daemonset|service|app|application|manifests?|all|release|helmrelease|cronjob|job|rollout|workload|compose|docker-compose|chart|patch|config|configmap|ingress|namespace)([-_.].+)?$/i;

/** Whether a file may be deployed by itself. */
function isUnit(tree: Tree, path: string): boolean {
  if (isKustomization(path) || VALUES.test(path)) return true;
  const text = tree.text(path);
  if (text === undefined || !/image|kind:|dependencies:/.test(text)) return false;
  const documents = documentsIn(text);
  return documents !== undefined && contentOf(path, text, documents).isDeployed;
}

interface Segment {
  readonly n: number;
  /** The part of the name that is the environment. */
  readonly name: string;
}

const stem = (file: string): string => file.replace(/\.[^.]+$/, "");

/** Where the environment stands: in a folder, or in the file's name (`values-production.yaml`, `production.yaml`). */
function environmentIn(segments: readonly string[]): Segment | undefined {
  const folders = segments.slice(0, -1);
  const n = folders.findIndex((one) => ENVIRONMENT.test(one));
  if (n >= 0) return { n, name: folders[n] ?? "" };
  const file = stem(segments.at(-1) ?? "");
  const tail = ["", ...file.split(/[-_.]/).map((_, at, all) => all.slice(at).join("-"))].find((one) =>
    ENVIRONMENT.test(one),
  );
  if (tail === undefined) return undefined;
  const name = file.slice(-tail.length);
  return { n: segments.length - 1, name };
}

/** Where the service stands: below the environment, else the file, else above it. */
function serviceIn(segments: readonly string[], environment: number): Segment | undefined {
  const last = segments.length - 1;
  const folders = segments.map((name, n) => ({ name, n })).slice(0, -1);
  const isNamed = ({ name, n }: { name: string; n: number }) => n !== environment && !GENERIC.test(name);
  const below = folders.filter(({ n }) => n > environment).find(isNamed);
  if (below !== undefined) return below;
  const file = stem(segments[last] ?? "").replace(/[-_.]values$/, "");
  if (environment !== last && !GENERIC_FILE.test(file)) return { n: last, name: file };
  return folders
    .filter(({ n }) => n < environment)
    .reverse()
    .find(isNamed);
}

function patternOf(path: string): string | undefined {
  const segments = path.split("/");
  const environment = environmentIn(segments);
  if (environment === undefined) return undefined;
  const service = serviceIn(segments, environment.n);
  const last = segments.length - 1;
  const deepest = Math.max(environment.n, service?.n ?? 0);
  const named = segments.map((segment, n) => {
    if (n === environment.n) return segment.replace(environment.name, "{environment}");
    if (n === service?.n) return segment.replace(service.name, "{service}");
    return segment;
  });
  // Below the folder that names both, everything belongs together.
  return deepest === last ? named.join("/") : [...named.slice(0, deepest + 1), "**"].join("/");
}

/** Proposed rules; undefined where no path names an environment. */
export function proposed(tree: Tree): Paths | undefined {
  const counts = new Map<string, number>();
  for (const path of tree.paths()) {
    const pattern = isReadable(path) && isUnit(tree, path) ? patternOf(path) : undefined;
    if (pattern !== undefined) counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
  }
  // Those with a service first, then the more exact ones: the first that fits counts.
  const rank = (pattern: string) =>
    [pattern.includes("{service}") ? 0 : 1, -pattern.split("/").length] as const;
  const paths: Rule[] = [...counts.keys()]
    .sort((a, b) => {
      const [[one, deep], [other, shallow]] = [rank(a), rank(b)];
      return one - other || deep - shallow || byText(a, b);
    })
    .map((path) => ({ path }));
  return paths.length === 0 ? undefined : { paths };
}

const ABOUT = `# Which paths are of which environment and service: proposed by asof import git --dry-run. Read it before the import.
# The first path that fits counts. * stays within a name, ** does not. Without {service}, each workload is a service.
# A rule may name its environment or service itself; "environments" and "services" give other names to those in paths:
#   paths: [{ path: "live/**", environment: production }]
#   services: { billing: acme/billing }
`;

export const fileOf = (paths: Paths): string => `${ABOUT}${stringify(paths)}`;
