/** The pull and merge requests that brought a commit: who wrote, approved and merged them. */
import type { Approval, MergedChange } from "../../../schemas/answer.ts";
import type { Fact, FactOf } from "../../../schemas/fact.ts";
import { personsIn } from "../../../schemas/persons.ts";
import { fold } from "../../../schemas/scalars.ts";
import { isSameCommit } from "../../../schemas/words/ids.ts";
import { changePartition, commitPrefix } from "../../ledger/access-patterns.ts";
import { byOrder } from "../../ledger/canonical.ts";
import { all, distinct } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { attachedBy } from "../evidence.ts";
import { standing } from "../gate/verdicts.ts";
import { type ComparedPersons, type Comparison, comparing } from "../persons.ts";
import type { Question } from "../question.ts";

type Merged = FactOf<"change.merged">;
type Evidence = FactOf<"evidence.attached">;

const APPROVES = /^(approve[ds]?|approval|accepted|lgtm)$/i;
const DISMISSES = /^dismissed$/i;

/** The commit that evidence was given to. */
const reviewedCommit = ({ commit, change }: Evidence): string | undefined => commit ?? change?.head;

/** Whether evidence is about a change: it names it, or a person's verdict is about its head. */
function isAbout(change: Merged, evidence: Evidence): boolean {
  if (evidence.change === undefined)
    return (
      evidence.by !== undefined && evidence.commit !== undefined && isSameCommit(evidence.commit, change.head)
    );
  const { repository, number } = evidence.change;
  return fold(repository) === fold(change.repository) && number === change.number;
}

/** The evidence of a change, oldest first: two requests. */
async function evidenceOf(question: Question, change: Merged): Promise<Evidence[]> {
  const partitions = [
    changePartition(change),
    { of: "commit", prefix: commitPrefix(change.head), aspect: "evidence" } as const,
  ];
  const found = await Promise.all(partitions.map((partition) => all(question, partition)));
  return distinct(found.flat())
    .filter((fact): fact is Evidence => fact.kind === "evidence.attached")
    .filter((fact) => isAbout(change, fact))
    .sort(byOrder);
}

const isBot = ({ by, bots = [] }: Evidence): boolean => by !== undefined && bots.includes(by);

function approvalOf(change: Merged, evidence: Evidence, isOnePerson: Comparison): Approval[] {
  const commit = reviewedCommit(evidence);
  const separation = separationOf(change, [evidence], isOnePerson);
  return attachedBy([evidence]).map((attached) => ({
    ...attached,
    commit: commit ?? null,
    isLast: commit === undefined ? null : isSameCommit(commit, change.head),
    ...(separation === "no approval" ? { bot: true as const } : { separation }),
  }));
}

/** The approvals that still count: the newest verdict of each person, unless the review was dismissed. */
function approving(evidence: readonly Evidence[]): Evidence[] {
  const dismissed = new Set(
    evidence.flatMap(({ verdict = "", url }) => (DISMISSES.test(verdict) && url !== undefined ? [url] : [])),
  );
  const newest = new Set(standing(attachedBy(evidence)).map(({ fact }) => `${fact.source} ${fact.id}`));
  return evidence.filter(
    ({ source, id, verdict = "", url = "" }) =>
      newest.has(`${source} ${id}`) && APPROVES.test(verdict) && !dismissed.has(url),
  );
}

/**
 * Whether somebody other than the authors approved a change. Persons compare within one issuer or by the operator's list
 * alone, and never across an erasure. What cannot be compared is a gap, never a separation. An approval by a bot or an
 * author does not count.
 */
function separationOf(
  change: Merged,
  approvals: readonly Evidence[],
  isOnePerson: Comparison,
): MergedChange["separation"] {
  const people = approvals.filter((one) => !isBot(one));
  if (people.length === 0) return "no approval";
  const { authors } = change;
  const verdicts = people.map((approval) => {
    const { by } = approval;
    if (by === undefined || authors.length === 0) return "not comparable";
    const compared = authors.map((author) =>
      isOnePerson({ ...approval, commitment: by }, { ...change, commitment: author }),
    );
    if (compared.includes(true)) return "not separated";
    return compared.includes(undefined) ? "not comparable" : "separated";
  });
  const strongest = ["separated", "not comparable"] as const;
  return strongest.find((one) => verdicts.includes(one)) ?? "not separated";
}

/** The merged changes among facts, oldest first, with what was said about them. */
export async function mergedChanges(
  question: Question,
  people: ComparedPersons,
  facts: readonly Fact[],
): Promise<MergedChange[]> {
  const merged = distinct(facts)
    .filter((fact): fact is Merged => fact.kind === "change.merged")
    .sort(byOrder);
  const evidence = await mapLimit(AT_ONCE, merged, (change) => evidenceOf(question, change));
  const isOnePerson = await comparing(people, [...merged, ...evidence.flat()].flatMap(personsIn));
  return merged.map((change, n) => {
    const given = evidence[n] ?? [];
    const { repository, number, title, authors, mergedBy, bots, head, mergeCommit, ticket } = change;
    return {
      repository,
      number,
      title,
      authors,
      mergedBy: mergedBy ?? null,
      ...(bots === undefined ? {} : { bots }),
      head,
      mergeCommit,
      ticket: ticket ?? null,
      at: change.occurredAt,
      url: change.url ?? null,
      fact: { source: change.source, id: change.id },
      approvals: given.flatMap((one) => approvalOf(change, one, isOnePerson)),
      separation: separationOf(change, approving(given), isOnePerson),
    };
  });
}
