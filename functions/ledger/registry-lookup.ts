/** What a registry is asked for: the digest of a tag that was pushed, and what an image says of itself. */
import { setTimeout } from "node:timers/promises";
import type { Mapped, Said } from "../../schemas/mapped.ts";
import { fullSha, url } from "../../schemas/scalars.ts";
import { canonical, sha256 } from "./canonical.ts";
import type { Ingest } from "./ingest.ts";
import { type Job, PushedByTag } from "./jobs.ts";
import { type ImageContent, RegistryError } from "./registries.ts";

const said = (statement: Said, raw: unknown): Mapped => ({ is: "statement", statement, raw });

type Unresolved = Pick<Mapped & { is: "statement" }, "statement" | "raw">;

/** A push by tag with what the registry said: a statement with its digest, why there is none, or to ask again later. */
export type LookedUp = { is: "found"; mapped: Mapped } | { is: "none" | "later"; reason: string };

/** Asks the registry what a tag points at. Throws a RegistryError where it does not say. */
export async function lookUp(ledger: Ingest, { statement, raw }: Unresolved): Promise<LookedUp> {
  const pushed = PushedByTag.safeParse(statement);
  if (!pushed.success) return { is: "none", reason: "names neither a digest nor a repository with a tag" };
  const { repository, tag } = pushed.data;
  const registries = await ledger.registries();
  if (!registries.knows(repository)) {
    return {
      is: "none",
      reason: `the sender names no digest, and the registry of ${repository} may not be asked: add its host to ASOF_REGISTRIES`,
    };
  }
  const digest = await registries.digestOf(repository, tag);
  if (digest === undefined) return { is: "none", reason: `${repository} has no tag ${tag} any more` };
  return { is: "found", mapped: said({ ...statement, digest, digestFrom: "registry" }, raw) };
}

/** A sender waits for its answer, and often not for long; nor does a function on AWS run for as long as it takes. */
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

/** The same at receipt: where the registry does not answer, the push is kept, and the registry asked until it does. */
export async function lookUpOrDefer(
  ledger: Ingest,
  { door, reportedBy }: { door: string; reportedBy: string },
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
      statement: PushedByTag.parse(statement),
      raw,
    });
    return { is: "later", reason: error.message };
  }
}

/** Lets what was pushed be read, where its registry may be asked. A redelivery lets it be read again: the facts are the same. */
export async function queueImageRead(ledger: Ingest, pushed: Mapped & { is: "statement" }): Promise<void> {
  const { kind, repository, digest } = pushed.statement;
  if (kind !== "artifact.pushed" || typeof repository !== "string" || typeof digest !== "string") return;
  const registries = await ledger.registries();
  if (registries.knows(repository)) await ledger.jobs.put({ is: "read image", repository, digest });
}

const REVISION = "org.opencontainers.image.revision";
const SOURCE = "org.opencontainers.image.source";

/**
 * What an image's manifest tells: which manifests and configurations an index holds, and by its labels, which
 * any builder may write, which commit it came from (image-spec, annotations.md).
 *
 * Key: the content, for a digest is always the same bytes; the source is the registry.
 */
function readingOf(repository: string, content: ImageContent, receivedAt: string): Mapped[] {
  const { digest, manifests = [], labels } = content;
  const [host = ""] = repository.split("/");
  const common = { source: `/asof/registry/${host}`, occurredAt: receivedAt, timeFrom: "receipt" };
  const mapped: Mapped[] = [];
  if (manifests.length > 0) {
    // Not every registry keeps every manifest of an index for ever: what can be read may become less.
    const id = `indexed/${sha256(canonical([digest, manifests]))}`;
    mapped.push(said({ kind: "artifact.indexed", ...common, id, digest, manifests }, content));
  }
  const { [REVISION]: revision, [SOURCE]: source } = labels;
  if (fullSha.safeParse(revision).success && url.safeParse(source).success) {
    const commit = { repository: source, sha: revision };
    const id = `built/${sha256(canonical([digest, repository]))}`;
    mapped.push(
      said(
        { kind: "artifact.built", ...common, id, digest, repository, commit, evidence: "oci-label" },
        content,
      ),
    );
  }
  return mapped;
}

/** What is to be recorded of a job. Throws a RegistryError where it has to be tried again. */
export async function resultOf(ledger: Ingest, job: Job): Promise<Mapped[]> {
  if (job.is === "read image") {
    const registries = await ledger.registries();
    const { repository, digest } = job;
    // Taken off the list since, or gone: then there is nothing to learn.
    const content = registries.knows(repository) ? await registries.read(repository, digest) : undefined;
    return content === undefined ? [] : readingOf(repository, content, ledger.now().toISOString());
  }
  const found = await lookUp(ledger, job);
  if (found.is === "found") return [found.mapped];
  return [{ is: "rejected", reason: found.reason, raw: job.raw }];
}
