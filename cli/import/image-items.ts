/** Statements about an image that a registry holds: its platforms, and the commit that its labels or annotations name. */
import type { ImageContent } from "../../functions/ledger/ingest/registries.ts";
import { hashOf } from "../../functions/sources/payload.ts";
import { fullSha, url } from "../../schemas/scalars.ts";
import { type Item, unknown } from "./importer.ts";

const REVISION = "org.opencontainers.image.revision";
const SOURCE = "org.opencontainers.image.source";

/** Where an image stands, and the statements' source and time. */
export interface Held {
  readonly repository: string;
  readonly source: string;
  readonly occurredAt: string;
  readonly timeFrom: "created" | "clock";
}

/** The manifests of an index. A registry may delete some, so that a later import lists fewer: they are part of the id. */
export function* indexItems(
  { repository, ...common }: Held,
  { digest, manifests = [] }: ImageContent,
): Generator<Item> {
  if (manifests.length === 0) return;
  const id = `indexed/${hashOf(digest, JSON.stringify(manifests)).slice(0, 32)}`;
  yield {
    is: "statement",
    statement: { kind: "artifact.indexed", ...common, id, digest, repository, manifests },
  };
}

/** @param why what is unknown of an image that names no commit */
export function* commitItems(
  { repository, ...common }: Held,
  { digest, labels }: ImageContent,
  why: string,
): Generator<Item> {
  const { [REVISION]: revision, [SOURCE]: source } = labels;
  if (!fullSha.safeParse(revision).success || !url.safeParse(source).success)
    return yield unknown(why, `${repository}@${digest}`);
  yield {
    is: "statement",
    statement: {
      kind: "artifact.built",
      ...common,
      id: `built/${digest}`,
      digest,
      repository,
      commit: { repository: source, sha: revision },
      evidence: "declared",
    },
  };
}
