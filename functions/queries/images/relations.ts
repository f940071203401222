/**
 * What relates the digests of an image: indexes that list manifests, what counts of them in a repository, and which
 * digest is pulled.
 */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { by } from "../../../schemas/words/ordering.ts";
import { isReading } from "../../ledger/ingest/registry-lookup.ts";
import { nameAt, namedBy, type Renames } from "../../ledger/names/renames.ts";

export type Indexed = FactOf<"artifact.indexed">;
export type Built = FactOf<"artifact.built">;
export type Pushed = FactOf<"artifact.pushed">;
/** A fact that adds an image to a repository or removes it; availability is derived from these. */
export type Held = FactOf<"artifact.pushed" | "artifact.deleted" | "artifact.restored">;

export const isIndexed = (fact: Fact): fact is Indexed => fact.kind === "artifact.indexed";
export const isBuilt = (fact: Fact): fact is Built => fact.kind === "artifact.built";
export const isPushed = (fact: Fact): fact is Pushed => fact.kind === "artifact.pushed";
export const isHeld = (fact: Fact): fact is Held =>
  isPushed(fact) ||
  ((fact.kind === "artifact.deleted" || fact.kind === "artifact.restored") && fact.what !== "tag");

export const manifestsOf = (indexed: readonly Indexed[]): string[] =>
  indexed.flatMap(({ manifests }) => manifests.map(({ digest }) => digest));

/**
 * Whom to believe about an index, the best first: the ledger, which read its bytes; the registry's own webhook; whoever is
 * granted to declare it. Endpoints of vendors report indexes where the vendor is the registry; CDEvents may be anybody's.
 */
function rankOf(fact: Indexed): number {
  if (isReading(fact)) return 0;
  return fact.source.startsWith("/webhooks/") && !fact.source.startsWith("/webhooks/cdevents/") ? 1 : 2;
}

/** The facts about a digest that count: of what is said to be in the index, the word of those to believe most. */
export function trusted(digest: string, facts: readonly Fact[]): Fact[] {
  const isList = (fact: Fact): fact is Indexed => isIndexed(fact) && fact.digest === digest;
  const best = Math.min(...facts.filter(isList).map(rankOf));
  return facts.filter((fact) => !isList(fact) || rankOf(fact) === best);
}

/**
 * The digest to pull for a reported one; undefined for a config that several manifests hold.
 * @param there the indexes that may stand in for it (see `standsIn`)
 */
export function pullableOf(
  digest: string,
  indexed: readonly Indexed[],
  there: readonly Indexed[],
): string | undefined {
  if (indexed.length === 0 || there.some((fact) => fact.digest === digest)) return digest;
  const parents = new Set(there.map((fact) => fact.digest));
  if (parents.size === 1) return [...parents][0];
  if (manifestsOf(indexed).includes(digest)) return digest;
  const manifests = indexed.flatMap((fact) => fact.manifests.filter((one) => one.configDigest === digest));
  const distinct = new Set(manifests.map((one) => one.digest));
  return distinct.size === 1 ? [...distinct][0] : undefined;
}

export const membersOf = (digest: string, indexed: readonly Indexed[]): Set<string> =>
  new Set([
    digest,
    ...indexed.map((fact) => fact.digest),
    ...indexed.flatMap(({ manifests }) =>
      manifests.flatMap((one) =>
        one.configDigest === undefined ? [one.digest] : [one.digest, one.configDigest],
      ),
    ),
  ]);

/** The current name of the repository that a fact is about. */
export const repositoryOf = (renames: Renames, fact: Held): string =>
  nameAt(renames, namedBy(fact, fact.repository));

/** Where an image is pulled from, and until when: the repository by its current name; absent where nobody names it. */
export interface PulledFrom {
  readonly repository?: string | undefined;
  readonly by?: string | undefined;
}

/**
 * Whether a fact counts for an image in a repository. What names a repository counts there, and where the image was
 * copied to: the repository whose push was recorded first is the origin. A bound sender must name one; other senders'
 * builds and evidence count everywhere, and so does what the ledger read: the same bytes are the same index.
 */
export function countsFor(
  renames: Renames,
  fact: Fact,
  about: readonly Fact[],
  { repository }: PulledFrom,
): boolean {
  const isEvidence = fact.kind === "evidence.attached" && fact.digest !== undefined;
  if ((!isIndexed(fact) && !isBuilt(fact) && !isEvidence) || (isIndexed(fact) && isReading(fact)))
    return true;
  if (fact.repository === undefined || (!isIndexed(fact) && fact.bound !== true)) return fact.bound !== true;
  const named = nameAt(renames, namedBy(fact, fact.repository));
  if (named === repository) return true;
  const pushes = about.filter(isPushed).sort(by(({ recordedAt }) => recordedAt));
  const [origin] = pushes.map((push) => repositoryOf(renames, push));
  return origin === undefined ? repository === undefined : origin === named;
}

/** Repositories that had a digest by then, by their current names: as pushes say, and what the ledger read there. */
const holdersIn = (
  renames: Renames,
  digest: string,
  facts: readonly Fact[],
  by: string | undefined,
): string[] =>
  facts
    .filter(({ occurredAt }) => by === undefined || occurredAt <= by)
    .flatMap((fact) => {
      if (isHeld(fact)) return [repositoryOf(renames, fact)];
      const isRead = isIndexed(fact) && fact.digest === digest && isReading(fact);
      return isRead && fact.repository !== undefined ? [nameAt(renames, namedBy(fact, fact.repository))] : [];
    });

/**
 * Whether an index is pulled in place of a digest that it lists: only from the repository that the digest is pulled from,
 * and only if it was there by then. Where nobody says where the digest is, it is where the index is.
 */
export function standsIn(
  renames: Renames,
  index: Indexed,
  digest: string,
  facts: ReadonlyMap<string, readonly Fact[]>,
  { repository, by }: PulledFrom,
): boolean {
  if (index.digest === digest) return true;
  const held = holdersIn(renames, index.digest, facts.get(index.digest) ?? [], by);
  const own =
    repository === undefined ? holdersIn(renames, digest, facts.get(digest) ?? [], undefined) : [repository];
  return own.length === 0 ? held.length > 0 : held.some((one) => own.includes(one));
}
