/**
 * What relates the digests of an image: indexes that list manifests, what counts of them in a repository, and which
 * digest is pulled.
 */
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { nameAt, namedBy, type Renames } from "../../ledger/renames.ts";

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
 * copied to: the repository whose push was recorded first is the origin. A bound sender must name one, and so must an
 * index that the ledger read; other senders' builds and evidence count everywhere.
 */
export function countsFor(
  renames: Renames,
  fact: Fact,
  about: readonly Fact[],
  { repository }: PulledFrom,
): boolean {
  const isEvidence = fact.kind === "evidence.attached" && fact.digest !== undefined;
  if (!isIndexed(fact) && !isBuilt(fact) && !isEvidence) return true;
  if (fact.repository === undefined || (!isIndexed(fact) && fact.bound !== true)) return fact.bound !== true;
  const named = nameAt(renames, namedBy(fact, fact.repository));
  if (named === repository) return true;
  const pushes = about.filter(isPushed).sort((a, b) => (a.recordedAt < b.recordedAt ? -1 : 1));
  const [origin] = pushes.map((push) => repositoryOf(renames, push));
  return origin === undefined ? repository === undefined : origin === named;
}

/** Repositories that facts name for a digest, by their current names. */
const holdersIn = (renames: Renames, facts: readonly Fact[], by: string | undefined): string[] =>
  facts
    .filter(isHeld)
    .filter(({ occurredAt }) => by === undefined || occurredAt <= by)
    .map((fact) => repositoryOf(renames, fact));

/**
 * Whether an index is pulled in place of a digest that it lists: only from the repository that the digest is pulled from,
 * and only if it was there by then. An index that nobody says to be anywhere stands in, and one of a digest that nobody
 * says to be anywhere.
 */
export function standsIn(
  renames: Renames,
  index: Indexed,
  digest: string,
  facts: ReadonlyMap<string, readonly Fact[]>,
  { repository, by }: PulledFrom,
): boolean {
  if (index.digest === digest) return true;
  const held = facts.get(index.digest) ?? [];
  if (holdersIn(renames, held, undefined).length === 0) return true;
  const own =
    repository === undefined ? holdersIn(renames, facts.get(digest) ?? [], undefined) : [repository];
  // Nobody says where the digest is: then it is where the index is, if only one is known.
  if (own.length === 0) return true;
  return holdersIn(renames, held, by).some((one) => own.includes(one));
}
