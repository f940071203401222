/** The evidence of what is deployed: its builds, what was attached to it and to its commits, and what merged these. */
import type { Attached } from "../../../schemas/answer.ts";
import type { GateWarning } from "../../../schemas/answers/gate.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { commitPrefix } from "../../ledger/access-patterns.ts";
import { isSameSource } from "../../ledger/authority/grants.ts";
import { all } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import type { Partition } from "../../ledger/store.ts";
import { mergedChanges } from "../changes/merged-changes.ts";
import { attachedBy } from "../evidence.ts";
import type { ImageEvidence } from "../gate/gate-policy.ts";
import { isAgainst, standing } from "../gate/verdicts.ts";
import type { ComparedPersons } from "../persons.ts";
import type { Question } from "../question.ts";
import { buildsOf, commitOf } from "./image-graph.ts";
import { countsFor } from "./relations.ts";

type Evidence = FactOf<"evidence.attached">;

/** What is deployed: an image, by all its digests, or a commit. */
export interface Subject {
  /** How messages name it. */
  readonly name: string;
  readonly members: ReadonlySet<string>;
  readonly shas: readonly string[];
  /** Whether evidence is about it: what a bound sender attached counts within what it names. */
  readonly counts: (evidence: Evidence) => boolean;
  readonly builds: ImageEvidence["builds"];
}

export async function imageSubject(question: Question, digest: string): Promise<Subject> {
  const family = await question.images.family(digest);
  const renames = await question.images.renames();
  const { commits } = commitOf(family);
  const facts = family.facts.get(digest) ?? [];
  return {
    name: digest,
    members: family.members,
    shas: commits.map(({ sha }) => sha),
    counts: (evidence) =>
      evidence.commit === undefined
        ? countsFor(renames, evidence, facts, {})
        : // A fork has the commits of its origin.
          evidence.bound !== true ||
          commits.some(({ repository = "" }) => isSameSource(evidence.change?.repository ?? "", repository)),
    builds: buildsOf(family),
  };
}

/** A commit of a service without images. */
export const commitSubject = (sha: string): Subject => ({
  name: sha,
  members: new Set(),
  shas: [sha],
  counts: ({ bound }) => bound !== true,
  builds: [],
});

/** What was attached by then to a subject, oldest first. Marks have a reason of their own, and are not among it. */
async function attachedTo(question: Question, { members, shas, counts }: Subject): Promise<Attached[]> {
  const partitions: Partition[] = [
    ...[...members].map((member) => ({ of: "digest", digest: member, aspect: "evidence" }) as const),
    ...shas.map((sha) => ({ of: "commit", prefix: commitPrefix(sha), aspect: "evidence" }) as const),
  ];
  const facts = (await mapLimit(AT_ONCE, partitions, (partition) => all(question, partition))).flat();
  const own = facts.filter(
    (fact): fact is Evidence => isEvidenceOf(fact, shas) && fact.occurredAt <= question.at,
  );
  return attachedBy(own.filter(counts));
}

/** Commits share a partition with others whose ids begin alike. */
const isEvidenceOf = (fact: Fact, shas: readonly string[]): fact is Evidence =>
  fact.kind === "evidence.attached" &&
  (fact.commit === undefined || shas.some((sha) => isSameCommit(sha, fact.commit ?? "?")));

/** Verdicts against a subject: failed tests and scans, rejected approvals. */
export async function evidenceAgainst(question: Question, subject: Subject): Promise<GateWarning[]> {
  return standing(await attachedTo(question, subject))
    .filter(isAgainst)
    .map(({ type, verdict, by, at }) => ({
      code: "evidence_against",
      message: `${type} of ${subject.name}: ${verdict}${by === undefined ? "" : `, by ${by}`}, at ${at}`,
    }));
}

/**
 * All evidence of a subject by then. Cost: one request for each digest, two for each commit, and two for each change.
 */
export async function evidenceOf(
  question: Question,
  people: ComparedPersons,
  subject: Subject,
): Promise<ImageEvidence> {
  const { shas, builds } = subject;
  const partitions = shas.map(
    (sha) => ({ of: "commit", prefix: commitPrefix(sha), aspect: "merged" }) as const,
  );
  const [attached, facts] = await Promise.all([
    attachedTo(question, subject),
    mapLimit(AT_ONCE, partitions, (partition) => all(question, partition)),
  ]);
  const merged = facts
    .flat()
    .filter(
      (fact) =>
        fact.kind === "change.merged" &&
        fact.occurredAt <= question.at &&
        shas.some((sha) => isOfCommit(fact, sha)),
    );
  return { builds, attached, changes: await mergedChanges(question, people, merged) };
}

const isOfCommit = ({ mergeCommit, head }: FactOf<"change.merged">, sha: string): boolean =>
  isSameCommit(mergeCommit, sha) || isSameCommit(head, sha);
