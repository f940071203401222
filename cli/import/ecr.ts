/** `asof import ecr`: the images that Amazon ECR holds, with the times of their pushes. */
import * as z from "zod";
import {
  type EcrImages,
  type EcrRepository,
  ecrImages,
  type ImageDetail,
} from "../../functions/adapters/aws/ecr.ts";
import { hashOf, present } from "../../functions/sources/payload.ts";
import { isChart, isManifest } from "../../functions/sources/pushed-image.ts";
import { asCliError } from "./aws/faults.ts";
import { commitItems, indexItems } from "./image-items.ts";
import { type Importer, type Item, unknown } from "./importer.ts";
import { importSource } from "./sources.ts";

const Options = z.looseObject({ args: z.array(z.string()) });

const NO_COMMIT =
  "the commit of an image without annotations that name it (asof import oci reads labels, too)";

interface Pushed extends ImageDetail {
  readonly imageDigest: string;
  readonly imagePushedAt: Date;
}

/** Whether it is an image, of which ECR says when it was pushed. Charts, signatures and the like are stored beside images. */
const isImage = (one: ImageDetail): one is Pushed =>
  one.imageDigest !== undefined &&
  one.imagePushedAt !== undefined &&
  isManifest(one.imageManifestMediaType ?? "") &&
  !isChart(one.artifactMediaType) &&
  one.subjectManifestDigest === undefined;

/** When the image was pushed first: a tag may have been given to it later. */
const timesOf = ({ imagePushedAt }: Pushed) => ({
  occurredAt: imagePushedAt.toISOString(),
  timeFrom: "created" as const,
});

/** The push of an image: once for each tag that it has now, or without a tag. */
function* ofPush({ repository }: EcrRepository, image: Pushed): Generator<Item> {
  const { imageDigest: digest, imageTags = [], imageManifestMediaType: mediaType } = image;
  for (const tag of imageTags.length === 0 ? [undefined] : imageTags)
    yield {
      is: "statement",
      statement: {
        kind: "artifact.pushed",
        source: importSource("ecr", repository),
        id: `pushed/${hashOf(tag, digest).slice(0, 32)}`,
        ...timesOf(image),
        digest,
        repository,
        ...present({ tag, mediaType }),
      },
    };
}

async function* ofRepository(ecr: EcrImages, one: EcrRepository): AsyncGenerator<Item> {
  for await (const details of ecr.images(one.name)) {
    const images = details.filter(isImage);
    const contents = await ecr.manifests(
      one.name,
      images.map(({ imageDigest }) => imageDigest),
    );
    const byDigest = new Map(contents.map((content) => [content.digest, content]));
    for (const image of images) {
      yield* ofPush(one, image);
      const content = byDigest.get(image.imageDigest);
      if (content === undefined) continue;
      const held = {
        ...timesOf(image),
        repository: one.repository,
        source: importSource("ecr", one.repository),
      };
      yield* indexItems(held, content);
      yield* commitItems(held, content, NO_COMMIT);
    }
  }
}

/** Everything that ECR has in some repositories, or in all. */
export async function* contents(ecr: EcrImages, repositories: readonly string[]): AsyncGenerator<Item> {
  for await (const one of ecr.repositories(repositories)) yield* ofRepository(ecr, one);
}

export const ecr: Importer = {
  name: "ecr",
  summary: "the images that Amazon ECR holds, with the times of their pushes",
  help: `
Examples:
  AWS_PROFILE=acme AWS_REGION=eu-central-1 asof import ecr --dry-run       # all repositories of the region
  asof import ecr billing web

Of each image: when it was pushed, its tags, the platforms of an index, and the commit that its annotations name. Region,
profile and login are those of AWS's own tools. The role needs ecr:DescribeRepositories, ecr:DescribeImages and
ecr:BatchGetImage. ECR does not know what a tag pointed at before.`,
  options: (command) => command.argument("[repositories...]", "their names in ECR (default: all)"),
  async *items(given) {
    const { args } = Options.parse(given);
    try {
      yield* contents(await ecrImages(), args);
    } catch (error) {
      throw asCliError(error, "ECR");
    }
    yield unknown(
      "images that were deleted or archived, what tags pointed at before, and when each tag was given",
    );
  },
};
