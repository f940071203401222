/** Everything known of one image: where it is, its commit, its evidence, and where it ran. */
import type { Artifact } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { type AsOf, isSettled } from "../../ledger/as-of.ts";
import { all, type KnownAt } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { disputeWarnings } from "../disputes.ts";
import { evidenceOfDeployments } from "../evidence.ts";
import { questionOf } from "../question.ts";
import { buildsOf, commitOf, firstPush, type Holder, heldIn, holdersOf, knownCommit } from "./image-graph.ts";
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

const holderOf = (holder: Holder, at: string): Artifact["heldBy"][number] => ({
  ...heldIn(holder),
  pushedAt: firstPush(holder)?.occurredAt ?? null,
  tags: [
    ...new Set(
      holder.pushes.flatMap(({ tag, occurredAt }) => (tag === undefined || occurredAt > at ? [] : [tag])),
    ),
  ].sort(),
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
  const { commits } = commitOf(family);
  const disputed = disputeWarnings([...family.facts.values()].flat());
  return {
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    digest,
    pullable: family.pullable ?? null,
    related: members.filter((member) => member !== digest),
    heldBy: holders.map((holder) => holderOf(holder, moment.at)),
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
