/**
 * Amazon ECR: image actions, and images that were replicated or fetched by a pull through cache.
 *
 * Key: the envelope's `id`, under `/webhooks/aws/ecr/<account>/<region>`. For a replicated image, account and region are
 * the destination's, so one digest in two regions is two facts, each where it can be pulled. Events are best effort.
 * Not in the payload: the commit, the actor, the size. Each manifest of an index is pushed separately, untagged
 * (`image-tag` empty or absent). A delete with a tag may have removed the image or only the tag: it is recorded as
 * `unknown`. An archived image cannot be pulled, so archiving is recorded as a deletion marked `archived`, and restoring
 * as a restore. A replicated or cached image was pushed elsewhere: the fact names where it was copied from.
 * Format: docs.aws.amazon.com, "Amazon ECR events and EventBridge" (its sample digests are invalid).
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { imageRepository } from "../../../schemas/scalars.ts";
import { ignored, mapping, maybeText, present, quoted, said } from "../payload.ts";
import { isChart, tagUnlessDigest } from "../pushed-image.ts";
import { type Coverage, sourceOf } from "../source.ts";
import { Titled } from "./aws-envelope.ts";

export const ECR_COVERS: Coverage = {
  name: "Amazon ECR",
  push: "yes, and copied",
  delete: "images, tags; archived and restored",
  digest: "yes",
  time: "yes",
  identity: "event id",
  authentication: "IAM; over HTTP a writer's token",
  tried: "published samples",
};

const Action = z.looseObject({
  id: z.string(),
  account: z.string(),
  region: z.string(),
  time: z.string(),
  detail: z.looseObject({
    result: z.string(),
    "action-type": z.string(),
    "repository-name": z.string(),
    "image-digest": maybeText,
    "image-tag": maybeText,
    "manifest-media-type": maybeText,
    "artifact-media-type": maybeText,
    "target-storage-class": maybeText,
    "source-account": maybeText,
    "source-region": maybeText,
  }),
});
type Action = z.infer<typeof Action>;

const UNNEEDED: ReadonlyMap<string, string> = new Map([
  ["ECR Referrer Action", "a referrer of an image is not an image"],
  ["ECR Image Scan", "a scan neither adds nor removes an image"],
  ["ECR Scan Resource Change", "how repositories are scanned neither adds nor removes an image"],
]);

export function mapEcr(payload: unknown): Mapped[] {
  return mapping(Titled, payload, ({ "detail-type": type, detail }) => {
    if (type === "ECR Pull Through Cache Action")
      return mapping(Cached, payload, (cached) => [mapCached(cached, { "detail-type": type, detail })]);
    if (type !== "ECR Image Action" && type !== "ECR Replication Action") {
      return [ignored(UNNEEDED.get(type) ?? `${quoted(type)} is not recorded`, payload)];
    }
    return mapping(Action, payload, (action) => [mapAction(action, { "detail-type": type, detail })]);
  });
}

function mapAction(action: Action, raw: unknown): Mapped {
  const { id, account, region, time, detail } = action;
  if (detail.result !== "SUCCESS") return ignored(`the action's result is ${quoted(detail.result)}`, raw);
  if (isChart(detail["artifact-media-type"])) return ignored("a chart is not an image", raw);
  const effect = effectOf(action);
  if (effect === undefined) {
    return ignored(`the action ${quoted(detail["action-type"])} neither adds nor removes an image`, raw);
  }
  const statement = {
    source: sourceOf("aws", "ecr", account, region),
    id,
    occurredAt: time,
    repository: `${registryOf(account, region)}/${detail["repository-name"]}`,
    ...present({ digest: detail["image-digest"], tag: detail["image-tag"] }),
    ...effect,
  };
  return said(statement, raw);
}

const registryOf = (account: string, region: string): string =>
  `${account}.dkr.ecr.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;

function effectOf(action: Action) {
  const { detail } = action;
  const pushed = {
    kind: "artifact.pushed" as const,
    ...present({ mediaType: detail["manifest-media-type"] }),
  };
  switch (detail["action-type"]) {
    case "PUSH":
      return pushed;
    case "REPLICATE":
      return { ...pushed, copied: { by: "replication", ...present({ from: sourceIn(action) }) } };
    case "DELETE": {
      const what = detail["image-tag"] === undefined ? "manifest" : "unknown";
      return { kind: "artifact.deleted" as const, what };
    }
    case "UPDATE_STORAGE_CLASS":
      return storageEffectOf(detail["target-storage-class"]);
    default:
      return undefined;
  }
}

/** The repository that an image was replicated from: it has the same name there. */
function sourceIn({ account, region, detail }: Action): string | undefined {
  const from = { account: detail["source-account"] ?? account, region: detail["source-region"] ?? region };
  return validRepository(`${registryOf(from.account, from.region)}/${detail["repository-name"]}`);
}

const validRepository = (name: string): string | undefined =>
  imageRepository.safeParse(name).success ? name : undefined;

function storageEffectOf(storageClass: string | undefined) {
  if (storageClass === "ARCHIVE") {
    return { kind: "artifact.deleted" as const, what: "manifest", archived: true, reason: "archived" };
  }
  return storageClass === "STANDARD" ? { kind: "artifact.restored" as const, what: "manifest" } : undefined;
}

// --- pull through cache -----------------------------------------------------------------------------------

const Cached = z.looseObject({
  id: z.string(),
  account: z.string(),
  region: z.string(),
  time: z.string(),
  detail: z.looseObject({
    "sync-status": z.string(),
    "repository-name": z.string(),
    "ecr-repository-prefix": maybeText,
    "upstream-registry-url": maybeText,
    "upstream-repository-prefix": maybeText,
    "image-digest": maybeText,
    "image-tag": maybeText,
  }),
});
type Cached = z.infer<typeof Cached>;

function mapCached({ id, account, region, time, detail }: Cached, raw: unknown): Mapped {
  const status = detail["sync-status"];
  if (status !== "SUCCESS") return ignored(`the cache's sync status is ${quoted(status)}`, raw);
  const statement = {
    kind: "artifact.pushed" as const,
    source: sourceOf("aws", "ecr", account, region),
    id,
    occurredAt: time,
    repository: `${registryOf(account, region)}/${detail["repository-name"]}`,
    ...present({ digest: detail["image-digest"], tag: tagUnlessDigest(detail["image-tag"]) }),
    copied: { by: "cache", ...present({ from: upstreamOf(detail) }) },
  };
  return said(statement, raw);
}

/** The repository that a cache fetched from: its rule replaces one prefix by another, or none (`ROOT`). */
function upstreamOf(detail: Cached["detail"]): string | undefined {
  const pathOf = (prefix: string | undefined): string =>
    prefix === undefined || prefix === "ROOT" ? "" : `${prefix}/`;
  const own = pathOf(detail["ecr-repository-prefix"]);
  const name = detail["repository-name"];
  const host = detail["upstream-registry-url"];
  if (host === undefined || !name.startsWith(own)) return undefined;
  return validRepository(`${host}/${pathOf(detail["upstream-repository-prefix"])}${name.slice(own.length)}`);
}
