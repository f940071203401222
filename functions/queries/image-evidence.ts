/** The evidence of an image: its builds, what was attached to it and to its commits, and what merged these. */
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { commitPrefix } from "../ledger/access-patterns.ts";
import { all } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import type { Partition } from "../ledger/store.ts";
import { attachedBy } from "./evidence.ts";
import type { ImageEvidence } from "./gate-policy.ts";
import { buildsOf, commitOf } from "./images/image-graph.ts";
import { type ComparedPersons, mergedChanges } from "./merged-changes.ts";
import type { Question } from "./question.ts";
import { sameCommit } from "./release/digest-resolution.ts";

/** What was attached by then to an image and the commits that it was built from, oldest first. Marks are not among it. */
export async function attachedTo(question: Question, digest: string) {
  const family = await question.images.family(digest);
  const shas = commitOf(family).commits.map(({ sha }) => sha);
  const partitions: Partition[] = [
    ...[...family.members].map((member) => ({ of: "digest", digest: member, aspect: "evidence" }) as const),
    ...shas.map((sha) => ({ of: "commit", prefix: commitPrefix(sha), aspect: "evidence" }) as const),
  ];
  const facts = (await mapLimit(AT_ONCE, partitions, (partition) => all(question, partition))).flat();
  const own = facts.filter((fact) => isEvidenceOf(fact, shas) && fact.occurredAt <= question.at);
  return { builds: buildsOf(family), attached: attachedBy(own), shas };
}

/** Commits share a partition with others whose ids begin alike. Marks have a reason of their own. */
const isEvidenceOf = (fact: Fact, shas: readonly string[]): boolean =>
  fact.kind === "evidence.attached" && (fact.commit === undefined || shas.includes(fact.commit));

/** All evidence of an image by then. Cost: as `attachedTo`, one request for each commit, and two for each change. */
export async function imageEvidence(
  question: Question,
  people: ComparedPersons,
  digest: string,
): Promise<ImageEvidence> {
  const { builds, attached, shas } = await attachedTo(question, digest);
  const partitions = shas.map(
    (sha) => ({ of: "commit", prefix: commitPrefix(sha), aspect: "merged" }) as const,
  );
  const facts = (await mapLimit(AT_ONCE, partitions, (partition) => all(question, partition))).flat();
  const merged = facts.filter(
    (fact) =>
      fact.kind === "change.merged" &&
      fact.occurredAt <= question.at &&
      shas.some((sha) => isOfCommit(fact, sha)),
  );
  return { builds, attached, changes: await mergedChanges(question, people, merged) };
}

const isOfCommit = ({ mergeCommit, head }: FactOf<"change.merged">, sha: string): boolean =>
  sameCommit(mergeCommit, sha) || sameCommit(head, sha);
