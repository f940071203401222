/** Everything known of one image: where it is, its commit, its evidence, and where it ran. */
import type { Artifact } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { type AsOf, isSettled } from "../../ledger/as-of.ts";
import { all, EVER, type KnownAt, ONE } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { disputeWarnings } from "../disputes.ts";
import { evidenceOfDeployments } from "../evidence.ts";
import { type Question, questionOf } from "../question.ts";
import {
  buildsOf,
  commitOf,
  type Family,
  firstPush,
  type Holder,
  heldIn,
  holdersOf,
  knownCommit,
} from "./image-graph.ts";
import { changesOfManifest, manifestOf, movesOf, stateOfTag } from "./tag-history.ts";
import { isNamed, placesOf } from "./where-it-ran.ts";

export { commit } from "../changes/commit.ts";
export { tag } from "./tag.ts";

const buildOf = (fact: FactOf<"artifact.built">): Artifact["builds"][number] => ({
  commit: knownCommit(fact),
  at: fact.occurredAt,
  url: fact.url ?? null,
  fact: { source: fact.source, id: fact.id },
});

async function evidenceOf(knowledge: KnownAt, digests: readonly string[]): Promise<Fact[]> {
  const found = await mapLimit(AT_ONCE, digests, (digest) =>
    all(knowledge, { of: "digest", digest, aspect: "evidence" }),
  );
  return found.flat();
}

/** The tags that name an image in a repository at a moment: those that pushes gave it, and that have not moved since. */
async function tagsOf(question: Question, family: Family, { repository, pushes }: Holder): Promise<string[]> {
  const { at, images } = question;
  const renames = await images.renames();
  const named = { repository, at: EVER };
  const given = pushes.flatMap(({ tag, occurredAt }) => (tag === undefined || occurredAt > at ? [] : [tag]));
  const standing = await mapLimit(AT_ONCE, [...new Set(given)].sort(), async (tag) => {
    const { value: last } = await movesOf(question, renames, named, tag, at, ONE).next();
    if (last === undefined) return [];
    const digest = manifestOf(last) ?? "";
    const facts = (family.facts.get(digest) ?? []).filter(({ occurredAt }) => occurredAt <= at);
    const state = stateOfTag(last, changesOfManifest(renames, named, last, facts));
    return state.digest === (family.pullable ?? family.digest) ? [tag] : [];
  });
  return standing.flat();
}

const holderOf = async (
  question: Question,
  family: Family,
  holder: Holder,
): Promise<Artifact["heldBy"][number]> => ({
  ...heldIn(holder),
  pushedAt: firstPush(holder)?.occurredAt ?? null,
  tags: await tagsOf(question, family, holder),
});

/** Whether any known fact names a digest. */
async function isKnown(moment: AsOf, digest: string): Promise<boolean> {
  const aspects = ["image", "deployed", "task", "evidence", "migrated"] as const;
  const named = await Promise.all(aspects.map((aspect) => isNamed(moment, digest, aspect)));
  return named.includes(true);
}

/**
 * Answers with what is known of a digest and its related digests; undefined if the digest is unknown. Only where it ran
 * and its tags depend on `at`. Builds and evidence do not, because attestations are often made later.
 */
export async function artifact(
  moment: AsOf,
  { digest }: { readonly digest: string },
): Promise<Artifact | undefined> {
  const question = questionOf(moment);
  const { images } = question;
  const [isFound, family] = await Promise.all([
    isKnown(question, digest),
    images.family(digest),
    images.renames(),
  ]);
  if (!isFound) return undefined;
  const members = [...family.members].sort();
  const [holders, evidence, places] = await Promise.all([
    holdersOf(images, family),
    evidenceOf(question, members),
    placesOf(question, [family]),
  ]);
  const heldBy = await mapLimit(AT_ONCE, holders, (holder) => holderOf(question, family, holder));
  const { commits } = commitOf(family);
  const disputed = disputeWarnings([...family.facts.values()].flat());
  return {
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    digest,
    pullable: family.pullable ?? null,
    related: members.filter((member) => member !== digest),
    heldBy,
    commit: commits.length === 1 ? (commits[0] ?? null) : null,
    commitCandidates: commits.length > 1 ? commits : [],
    builds: buildsOf(family).map(buildOf),
    evidence: await evidenceOfDeployments(
      question,
      places.ran.map(({ deployment }) => deployment),
      evidence,
    ),
    ...places,
    ...(disputed.length === 0 ? {} : { warnings: disputed }),
  };
}
