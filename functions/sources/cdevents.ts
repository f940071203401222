/**
 * CDEvents, which come as the data of CloudEvents.
 *
 * Key: the CDEvent's own `context.source` and `context.id`; the CloudEvent around it may differ from it.
 * Proof: none in the event; the door asks for a writer's token.
 * Not in the payload: what was tried and failed, and when a deployment started (there are no such events); the
 * commit of a deployment. An artifact is named by a package URL, of which those of images are kept:
 * `pkg:oci/<name>@<digest>?repository_url=<host/path/name>&tag=…`, and `pkg:docker/…`.
 * Versions up to 0.4.1 say `context.version` and `subject.type`, those since 0.5.0 `context.specversion`; only
 * the type's own words are read, so that both are understood.
 * Format: cdevents/spec, v0.4.1 and v0.5.1: spec.md, core.md, continuous-deployment.md, cloudevents-binding.md.
 */

import { createHash } from "node:crypto";
import { PackageURL } from "packageurl-js";
import * as z from "zod";
import { faultsOf, fullSha, url } from "../../schemas/scalars.ts";
import { ignored, loginOnly, maybeText, present, quoted, rejected, said } from "./payload.ts";
import type { Mapped, Said } from "./source.ts";

const AnyCdEvent = z.looseObject({ context: z.looseObject({ type: z.string() }) });

const CdEvent = z.looseObject({
  context: z.looseObject({ id: z.string(), source: z.string(), timestamp: z.string() }),
  subject: z.looseObject({
    id: z.string(),
    content: z.looseObject({
      user: maybeText,
      artifactId: maybeText,
      environment: z.looseObject({ id: z.string() }).nullish(),
      change: z
        .looseObject({ id: maybeText, source: z.unknown().optional(), repository: z.unknown().optional() })
        .nullish(),
    }),
  }),
});
type CdEvent = z.infer<typeof CdEvent>;

/** What becomes of an event, but for its identity. */
type Effect =
  | { readonly is: "statement"; readonly kind: Said["kind"]; readonly fields: Record<string, unknown> }
  | { readonly is: "ignored" | "rejected"; readonly reason: string };

const EFFECTS: ReadonlyMap<string, (event: CdEvent) => Effect> = new Map([
  ["artifact.published", published],
  ["artifact.packaged", packaged],
  ["artifact.deleted", deleted],
  ["service.deployed", deployed("deployment.succeeded")],
  ["service.upgraded", deployed("deployment.succeeded")],
  ["service.rolledback", deployed("deployment.succeeded", { rollback: true })],
  ["service.removed", deployed("deployment.removed")],
  ["environment.deleted", environmentDeleted],
]);

/** @param type the CloudEvent's, which must be the CDEvent's: who may say what is decided by it. */
export function mapCdEvent(type: string, data: unknown, raw: unknown): Mapped {
  const typed = AnyCdEvent.safeParse(data);
  if (!typed.success) return rejected(`data: ${faultsOf(typed.error)}`, raw);
  if (typed.data.context.type !== type) {
    return rejected("data.context.type: must be the same as the CloudEvent's type", raw);
  }
  const [, subject, predicate] = /^dev\.cdevents\.([a-z]+)\.([a-z]+)\.\d+\.\d+\.\d+(-.+)?$/.exec(type) ?? [];
  if (subject === undefined)
    return rejected("type: must be dev.cdevents.<subject>.<predicate>.<version>", raw);
  const effectOf = EFFECTS.get(`${subject}.${predicate}`);
  if (effectOf === undefined) return ignored(`${subject}.${predicate} says nothing that is kept here`, raw);
  const event = CdEvent.safeParse(data);
  if (!event.success) return rejected(`data: ${faultsOf(event.error)}`, raw);
  const effect = effectOf(event.data);
  if (effect.is !== "statement") return { ...effect, raw };
  const { source, id, timestamp } = event.data.context;
  return said({ ...effect.fields, kind: effect.kind, source, id, occurredAt: timestamp }, raw);
}

// --- artifacts --------------------------------------------------------------------------------------------

function published({ subject: { id, content } }: CdEvent): Effect {
  const image = imageAt(id);
  if (image.is !== "image") return image;
  const fields = { ...image.parts, ...present({ actor: loginOnly(content.user) }) };
  return { is: "statement", kind: "artifact.pushed", fields };
}

function deleted({ subject: { id, content } }: CdEvent): Effect {
  const image = imageAt(id);
  if (image.is !== "image") return image;
  const what = image.parts.digest === undefined ? "tag" : "manifest";
  const fields = { ...image.parts, what, ...present({ actor: loginOnly(content.user) }) };
  return { is: "statement", kind: "artifact.deleted", fields };
}

/** Where an artifact was packaged nothing is pushed yet, so its place may be missing; its commit may not. */
function packaged({ subject: { id, content } }: CdEvent): Effect {
  const image = readPurl(id);
  if (image.is !== "image") return image;
  const { id: sha, source, repository } = content.change ?? {};
  const where = [source, repository].find((one) => url.safeParse(one).success);
  if (where === undefined || !fullSha.safeParse(sha).success) {
    return { is: "ignored", reason: "content.change names no whole commit of a repository's URL" };
  }
  const { tag, ...parts } = image.parts;
  const fields = { ...parts, commit: { repository: where, sha }, evidence: "declared" };
  return { is: "statement", kind: "artifact.built", fields };
}

// --- services ---------------------------------------------------------------------------------------------

function deployed(kind: "deployment.succeeded" | "deployment.removed", more: Record<string, unknown> = {}) {
  return ({ context, subject: { id, content } }: CdEvent): Effect => {
    const image = content.artifactId === undefined ? NO_IMAGE : readPurl(content.artifactId);
    // A service that runs something else must not look as if it still ran its image of before.
    if (image.is !== "image") return { is: "rejected", reason: `content.artifactId: ${image.reason}` };
    const fields = {
      ...present({ environment: content.environment?.id }),
      service: id,
      deployment: { provider: "cdevents", instance: instanceOf(context.source), id: context.id },
      components: [{ component: "main", ...image.parts }],
      ...more,
    };
    return { is: "statement", kind, fields };
  };
}

/** With an environment goes everything that ran there. */
function environmentDeleted({ subject: { id } }: CdEvent): Effect {
  return { is: "statement", kind: "deployment.removed", fields: { environment: id } };
}

/** A source is a URI reference of any length; what is too long for a key is named by its hash. */
const instanceOf = (source: string): string =>
  Buffer.byteLength(source) <= 200 ? source : createHash("sha256").update(source).digest("hex");

// --- package URLs -----------------------------------------------------------------------------------------

interface Parts {
  readonly repository?: string;
  readonly digest?: string;
  readonly tag?: string;
}
type Read =
  | { readonly is: "image"; readonly parts: Parts }
  | { readonly is: "ignored" | "rejected"; readonly reason: string };

const NO_IMAGE: Read = { is: "image", parts: {} };

/** An image that lies somewhere: what was pushed or deleted is told apart by where. */
function imageAt(purl: string): Read {
  const image = readPurl(purl);
  if (image.is !== "image" || image.parts.repository !== undefined) return image;
  return {
    is: "rejected",
    reason: "subject.id: the package URL must carry repository_url: where the image lies",
  };
}

/** A package URL's image; package-url/purl-spec, PURL-TYPES: `oci`, `docker`. */
function readPurl(purl: string): Read {
  let read: PackageURL;
  try {
    read = PackageURL.fromString(purl);
  } catch {
    return { is: "rejected", reason: `${quoted(purl)} is no package URL` };
  }
  if (read.type === "oci") return readOci(read);
  if (read.type === "docker") return { is: "image", parts: readDocker(read) };
  return { is: "ignored", reason: `${quoted(purl)} is no image` };
}

const bare = (repositoryUrl: string): string => repositoryUrl.replace(/^https?:\/\//, "").replace(/\/$/, "");

/** `repository_url` is the whole repository; one that ends otherwise may be meant without its name, or not. */
function readOci({ name, version, qualifiers }: PackageURL): Read {
  const given = qualifiers?.repository_url;
  const repository = given === undefined ? undefined : bare(given);
  if (repository !== undefined && !repository.endsWith(`/${name}`)) {
    return {
      is: "rejected",
      reason: `repository_url must be the whole repository, ending in ${quoted(`/${name}`)}`,
    };
  }
  return { is: "image", parts: present({ repository, digest: version, tag: qualifiers?.tag }) };
}

/** `repository_url` is the registry alone; the version is a tag or a digest. */
function readDocker({ namespace, name, version, qualifiers }: PackageURL): Parts {
  const given = bare(qualifiers?.repository_url ?? "docker.io");
  const registry = given === "hub.docker.com" ? "docker.io" : given;
  const path = namespace ?? (registry === "docker.io" ? "library" : undefined);
  const repository = [registry, path, name].filter((part) => part !== undefined).join("/");
  return { repository, ...present(version?.includes(":") ? { digest: version } : { tag: version }) };
}
