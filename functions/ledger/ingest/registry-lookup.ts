/** Registry queries: the digest of a pushed tag, and the manifest of a pushed image. */

import { setTimeout } from "node:timers/promises";
import type { Mapped, Said } from "../../../schemas/mapped.ts";
import { fullSha, url } from "../../../schemas/scalars.ts";
import { grantsOf } from "../authority/grants.ts";
import { canonical, sha256 } from "../canonical.ts";
import type { Identity } from "../store.ts";
import type { Ingest, Sender } from "./ingest-context.ts";
import { PushedByTag, type RegistryJob } from "./jobs.ts";
import { type ImageContent, RegistryError } from "./registries.ts";

const statementOf = (statement: Said, raw: unknown): Mapped => ({ is: "statement", statement, raw });

type Unresolved = Pick<Mapped & { is: "statement" }, "statement" | "raw">;

/** The result for a push by tag: a statement with the digest, why there is none, or why the query is retried later. */
export type LookedUp = { is: "found"; mapped: Mapped } | { is: "none" | "later"; reason: string };

/** Queries the registry for the digest of a tag. Throws a RegistryError if the registry fails. */
export async function lookUp(ledger: Ingest, { statement, raw }: Unresolved): Promise<LookedUp> {
  const pushed = PushedByTag.safeParse(statement);
  if (!pushed.success) return { is: "none", reason: "names neither a digest nor a repository with a tag" };
  const { repository, tag } = pushed.data;
  const registries = await ledger.registries();
  if (!registries.knows(repository)) {
    return {
      is: "none",
      reason: `the event names no digest, and the registry of ${repository} may not be queried: add its host to ASOF_REGISTRIES`,
    };
  }
  const digest = await registries.digestOf(repository, tag);
  if (digest === undefined) return { is: "none", reason: `${repository} has no tag ${tag} any more` };
  return { is: "found", mapped: statementOf({ ...statement, digest, digestFrom: "registry" }, raw) };
}

/** Senders of webhooks time out after a few seconds, and functions on AWS have a time limit. */
const PATIENCE_MS = 5000;

async function withTimeout<T>(work: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  const done = new AbortController();
  const late = setTimeout(patienceMs, undefined, { signal: done.signal }).then(() => {
    throw new RegistryError(`the registry did not answer within ${patienceMs / 1000} s`, true);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}

/** Like `lookUp`, at receipt: if the registry fails, the push becomes a job that retries the query. */
export async function lookUpOrDefer(
  ledger: Ingest,
  { door, reportedBy, bound }: Pick<Sender, "door" | "reportedBy" | "bound">,
  unresolved: Unresolved,
): Promise<LookedUp> {
  try {
    return await withTimeout(lookUp(ledger, unresolved), ledger.patienceMs);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const { statement, raw } = unresolved;
    await ledger.jobs.put({
      is: "look up",
      door,
      reportedBy,
      ...(bound === undefined ? {} : { grants: grantsOf(bound) }),
      statement: PushedByTag.parse(statement),
      raw,
    });
    return { is: "later", reason: error.message };
  }
}

/** Queues the reading of a pushed image if its registry may be queried. A redelivery queues it again; the facts are the same. */
export async function queueImageRead(ledger: Ingest, pushed: Mapped & { is: "statement" }): Promise<void> {
  const { kind, repository, digest } = pushed.statement;
  if (kind !== "artifact.pushed" || typeof repository !== "string" || typeof digest !== "string") return;
  const registries = await ledger.registries();
  if (registries.knows(repository)) await ledger.jobs.put({ is: "read image", repository, digest });
}

/** The sources of what the ledger itself read from registries begin with this. No sender may use it. */
const READINGS = "/asof/registry/";

/** Whether the ledger read this itself: then the bytes hash to the digest, which no declaration can contradict. */
export const isReading = ({ source }: Identity): boolean => source.startsWith(READINGS);

const REVISION = "org.opencontainers.image.revision";
const SOURCE = "org.opencontainers.image.source";

/**
 * The statements from an image's manifest: the manifests and configurations of an index, and the commit that its labels
 * name (image-spec, annotations.md). Any builder can write labels.
 *
 * Key: the content, because a digest always names the same bytes. The source is the registry.
 */
function readingOf(repository: string, content: ImageContent, receivedAt: string): Mapped[] {
  const { digest, manifests = [], labels } = content;
  const [host = ""] = repository.split("/");
  const common = { source: `${READINGS}${host}`, occurredAt: receivedAt, timeFrom: "receipt" };
  const mapped: Mapped[] = [];
  if (manifests.length > 0) {
    // A registry may delete manifests of an index, so a later reading may list fewer.
    const id = `indexed/${sha256(canonical([digest, repository, manifests]))}`;
    mapped.push(
      statementOf({ kind: "artifact.indexed", ...common, id, digest, repository, manifests }, content),
    );
  }
  const { [REVISION]: revision, [SOURCE]: source } = labels;
  if (fullSha.safeParse(revision).success && url.safeParse(source).success) {
    const commit = { repository: source, sha: revision };
    const id = `built/${sha256(canonical([digest, repository]))}`;
    mapped.push(
      statementOf(
        { kind: "artifact.built", ...common, id, digest, repository, commit, evidence: "oci-label" },
        content,
      ),
    );
  }
  return mapped;
}

/** The statements that a job yields. Throws a RegistryError if the job must be retried. */
export async function resultOf(ledger: Ingest, job: RegistryJob): Promise<Mapped[]> {
  if (job.is === "read image") {
    const registries = await ledger.registries();
    const { repository, digest } = job;
    // Nothing to record if the registry is no longer listed or the image is gone.
    const content = registries.knows(repository) ? await registries.read(repository, digest) : undefined;
    return content === undefined ? [] : readingOf(repository, content, ledger.now().toISOString());
  }
  const found = await lookUp(ledger, job);
  if (found.is === "found") return [found.mapped];
  return [{ is: "rejected", reason: found.reason, raw: job.raw }];
}
