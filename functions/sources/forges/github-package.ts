/**
 * GitHub's `package` (hooks of a repository) and `registry_package` (hooks of an App): one event, two names.
 *
 * Key: `package/<hash>/pushed`, and `/built` if the image's labels name its commit: the event has no id, and the header
 * X-GitHub-Delivery is not signed, so the hash is of what the event says (without persons). The same content again is a
 * duplicate, also of an event without a time.
 * Not in the payload: deletes; often the time (`0001-01-01`: the time of receipt is used, and marked as such); the
 * commit, except in the labels `org.opencontainers.image.revision` and `.source`, which any builder may write and GitHub
 * repeats (`labels.revision` is often empty, and then only `labels.all_labels` has it): hence the evidence `registry`. A package of the older type `docker` (docker.pkg.github.com) has a commit in
 * `target_oid`; for a `container` that is not the image's commit. Its version may be a tag, and then no field has the
 * digest (the ledger asks the registry). A Helm chart is recognized by its configuration's media type.
 * Format: docs.github.com, "Webhook events and payloads", whose examples are of npm; container metadata as
 * akuity/kargo reads it.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { fullSha, url } from "../../../schemas/scalars.ts";
import { forgeUrl } from "../git-remote.ts";
import { readImage } from "../image.ts";
import {
  firstLink,
  hashOf,
  ignored,
  loginOnly,
  mapping,
  maybeText,
  present,
  quoted,
  rejected,
  said,
  saidByTag,
  timeOr,
} from "../payload.ts";
import { isChart } from "../pushed-image.ts";
import { type Context, sourceOf } from "../source.ts";

const PUBLISHING: ReadonlySet<string> = new Set(["published", "updated", "create"]);

/** Every label of the image, by its own name. */
const Labels = z
  .looseObject({
    "org.opencontainers.image.revision": maybeText,
    "org.opencontainers.image.source": maybeText,
  })
  .nullish()
  .catch(undefined);

const Version = z.looseObject({
  id: z
    .union([z.number(), z.string()])
    .nullish()
    .transform((id) => id ?? undefined),
  name: maybeText,
  version: maybeText,
  html_url: maybeText,
  package_url: maybeText,
  target_oid: maybeText,
  created_at: maybeText,
  updated_at: maybeText,
  container_metadata: z
    .looseObject({
      tag: z.looseObject({ name: maybeText, digest: maybeText }).nullish(),
      manifest: z
        .looseObject({
          digest: maybeText,
          media_type: maybeText,
          config: z.looseObject({ media_type: maybeText }).nullish(),
        })
        .nullish(),
      labels: z
        .looseObject({ revision: maybeText, source: maybeText, all_labels: Labels })
        .nullish()
        .catch(undefined),
    })
    .nullish(),
});

const Package = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().min(1),
  html_url: url,
  updated_at: maybeText,
  package_version: Version,
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

type Type = "container" | "docker";

const Event = event(Package);
type Event = z.infer<typeof Event>;

/** The minimum to ignore packages of npm, Maven and others, whatever their shape. */
const AnyEvent = event(z.looseObject({ package_type: maybeText, ecosystem: maybeText }));

export function mapPackage(payload: unknown, context: Context): Mapped[] {
  return mapping(AnyEvent, payload, ({ action, it: { package_type, ecosystem } }) => {
    const given = package_type ?? ecosystem ?? "";
    const type = given.toLowerCase();
    if (type !== "container" && type !== "docker") {
      return [ignored(`a package of type ${quoted(given)} is not an image`, payload)];
    }
    if (!PUBLISHING.has(action)) return [ignored(`the action ${quoted(action)} pushes nothing`, payload)];
    return mapping(Event, payload, (event) => mapImage(event, type, payload, context));
  });
}

function mapImage(event: Event, type: Type, raw: unknown, { receivedAt }: Context): Mapped[] {
  const { it, repository, sender } = event;
  const { container_metadata: image, ...version } = it.package_version;
  if (isChart(image?.manifest?.config?.media_type)) return [ignored("a chart is not an image", raw)];
  const host = new URL(repository?.html_url ?? it.html_url).host;
  const named = placeOf(event, type, host);
  if (named === undefined) {
    return [rejected("package_version.package_url: is missing, so the registry's host is not known", raw)];
  }
  const common = {
    source: sourceOf("github", host, repository?.full_name ?? it.namespace),
    ...timeOr(receivedAt, version.updated_at, version.created_at),
    repository: named.repository.toLowerCase(),
    ...present({
      digest: digestOf(it.package_version),
      actor: loginOnly(sender?.login),
      url: firstLink(version.html_url, it.html_url),
    }),
  };
  const rest = present({ tag: image?.tag?.name ?? named.tag, mediaType: image?.manifest?.media_type });
  const commit = commitOf(event, type);
  const id = `package/${contentHash(event, common.repository, rest.tag, commit)}`;
  const pushed = { kind: "artifact.pushed" as const, id: `${id}/pushed`, ...common, ...rest };
  if (!("digest" in common)) return ["tag" in rest ? saidByTag(pushed, raw) : said(pushed, raw)];
  if (commit === undefined) return [said(pushed, raw)];
  if (!fullSha.safeParse(commit.sha).success || !url.safeParse(commit.repository).success) {
    return [said(pushed, raw), ignored("the package names no full commit id with a repository's URL", raw)];
  }
  const built = { kind: "artifact.built" as const, id: `${id}/built`, ...common, commit };
  return [said(pushed, raw), said({ ...built, evidence: "registry" }, raw)];
}

/** What tells an event from others: everything that its statements say, and its times. */
const contentHash = (
  { action, it, repository }: Event,
  name: string,
  tag: string | undefined,
  commit: ReturnType<typeof commitOf>,
): string => {
  const { id, created_at, updated_at, html_url, container_metadata } = it.package_version;
  return hashOf(
    ...[action, it.html_url, it.updated_at, repository?.full_name, name, tag, digestOf(it.package_version)],
    ...[id, created_at, updated_at, html_url, container_metadata?.manifest?.media_type],
    ...[commit?.repository, commit?.sha],
  );
};

/** The image's repository and tag. GitHub may omit the tag but not its colon (`ghcr.io/acme/billing:`). */
function placeOf({ it }: Event, type: Type, host: string): { repository: string; tag?: string } | undefined {
  const named = readImage((it.package_version.package_url ?? "").replace(/:$/, ""));
  if (named !== undefined) return named;
  // GitHub Enterprise and the older registry have other hosts, which only the package's URL names.
  if (host !== "github.com" || type !== "container") return undefined;
  return { repository: `ghcr.io/${it.namespace}/${it.name}` };
}

/** A version's name is its digest, or, in the older registry, its tag. */
const digestOf = ({ container_metadata: image, version, name }: z.infer<typeof Version>) =>
  image?.tag?.digest ??
  image?.manifest?.digest ??
  [version, name].find((one) => one?.startsWith("sha256:") === true);

/** The commit's fields, if present; not yet validated. */
function commitOf({ it: { package_version: version }, repository }: Event, type: Type) {
  if (type === "docker") {
    return version.target_oid === undefined
      ? undefined
      : { repository: repository?.html_url, sha: version.target_oid };
  }
  const labels = version.container_metadata?.labels;
  const sha = labels?.revision ?? labels?.all_labels?.["org.opencontainers.image.revision"];
  const source = labels?.source ?? labels?.all_labels?.["org.opencontainers.image.source"];
  if (sha === undefined && source === undefined) return undefined;
  return { repository: source === undefined ? undefined : (forgeUrl(source) ?? source), sha };
}
