/** Docker Compose: which image each of its services is to have, and how they are started. */
import { fold } from "../../../schemas/scalars.ts";
import { command } from "../shell.ts";
import { type Deployer, listed, type StepDraft, type Target } from "../step-target.ts";

/** A component of a service, with its image. */
export interface Image {
  readonly service: string;
  readonly component: string;
  readonly variant?: string;
  /** `repository@digest` */
  readonly image: string;
}

/** compose-spec/compose-spec, schema: names of services are of `a-zA-Z0-9._-`. */
const composeName = ({ service, component, variant }: Image): string =>
  [service, ...(fold(component) === "main" ? [] : [component]), ...(variant === undefined ? [] : [variant])]
    .join("-")
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-");

export interface Pins {
  /** By the names of Compose's services, in their order. */
  readonly images: readonly (readonly [name: string, image: string])[];
  /** What would have one name. */
  readonly left: readonly string[];
}

/** The image of each of Compose's services. */
export function pinsOf(images: readonly Image[]): Pins {
  const named = new Map<string, Image[]>();
  for (const one of images) named.set(composeName(one), [...(named.get(composeName(one)) ?? []), one]);
  const entries = [...named].sort(([a], [b]) => (a < b ? -1 : 1));
  const alike = entries.map(([name, all]) => ({ name, all, told: new Set(all.map(({ image }) => image)) }));
  return {
    images: alike.flatMap(({ name, told }) =>
      told.size === 1 ? [...told].map((image) => [name, image] as const) : [],
    ),
    left: alike
      .filter(({ told }) => told.size > 1)
      .map(
        ({ name, all }) =>
          `${name} would be ${all.map(({ service, image }) => `${service} ${image}`).join(" and ")}: name them yourself`,
      ),
  };
}

/**
 * Writes the file anew, for the one of another plan may lie there; and starts nothing where it would bring a service of
 * a name that compose.yaml does not have, for that one would run beside the one that is meant.
 */
const UP =
  'set -e; printf "%s\\n" "$1" > asof.override.yaml; known=$(docker compose -f compose.yaml config --services); ' +
  "named=$(docker compose -f compose.yaml -f asof.override.yaml config --services); " +
  'missing=$(printf "%s\\n" "$named" | grep -vxF -e "$known" || :); ' +
  '[ -z "$missing" ] || { echo "compose.yaml has no service that is called" $missing >&2; exit 1; }; ' +
  "exec docker compose -f compose.yaml -f asof.override.yaml up -d --no-build";

/** Options: docs.docker.com, "docker compose up", "config"; later files override earlier ones, and JSON is YAML too. */
function byCompose({ service, components }: Target): StepDraft[] {
  if (components.length === 0) return [];
  const title = "start the images with Docker Compose";
  const { images, left } = pinsOf(components.map((component) => ({ service, ...component })));
  if (left.length > 0) return [{ title, why: `${listed(left)}.`, commands: [] }];
  const override = { services: Object.fromEntries(images.map(([name, image]) => [name, { image }])) };
  return [
    {
      title,
      why:
        "It writes asof.override.yaml beside compose.yaml, which pins the images and nothing else, and starts nothing where " +
        `compose.yaml has no services of these names: ${listed(images.map(([name]) => name))}. See that the rest of ` +
        "compose.yaml is as it was then.",
      commands: [command("docker compose", "sh", "-c", UP, "sh", JSON.stringify(override))],
    },
  ];
}

export const compose: Deployer = {
  called: /^(docker)?composev?2?$/,
  fits: ({ cluster, namespace }) => cluster === undefined && namespace === undefined,
  drafts: byCompose,
};
