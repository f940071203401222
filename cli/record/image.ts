/** Finds the image: from its reference, from the builder's metadata file, or from the registry. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import pRetry from "p-retry";
import * as z from "zod";
import { RegistryAccess, registries } from "../../functions/adapters/registry/oci.ts";
import {
  type ImageContent,
  type Registries,
  RegistryError,
} from "../../functions/ledger/ingest/registries.ts";
import { readImage } from "../../functions/sources/image.ts";
import { digest as digestForm } from "../../schemas/scalars.ts";
import { CliError, UsageError } from "../error.ts";

export interface Image {
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Reads `host/path[:tag][@digest]`. Throws a CliError where it names no host. */
export function parseImage(reference: string): Image {
  const image = readImage(reference);
  if (image === undefined) {
    throw new UsageError(
      `--image ${JSON.stringify(reference)}: must name its registry, like ghcr.io/acme/billing:1.4.2`,
    );
  }
  return image;
}

/**
 * What `docker buildx build --metadata-file` writes (docker/buildx, docs/reference/buildx_build.md): the digest of
 * what was built, of an index where it is for several platforms, and the names it was pushed under. `docker buildx bake`
 * writes one of these for each target, beside keys of its own (`buildx.build.warnings`).
 */
const Metadata = z.looseObject({
  "containerimage.digest": digestForm,
  "image.name": z.string().optional(),
});
/** What a builder's metadata file names: a digest, and the repositories that it was pushed into. */
export interface BuiltImage {
  readonly digest: string;
  readonly repositories: readonly string[];
}

function builtImage(metadata: z.infer<typeof Metadata>): BuiltImage {
  const names = (metadata["image.name"] ?? "").split(",");
  const repositories = names.flatMap((one) => readImage(one.trim())?.repository ?? []);
  return { digest: metadata["containerimage.digest"], repositories: [...new Set(repositories)] };
}

/** The images of a bake's targets, by name. */
function targetsIn(json: unknown): Map<string, BuiltImage> {
  const targets = Object.entries(z.looseObject({}).safeParse(json).data ?? {});
  return new Map(
    targets.flatMap(([name, one]) => {
      const metadata = Metadata.safeParse(one).data;
      return metadata === undefined ? [] : [[name, builtImage(metadata)]];
    }),
  );
}

/**
 * The image that a builder's metadata file names.
 * @param target the target of a bake; not needed where it built only one
 * Throws a CliError where the file names no image, or several.
 */
export function parseMetadataFile(file: string, target: string | undefined): BuiltImage {
  const fault = (reason: string, cause?: unknown) =>
    new CliError(`--metadata-file ${file}: ${reason}`, { cause });
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw fault("cannot be read as JSON", cause);
  }
  const metadata = target === undefined ? Metadata.safeParse(json).data : undefined;
  if (metadata !== undefined) return builtImage(metadata);
  const targets = targetsIn(json);
  const [only, ...others] = targets.values();
  if (only === undefined) throw fault("holds no containerimage.digest, of an image or of a target of bake");
  const names = [...targets.keys()].join(", ");
  if (target === undefined && others.length > 0)
    throw fault(`holds the targets ${names}: give one as --target`);
  const image = target === undefined ? only : targets.get(target);
  if (image === undefined) throw fault(`holds no target ${JSON.stringify(target)}, but ${names}`);
  return image;
}

const DockerConfig = z.looseObject({
  auths: z.record(z.string(), z.looseObject({ auth: z.string().optional() })).optional(),
});

/** The key of Docker Hub: the address of its first API. */
const HUB = "https://index.docker.io/v1/";

/** A login that `docker login` stored in its file; credential helpers are not used. */
function loginFor(host: string, env: Readonly<Record<string, string | undefined>>) {
  const folder = env.DOCKER_CONFIG ?? join(env.HOME ?? homedir(), ".docker");
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  } catch {
    return {};
  }
  const auths = DockerConfig.safeParse(config).data?.auths ?? {};
  const key = [host === "docker.io" ? HUB : host, `https://${host}`].find((one) => Object.hasOwn(auths, one));
  const auth = key === undefined ? undefined : auths[key]?.auth;
  const [, username, password] =
    /^([^:]+):(.+)$/s.exec(Buffer.from(auth ?? "", "base64").toString("utf8")) ?? [];
  return username === undefined || password === undefined ? {} : { username, password };
}

const isLocal = (host: string): boolean => /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(host);

/** A client of the repository's registry, with Docker's login where there is one; without TLS only on this machine. */
export function registryOf(
  repository: string,
  env: Readonly<Record<string, string | undefined>>,
): Registries {
  const [host = ""] = repository.split("/");
  const access = { [host]: { ...loginFor(host, env), ...(isLocal(host) ? { plainHttp: true } : {}) } };
  const parsed = RegistryAccess.safeParse(access);
  if (!parsed.success) throw new UsageError(`--image: ${JSON.stringify(host)} is not a registry host`);
  return registries(parsed.data);
}

const RETRIES = 2;

/** Reads what a tag or digest names; undefined where the registry has none. Throws a RegistryError. */
export const readImageContent = (
  registry: Registries,
  repository: string,
  reference: string,
): Promise<ImageContent | undefined> =>
  pRetry(() => registry.read(repository, reference), {
    retries: RETRIES,
    shouldRetry: ({ error }) => error instanceof RegistryError && error.retry,
  });
