/**
 * Quay (quay.io and Red Hat Quay): notifications of pushes to a repository.
 *
 * Key: the time of receipt with the tag, under `/webhooks/quay/<host>/<namespace>/<name>`, because there is neither an id
 * nor a time. A repeated delivery is another fact, which does no harm: it reports again what the tag points at. With a
 * key of the content alone, a tag that moves back would be a duplicate, and lost.
 * Proof: the secret in the URL; Quay's notifications support nothing else.
 * Not in the payload: the digest (the ledger asks the registry what the tag points at), the time, the actor, and the kind
 * of event, which is recognized by its fields. Deletes are not sent. A build names its commit and its tags, but no digest.
 * Format: quay/quay, notifications/notificationevent.py.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { ignored, MAX_EVENTS, mapping, saidByTag } from "../payload.ts";
import { byPath, type Context, type Source, sourceOf } from "../source.ts";

const Notification = z.looseObject({
  docker_url: z.string().min(1),
  updated_tags: z.array(z.string()).max(MAX_EVENTS).nullish(),
  build_id: z.unknown().optional(),
});

export const quay: Source = {
  vendor: "quay",
  verify: byPath,
  toStatements,
  covers: [
    {
      name: "Quay",
      push: "yes",
      digest: "asked of the registry",
      time: "the receipt's",
      identity: "none: a repetition is a new fact",
      authentication: "the address",
      tried: "published samples",
    },
  ],
};

function toStatements(payload: unknown, { receivedAt }: Context): Mapped[] {
  return mapping(Notification, payload, ({ docker_url: repository, updated_tags: tags, build_id }) => {
    if (build_id !== undefined) return [ignored("a build names no digest", payload)];
    if (tags === null || tags === undefined) {
      return [ignored("the notification is not of a push", payload)];
    }
    if (tags.length === 0) return [ignored("the push names no tag", payload)];
    return tags.map((tag) => {
      const statement = {
        kind: "artifact.pushed" as const,
        source: sourceOf("quay", repository),
        id: `${receivedAt}/${tag}`,
        occurredAt: receivedAt,
        timeFrom: "receipt" as const,
        repository,
        tag,
      };
      return saidByTag(statement, payload);
    });
  });
}
