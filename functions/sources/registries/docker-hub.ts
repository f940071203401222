/**
 * Docker Hub: pushes, one delivery for each tag.
 *
 * Key: a hash of the repository, the tag and `push_data.pushed_at`, because there is no id; a later push of the tag has
 * another second. The source is the repository, `/webhooks/docker-hub/docker.io/<namespace>/<name>`.
 * Proof: the secret in the URL; Docker Hub supports nothing else. Its `callback_url`, which expects a confirmation, is
 * never called.
 * Not in the payload: the digest (the ledger asks the registry what the tag points at), the commit. Deletes are not sent.
 * Format: docs.docker.com, "Webhooks" of Docker Hub.
 */
import * as z from "zod";
import type { Mapped } from "../../../schemas/mapped.ts";
import { hashOf, ignored, loginOnly, mapping, maybeText, present, quoted, saidByTag } from "../payload.ts";
import { isManifest } from "../pushed-image.ts";
import { byPath, type Source, sourceOf } from "../source.ts";
import { fromEpochSeconds } from "../times.ts";

const Push = z.looseObject({
  push_data: z.looseObject({
    tag: z.string(),
    pushed_at: z.number(),
    pusher: maybeText,
    media_type: maybeText,
  }),
  repository: z.looseObject({ repo_name: z.string().min(1) }),
});
type Push = z.infer<typeof Push>;

export const dockerHub: Source = {
  vendor: "docker-hub",
  verify: byPath,
  // Whoever has the `callback_url` can answer in our name, so it is removed, also from a quarantined event.
  toStatements: (payload) =>
    mapping(Push, payload, (push) => [
      mapPush(push, { push_data: push.push_data, repository: push.repository }),
    ]),
  covers: [
    {
      name: "Docker Hub",
      push: "yes",
      digest: "asked of the registry",
      time: "yes",
      identity: "repository, tag and time",
      authentication: "the address",
      tried: "published samples",
    },
  ],
};

function mapPush({ push_data, repository: { repo_name } }: Push, raw: unknown): Mapped {
  const { tag, pushed_at, pusher, media_type } = push_data;
  if (media_type !== undefined && !isManifest(media_type)) {
    return ignored(`${quoted(media_type)} is not a manifest or index`, raw);
  }
  // Official images have a name of one part; their repository's path has two.
  const repository = `docker.io/${repo_name.includes("/") ? repo_name : `library/${repo_name}`}`;
  const statement = {
    kind: "artifact.pushed" as const,
    source: sourceOf("docker-hub", repository),
    id: hashOf(repo_name, tag, pushed_at),
    occurredAt: fromEpochSeconds(pushed_at),
    repository,
    tag,
    ...present({ actor: loginOnly(pusher) }),
  };
  return saidByTag(statement, raw);
}
