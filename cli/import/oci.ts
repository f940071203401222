/** `asof import oci`: the images that a registry's repositories hold now: those that were pushed and not deleted. */
import * as z from "zod";
import {
  type ImageContent,
  type Registries,
  RegistryError,
} from "../../functions/ledger/ingest/registries.ts";
import { mapLimit } from "../../functions/ledger/map-limit.ts";
import { isManifest } from "../../functions/sources/pushed-image.ts";
import { imageRepository, wildcard } from "../../schemas/scalars.ts";
import { CliError } from "../error.ts";
import { readImageContent, registryOf } from "../record/image.ts";
import { commitItems, indexItems } from "./image-items.ts";
import { type Importer, type Item, unknown } from "./importer.ts";
import { importSource } from "./sources.ts";

const Options = z.looseObject({ args: z.array(z.string()), tags: z.string() });

const AT_ONCE = 4;
const CHUNK = 32;

/** Times before the first registries: builds that want the same bytes each time write a fixed one. */
const FIXED_BEFORE = "2013";

/** When an image was made; undefined if it says nothing, or a fixed time. */
export const madeAt = ({ created }: ImageContent): string | undefined =>
  created === undefined || created < FIXED_BEFORE ? undefined : created;

/** The statements that an image allows whatever its tags. @param source of the statements */
export function* imageItems(
  source: string,
  repository: string,
  content: ImageContent,
  now: string,
): Generator<Item> {
  const at = madeAt(content);
  const held = {
    repository,
    source,
    ...(at === undefined
      ? { occurredAt: now, timeFrom: "clock" as const }
      : { occurredAt: at, timeFrom: "created" as const }),
  };
  yield* indexItems(held, content);
  yield* commitItems(held, content, "the commit of an image without labels that name it");
}

/** A tag as it stands: it was pushed when the image was made, or later. */
function* ofTag(repository: string, tag: string, content: ImageContent): Generator<Item> {
  const { digest, mediaType } = content;
  const at = madeAt(content);
  if (!isManifest(mediaType)) return;
  if (at === undefined)
    return yield unknown(
      "when an image was pushed that does not say when it was made",
      `${repository}:${tag}`,
    );
  yield {
    is: "statement",
    statement: {
      kind: "artifact.pushed",
      source: importSource("oci", repository),
      id: `pushed/${tag}@${digest}`,
      occurredAt: at,
      timeFrom: "created",
      digest,
      repository,
      tag,
      mediaType,
    },
  };
}

async function readTag(registry: Registries, repository: string, tag: string) {
  try {
    return { tag, content: await readImageContent(registry, repository, tag) };
  } catch (error) {
    if (error instanceof RegistryError && !error.retry) return { tag, fault: error.message };
    throw error;
  }
}

async function* chunksOf(tags: AsyncGenerator<string>, fits: RegExp): AsyncGenerator<string[]> {
  let chunk: string[] = [];
  for await (const tag of tags) {
    if (!fits.test(tag)) continue;
    chunk.push(tag);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  yield chunk;
}

async function* ofRepository(
  registry: Registries,
  repository: string,
  fits: RegExp,
  now: string,
): AsyncGenerator<Item> {
  const known = new Set<string>();
  let count = 0;
  for await (const tags of chunksOf(registry.tags(repository), fits)) {
    count += tags.length;
    for (const read of await mapLimit(AT_ONCE, tags, (tag) => readTag(registry, repository, tag))) {
      const { tag, content, fault } = { content: undefined, fault: undefined, ...read };
      if (fault !== undefined) yield unknown(`a tag that cannot be read: ${fault}`, `${repository}:${tag}`);
      if (content === undefined) continue;
      yield* ofTag(repository, tag, content);
      if (!known.has(content.digest) && isManifest(content.mediaType))
        yield* imageItems(importSource("oci", repository), repository, content, now);
      known.add(content.digest);
    }
  }
  if (count === 0) yield unknown("what was in a repository that has no such tag now", repository);
}

export const oci: Importer = {
  name: "oci",
  summary: "the images that registries hold",
  help: `
Examples:
  asof import oci ghcr.io/acme/billing ghcr.io/acme/web --dry-run
  asof import oci 127.0.0.1:5000/team/app --tags 'v*'

Of each tag: its digest, the platforms of an index, and the commit that labels or annotations name
(org.opencontainers.image.revision and .source). A registry does not say when it was pushed: the time is the one that the
image says it was made, and a live report of the push wins. What a tag pointed at before, and what was deleted, it no longer
knows. The login is Docker's, from ~/.docker/config.json.`,
  options: (command) =>
    command
      .argument("<repositories...>", "with their registry, like ghcr.io/acme/billing")
      .option("--tags <pattern>", "only tags like this; * stands for anything", "*"),
  async *items(given, { env, now }) {
    const { args, tags } = Options.parse(given);
    for (const repository of args) {
      if (!imageRepository.safeParse(repository).success)
        throw new CliError(`${repository}: must be host/path in lower case, like ghcr.io/acme/billing`);
      try {
        yield* ofRepository(registryOf(repository, env), repository, wildcard(tags), now().toISOString());
      } catch (error) {
        throw error instanceof RegistryError ? new CliError(error.message, { cause: error }) : error;
      }
    }
    yield unknown("when each tag was pushed, and what it pointed at before");
  },
};
