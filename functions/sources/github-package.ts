/**
 * GitHub's `package` (hooks of a repository) and `registry_package` (hooks of an App): one event, two names.
 *
 * Key: `delivery/<X-GitHub-Delivery>/pushed`, and `/built` where the image's labels name its commit: the event
 * has no number of its own, and a redelivery keeps that header.
 * Not in the payload: a delete; often the time (`0001-01-01`: the receipt's is taken, and said to be); the commit,
 * but for the labels `org.opencontainers.image.revision` and `.source`, which any builder may write, and which
 * GitHub repeats: hence the evidence `registry`.
 * Format: docs.github.com, "Webhook events and payloads", whose examples are of npm; container metadata as
 * akuity/kargo reads it.
 */
import * as z from "zod";
import { fullSha, url } from "../../schemas/scalars.ts";
import {
  firstLink,
  ignored,
  mapping,
  maybeText,
  present,
  quoted,
  rejected,
  said,
  timeOr,
} from "./payload.ts";
import { type Context, type Mapped, sourceOf } from "./source.ts";

const PUBLISHING: ReadonlySet<string> = new Set(["published", "updated", "create"]);

const version = z.looseObject({
  name: maybeText,
  version: maybeText,
  html_url: maybeText,
  package_url: maybeText,
  created_at: maybeText,
  updated_at: maybeText,
  container_metadata: z
    .looseObject({
      tag: z.looseObject({ name: maybeText, digest: maybeText }).nullish(),
      manifest: z.looseObject({ digest: maybeText, media_type: maybeText }).nullish(),
      labels: z.looseObject({ revision: maybeText, source: maybeText }).nullish(),
    })
    .nullish(),
});

const Package = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().min(1),
  html_url: url,
  package_version: version,
});

/** The event under either of its names. */
const event = <T extends z.ZodType>(one: T) =>
  z
    .looseObject({
      action: z.string(),
      package: one.nullish(),
      registry_package: one.nullish(),
      repository: z.looseObject({ full_name: z.string().min(1), html_url: url }).nullish(),
      sender: z.looseObject({ login: maybeText }).nullish(),
    })
    .transform(({ package: first, registry_package: second, action, repository, sender }, context) => {
      const found = first ?? second;
      if (found !== undefined && found !== null) return { it: found, action, repository, sender };
      context.addIssue({ code: "custom", path: ["package"], message: "is missing" });
      return z.NEVER;
    });

const Event = event(Package);
type Event = z.infer<typeof Event>;

/** Just enough to leave packages of npm, Maven and the like alone, however they look. */
const AnyEvent = event(z.looseObject({ package_type: maybeText, ecosystem: maybeText }));

export function mapPackage(payload: unknown, context: Context): Mapped[] {
  return mapping(AnyEvent, payload, ({ action, it: { package_type, ecosystem } }) => {
    const type = package_type ?? ecosystem ?? "";
    if (type.toLowerCase() !== "container") {
      return [ignored(`a package of type ${quoted(type)} is no image`, payload)];
    }
    if (!PUBLISHING.has(action)) return [ignored(`the action ${quoted(action)} pushes nothing`, payload)];
    return mapping(Event, payload, (event) => mapImage(event, payload, context));
  });
}

function mapImage(event: Event, raw: unknown, { headers, receivedAt }: Context): Mapped[] {
  const delivery = headers.get("x-github-delivery") ?? "";
  if (delivery === "")
    return [rejected("the header X-GitHub-Delivery is missing, which names the event", raw)];
  const { it, repository, sender } = event;
  const { container_metadata: image, ...version } = it.package_version;
  const host = new URL(repository?.html_url ?? it.html_url).host;
  const registry = registryOf(host, version.package_url);
  if (registry === undefined) {
    return [rejected("package_version.package_url: is missing, so the registry's host is not known", raw)];
  }
  const common = {
    source: sourceOf("github", host, repository?.full_name ?? it.namespace),
    ...timeOr(receivedAt, version.updated_at, version.created_at),
    repository: `${registry}/${it.namespace}/${it.name}`.toLowerCase(),
    ...present({
      digest: image?.tag?.digest ?? image?.manifest?.digest ?? version.version ?? version.name,
      actor: sender?.login,
      url: firstLink(version.html_url, it.html_url),
    }),
  };
  const id = `delivery/${delivery}`;
  const rest = present({ tag: image?.tag?.name, mediaType: image?.manifest?.media_type });
  const pushed = said({ kind: "artifact.pushed", id: `${id}/pushed`, ...common, ...rest }, raw);
  const { revision, source } = image?.labels ?? {};
  if (revision === undefined && source === undefined) return [pushed];
  if (!fullSha.safeParse(revision).success || !url.safeParse(source).success) {
    return [pushed, ignored("the image's labels name no whole commit of a repository's URL", raw)];
  }
  const commit = { repository: source, sha: revision };
  return [
    pushed,
    said({ kind: "artifact.built", id: `${id}/built`, ...common, commit, evidence: "registry" }, raw),
  ];
}

/** GitHub Enterprise has a registry of its own, which only the package's URL names. */
function registryOf(host: string, packageUrl: string | undefined): string | undefined {
  const [registry = "", ...path] = packageUrl?.split("/") ?? [];
  if (path.length > 0 && registry.includes(".")) return registry;
  return host === "github.com" ? "ghcr.io" : undefined;
}
