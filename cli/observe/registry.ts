/** `asof observe registry`: polls the tags of registries that send no events. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as z from "zod";
import { type Registries, RegistryError } from "../../functions/ledger/ingest/registries.ts";
import { mapLimit } from "../../functions/ledger/map-limit.ts";
import { splitImage } from "../../functions/sources/image.ts";
import { digest, imageRepository, wildcard } from "../../schemas/scalars.ts";
import { CliError, UsageError } from "../error.ts";
import { type Item, unknown } from "../import/importer.ts";
import { imageItems, madeAt } from "../import/oci.ts";
import { readImageContent, registryOf } from "../record/image.ts";
import type { Observer } from "./observer.ts";
import { observeSource } from "./sources.ts";

const Options = z.looseObject({
  args: z.array(z.string()),
  tags: z.string(),
  state: z.string().optional(),
});

const AT_ONCE = 4;

/** What was there when it was last looked at. */
const State = z.strictObject({
  /** The references that were looked at, as they were given: what is there then is no news of that moment. */
  looked: z.array(z.string()),
  /** The digest of each tag, by `repository:tag`. */
  tags: z.record(z.string(), digest),
});

interface Known {
  readonly looked: Set<string>;
  readonly tags: Map<string, string>;
}

function stateIn(file: string | undefined): Known {
  if (file === undefined || !existsSync(file)) return { looked: new Set(), tags: new Map() };
  try {
    const { looked, tags } = State.parse(JSON.parse(readFileSync(file, "utf8")));
    return { looked: new Set(looked), tags: new Map(Object.entries(tags)) };
  } catch (cause) {
    throw new CliError(`--state ${file}: holds no state of this command; remove it to begin anew`, { cause });
  }
}

function writeState(file: string, { looked, tags }: Known): void {
  try {
    writeFileSync(file, JSON.stringify({ looked: [...looked], tags: Object.fromEntries(tags) }));
  } catch (cause) {
    throw new CliError(`--state ${file}: cannot be written`, { cause });
  }
}

/** What is watched in one repository: one tag, or those that fit a pattern. */
interface Watched {
  /** As it was given. */
  readonly reference: string;
  readonly repository: string;
  readonly registry: Registries;
  readonly tag: string | undefined;
}

function watchedOf(given: string, env: Readonly<Record<string, string | undefined>>): Watched {
  const { repository, tag } = splitImage(given);
  if (!imageRepository.safeParse(repository).success)
    throw new UsageError(`${given}: must be like ghcr.io/acme/billing or ghcr.io/acme/billing:main`);
  const registry = registryOf(repository, env);
  return { reference: given, repository, registry, tag };
}

/** The tags to ask for: those that are there, and those that were, so that their ends are seen. */
async function tagsOf(
  { repository, registry, tag }: Watched,
  fits: RegExp,
  tags: ReadonlyMap<string, string>,
): Promise<string[]> {
  if (tag !== undefined) return [tag];
  const prefix = `${repository}:`;
  const before = [...tags.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
  const all = new Set(before.filter((one) => fits.test(one)));
  for await (const one of registry.tags(repository)) if (fits.test(one)) all.add(one);
  return [...all].sort();
}

/** A tag that points at something else than before. Of the first look, the image says when it was made at the earliest. */
async function* pushedItems(
  { repository, registry }: Watched,
  tag: string,
  found: string,
  isFirst: boolean,
  now: string,
): AsyncGenerator<Item> {
  const content = await readImageContent(registry, repository, found);
  const made = isFirst && content !== undefined ? madeAt(content) : undefined;
  const source = observeSource("registry", repository);
  yield {
    is: "statement",
    statement: {
      kind: "artifact.pushed",
      source,
      id: isFirst ? `first/${tag}@${found}` : `${tag}@${found}/${now}`,
      ...(made === undefined
        ? { occurredAt: now, timeFrom: "clock" }
        : { occurredAt: made, timeFrom: "created" }),
      digest: found,
      repository,
      tag,
      ...(content === undefined ? {} : { mediaType: content.mediaType }),
    },
  };
  if (content !== undefined) yield* imageItems(source, repository, content, now);
}

/** A tag that is gone; with its manifest, where that is gone, too. */
async function deletedItem(
  { repository, registry }: Watched,
  tag: string,
  before: string,
  now: string,
): Promise<Item> {
  const isManifestGone = (await registry.missing(repository, before)) === before;
  return {
    is: "statement",
    statement: {
      kind: "artifact.deleted",
      source: observeSource("registry", repository),
      id: `${tag}@${before}/deleted/${now}`,
      occurredAt: now,
      timeFrom: "clock",
      repository,
      tag,
      digest: before,
      what: isManifestGone ? "manifest" : "tag",
    },
  };
}

async function* changesIn(watched: Watched, fits: RegExp, known: Known, now: string): AsyncGenerator<Item> {
  const { reference, repository, registry } = watched;
  const isFirst = !known.looked.has(reference);
  const tags = await tagsOf(watched, fits, known.tags);
  const digests = await mapLimit(AT_ONCE, tags, (tag) => registry.digestOf(repository, tag));
  for (const [n, tag] of tags.entries()) {
    const key = `${repository}:${tag}`;
    const [found, before] = [digests[n], known.tags.get(key)];
    if (found === before) continue;
    if (found !== undefined) yield* pushedItems(watched, tag, found, isFirst, now);
    else if (before !== undefined) yield await deletedItem(watched, tag, before, now);
    if (found === undefined) known.tags.delete(key);
    else known.tags.set(key, found);
  }
  known.looked.add(reference);
  if (isFirst) yield unknown("when a tag was pushed that was there at the first look", reference);
}

export const registry: Observer = {
  name: "registry",
  summary: "tags of registries that send no events",
  help: `
Examples:
  asof observe registry ghcr.io/acme/billing:main ghcr.io/acme/web:main --every 60s
  asof observe registry 127.0.0.1:5000/team/app --tags 'v*' --every 5m --state /var/lib/asof/tags.json

Each look asks for the digest of each tag (HEAD). A tag that points at another image than before was pushed by then, and one
that is gone was deleted; what a tag pointed at between two looks is not seen. What is there at the first look was pushed no
earlier than the image says that it was made. With --state a restarted observer goes on where it ended; without, it begins
anew, and misses what changed meanwhile. The login is Docker's, from ~/.docker/config.json.`,
  options: (command) =>
    command
      .argument("<references...>", "a tag like ghcr.io/acme/billing:main, or a repository with its tags")
      .option("--tags <pattern>", "of a repository, only tags like this; * stands for anything", "*")
      .option("--state <file>", "where it keeps what tags pointed at"),
  open(given, { env, now }) {
    const { args, tags, state } = Options.parse(given);
    const all = args.map((one) => watchedOf(one, env));
    const fits = wildcard(tags);
    const known = stateIn(state);
    return {
      async *look() {
        try {
          for (const watched of all) yield* changesIn(watched, fits, known, now().toISOString());
        } catch (error) {
          throw error instanceof RegistryError ? new CliError(error.message, { cause: error }) : error;
        }
      },
      recorded() {
        if (state !== undefined) writeState(state, known);
      },
    };
  },
};
