/**
 * CNCF Distribution (`registry:2`, `registry:3`) and registries that send its notifications (GitLab's; Azure's, as single
 * events).
 *
 * Key: `events[].id`, a UUID that stays the same over retries. The source is the registry's host, because ids of two
 * registries are not coordinated. An envelope may contain unrelated events, so each is mapped by itself.
 * Proof: the whole `Authorization` header as configured under `notifications.endpoints[].headers`.
 * Not in the payload: the commit, the platform, the manifests of an index; for a delete, the media type: a deleted blob
 * looks like a deleted manifest, which does no harm, because no release names a layer's digest. A registry before 3 keeps
 * its queue in memory, so a restart loses events.
 * One delete of a manifest comes as two events (2.8): one with its digest, one with the tag that it ends.
 * GitLab's registry also reports renames. A rename moves a project's own repository and everything below it, whichever
 * part of the path changes (`type`), and is refused if the new name is taken. `actor.user` may contain a token, and is
 * never read.
 * Format: distribution/distribution, docs/content/about/notifications.md and notifications/event.go; envelopes
 * are `application/vnd.docker.distribution.events.v1+json` up to 2.x, `….v2+json` since, of one shape.
 * `rename`: gitlab-org/container-registry, merge request 1869; what it moves: merge request 1222, and gitlab-org/gitlab,
 * issue 495147.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
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
} from "../payload.ts";
import { isManifest } from "../pushed-image.ts";
import { byHeader, type Source, sourceOf } from "../source.ts";

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
  ["mount", "a mounted layer is not an image"],
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
      push: "yes, and renames",
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

/** @param vendor the vendor of the endpoint, the first part of the source; the second is the registry's host */
export function mapRegistryEvent(vendor: string, event: RegistryEvent, raw: unknown): Mapped {
  const { action, target } = event;
  if (action !== "push" && action !== "delete" && action !== "rename") {
    return ignored(UNNEEDED.get(action) ?? `the action ${quoted(action)} is not known`, raw);
  }
  if (target.mediaType !== undefined && !isManifest(target.mediaType)) {
    return ignored(`${quoted(target.mediaType)} is not a manifest or index`, raw);
  }
  const host = hostOf(event);
  if (host === undefined) return rejected(NO_HOST, raw);
  const common = {
    source: sourceOf(vendor, host),
    id: event.id,
    occurredAt: event.timestamp,
    ...present({ actor: loginOnly(event.actor?.name) }),
  };
  if (action === "rename") return renamed(event, common, host, raw);
  const held = { ...common, repository: repositoryOf(host, target.repository) };
  return action === "push" ? pushed(event, held, raw) : deleted(event, held, raw);
}

const repositoryOf = (host: string, path: string): string => `${host}/${path}`.toLowerCase();

/** The fields that all statements share. */
interface Common {
  readonly source: string;
  readonly id: string;
  readonly occurredAt: string;
}
/** The fields that statements about an image share. */
interface Held extends Common {
  readonly repository: string;
}

function pushed({ target }: RegistryEvent, common: Held, raw: unknown): Mapped {
  const { digest, tag, mediaType, size } = target;
  if (mediaType === undefined) return rejected("target.mediaType: is missing, so it may be a layer", raw);
  const rest = present({ digest, tag, mediaType, size: size ?? undefined });
  return said({ kind: "artifact.pushed", ...common, ...rest }, raw);
}

function deleted({ target: { digest, tag } }: RegistryEvent, common: Held, raw: unknown): Mapped {
  if (digest === undefined && tag === undefined) {
    return rejected(
      "target: a delete must name a digest or a tag; the deletion of a whole repository cannot be recorded",
      raw,
    );
  }
  const what = digest === undefined ? "tag" : "manifest";
  return said({ kind: "artifact.deleted", ...common, ...present({ digest, tag }), what }, raw);
}

function renamed({ target }: RegistryEvent, common: Common, host: string, raw: unknown): Mapped {
  const paths = Paths.safeParse(target.rename).data;
  if (paths === undefined) return rejected("target.rename: must hold the paths from and to", raw);
  const [from, to] = [repositoryOf(host, paths.from), repositoryOf(host, paths.to)];
  return said({ kind: "repository.renamed", ...common, from, to, scope: "path" }, raw);
}

const Paths = z.looseObject({ from: z.string(), to: z.string() });

const NO_HOST = "request.host: is missing, and so is a host in target.url";

/** The host in the original request to the registry, with its port. */
function hostOf({ request, target }: RegistryEvent): string | undefined {
  if (request?.host !== undefined) return request.host.toLowerCase();
  const url = target.url ?? "";
  return URL.canParse(url) ? new URL(url).host || undefined : undefined;
}
