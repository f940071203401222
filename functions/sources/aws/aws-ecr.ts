/**
 * Amazon ECR: image actions, and images that were replicated.
 *
 * Key: the envelope's `id`, under `/webhooks/aws/ecr/<account>/<region>`; of a replicated image these are the
 * destination's, so one digest in two regions is two facts, each where it can be pulled. Events are best effort.
 * Not in the payload: the commit, who pushed, the size. Each manifest of an index is pushed by itself, untagged
 * (`image-tag` empty or absent). A delete with a tag may have taken the image or the tag alone: that is said
 * as `unknown`. An archived image is still there and cannot be pulled, hence deleted, and restored.
 * Whether an image that came through a pull through cache is told as pushed too is not documented.
 * Format: docs.aws.amazon.com, "Amazon ECR events and EventBridge" (its sample digests are no digests).
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { ignored, mapping, maybeText, present, quoted, said } from "../payload.ts";
import { isChart } from "../pushed.ts";
import { type Coverage, sourceOf } from "../source.ts";
import { Titled } from "./aws-envelope.ts";

export const ECR_COVERS: Coverage = {
  name: "Amazon ECR",
  push: "yes, and replicated",
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
  }),
});
type Action = z.infer<typeof Action>;

const UNNEEDED: ReadonlyMap<string, string> = new Map([
  ["ECR Pull Through Cache Action", "a pull through cache copies what others pushed elsewhere"],
  ["ECR Referrer Action", "what refers to an image is no image"],
  ["ECR Image Scan", "a scan neither gives nor takes an image"],
  ["ECR Scan Resource Change", "how repositories are scanned neither gives nor takes an image"],
]);

export function mapEcr(payload: unknown): Mapped[] {
  return mapping(Titled, payload, ({ "detail-type": type, detail }) => {
    if (type !== "ECR Image Action" && type !== "ECR Replication Action") {
      return [ignored(UNNEEDED.get(type) ?? `${quoted(type)} says nothing that is kept here`, payload)];
    }
    return mapping(Action, payload, (action) => [mapAction(action, { "detail-type": type, detail })]);
  });
}

function mapAction(action: Action, raw: unknown): Mapped {
  const { id, account, region, time, detail } = action;
  if (detail.result !== "SUCCESS") return ignored(`the action's result is ${quoted(detail.result)}`, raw);
  if (isChart(detail["artifact-media-type"])) return ignored("a chart is no image", raw);
  const effect = effectOf(detail);
  if (effect === undefined) {
    return ignored(`the action ${quoted(detail["action-type"])} neither gives nor takes an image`, raw);
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

function effectOf(detail: Action["detail"]) {
  switch (detail["action-type"]) {
    case "PUSH":
    case "REPLICATE":
      return { kind: "artifact.pushed" as const, ...present({ mediaType: detail["manifest-media-type"] }) };
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

function storageEffectOf(storageClass: string | undefined) {
  if (storageClass === "ARCHIVE") {
    return { kind: "artifact.deleted" as const, what: "manifest", reason: "archived" };
  }
  return storageClass === "STANDARD" ? { kind: "artifact.restored" as const, what: "manifest" } : undefined;
}
