/**
 * CNCF Distribution (`registry:2`, `registry:3`) and registries that speak its notifications (GitLab's; Azure's one
 * at a time).
 *
 * Key: `events[].id`, a UUID that stays the same over retries; the source is the registry's host, for ids of two
 * registries know nothing of each other. An envelope may hold unrelated events, so each stands for itself.
 * Proof: the whole `Authorization` header as configured under `notifications.endpoints[].headers`.
 * Not in the payload: the commit, the platform, what an index holds. A registry before 3 keeps its queue in
 * memory, so a restart loses events. Nor does a delete name its media type: a deleted blob reads like a deleted
 * manifest, which does no harm, for no release names a layer's digest.
 * One delete of a manifest comes as two events (2.8): one with its digest, one with the tag that it ends.
 * GitLab's registry also tells of a repository's new name, which no statement can say: every tag and digest moves at
 * once. The reason for leaving it out is the naming rule that keeps the history under one name. Its `actor.user` may
 * hold a token, and is never looked at.
 * Format: distribution/distribution, docs/content/about/notifications.md and notifications/event.go; envelopes
 * are `application/vnd.docker.distribution.events.v1+json` up to 2.x, `….v2+json` since, of one shape.
 * `rename`: gitlab-org/container-registry, merge request 1869.
 */
import * as z from "zod";
import { imageRepository } from "../../schemas/scalars.ts";
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
import { isManifest } from "./pushed.ts";
import { byHeader, type Mapped, type Source, sourceOf } from "./source.ts";

const Envelope = z.looseObject({ events: z.array(z.unknown()).max(MAX_EVENTS) });

/** One notification. */
export const RegistryEvent = z.looseObject({
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
    rename: z.unknown().optional(),
  }),
  request: z.looseObject({ host: maybeText }).nullish(),
  actor: z.looseObject({ name: maybeText }).nullish(),
});
type RegistryEvent = z.infer<typeof RegistryEvent>;

const UNNEEDED: ReadonlyMap<string, string> = new Map([
  ["pull", "a pull changes nothing"],
  ["mount", "a mounted layer is no image"],
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
    {
      name: "GitLab Container Registry (self-managed)",
      push: "yes",
      delete: "manifests and tags",
      digest: "yes",
      time: "yes",
      identity: "event id",
      authentication: "`Authorization`, as configured",
      tried: "documented shape",
    },
  ],
};

function toStatements(payload: unknown): Mapped[] {
  return mapping(Envelope, payload, ({ events }) =>
    events.flatMap((raw) =>
      mapping(RegistryEvent, raw, (event) => [mapRegistryEvent("distribution", event, raw)]),
    ),
  );
}

/** @param vendor whose door it came through: the source of what is said is its registry's host. */
export function mapRegistryEvent(vendor: string, event: RegistryEvent, raw: unknown): Mapped {
  const { action, target } = event;
  if (action === "rename") return renamed(event, raw);
  if (action !== "push" && action !== "delete") {
    return ignored(UNNEEDED.get(action) ?? `the action ${quoted(action)} is not known`, raw);
  }
  if (target.mediaType !== undefined && !isManifest(target.mediaType)) {
    return ignored(`${quoted(target.mediaType)} is no manifest or index`, raw);
  }
  const host = hostOf(event);
  if (host === undefined) return rejected(NO_HOST, raw);
  const common = {
    source: sourceOf(vendor, host),
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

function pushed({ target }: RegistryEvent, common: Common, raw: unknown): Mapped {
  const { digest, tag, mediaType, size } = target;
  if (mediaType === undefined) return rejected("target.mediaType: is missing, so it may be a layer", raw);
  const rest = present({ digest, tag, mediaType, size: size ?? undefined });
  return said({ kind: "artifact.pushed", ...common, ...rest }, raw);
}

function deleted({ target: { digest, tag } }: RegistryEvent, common: Common, raw: unknown): Mapped {
  if (digest === undefined && tag === undefined) {
    return rejected(
      "target: a delete must name a digest or a tag; that of a whole repository cannot be kept",
      raw,
    );
  }
  const what = digest === undefined ? "tag" : "manifest";
  return said({ kind: "artifact.deleted", ...common, ...present({ digest, tag }), what }, raw);
}

/**
 * Facts keep the name they were recorded under, so one name for the whole history is the old one: then tags, digests
 * and later deletes meet. What was pushed under the new one before the rule was there stays apart.
 */
function renamed(event: RegistryEvent, raw: unknown): Mapped {
  const host = hostOf(event);
  if (host === undefined) return rejected(NO_HOST, raw);
  const { from, to } = Paths.safeParse(event.target.rename).data ?? {};
  const names = Names.safeParse([from, to].map((path) => `${host}/${path ?? ""}`));
  if (!names.success) return rejected("target.rename: from and to must be a repository's paths", raw);
  const [before, after] = names.data;
  const rule = JSON.stringify({ match: { repository: after }, set: { repository: before } });
  return ignored(
    `a repository got a new name; to keep its history under one, add the naming rule ${rule}`,
    raw,
  );
}

const Paths = z.looseObject({ from: z.string(), to: z.string() });
const Names = z.tuple([imageRepository, imageRepository]);

const NO_HOST = "request.host: is missing, and so is a host in target.url";

/** The name under which the registry was asked: a port is part of it. */
function hostOf({ request, target }: RegistryEvent): string | undefined {
  if (request?.host !== undefined) return request.host.toLowerCase();
  const url = target.url ?? "";
  return URL.canParse(url) ? new URL(url).host || undefined : undefined;
}
