/** The ways to name the image of a plan. Several of them may be given, and have to agree. */
import { digest, imageTag, sha, tag } from "../scalars.ts";

export const imageSelectors = {
  digest: digest.meta({
    description:
      "The release that last ran this image here; if it never ran here: the image, with the configuration of now.",
  }),
  tag: imageTag.meta({
    description:
      "The image that this tag points at, in the service's own repositories or in the one that is named.",
    examples: ["1.4.2", "ghcr.io/acme/billing:1.4.2"],
  }),
  version: tag.meta({ description: "The image that is tagged with this version, with or without a `v`." }),
  commit: sha.meta({
    description: "The service's image that was built from this commit; a short id will do.",
  }),
};

export interface ImageQuery {
  readonly digest?: string;
  readonly tag?: string;
  readonly version?: string;
  readonly commit?: string;
}

type Asked = { readonly [selector in keyof ImageQuery]?: string | undefined };

/** The image that a question names; undefined if it names none. */
export function imageQueryOf(asked: Asked): ImageQuery | undefined {
  const { digest, tag, version, commit } = asked;
  const query: ImageQuery = {
    ...(digest === undefined ? {} : { digest }),
    ...(tag === undefined ? {} : { tag }),
    ...(version === undefined ? {} : { version }),
    ...(commit === undefined ? {} : { commit }),
  };
  return Object.keys(query).length === 0 ? undefined : query;
}

/** Whether a question names its target in exactly one way. */
export const isOneTarget = ({
  at,
  last,
  ...image
}: Asked & { readonly at?: unknown; readonly last?: unknown }): boolean =>
  [at, last, imageQueryOf(image)].filter((value) => value !== undefined).length === 1;

export const ONE_TARGET = {
  error: "needs exactly one of at, last and an image (digest, tag, version, commit)",
};
