/**
 * Harbor: its projects' webhooks, in both formats: `Default` (2.x, and 1.x with older type names) and `CloudEvents`.
 *
 * Key: for CloudEvents, the `id`, which stays the same over retries, with the resource's index in the event. `Default`
 * has no id, so a hash of type, second, repository, digest and tag: two webhooks of one project then give duplicates. The
 * operator is left out, because a hash of so little would give away the login. The source is Harbor's host,
 * `/webhooks/harbor/<host>`.
 * Proof: the `Authorization` header, as configured ("Auth Header").
 * Not in the payload: the commit, the size, the kind of artifact (a chart looks like an image), and all tags except the
 * first. `tag` is the digest if an artifact has no tag. Retention names deleted artifacts by tag only, on a host without
 * its port, and some versions name only one of several artifacts; Harbor also sends a deletion for each. A replication
 * names neither digest nor tag; Harbor reports images that arrive by it as pushed, by its job service, and what a proxy
 * project cached as pushed by its cache; neither names where from.
 * Format: goharbor.io, "Configure Webhook Notifications"; goharbor/harbor, src/pkg/notifier/formats and
 * src/controller/event/handler/webhook/artifact.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf } from "../../../schemas/scalars.ts";
import {
  hashOf,
  ignored,
  loginOnly,
  MAX_EVENTS,
  mapping,
  maybeText,
  present,
  quoted,
  rejected,
  said,
} from "../payload.ts";
import { tagUnlessDigest } from "../pushed-image.ts";
import { byHeader, type Source, sourceOf } from "../source.ts";
import { fromEpochSeconds } from "../times.ts";

/** An event, from either format. */
interface HarborEvent {
  readonly type: string;
  readonly occurredAt: string;
  readonly operator: string | undefined;
  readonly data: unknown;
  /** The id of the statement about the event's nth artifact. */
  readonly idOf: (n: number, ...said: readonly (string | undefined)[]) => string;
  readonly raw: unknown;
}

const Default = z.looseObject({
  type: z.string(),
  occur_at: z.number(),
  operator: maybeText,
  event_data: z.unknown(),
});

const CloudEvent = z.looseObject({
  specversion: z.literal("1.0"),
  id: z.string().min(1),
  type: z.string(),
  time: z.string(),
  operator: maybeText,
  data: z.unknown(),
});

export const harbor: Source = {
  vendor: "harbor",
  verify: byHeader("authorization"),
  toStatements,
  covers: [
    {
      name: "Harbor",
      push: "yes",
      delete: "artifacts; tags by retention",
      digest: "yes",
      time: "to the second",
      identity: "type, time, artifact; of CloudEvents the id",
      authentication: "`Authorization`, as configured",
      tried: "published samples",
    },
  ],
};

const AnyFormat = z.looseObject({ specversion: z.unknown().optional() });

function toStatements(raw: unknown): Mapped[] {
  return mapping(AnyFormat, raw, ({ specversion }) =>
    specversion === undefined
      ? mapping(Default, raw, ({ type, occur_at, operator, event_data: data }) => {
          const idOf: HarborEvent["idOf"] = (_, ...said) => hashOf(type, occur_at, ...said);
          return mapEvent({ type, occurredAt: fromEpochSeconds(occur_at), operator, data, idOf, raw });
        })
      : mapping(CloudEvent, raw, ({ id, type, time, operator, data }) =>
          mapEvent({ type, occurredAt: time, operator, data, idOf: (n) => `${id}/${n}`, raw }),
        ),
  );
}

/** Mappings by type: those of `Default`, of 1.x, and of CloudEvents. */
const MAPPINGS: ReadonlyMap<string, (event: HarborEvent) => Mapped[]> = new Map([
  ["PUSH_ARTIFACT", mapArtifacts("artifact.pushed")],
  ["pushImage", mapArtifacts("artifact.pushed")],
  ["harbor.artifact.pushed", mapArtifacts("artifact.pushed")],
  ["DELETE_ARTIFACT", mapArtifacts("artifact.deleted")],
  ["deleteImage", mapArtifacts("artifact.deleted")],
  ["harbor.artifact.deleted", mapArtifacts("artifact.deleted")],
  ["TAG_RETENTION", mapRetention],
  ["harbor.tag_retention.finished", mapRetention],
]);

const UNNEEDED = [
  [/pull|download/i, "a pull changes nothing"],
  [/chart/i, "a chart is not an image"],
  [/scan/i, "a scan neither adds nor removes an image"],
  [/quota/i, "a quota neither adds nor removes an image"],
  [/replication/i, "a replication names no digest; an image that arrives by it is reported as pushed"],
] as const;

function mapEvent(event: HarborEvent): Mapped[] {
  const map = MAPPINGS.get(event.type);
  if (map !== undefined) return map(event);
  const reason = UNNEEDED.find(([type]) => type.test(event.type))?.[1];
  return [ignored(reason ?? `the type ${quoted(event.type)} is not known`, event.raw)];
}

// --- artifacts --------------------------------------------------------------------------------------------

const Artifacts = z.looseObject({
  resources: z
    .array(z.looseObject({ digest: maybeText, tag: maybeText, resource_url: z.string() }))
    .max(MAX_EVENTS),
  repository: z.looseObject({ repo_full_name: z.string().min(1) }),
});

/**
 * Harbor's own users, which copy images: its job service replicates, and its cache fetches what a proxy project lacks
 * (goharbor/harbor, src/common/secret/store.go and src/common/security/proxycachesecret/context.go).
 */
const COPIERS: ReadonlyMap<string | undefined, "replication" | "cache"> = new Map([
  ["harbor-jobservice", "replication"],
  ["harbor#proxy-cache-service", "cache"],
]);

/** Who pushed it, or that it was copied. */
function saidOf(kind: string, operator: string | undefined) {
  const by = kind === "artifact.pushed" ? COPIERS.get(operator) : undefined;
  return by === undefined ? present({ actor: loginOnly(operator) }) : { copied: { by } };
}

function mapArtifacts(kind: "artifact.pushed" | "artifact.deleted") {
  return (event: HarborEvent): Mapped[] =>
    reading(Artifacts, event, ({ resources, repository: { repo_full_name: path } }) =>
      resources.map(({ digest, tag: given, resource_url: url }, n) => {
        // An artifact's URL is an image reference: host, path, and a tag or digest.
        const [host = ""] = url.split("/");
        const repository = `${host}/${path}`;
        const tag = tagUnlessDigest(given);
        const lost = digest === undefined ? "tag" : "manifest";
        const statement = {
          kind,
          source: sourceOf("harbor", host),
          id: event.idOf(n, repository, digest, tag),
          occurredAt: event.occurredAt,
          repository,
          ...saidOf(kind, event.operator),
          ...present({
            digest,
            tag,
            what: kind === "artifact.deleted" ? lost : undefined,
          }),
        };
        return said(statement, event.raw);
      }),
    );
}

/** A fault in an event's data rejects the whole event, which is quarantined. */
function reading<T>(schema: z.ZodType<T>, { data, raw }: HarborEvent, map: (data: T) => Mapped[]): Mapped[] {
  const read = schema.safeParse(data);
  return read.success ? map(read.data) : [rejected(faultsOf(read.error), raw)];
}

// --- retention --------------------------------------------------------------------------------------------

const Retention = z.looseObject({
  retention: z.looseObject({
    harbor_hostname: z.string(),
    project_name: z.string(),
    deleted_artifact: z
      .array(z.looseObject({ type: maybeText, status: maybeText, name_tag: maybeText }))
      .max(MAX_EVENTS),
  }),
});

function mapRetention(event: HarborEvent): Mapped[] {
  return reading(
    Retention,
    event,
    ({ retention: { harbor_hostname: host, project_name, deleted_artifact } }) =>
      deleted_artifact.map(({ type, status, name_tag = "" }, n) => {
        if (status?.toUpperCase() !== "SUCCESS") {
          return ignored(`the deletion's status is ${quoted(status ?? "")}`, event.raw);
        }
        if (type !== undefined && type !== "image")
          return ignored(`${quoted(type)} is not an image`, event.raw);
        const colon = name_tag.lastIndexOf(":");
        if (colon < 0) return ignored("the deleted artifact had no tag", event.raw);
        const repository = `${host}/${project_name}/${name_tag.slice(0, colon)}`;
        const tag = name_tag.slice(colon + 1);
        // The operator is the trigger (`SCHEDULE`), not a person.
        const statement = {
          kind: "artifact.deleted" as const,
          source: sourceOf("harbor", host),
          id: event.idOf(n, repository, undefined, tag),
          occurredAt: event.occurredAt,
          repository,
          tag,
          what: "tag",
          reason: "retention",
        };
        return said(statement, event.raw);
      }),
  );
}
