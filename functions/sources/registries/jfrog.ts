/**
 * JFrog Artifactory: events of Docker tags, from a predefined webhook, or in the envelope of the event service, where the
 * data is JSON in a string.
 *
 * Key: the envelope's `event.id`. The webhook's form has neither id nor time, so its key is the time of receipt with a
 * hash of the content: a tag that moves to another image and back is three facts. The drawback: a repeated delivery is
 * another fact, which reports that the tag points there at the time of its receipt.
 * The source is the platform's host with the repository, `/webhooks/jfrog/<host>/<repo_key>`.
 * Proof: `X-JFrog-Event-Auth`: HMAC-SHA256 of the raw body in hex ("Use secret for payload signing"), or else the
 * secret itself.
 * Not in the payload: the time, the commit, the actor; Docker's name of the repository, which is configurable: here it is
 * `<host>/<repo_key>/<image_name>`, which a naming rule may change; whether a deleted tag was the last of its image;
 * whether a promotion names its source or its target repository.
 * Format: docs.jfrog.com, "Event Types", whose samples have placeholders for digests.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { faultsOf } from "../../../schemas/scalars.ts";
import {
  hashOf,
  ignored,
  mapping,
  maybeText,
  present,
  quoted,
  readJson,
  rejected,
  said,
} from "../payload.ts";
import { tagUnlessDigest } from "../pushed-image.ts";
import { byHmac, type Context, isAnyOf, type Source, sourceOf } from "../source.ts";

const Event = z.looseObject({
  id: maybeText,
  domain: z.string(),
  event_type: z.string(),
  data: z.unknown(),
  jpd_origin: maybeText,
});
type Event = z.infer<typeof Event>;

const Docker = z.looseObject({
  repo_key: z.string().min(1),
  image_name: z.string().min(1),
  tag: maybeText,
  sha256: maybeText,
});

export const jfrog: Source = {
  vendor: "jfrog",
  verify: (delivery, secrets) => {
    const given = delivery.headers.get("x-jfrog-event-auth") ?? "";
    return byHmac(delivery, given, secrets) || isAnyOf(given, secrets);
  },
  toStatements,
  covers: [
    {
      name: "JFrog Artifactory",
      push: "yes",
      delete: "tags",
      digest: "yes",
      time: "the receipt's",
      identity: "none: a repetition is a new fact; event id in the envelope",
      authentication: "`X-JFrog-Event-Auth`, signed or not",
      tried: "documented shape",
    },
  ],
};

const Enveloped = z.looseObject({ event: z.unknown().optional() });

function toStatements(payload: unknown, { receivedAt }: Context): Mapped[] {
  return mapping(Enveloped, payload, ({ event }) => {
    const read = Event.safeParse(event ?? payload);
    return [
      read.success ? mapEvent(read.data, payload, receivedAt) : rejected(faultsOf(read.error), payload),
    ];
  });
}

function mapEvent(event: Event, raw: unknown, receivedAt: string): Mapped {
  const { domain, event_type: type } = event;
  if (domain !== "docker") return ignored(`events of ${quoted(domain)} are not recorded`, raw);
  if (type === "promoted") {
    return ignored("a promotion does not report which of its two repositories it names", raw);
  }
  if (type !== "pushed" && type !== "deleted") return ignored(`the type ${quoted(type)} is not known`, raw);
  const data = readData(event.data);
  if (data.is === "fault") return rejected(`data: ${data.reason}`, raw);
  const read = Docker.safeParse(data.value);
  if (!read.success) return rejected(`data: ${faultsOf(read.error)}`, raw);
  const host = hostOf(event.jpd_origin);
  if (host === undefined) {
    return rejected("jpd_origin: must be the platform's URL, whose host names the registry", raw);
  }
  const { repo_key, image_name, tag: given, sha256 } = read.data;
  const tag = tagUnlessDigest(given);
  const digest = sha256 === undefined ? undefined : `sha256:${sha256}`;
  const statement = {
    source: sourceOf("jfrog", host, repo_key),
    id: event.id ?? `${receivedAt}/${hashOf(type, repo_key, image_name, given, sha256)}`,
    occurredAt: receivedAt,
    timeFrom: "receipt" as const,
    repository: `${host}/${repo_key}/${image_name}`,
    ...present({ digest, tag }),
  };
  return said({ ...statement, ...effectOf(type, tag) }, raw);
}

/** Deleting an image's last tag also deletes the image. */
const effectOf = (type: "pushed" | "deleted", tag: string | undefined) =>
  type === "pushed"
    ? { kind: "artifact.pushed" as const }
    : { kind: "artifact.deleted" as const, what: tag === undefined ? "manifest" : "unknown" };

const readData = (data: unknown) =>
  typeof data === "string" ? readJson(data) : ({ is: "json", value: data } as const);

const hostOf = (origin: string | undefined): string | undefined =>
  origin !== undefined && URL.canParse(origin) ? new URL(origin).host || undefined : undefined;
