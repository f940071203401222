/**
 * CNCF Distribution (`registry:2`, `registry:3`) and registries that speak its notifications (GitLab's).
 *
 * Key: `events[].id`, a UUID that stays the same over retries; the source is the registry's host, for ids of two
 * registries know nothing of each other. An envelope may hold unrelated events, so each stands for itself.
 * Proof: the whole `Authorization` header as configured under `notifications.endpoints[].headers`.
 * Not in the payload: the commit, the platform, what an index holds. A registry before 3 keeps its queue in
 * memory, so a restart loses events. Nor does a delete name its media type: a deleted blob reads like a deleted
 * manifest, which does no harm, for no release names a layer's digest.
 * One delete of a manifest comes as two events (2.8): one with its digest, one with the tag that it ends.
 * Format: distribution/distribution, docs/content/about/notifications.md and notifications/event.go; envelopes
 * are `application/vnd.docker.distribution.events.v1+json` up to 2.x, `….v2+json` since, of one shape.
 */
import * as z from "zod";
import {
  ignored,
  loginOnly,
  MAX_EVENTS,
  mapping,
  maybeText,
  present,
  quoted,
  rejected,
  said,
} from "./payload.ts";
import { byHeader, type Mapped, type Source, sourceOf } from "./source.ts";

const Envelope = z.looseObject({ events: z.array(z.unknown()).max(MAX_EVENTS) });

const Event = z.looseObject({
  id: z.string(),
  timestamp: z.string(),
  action: z.string(),
  target: z.looseObject({
    repository: z.string(),
    digest: maybeText,
    tag: maybeText,
    mediaType: maybeText,
    size: z.number().nullish(),
    url: maybeText,
  }),
  request: z.looseObject({ host: maybeText }).nullish(),
  actor: z.looseObject({ name: maybeText }).nullish(),
});
type Event = z.infer<typeof Event>;

/** Everything else that is pushed is a layer or a configuration, which nobody deploys by itself. */
const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
]);

const UNNEEDED: ReadonlyMap<string, string> = new Map([
  ["pull", "a pull changes nothing"],
  ["mount", "a mounted layer is no image"],
  ["rename", "a repository's new name is not kept yet; name it by a rule"],
]);

export const distribution: Source = {
  vendor: "distribution",
  verify: byHeader("authorization"),
  toStatements,
  covers: [
    {
      name: "CNCF Distribution",
      push: "yes",
      delete: "manifests and tags",
      digest: "yes",
      time: "yes",
      identity: "event id",
      authentication: "`Authorization`, as configured",
      tried: "registry 2.8.2 in CI",
    },
  ],
};

function toStatements(payload: unknown): Mapped[] {
  return mapping(Envelope, payload, ({ events }) =>
    events.flatMap((raw) => mapping(Event, raw, (event) => [mapEvent(event, raw)])),
  );
}

function mapEvent(event: Event, raw: unknown): Mapped {
  const { action, target } = event;
  if (action !== "push" && action !== "delete") {
    return ignored(UNNEEDED.get(action) ?? `the action ${quoted(action)} is not known`, raw);
  }
  if (target.mediaType !== undefined && !MANIFEST_TYPES.has(target.mediaType)) {
    return ignored(`${quoted(target.mediaType)} is no manifest or index`, raw);
  }
  const host = hostOf(event);
  if (host === undefined) return rejected("request.host: is missing, and so is a host in target.url", raw);
  const common = {
    source: sourceOf("distribution", host),
    id: event.id,
    occurredAt: event.timestamp,
    ...present({ actor: loginOnly(event.actor?.name) }),
    repository: `${host}/${target.repository}`.toLowerCase(),
  };
  return action === "push" ? pushed(event, common, raw) : deleted(event, common, raw);
}

/** What all statements of one event share. */
interface Common {
  readonly source: string;
  readonly id: string;
  readonly occurredAt: string;
  readonly repository: string;
}

function pushed({ target }: Event, common: Common, raw: unknown): Mapped {
  const { digest, tag, mediaType, size } = target;
  if (mediaType === undefined) return rejected("target.mediaType: is missing, so it may be a layer", raw);
  const rest = present({ digest, tag, mediaType, size: size ?? undefined });
  return said({ kind: "artifact.pushed", ...common, ...rest }, raw);
}

function deleted({ target: { digest, tag } }: Event, common: Common, raw: unknown): Mapped {
  if (digest === undefined && tag === undefined) {
    return rejected(
      "target: a delete must name a digest or a tag; that of a whole repository cannot be kept",
      raw,
    );
  }
  const what = digest === undefined ? "tag" : "manifest";
  return said({ kind: "artifact.deleted", ...common, ...present({ digest, tag }), what }, raw);
}

/** The name under which the registry was asked: a port is part of it. */
function hostOf({ request, target }: Event): string | undefined {
  if (request?.host !== undefined) return request.host.toLowerCase();
  const url = target.url ?? "";
  return URL.canParse(url) ? new URL(url).host || undefined : undefined;
}
