/**
 * Amazon ECR: image actions, and images that were replicated.
 *
 * Key: the envelope's `id`, under `/webhooks/aws/ecr/<account>/<region>`. For a replicated image, account and region are
 * the destination's, so one digest in two regions is two facts, each where it can be pulled. Events are best effort.
 * Not in the payload: the commit, the actor, the size. Each manifest of an index is pushed separately, untagged
 * (`image-tag` empty or absent). A delete with a tag may have removed the image or only the tag: it is recorded as
 * `unknown`. An archived image cannot be pulled, so archiving is recorded as a deletion, and restoring as a restore.
 * Whether ECR also reports an image from a pull through cache as pushed is not documented.
 * Format: docs.aws.amazon.com, "Amazon ECR events and EventBridge" (its sample digests are invalid).
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
  ["ECR Pull Through Cache Action", "a pull through cache copies images that were pushed elsewhere"],
  ["ECR Referrer Action", "a referrer of an image is not an image"],
  ["ECR Image Scan", "a scan neither adds nor removes an image"],
  ["ECR Scan Resource Change", "how repositories are scanned neither adds nor removes an image"],
]);

export function mapEcr(payload: unknown): Mapped[] {
  return mapping(Titled, payload, ({ "detail-type": type, detail }) => {
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
  const effect = effectOf(detail);
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
