/**
 * CDEvents, which arrive as the data of CloudEvents, or bare.
 *
 * Key: the CDEvent's own `context.source` and `context.id`; those of the CloudEvent around it may differ.
 * Proof: none in the event; the endpoint requires a writer's token.
 * Not in the payload: failed deployments, and the start of a deployment (there are no such events); a deployment's
 * commit; a merged change's number, commits and persons: `change.merged` names the repository and an id alone, and is
 * recorded where `customData`, which senders fill as they like, has them under the names of the fact. Incidents name their
 * place where their sender knows it. An artifact is
 * named by a package URL; those of images are recorded: `pkg:oci/<name>@<digest>?repository_url=<host/path/name>&tag=…`,
 * and `pkg:docker/…`.
 * Versions up to 0.4.1 have `context.version` and `subject.type`, those since 0.5.0 `context.specversion`. Only
 * `context.type` is read, so both are supported.
 * Format: cdevents/spec, v0.4.1 and v0.5.1: spec.md, core.md, continuous-deployment.md, cloudevents-binding.md.
 */

import { createHash } from "node:crypto";
import * as z from "zod";
import type { Mapped, Said } from "../../../schemas/mapped.ts";
import { faultsOf, fullSha, url } from "../../../schemas/scalars.ts";
import {
  firstLink,
  ignored,
  loginOnly,
  maybeText,
  present,
  rejected,
  said,
  ticketIn,
  titleOf,
} from "../payload.ts";
import { type NamedImage, readPurl } from "../registries/purl.ts";

const AnyCdEvent = z.looseObject({ context: z.looseObject({ type: z.string() }) });

const CdEvent = z.looseObject({
  context: z.looseObject({ id: z.string(), source: z.string(), timestamp: z.string() }),
  subject: z.looseObject({
    id: z.string(),
    content: z.looseObject({
      user: maybeText,
      description: maybeText,
      ticketURI: maybeText,
      service: z.looseObject({ id: maybeText }).nullish().catch(undefined),
      artifactId: maybeText,
      environment: z.looseObject({ id: z.string() }).nullish(),
      repository: z.looseObject({ id: maybeText, source: maybeText, url: maybeText }).nullish(),
      change: z
        .looseObject({ id: maybeText, source: z.unknown().optional(), repository: z.unknown().optional() })
        .nullish(),
    }),
  }),
  customData: z.unknown().optional(),
});
type CdEvent = z.infer<typeof CdEvent>;

/** The result of mapping an event, without its identity. */
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
  ["change.merged", changeMerged],
  ["incident.detected", incident("incident.opened")],
  ["incident.reported", incident("incident.opened")],
  ["incident.resolved", incident("incident.resolved")],
]);

const Bare = z.looseObject({ context: z.looseObject({ type: z.string().startsWith("dev.cdevents.") }) });

/** The type of a CDEvent that has no CloudEvent around it; undefined for anything else. */
export const bareTypeOf = (event: unknown): string | undefined => Bare.safeParse(event).data?.context.type;

/** @param type the CloudEvent's type; it must equal the CDEvent's, because permissions are decided by it */
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
  if (effectOf === undefined) return ignored(`${subject}.${predicate} is not recorded`, raw);
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

/** A packaged artifact is not pushed yet, so its repository may be missing; its commit may not. */
function packaged({ subject: { id, content } }: CdEvent): Effect {
  const image = readPurl(id);
  if (image.is !== "image") return image;
  const { id: sha, source, repository } = content.change ?? {};
  const where = [source, repository].find((one) => url.safeParse(one).success);
  if (where === undefined || !fullSha.safeParse(sha).success) {
    return { is: "ignored", reason: "content.change names no full commit id with a repository's URL" };
  }
  const { tag, ...parts } = image.parts;
  const fields = { ...parts, commit: { repository: where, sha }, evidence: "declared" };
  return { is: "statement", kind: "artifact.built", fields };
}

// --- services ---------------------------------------------------------------------------------------------

function deployed(kind: "deployment.succeeded" | "deployment.removed", more: Record<string, unknown> = {}) {
  return ({ context, subject: { id, content } }: CdEvent): Effect => {
    const image = content.artifactId === undefined ? NO_IMAGE : readPurl(content.artifactId);
    // Rejected, not ignored: a service that now runs something else must not appear to run its previous image.
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

/** Deleting an environment removes everything that ran there. */
function environmentDeleted({ subject: { id } }: CdEvent): Effect {
  return { is: "statement", kind: "deployment.removed", fields: { environment: id } };
}

// --- incidents --------------------------------------------------------------------------------------------

/** An incident is detected by a monitor, or reported with a ticket; both begin it. */
function incident(kind: "incident.opened" | "incident.resolved") {
  return ({ subject: { id, content } }: CdEvent): Effect => {
    const optional = {
      environment: content.environment?.id,
      service: content.service?.id,
      url: firstLink(content.ticketURI),
    };
    const fields = { incident: id, title: titleOf(content.description ?? "", id), ...present(optional) };
    return { is: "statement", kind, fields };
  };
}

// --- changes ----------------------------------------------------------------------------------------------

interface Repository {
  readonly id?: string | undefined;
  readonly source?: string | undefined;
  readonly url?: string | undefined;
}

/** What a sender may add to a merged change. A commit is named as the change of an artifact is: by `mergeCommit`, or the id. */
const Merged = z.looseObject({
  number: z.int().nonnegative().optional().catch(undefined),
  head: maybeText,
  mergeCommit: maybeText,
  authors: z.array(z.string()).optional().catch(undefined),
  mergedBy: maybeText,
  title: maybeText,
  url: maybeText,
});

/** The number at the end of an id: `42`, `acme/billing#42`, `https://forge.example/acme/billing/pull/42`. */
const numberIn = (id: string): number | undefined => {
  const [, digits] = /(?:^|[#!/])(\d{1,15})$/.exec(id) ?? [];
  return digits === undefined ? undefined : Number(digits);
};

/** The address of a repository: its own, its id, or its id below the address of its source. */
const repositoryOf = ({ id = "", source = "", url: own }: Repository): string | undefined =>
  [own, id, `${source.replace(/\/+$/, "")}/${id}`].find((one) => url.safeParse(one).success);

function changeMerged({ subject: { id, content }, customData }: CdEvent): Effect {
  const { data } = Merged.safeParse(customData ?? {});
  const mergeCommit = data?.mergeCommit ?? id;
  const number = data?.number ?? numberIn(id);
  const repository = repositoryOf(content.repository ?? {});
  if (!fullSha.safeParse(mergeCommit).success || number === undefined || repository === undefined) {
    const reason =
      "a merged change of CDEvents names no commit, so that no deployment can be found by it: add customData with number and mergeCommit, and head, authors, mergedBy and title";
    return { is: "ignored", reason };
  }
  const title = titleOf(data?.title ?? "", id);
  const authors = (data?.authors ?? []).flatMap((author) => loginOnly(author) ?? []);
  const optional = {
    mergedBy: loginOnly(data?.mergedBy),
    ticket: ticketIn(title),
    url: firstLink(data?.url),
  };
  return {
    is: "statement",
    kind: "change.merged",
    fields: {
      ...{ repository, number, mergeCommit, authors, title },
      head: data?.head ?? mergeCommit,
      ...present(optional),
    },
  };
}

/** A source is a URI reference of any length; if it is too long for a key, its hash is used. */
const instanceOf = (source: string): string =>
  Buffer.byteLength(source) <= 200 ? source : createHash("sha256").update(source).digest("hex");

const NO_IMAGE: NamedImage = { is: "image", parts: {} };

/** An image with its repository, which a push or a delete needs. */
function imageAt(purl: string): NamedImage {
  const image = readPurl(purl);
  if (image.is !== "image" || image.parts.repository !== undefined) return image;
  return {
    is: "rejected",
    reason: "subject.id: the package URL must have repository_url, the image's repository",
  };
}
