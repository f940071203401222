/** Digests: which belong together, which can be pulled, who holds them, what a tag pointed at. */
import type { Availability, ReleasedComponent } from "../../schemas/answer.ts";
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { compare, distinct, ofKind, order, until } from "./known.ts";
import { areOne, NOW, nameNow, type Ref, refOf } from "./names.ts";

type Indexed = FactOf<"artifact.indexed">;
type Moved = FactOf<"artifact.pushed" | "artifact.deleted" | "artifact.restored">;

const digestsOf = ({ digest, manifests }: Indexed): string[] => [
  digest,
  ...manifests.flatMap((one) => [one.digest, ...(one.configDigest === undefined ? [] : [one.configDigest])]),
];

const isRead = ({ source }: Fact): boolean => source.startsWith("/asof/registry/");
const isOfRegistry = ({ source }: Fact): boolean =>
  source.startsWith("/webhooks/") && !source.startsWith("/webhooks/cdevents/");

/**
 * What indexes hold. Where the ledger itself has read one, nobody else's word on that one is believed; else where its
 * registry reported it, nobody's but the registry's.
 */
const lists = (believed: readonly Fact[]): Indexed[] => {
  const all = ofKind(believed, "artifact.indexed");
  const read = all.filter(isRead).map(({ digest }) => digest);
  const reported = all.filter(isOfRegistry).map(({ digest }) => digest);
  return all.filter((fact) => {
    if (read.includes(fact.digest)) return isRead(fact);
    return isOfRegistry(fact) || !reported.includes(fact.digest);
  });
};

/** The statements that name a digest as index, manifest or config. */
export const holders = (believed: readonly Fact[], digest: string): Indexed[] =>
  lists(believed).filter((fact) => digestsOf(fact).includes(digest));

/** The indexes that list a digest as one of their manifests. */
export const indexesOf = (believed: readonly Fact[], digest: string): string[] =>
  lists(believed)
    .filter(({ manifests }) => manifests.some((manifest) => manifest.digest === digest))
    .map((fact) => fact.digest);

/** A digest and those that one statement names together with it. */
export const members = (believed: readonly Fact[], digest: string): string[] =>
  distinct([digest, ...holders(believed, digest).flatMap(digestsOf)]);

/** Whether all are one image: related to the smallest of them. */
export const areOneImage = (believed: readonly Fact[], digests: readonly string[]): boolean => {
  const [smallest] = [...digests].sort(compare);
  return smallest !== undefined && digests.every((digest) => members(believed, smallest).includes(digest));
};

const isIndex = (believed: readonly Fact[], digest: string): boolean =>
  lists(believed).some((fact) => fact.digest === digest);

/** The repositories that had a digest by a moment: by what was said of the image, or where the ledger read the index. */
function placesOf(believed: readonly Fact[], digest: string, by: string): string[] {
  const moved = ofKind(believed, "artifact.pushed", "artifact.deleted", "artifact.restored").filter(
    (fact) => fact.kind === "artifact.pushed" || fact.what !== "tag",
  );
  return [...moved, ...lists(believed).filter(isRead)]
    .filter((fact) => fact.digest === digest && fact.occurredAt <= by)
    .flatMap((fact) =>
      fact.repository === undefined ? [] : [nameNow(believed, refOf(fact, fact.repository))],
    );
}

/** From which repository an image is pulled, where that is known, and when. */
export interface Pulled {
  readonly repository: string | undefined;
  readonly at: string;
}

/**
 * The digest to pull for a reported one, or null where only a config is known that several images share. An index is
 * pulled in its place only from where the image itself is pulled, and only if it was there already.
 */
export function pullable(
  believed: readonly Fact[],
  digest: string,
  { repository, at }: Pulled,
): string | null {
  if (isIndex(believed, digest)) return digest;
  const holding = holders(believed, digest);
  const own = repository === undefined ? placesOf(believed, digest, NOW) : [repository];
  const isThere = (index: Indexed): boolean => {
    const places = placesOf(believed, index.digest, at);
    return own.length === 0 ? places.length > 0 : places.some((one) => own.includes(one));
  };
  const parents = distinct(holding.filter(isThere).map((fact) => fact.digest));
  if (holding.length === 0) return digest;
  if (parents.length === 1) return parents[0] ?? null;
  const manifests = holding.flatMap((fact) => fact.manifests);
  if (manifests.some((manifest) => manifest.digest === digest)) return digest;
  const made = distinct(
    manifests.filter(({ configDigest }) => configDigest === digest).map((manifest) => manifest.digest),
  );
  return made.length === 1 ? (made[0] ?? null) : null;
}

const moves = (believed: readonly Fact[], repository: Ref): Moved[] =>
  ofKind(believed, "artifact.pushed", "artifact.deleted", "artifact.restored").filter((fact) =>
    areOne(believed, refOf(fact, fact.repository), repository),
  );

/** What a tag pointed at; undefined where nothing, or nothing known. */
export function pointAt(
  believed: readonly Fact[],
  repository: Ref,
  tag: string,
  at: string,
): string | undefined {
  const by = until(moves(believed, repository), at);
  const last = by.filter((fact) => isMoveOf(fact, tag)).at(-1);
  // A tag that was only taken away names no image any more; one whose image was deleted comes back with the image.
  if (last === undefined || (last.kind === "artifact.deleted" && last.what !== "manifest")) return undefined;
  const later = by.filter(
    (fact) => fact.digest === last.digest && order(fact) > order(last) && decidesOnTags(fact),
  );
  const decisive = later.at(-1) ?? last;
  return decisive.kind === "artifact.deleted" ? undefined : last.digest;
}

/** Archiving an image moves none of its tags. */
const isMoveOf = (fact: Moved, tag: string): boolean =>
  fact.tag === tag && !(fact.kind === "artifact.deleted" && fact.archived === true);

/** A deleted manifest takes its tags with it, and a restored one brings them back. Archiving leaves them. */
const decidesOnTags = (fact: Moved): boolean =>
  (fact.kind === "artifact.deleted" && fact.what === "manifest" && fact.archived !== true) ||
  (fact.kind === "artifact.restored" && fact.what !== "tag");

/** What a tag pointed at when a window opened, and at every moment in it that touched the tag. */
export interface Window {
  readonly repository: Ref;
  readonly initial: string | undefined;
  readonly later: readonly (string | undefined)[];
}

export function windowOf(
  believed: readonly Fact[],
  repository: Ref,
  tag: string,
  opens: string,
  closes: string,
): Window {
  const inside = until(moves(believed, repository), closes).filter(({ occurredAt }) => occurredAt > opens);
  const point = (at: string): string | undefined => pointAt(believed, repository, tag, at);
  const initial = point(opens);
  const moved = inside.filter((fact) => isMoveOf(fact, tag)).map(({ occurredAt }) => occurredAt);
  const set = until(moves(believed, repository), closes).filter((fact) => isMoveOf(fact, tag));
  // A delete or restore touches the tag if the tag had been set to that manifest before.
  const touched = inside
    .filter((fact) => decidesOnTags(fact) && fact.digest !== undefined)
    .filter((fact) => set.some((one) => one.digest === fact.digest && order(one) < order(fact)))
    .map(({ occurredAt }) => occurredAt);
  return { repository, initial, later: distinct([...moved, ...touched]).map(point) };
}

/** Whatever says that a repository has or had a manifest; what happened to a tag does not. */
const manifestMoves = (believed: readonly Fact[], repository: Ref, digest: string): Moved[] =>
  moves(believed, repository).filter(
    (fact) => fact.digest === digest && (fact.kind === "artifact.pushed" || fact.what !== "tag"),
  );

type State = "available" | "archived" | "deleted" | "perhaps deleted" | "never heard of";

function ownState(believed: readonly Fact[], repository: Ref, digest: string): State {
  const last = manifestMoves(believed, repository, digest).at(-1);
  if (last === undefined) return "never heard of";
  if (last.kind !== "artifact.deleted") return "available";
  if (last.archived === true) return "archived";
  return last.what === "manifest" ? "deleted" : "perhaps deleted";
}

export const pushesOf = (
  believed: readonly Fact[],
  repository: Ref,
  digest: string,
): FactOf<"artifact.pushed">[] =>
  ofKind(believed, "artifact.pushed").filter(
    (fact) => areOne(believed, refOf(fact, fact.repository), repository) && fact.digest === digest,
  );

/** Whether some tag that was pushed with a digest still stands there. */
function isStillTagged(believed: readonly Fact[], repository: Ref, digest: string): boolean {
  const tags = distinct(pushesOf(believed, repository, digest).flatMap(({ tag }) => tag ?? []));
  return tags.some((tag) => pointAt(believed, repository, tag, NOW) === digest);
}

function availability(believed: readonly Fact[], repository: Ref, digest: string): Availability {
  const children = lists(believed)
    .filter((fact) => fact.digest === digest)
    .flatMap(({ manifests }) => manifests)
    .map((manifest) => ownState(believed, repository, manifest.digest));
  const own = ownState(believed, repository, digest);
  if (own === "deleted" || children.includes("deleted")) return "deleted";
  if (own === "perhaps deleted" && !isStillTagged(believed, repository, digest)) return "unknown";
  if (children.includes("perhaps deleted")) return "unknown";
  return [own, ...children].includes("archived") ? "archived" : "available";
}

/** The image's own pushes and copies in a repository; the first copy is told of. */
function copyOf(believed: readonly Fact[], repository: Ref, digest: string) {
  const copy = pushesOf(believed, repository, digest)
    .filter(({ copied }) => copied !== undefined)
    .sort((a, b) => compare(order(a), order(b)))[0];
  return copy?.copied === undefined ? {} : { copied: { ...copy.copied, at: copy.occurredAt } };
}

/** Every repository that was ever said to have a digest, by its name of now. */
export function heldBy(believed: readonly Fact[], digest: string | null): ReleasedComponent["heldBy"] {
  if (digest === null) return [];
  const repositories = distinct(
    ofKind(believed, "artifact.pushed", "artifact.deleted", "artifact.restored").map((fact) =>
      nameNow(believed, refOf(fact, fact.repository)),
    ),
  );
  return repositories
    .sort(compare)
    .map((name): Ref => ({ name, point: NOW }))
    .filter((repository) => manifestMoves(believed, repository, digest).length > 0)
    .map((repository) => ({
      repository: repository.name,
      availability: availability(believed, repository, digest),
      ...copyOf(believed, repository, digest),
    }));
}
