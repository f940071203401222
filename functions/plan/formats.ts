/** The images of a plan as files for deployers: Kustomize's `images` and Compose's `services`. */
import { Document } from "yaml";
import { pinnedImage } from "../../schemas/pinned-image.ts";
import type { Blocker, PlannedComponent } from "../../schemas/plan.ts";
import { byKey } from "../../schemas/words/ordering.ts";
import { type Image, pinsOf } from "./deployers/compose.ts";

/** One service of a plan, as input for a file. */
export interface Pinned {
  readonly service: string;
  readonly components: readonly PlannedComponent[];
  readonly blockers: readonly Blocker[];
}

export const FORMATS = ["kustomize", "compose"] as const;
export type Format = (typeof FORMATS)[number];

interface Content {
  readonly data: unknown;
  /** Messages about images that the format cannot express. */
  readonly left: readonly string[];
}

const imagesOf = (services: readonly Pinned[]): Image[] =>
  services.flatMap(({ service, components }) =>
    components.flatMap((component) =>
      component.image === null ? [] : [{ service, ...component, image: component.image }],
    ),
  );

/** kubectl.docs.kubernetes.io, kustomization file, "images": one digest for each name. */
function kustomize(services: readonly Pinned[]): Content {
  const digests = new Map<string, Set<string>>();
  for (const { image } of imagesOf(services)) {
    const { repository: name, digest } = pinnedImage(image) ?? { repository: image, digest: "" };
    digests.set(name, (digests.get(name) ?? new Set()).add(digest));
  }
  const sorted = [...digests].sort(byKey);
  return {
    data: {
      images: sorted.flatMap(([name, all]) => (all.size === 1 ? [{ name, digest: [...all][0] }] : [])),
    },
    left: sorted.flatMap(([name, all]) =>
      all.size === 1
        ? []
        : [
            `${name} ran with ${[...all].sort().join(" and ")}: the file can pin only one, so pin each where it is used`,
          ],
    ),
  };
}

function compose(services: readonly Pinned[]): Content {
  const { images, left } = pinsOf(imagesOf(services));
  // A Map, unlike an object, keeps any name and the order.
  return { data: new Map([["services", new Map(images.map(([name, image]) => [name, { image }]))]]), left };
}

const CONTENTS: Record<Format, (services: readonly Pinned[]) => Content> = { kustomize, compose };

/**
 * A YAML file. Comments at the top list the plan's blockers and what the format cannot express.
 * @param next the cursor of the next page, which is a separate file
 */
export function fileOf(format: Format, services: readonly Pinned[], next: string | null): string {
  const { data, left } = CONTENTS[format](services);
  const notes = [
    ...services.flatMap(({ service, blockers }) =>
      blockers.map(({ code, message }) => `blocked: ${service}: ${code}: ${message}`),
    ),
    ...left.map((note) => `left out: ${note}`),
    ...(next === null ? [] : [`this is one page: get the next with cursor=${next}`]),
  ];
  const file = new Document(data);
  if (notes.length > 0) {
    // Keep each note on one line: a name may contain characters that some parser treats as a line break.
    file.commentBefore = notes
      .map((note) => ` ${note.replaceAll(/[\r\n\u0085\u2028\u2029]+/g, " ")}`)
      .join("\n");
  }
  return file.toString({ lineWidth: 0 });
}
