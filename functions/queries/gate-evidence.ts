/** What of a gate's answer rests on evidence: tests, scans, reviews and approvals. */
import type { Fact } from "../../schemas/fact.ts";
import type { GateWarning } from "../../schemas/gate.ts";
import { commitPrefix } from "../ledger/access-patterns.ts";
import { all } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import type { Partition } from "../ledger/store.ts";
import { attachedBy } from "./evidence.ts";
import { commitOf } from "./images/image-graph.ts";
import type { Question } from "./question.ts";
import { sameCommit } from "./release/digest-resolution.ts";
import { isAgainst, standing } from "./verdicts.ts";

/** Verdicts against an image or the commit that it was built from: failed tests and scans, rejected approvals. */
export async function evidenceAgainst(question: Question, digest: string): Promise<GateWarning[]> {
  const family = await question.images.family(digest);
  const shas = commitOf(family).commits.map(({ sha }) => sha);
  return evidenceAbout(question, digest, family.members, shas);
}

/**
 * Verdicts against these digests and commits.
 * @param what how messages name it
 */
export async function evidenceAbout(
  question: Question,
  what: string,
  members: ReadonlySet<string>,
  shas: readonly string[],
): Promise<GateWarning[]> {
  const partitions: Partition[] = [
    ...[...members].map((member) => ({ of: "digest", digest: member, aspect: "evidence" }) as const),
    ...shas.map((sha) => ({ of: "commit", prefix: commitPrefix(sha), aspect: "evidence" }) as const),
  ];
  const facts = (await mapLimit(AT_ONCE, partitions, (partition) => all(question, partition))).flat();
  const own = facts.filter((fact) => isEvidenceOf(fact, shas) && fact.occurredAt <= question.at);
  return standing(attachedBy(own))
    .filter(isAgainst)
    .map(({ type, verdict, by, at }) => ({
      code: "evidence_against",
      message: `${type} of ${what}: ${verdict}${by === undefined ? "" : `, by ${by}`}, at ${at}`,
    }));
}

/** Commits share a partition with others whose ids begin alike. Marks have a reason of their own. */
const isEvidenceOf = (fact: Fact, shas: readonly string[]): boolean =>
  fact.kind === "evidence.attached" &&
  (fact.commit === undefined || shas.some((sha) => sameCommit(sha, fact.commit ?? "?")));
