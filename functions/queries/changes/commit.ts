/** Everything known of one commit: its images, its evidence, the changes that brought it, and where they ran. */
import type { CommitAnswer } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { commitPrefix, configurationCommits } from "../../ledger/access-patterns.ts";
import { type AsOf, isSettled, reachOf } from "../../ledger/as-of.ts";
import { all } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import type { Aspect } from "../../ledger/store.ts";
import { disputeWarnings } from "../disputes.ts";
import { evidenceOfDeployments } from "../evidence.ts";
import { commitOf, type Family } from "../images/image-graph.ts";
import { isRan } from "../images/mentions.ts";
import { placesOf } from "../images/where-it-ran.ts";
import type { ComparedPersons } from "../persons.ts";
import { type Question, questionOf } from "../question.ts";
import { isEffective, statedEffect } from "../release/effective-deployments.ts";
import { changedBy } from "./changed-by.ts";
import { mergedChanges } from "./merged-changes.ts";

type Built = FactOf<"artifact.built">;

/** The commits that a fact names. */
function namedBy(fact: Fact): { sha: string; repository?: string }[] {
  if (fact.kind === "change.merged") {
    const { repository, head, mergeCommit } = fact;
    return [...new Set([mergeCommit, head])].map((sha) => ({ sha, repository }));
  }
  if (!("commit" in fact) || fact.commit === undefined) return [];
  return [typeof fact.commit === "string" ? { sha: fact.commit } : fact.commit];
}

/** A fact, and an id of a commit that it names. */
interface Named {
  readonly sha: string;
  readonly fact: Fact;
}

const named = (fact: Fact): Named[] => namedBy(fact).map(({ sha }) => ({ sha, fact }));

const configured = (fact: Fact): Named[] =>
  isEffective(fact) ? configurationCommits(fact).map((sha) => ({ sha, fact })) : [];

/**
 * Facts by commit. An abbreviated id means the one full id that starts with it. If several do, it is a group of its
 * own, because it is ambiguous.
 */
function grouped(entries: readonly Named[]): Map<string, Fact[]> {
  const shas = [...new Set(entries.map(({ sha }) => sha))];
  const isLongest = (sha: string) => !shas.some((other) => other !== sha && other.startsWith(sha));
  const longest = shas.filter(isLongest);
  const groups = new Map<string, Fact[]>();
  for (const { sha, fact } of entries) {
    const meant = longest.filter((one) => one.startsWith(sha));
    const name = meant.length === 1 ? (meant[0] ?? sha) : sha;
    groups.set(name, [...(groups.get(name) ?? []), fact]);
  }
  return groups;
}

const artifactOf = (fact: Built): CommitAnswer["commits"][number]["artifacts"][number] => ({
  digest: fact.digest,
  ...(fact.repository === undefined ? {} : { repository: fact.repository }),
  evidence: fact.evidence,
  at: fact.occurredAt,
  url: fact.url ?? null,
  fact: { source: fact.source, id: fact.id },
});

/** The images whose strongest evidence names a commit. */
async function imagesOf(question: Question, sha: string, builds: readonly Built[]): Promise<Family[]> {
  const digests = [...new Set(builds.map(({ digest }) => digest))];
  const built = await mapLimit(AT_ONCE, digests, (digest) => question.images.family(digest));
  // A manifest may be of several indexes, each with evidence of its own.
  const related = [...new Set(built.flatMap(({ facts }) => [...facts.keys()]))];
  const families = await mapLimit(AT_ONCE, related, (digest) => question.images.family(digest));
  return families.filter((family) => commitOf(family).commits.some((commit) => commit.sha === sha));
}

/** The repositories that a fact names with this commit. */
const repositoriesOf = (fact: Fact, sha: string): string[] =>
  [
    ...namedBy(fact).map((one) => (isSameCommit(one.sha, sha) ? one.repository : undefined)),
    ...(isEffective(fact) ? (fact.config ?? []) : []).map(({ repository, revision }) =>
      isSameCommit(revision, sha) ? repository : undefined,
    ),
  ].flatMap((repository) => repository ?? []);

/** Whether a deployment changes configuration alone: then its commit is not the service's. */
const isOfConfiguration = (fact: Fact): boolean => isEffective(fact) && statedEffect(fact).isConfiguration;

async function describeCommit(
  question: Question,
  people: ComparedPersons,
  { sha, facts }: { readonly sha: string; readonly facts: readonly Fact[] },
) {
  const builds = facts.filter((fact) => fact.kind === "artifact.built");
  const isOwn = (one: Named) => isSameCommit(one.sha, sha);
  const byName = facts
    .filter(isRan)
    .filter(
      (fact) => fact.occurredAt <= reachOf(question) && !isOfConfiguration(fact) && named(fact).some(isOwn),
    );
  const [changes, { ran, more }, { changed, more: isLeft }] = await Promise.all([
    mergedChanges(question, people, facts),
    imagesOf(question, sha, builds).then((images) => placesOf(question, images, byName)),
    changedBy(
      question,
      facts.filter((fact) => configured(fact).some(isOwn)),
    ),
  ]);
  const evidence = await evidenceOfDeployments(
    question,
    ran.map(({ deployment }) => deployment),
    facts,
  );
  const repositories = [...new Set(facts.flatMap((fact) => repositoriesOf(fact, sha)))].sort();
  return {
    commit: {
      sha,
      repositories,
      artifacts: builds.map(artifactOf),
      ran,
      ...(changed.length === 0 ? {} : { changed }),
      evidence,
      changes,
    },
    more: more || isLeft,
  };
}

/** Answers with every commit that matches a full or abbreviated id; undefined if there is none. */
export async function commit(
  moment: AsOf,
  people: ComparedPersons,
  { sha }: { readonly sha: string },
): Promise<CommitAnswer | undefined> {
  const question = questionOf(moment);
  const aspects = ["image", "deployed", "evidence", "migrated", "merged"] as const;
  const read = (aspect: Aspect) => all(question, { of: "commit", prefix: commitPrefix(sha), aspect });
  const [ofConfiguration, ...others] = await Promise.all([read("configured"), ...aspects.map(read)]);
  const entries = [...others.flat().flatMap(named), ...ofConfiguration.flatMap(configured)];
  const fitting = [...grouped(entries)].filter(([name]) => isSameCommit(name, sha)).sort();
  if (fitting.length === 0) return undefined;
  const described = await Promise.all(
    fitting.map(([sha, facts]) => describeCommit(question, people, { sha, facts })),
  );
  const disputed = disputeWarnings(fitting.flatMap(([, facts]) => facts));
  return {
    at: moment.at,
    knownAt: moment.knownAt,
    settled: isSettled(moment),
    sha,
    commits: described.map(({ commit }) => commit),
    more: described.some(({ more }) => more),
    ...(disputed.length === 0 ? {} : { warnings: disputed }),
  };
}
