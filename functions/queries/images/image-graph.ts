/**
 * The graph of an image: its digests, the repositories that hold it, and its commit. One image has up to three digests
 * (index, platform manifest, config). They are related; comparing them for equality is wrong.
 */
import type { Availability, KnownCommit } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import { EVIDENCE } from "../../../schemas/scalars.ts";
import { by } from "../../../schemas/words/ordering.ts";
import { byOrder } from "../../ledger/canonical.ts";
import { confirmed, distinct, EVER, hits, type KnownAt, ONE } from "../../ledger/fact-reader.ts";
import { type Loader, memoised } from "../../ledger/loader.ts";
import { type Named, type Renames, renamesOf } from "../../ledger/names/renames.ts";
import type { Entry } from "../../ledger/store.ts";
import {
  type Built,
  countsFor,
  type Held,
  isBuilt,
  isHeld,
  isIndexed,
  isPushed,
  manifestsOf,
  membersOf,
  type PulledFrom,
  type Pushed,
  pullableOf,
  repositoryOf,
  standsIn,
  trusted,
} from "./relations.ts";
import { restoreCommands } from "./restore.ts";
import { changesOfManifest, manifestOf, movesOf, stateOfTag } from "./tag-history.ts";

/** A digest with its related digests, and the facts about those that can be pulled. */
export interface Family {
  readonly digest: string;
  /** The digest itself, and the index, manifests and configs of every `artifact.indexed` that names it. */
  readonly members: ReadonlySet<string>;
  /** The digest to pull: the index if it is known. Absent for a config digest that several manifests contain. */
  readonly pullable: string | undefined;
  /** Facts of pushes, deletes, restores, builds and indexes by digest. */
  readonly facts: ReadonlyMap<string, readonly Fact[]>;
}

/** The image reads of one question, memoised: each digest is read once, however many components run it. */
export interface Images {
  family(digest: string, from?: PulledFrom): Promise<Family>;
  /** The newest fact about a tag of the repository that now has this name. */
  tag(repository: string, tag: string): Promise<Fact | undefined>;
  /** Memoised. Call it with your first reads, so that it adds no round trip. */
  renames(): Promise<Renames>;
}

/** An image as a fact or an answer names it. */
interface NamedImage {
  readonly digest?: string | undefined;
  readonly tag?: string | undefined;
  readonly repository?: string | undefined;
  /** Of an observation: see `ObservedComponent`. */
  readonly otherDigests?: readonly string[] | undefined;
  readonly digestOf?: "configuration" | undefined;
}

/**
 * Whether two entries name the same image. `unclear`: one has only a tag, which may have moved, or a digest that cannot
 * be compared with an image's.
 */
export type Likeness = "same" | "other" | "unclear";

/** Compares an entry in effect with an observed one. @param members the related digests of either image */
export async function likeness(
  images: Images,
  shown: NamedImage,
  seen: NamedImage,
  members: ReadonlySet<string>,
): Promise<Likeness> {
  if (seen.digest === undefined)
    return seen.tag === shown.tag && seen.repository === shown.repository ? "same" : "unclear";
  if (shown.digest === undefined) return "unclear";
  const own = digestsIn(shown);
  const isRelated = members.has(shown.digest);
  if (digestsIn(seen).every((digest) => own.includes(digest) || (isRelated && members.has(digest))))
    return "same";
  return (await isOpaque(images, seen)) || (await isOpaque(images, shown)) ? "unclear" : "other";
}

/** All digests that an entry names. */
export const digestsIn = ({ digest, otherDigests = [] }: NamedImage): string[] =>
  digest === undefined ? [] : [digest, ...otherDigests];

/** Whether an entry names just the digest of a configuration, and no fact relates that to an image. */
export async function isOpaque(images: Images, { digest, digestOf }: NamedImage): Promise<boolean> {
  if (digest === undefined || digestOf !== "configuration") return false;
  const { members, facts } = await images.family(digest);
  return members.size === 1 && (facts.get(digest) ?? []).length === 0;
}

/** Makes the image reads for one `knownAt`. */
export function imagesOf(knowledge: KnownAt & { readonly store: Loader }): Images {
  const renames = memoised(() => renamesOf(knowledge));

  const tag = memoised(async (repository: string, name: string): Promise<Fact | undefined> => {
    const moves = movesOf(knowledge, await renames(), { repository, at: EVER }, name, EVER, ONE);
    for await (const move of moves) return move;
    return undefined;
  });

  const entries = memoised(async (digest: string): Promise<Entry[]> => {
    const list = await hits(knowledge, { of: "digest", digest, aspect: "image" });
    const doubtful = list.some(({ fact }) => fact.kind === "artifact.deleted" && fact.what === "unknown");
    if (!doubtful) return list;
    // After a delete of unknown extent, tags decide whether the image is still held: prefetch them.
    const known = await renames();
    for (const { fact } of list) {
      if (!isPushed(fact) || fact.tag === undefined) continue;
      const { tag: name } = fact;
      knowledge.store.prefetch(() => tag(repositoryOf(known, fact), name));
    }
    return list;
  });

  async function makeFamily(digest: string, from: PulledFrom = {}): Promise<Family> {
    const [own, renamed] = await Promise.all([entries(digest), renames()]);
    const likely = own.map(({ fact }) => fact).filter(isIndexed);
    // Confirms pointers in parallel with reading the digests that they name.
    const [sure] = await Promise.all([
      confirmed(knowledge, own),
      ...[...likely.map((fact) => fact.digest), ...manifestsOf(likely)].map((one) => entries(one)),
    ]);
    const all = sure.map(({ fact }) => fact).filter(({ recordedAt }) => recordedAt <= knowledge.knownAt);
    const counts = (fact: Fact): boolean => countsFor(renamed, fact, all, from);
    const known = trusted(digest, all.filter(counts));
    const facts = new Map<string, readonly Fact[]>([[digest, known]]);
    const direct = async (one: string) => {
      const list = await entries(one);
      if (!facts.has(one))
        facts.set(
          one,
          trusted(
            one,
            list
              .filter(({ provisional }) => !provisional)
              .map(({ fact }) => fact)
              .filter(counts),
          ),
        );
    };
    const listing = known.filter(isIndexed);
    await Promise.all([...listing.map((fact) => fact.digest), ...manifestsOf(listing)].map(direct));
    // What lists this digest counts only if it also counts for the index itself.
    const indexed = listing.filter((fact) =>
      trusted(fact.digest, [...(facts.get(fact.digest) ?? []), fact]).includes(fact),
    );
    const there = indexed.filter((fact) => standsIn(renamed, fact, digest, facts, from));
    const pullable = pullableOf(digest, indexed, there);
    // This reads more only if two sources list an index differently.
    const listed = manifestsOf((facts.get(pullable ?? digest) ?? []).filter(isIndexed));
    await Promise.all(listed.map(direct));
    return { digest, members: membersOf(digest, indexed), pullable, facts };
  }

  return { tag, renames, family: memoised(makeFamily) };
}

const rank = ({ evidence, verified }: Built): number =>
  verified === false || (evidence === "slsa" && verified !== true)
    ? EVIDENCE.length - 1
    : EVIDENCE.indexOf(evidence);

export const knownCommit = ({ commit, evidence, verified }: Built): KnownCommit => ({
  repository: commit.repository,
  sha: commit.sha,
  ...(commit.ref === undefined ? {} : { ref: commit.ref }),
  evidence,
  ...(verified === undefined ? {} : { verified }),
});

/**
 * The builds of a family, oldest first, without duplicates. If several manifests contain the config, it is unknown which
 * of them ran: then only builds of the digest itself count.
 */
export function buildsOf({ digest, members, pullable, facts }: Family): Built[] {
  const about = pullable === undefined ? [digest] : [...members];
  const builds = about.flatMap((one) => facts.get(one) ?? []).filter(isBuilt);
  return distinct(builds).sort(byOrder);
}

/** The commit of an image by the strongest evidence; several commits if equally strong evidence disagrees. */
export function commitOf(family: Family): { commits: KnownCommit[]; build: Built | undefined } {
  const builds = buildsOf(family);
  const best = Math.min(...builds.map(rank));
  const strongest = builds.filter((fact) => rank(fact) === best);
  const bySha = new Map<string, Built>();
  for (const fact of strongest) if (!bySha.has(fact.commit.sha)) bySha.set(fact.commit.sha, fact);
  const named = [...bySha.values()].sort(by(({ commit }) => commit.sha));
  return { commits: named.map(knownCommit), build: named.length === 1 ? named[0] : undefined };
}

const ofRepository = (renames: Renames, facts: readonly Fact[], repository: string): Held[] =>
  facts.filter(isHeld).filter((fact) => repositoryOf(renames, fact) === repository);

/** The newest state of one digest in one repository. `doubtful`: a delete of unknown extent. */
function stateIn(
  renames: Renames,
  family: Pick<Family, "facts">,
  digest: string,
  repository: string,
): "available" | "archived" | "deleted" | "doubtful" | "nothing" {
  const last = ofRepository(renames, family.facts.get(digest) ?? [], repository)
    .sort(byOrder)
    .at(-1);
  if (last === undefined) return "nothing";
  if (last.kind !== "artifact.deleted") return "available";
  if (last.archived === true) return "archived";
  return last.what === "manifest" ? "deleted" : "doubtful";
}

/** Whether the newest of a digest's facts in a repository is that it was archived. */
export const isArchivedIn = (
  renames: Renames,
  facts: readonly Fact[],
  digest: string,
  { repository }: Named,
): boolean => stateIn(renames, { facts: new Map([[digest, facts]]) }, digest, repository) === "archived";

/** Whether a tag still points at the pushed digest: then a delete of unknown extent did not delete the image. */
async function isTagged(
  images: Images,
  facts: readonly Fact[],
  repository: string,
  pushes: readonly Pushed[],
): Promise<boolean> {
  const renames = await images.renames();
  const tagged = pushes.map(async ({ tag, digest }) => {
    const last = tag === undefined ? undefined : await images.tag(repository, tag);
    if (last === undefined || manifestOf(last) !== digest) return false;
    const changes = changesOfManifest(renames, { repository, at: EVER }, last, facts);
    return stateOfTag(last, changes).digest === digest;
  });
  return (await Promise.all(tagged)).includes(true);
}

/** Whether a repository has an image, and which of its digests have to be restored there. */
async function stateOfImage(
  images: Images,
  family: Family,
  repository: string,
): Promise<Pick<Holder, "availability" | "archived">> {
  const whole = (availability: Availability) => ({ availability, archived: [] });
  const renames = await images.renames();
  const digest = family.pullable ?? family.digest;
  const facts = family.facts.get(digest) ?? [];
  const own = stateIn(renames, family, digest, repository);
  if (own === "nothing") return whole("unknown");
  if (own === "deleted") return whole("deleted");
  const pushes = ofRepository(renames, facts, repository).filter(isPushed);
  const held = own !== "doubtful" || (await isTagged(images, facts, repository, pushes));
  const indexed = facts.filter(isIndexed).filter((fact) => fact.digest === digest);
  const parts = [digest, ...manifestsOf(indexed)];
  const states = new Map(parts.map((one) => [one, stateIn(renames, family, one, repository)]));
  const children = [...states].flatMap(([one, state]) => (one === digest ? [] : [state]));
  if (children.includes("deleted")) return whole("deleted");
  if (!held || children.includes("doubtful")) return whole("unknown");
  const archived = [...states].flatMap(([one, state]) => (state === "archived" ? [one] : []));
  return { availability: archived.length > 0 ? "archived" : "available", archived };
}

/** The pushes that prove which repositories hold a digest: its own, and those of the indexes that list it. */
export function pushesProving({ digest, facts }: Family): Pushed[] {
  const lists = (index: string) => (fact: Fact) =>
    isIndexed(fact) && fact.digest === index && manifestsOf([fact]).includes(digest);
  const proving = [...facts].filter(([one, found]) => one === digest || found.some(lists(one)));
  return proving.flatMap(([, found]) => found).filter(isPushed);
}

/** A repository that facts name for an image (pushes, restores, deletes), by its current name. */
export interface Holder {
  readonly repository: string;
  readonly availability: Availability;
  /** The digests of the image that are archived there. */
  readonly archived: readonly string[];
  /** Copies count as pushes, but for the time of the push. */
  readonly pushes: readonly Pushed[];
}

/** What a holder's answer says of it. */
export const heldIn = ({ repository, availability, archived, pushes }: Holder) => {
  const copy = pushes.find(({ copied }) => copied !== undefined);
  const restore = restoreCommands(repository, archived);
  return {
    repository,
    availability,
    ...(restore.length === 0 ? {} : { restore }),
    ...(copy?.copied === undefined ? {} : { copied: { ...copy.copied, at: copy.occurredAt } }),
  };
};

/** The first push; a copy is none, because the image had been pushed elsewhere. */
export const firstPush = ({ pushes }: Pick<Holder, "pushes">): Pushed | undefined =>
  pushes.find(({ copied }) => copied === undefined);

/** Whether any repository has any of these digests of an image without a later delete of its manifest. */
export const isStillHeld = (renames: Renames, family: Family, digests: readonly string[]): boolean =>
  digests.some((digest) =>
    (family.facts.get(digest) ?? [])
      .filter(isHeld)
      .some((fact) => stateIn(renames, family, digest, repositoryOf(renames, fact)) !== "deleted"),
  );

/** The repositories that hold the digest to pull, sorted by name. As of now, because it is about running it again. */
export async function holdersOf(images: Images, family: Family): Promise<Holder[]> {
  const renames = await images.renames();
  const facts = family.facts.get(family.pullable ?? family.digest) ?? [];
  const held = facts.filter(isHeld).map((fact) => repositoryOf(renames, fact));
  const repositories = [...new Set(held)].sort();
  return Promise.all(
    repositories.map(async (repository) => ({
      repository,
      ...(await stateOfImage(images, family, repository)),
      pushes: ofRepository(renames, facts, repository).filter(isPushed).sort(byOrder),
    })),
  );
}

/** The least of these digests if all are of one image; else undefined. */
export async function oneImage(images: Images, digests: readonly string[]): Promise<string | undefined> {
  const [smallest, ...others] = [...new Set(digests)].sort();
  if (smallest === undefined) return undefined;
  if (others.length === 0) return smallest;
  const { members } = await images.family(smallest);
  return others.every((digest) => members.has(digest)) ? smallest : undefined;
}
