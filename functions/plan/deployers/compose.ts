/** Docker Compose: pins the image of each Compose service in an override file, and starts the services. */

import { fold } from "../../../schemas/scalars.ts";
import { type InGit, isInGit } from "../../../schemas/words/in-git.ts";
import { byKey } from "../../../schemas/words/ordering.ts";
import { command } from "../shell.ts";
import { brings, type Deployer, listed, type StepDraft, type Target } from "../step-target.ts";
import { checkedOut, checkOut } from "./git.ts";

/** A component of a service, with its image. */
export interface Image {
  readonly service: string;
  readonly component: string;
  readonly variant?: string;
  /** `repository@digest` */
  readonly image: string;
}

/** compose-spec/compose-spec, schema: a service name consists of `a-zA-Z0-9._-`. */
const composeName = ({ service, component, variant }: Image): string =>
  [service, ...(fold(component) === "main" ? [] : [component]), ...(variant === undefined ? [] : [variant])]
    .join("-")
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-");

export interface Pins {
  /** Sorted by the names of the Compose services. */
  readonly images: readonly (readonly [name: string, image: string])[];
  /** Messages about images that would share one Compose name. */
  readonly left: readonly string[];
}

/** The image of each Compose service. */
export function pinsOf(images: readonly Image[]): Pins {
  const named = new Map<string, Image[]>();
  for (const one of images) named.set(composeName(one), [...(named.get(composeName(one)) ?? []), one]);
  const entries = [...named].sort(byKey);
  const groups = entries.map(([name, all]) => ({
    name,
    all,
    distinct: new Set(all.map(({ image }) => image)),
  }));
  return {
    images: groups.flatMap(({ name, distinct }) =>
      distinct.size === 1 ? [...distinct].map((image) => [name, image] as const) : [],
    ),
    left: groups
      .filter(({ distinct }) => distinct.size > 1)
      .map(
        ({ name, all }) =>
          `${name} would be ${all.map(({ service, image }) => `${service} ${image}`).join(" and ")}: name them yourself`,
      ),
  };
}

/**
 * Always overwrites the override file, which may be left from another plan. Starts nothing if the override names a service
 * that compose.yaml does not have: that service would run beside the intended one.
 */
const UP =
  'set -e; printf "%s\\n" "$1" > asof.override.yaml; file=$2; ' +
  'compose() { docker compose --project-directory . -f "$file" "$@"; }; known=$(compose config --services); ' +
  "named=$(compose -f asof.override.yaml config --services); " +
  'missing=$(printf "%s\\n" "$named" | grep -vxF -e "$known" || :); ' +
  '[ -z "$missing" ] || { echo "$file has no service that is called" $missing >&2; exit 1; }; ' +
  "compose -f asof.override.yaml up -d --no-build";

/** compose-spec/compose-spec, "Compose file": the names that Compose looks for, and those of a certain stage. */
const isFile = ({ path }: InGit): boolean =>
  /^(docker-)?compose[\w.-]*\.ya?ml$/i.test(path.slice(path.lastIndexOf("/") + 1));

/** Options: docs.docker.com, "docker compose up", "config"; later files override earlier ones, and JSON is YAML too. */
function byCompose(target: Target): StepDraft[] {
  const { service, components, restore } = target;
  if (components.length === 0) return [];
  const title = "start the images with Docker Compose";
  const { images, left } = pinsOf(components.map((component) => ({ service, ...component })));
  if (left.length > 0) return [{ title, why: `${listed(left)}.`, commands: [], brings: brings(target, []) }];
  const then = restore.filter(isInGit).find(isFile);
  const file = then === undefined ? "compose.yaml" : checkedOut(then);
  const override = { services: Object.fromEntries(images.map(([name, image]) => [name, { image }])) };
  return [
    {
      title,
      why:
        `${then === undefined ? "" : `Checks out ${then.path} of then. `}Writes asof.override.yaml into the current ` +
        "folder, which has to be the one of compose.yaml. The file pins the images and nothing else. Nothing starts unless " +
        `${file} has services of these names: ${listed(images.map(([name]) => name))}.` +
        `${then === undefined ? " The rest of compose.yaml stays as it is now." : ""}`,
      commands: [
        ...(then === undefined ? [] : [checkOut(then)]),
        command("docker compose", "sh", "-c", UP, "sh", JSON.stringify(override), file),
      ],
      brings: brings(target, then === undefined ? [] : [then]),
    },
  ];
}

export const compose: Deployer = {
  called: /^(docker)?composev?2?$/,
  fits: ({ cluster, namespace }) => cluster === undefined && namespace === undefined,
  drafts: byCompose,
};
