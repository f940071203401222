/** `asof record build` and `push`: which commit an image was built from, and where it was pushed. */
import type { Command } from "commander";
import * as z from "zod";
import { type ImageContent, RegistryError } from "../../functions/ledger/ingest/registries.ts";
import { present } from "../../functions/sources/payload.ts";
import { CliError, UsageError } from "../error.ts";
import type { Io } from "../io.ts";
import { type Image, parseImage, parseMetadataFile, readImageContent, registryOf } from "./image.ts";
import { actorAndUrl, requiredCommit } from "./options.ts";
import type { Subcommand } from "./subcommand.ts";
import type { NewStatement } from "./submit.ts";

const Options = z.looseObject({
  image: z.string().optional(),
  digest: z.string().optional(),
  metadataFile: z.string().optional(),
  target: z.string().optional(),
  registry: z.boolean(),
});
type Options = z.infer<typeof Options>;

const options = (command: Command): Command =>
  command
    .option("--image <reference>", "the image, with its registry: ghcr.io/acme/billing:1.4.2")
    .option("--digest <digest>", "its digest, sha256:… (default: the metadata file's, else the registry's)")
    .option("--metadata-file <file>", "what docker buildx build or bake --metadata-file wrote")
    .option("--target <name>", "the target in bake's metadata file")
    .option("--no-registry", "do not ask the registry");

interface Built extends Image {
  readonly digest: string;
  /** What the registry answered about it. */
  readonly content?: ImageContent;
}

async function imageByTag({ env }: Io, repository: string, tag: string): Promise<Built> {
  const content = await readImageContent(registryOf(repository, env), repository, tag).catch(
    (error: unknown) => {
      throw error instanceof RegistryError ? new CliError(error.message, { cause: error }) : error;
    },
  );
  if (content === undefined)
    throw new CliError(`${repository} holds no tag ${tag}: push it first, or give --digest`);
  return { repository, tag, digest: content.digest, content };
}

/** Looks up whether it is an index. A failure is a warning: only the index's members stay unrecorded. */
async function withContent({ env, err }: Io, image: Built, repository: string): Promise<Built> {
  try {
    const content = await readImageContent(registryOf(repository, env), repository, image.digest);
    if (content !== undefined) return { ...image, content };
    err(`asof: ${repository} does not hold ${image.digest} (yet); whether it is an index is unknown`);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    err(`asof: ${error.message}: whether ${image.digest} is an index is unknown`);
  }
  return image;
}

/** The image, once for each repository that it was pushed into. */
async function imagesOf(given: Options, io: Io): Promise<[Built, ...Built[]]> {
  if (given.target !== undefined && given.metadataFile === undefined)
    throw new UsageError("--target needs --metadata-file, which names the targets");
  const named = given.image === undefined ? {} : parseImage(given.image);
  const written =
    given.metadataFile === undefined ? undefined : parseMetadataFile(given.metadataFile, given.target);
  const digest = given.digest ?? written?.digest ?? named.digest;
  const { repository: own, tag } = named;
  const [repository, ...others] = own === undefined ? (written?.repositories ?? []) : [own];
  if (digest !== undefined) {
    const at = (one: string | undefined): Promise<Built> | Built => {
      const image = { ...present({ repository: one, tag }), digest };
      return one !== undefined && given.registry ? withContent(io, image, one) : image;
    };
    return [await at(repository), ...(await Promise.all(others.map(at)))];
  }
  if (repository === undefined || tag === undefined || !given.registry) {
    throw new UsageError("no digest was found: give --digest, --metadata-file, or --image with a tag");
  }
  return [await imageByTag(io, repository, tag)];
}

/** Records the members of an index, so that each is related to it. They are the same in every repository. */
function indexStatements(images: readonly [Built, ...Built[]]): NewStatement[] {
  const [{ digest }] = images;
  const manifests = images.find(({ content }) => content !== undefined)?.content?.manifests ?? [];
  return manifests.length === 0 ? [] : [{ kind: "artifact.indexed", data: { digest, manifests } }];
}

const Service = z.looseObject({ service: z.string().optional() });

export const build: Subcommand = {
  name: "build",
  summary: "an image was built from this commit",
  help: `
Examples:
  docker buildx build --push --metadata-file meta.json -t ghcr.io/acme/billing:1.4.2 .
  asof record build --image ghcr.io/acme/billing:1.4.2 --metadata-file meta.json

  asof record build --image ghcr.io/acme/billing:1.4.2        # the digest comes from the registry

  docker buildx bake --push --metadata-file meta.json
  asof record build --metadata-file meta.json --target api --service acme/api

A multi-platform image is an index: its members are read from the registry and recorded too.
Where one commit builds the images of several services (a monorepo), record each with its --image and --service: a
deployment that names only the commit then resolves to that service's image.`,
  options: (command) => options(command).option("--service <name>", "the service that the image belongs to"),
  statements: async (given, context, io) => {
    const { service } = Service.parse(given);
    const commit = requiredCommit(context);
    const images = await imagesOf(Options.parse(given), io);
    const built = images.map(({ digest, repository }): NewStatement => {
      const data = { digest, commit, ...present({ repository, service }), ...actorAndUrl(context) };
      return { kind: "artifact.built", data };
    });
    return [...built, ...indexStatements(images)];
  },
};

export const push: Subcommand = {
  name: "push",
  summary: "an image was pushed into a registry, where the registry does not report it itself",
  help: `
Example:
  asof record push --image ghcr.io/acme/billing:1.4.2 --digest sha256:…`,
  options,
  statements: async (given, context, io) => {
    const images = await imagesOf(Options.parse(given), io);
    const pushed = images.map(({ digest, repository, tag, content }): NewStatement => {
      if (repository === undefined) throw new UsageError("give --image, which names where it was pushed");
      const named = { digest, repository, ...present({ tag, mediaType: content?.mediaType }) };
      return { kind: "artifact.pushed", data: { ...named, ...actorAndUrl(context) } };
    });
    return [...pushed, ...indexStatements(images)];
  },
};
