/**
 * Quay (quay.io and Red Hat Quay): the notification of a push to a repository.
 *
 * Key: the time of receipt with the tag, under `/webhooks/quay/<host>/<namespace>/<name>`, for there is neither an id
 * nor a time. So a delivery that Quay repeats is a fact of its own, which does no harm: it says again what the tag
 * points at by then. The other way round, a tag that is moved back to where it was would be taken for a repetition.
 * Proof: the secret in the address, the only thing that a notification there can be given.
 * Not in the payload: the digest (the registry is asked for what the tag points at by then), the time, who pushed, and
 * the kind of event, which is told by its fields. Deletes are not sent. A build names its commit and its tags, and
 * nothing that is a digest.
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
