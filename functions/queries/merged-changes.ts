/** The pull and merge requests that brought a commit: who wrote, approved and merged them. */
import type { Approval, MergedChange } from "../../schemas/answer.ts";
import type { Fact, FactOf } from "../../schemas/fact.ts";
import { personsIn } from "../../schemas/persons.ts";
import type { SamePersons } from "../../schemas/same-persons.ts";
import { fold } from "../../schemas/scalars.ts";
import { changePartition, commitPrefix } from "../ledger/access-patterns.ts";
import { byOrder } from "../ledger/canonical.ts";
import { all, distinct } from "../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../ledger/map-limit.ts";
import { issuerOf, type People } from "../ledger/people.ts";
import { attachedBy } from "./evidence.ts";
import type { Question } from "./question.ts";
import { sameCommit } from "./release/digest-resolution.ts";
import { standing } from "./verdicts.ts";

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
      evidence.by !== undefined && evidence.commit !== undefined && sameCommit(evidence.commit, change.head)
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

function approvalOf(change: Merged, evidence: Evidence): Approval[] {
  const commit = reviewedCommit(evidence);
  return attachedBy([evidence]).map((attached) => ({
    ...attached,
    commit: commit ?? null,
    isLast: commit === undefined ? null : sameCommit(commit, change.head),
    ...(isBot(evidence) ? { bot: true as const } : {}),
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

/** How persons are compared: by their logins, and by an operator's list of logins that are one person. */
export interface ComparedPersons extends Pick<People, "reveal"> {
  readonly same?: SamePersons | undefined;
  /** Until when persons were surely there who were erased since, by commitment. Absent: nothing is known of erasures. */
  readonly erased?: (commitments: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

/** A person in a fact, as far as it is known. */
interface Person {
  readonly commitment: string;
  readonly issuer: string;
  /** When the fact was recorded that names the person. */
  readonly namedAt: string;
  /** Until when the ledger surely knew the person by this commitment. */
  readonly knownUntil: string;
  /** The number of the person in the operator's list. */
  readonly listed: number | undefined;
}

type Naming = Pick<Fact, "source" | "recordedAt">;

/** What is known of commitments: the logins, and of those that are erased, until when they were not. */
interface Knowledge {
  readonly same: SamePersons;
  readonly logins: ReadonlyMap<string, string>;
  readonly erased: ReadonlyMap<string, string>;
}

/** After, and before, every time. */
const [ALWAYS, NEVER] = ["~", ""];

/** Makes persons out of commitments. */
const personsBy =
  ({ same, logins, erased }: Knowledge) =>
  ({ source, recordedAt }: Naming, commitment: string): Person => {
    const [issuer, login] = [issuerOf(source), logins.get(commitment)];
    const isOne = (one: SamePersons[number][number]) => one.issuer === issuer && one.login === login;
    const found = login === undefined ? -1 : same.findIndex((person) => person.some(isOne));
    return {
      commitment,
      issuer,
      namedAt: recordedAt,
      knownUntil: login === undefined ? (erased.get(commitment) ?? NEVER) : ALWAYS,
      listed: found === -1 ? undefined : found,
    };
  };

/**
 * Whether the ledger knew both at one time: a login has one commitment at a time, so they are two logins. A person who
 * was erased and came back has another commitment, so one from before and one from after may be the same.
 */
function coexisted(a: Person, b: Person): boolean {
  const from = a.namedAt > b.namedAt ? a.namedAt : b.namedAt;
  return from < a.knownUntil && from < b.knownUntil;
}

/** Whether two are one person; undefined if they cannot be compared. */
function isOnePerson(a: Person, b: Person): boolean | undefined {
  if (a.commitment === b.commitment) return true;
  if (a.listed !== undefined && b.listed !== undefined) return a.listed === b.listed;
  return a.issuer === b.issuer && coexisted(a, b) ? false : undefined;
}

/**
 * Whether somebody other than the authors approved a change. Persons compare within one issuer or by the operator's list
 * alone, and never across an erasure. What cannot be compared is a gap, never a separation. An approval by a bot or an
 * author does not count.
 */
function separationOf(
  change: Merged,
  approvals: readonly Evidence[],
  personOf: ReturnType<typeof personsBy>,
): MergedChange["separation"] {
  const people = approvals.filter((one) => !isBot(one));
  if (people.length === 0) return "no approval";
  const authors = change.authors.map((author) => personOf(change, author));
  const verdicts = people.map((approval) => {
    const { by } = approval;
    if (by === undefined || authors.length === 0) return "not comparable";
    const compared = authors.map((author) => isOnePerson(personOf(approval, by), author));
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
  const persons = [...merged, ...evidence.flat()].flatMap(personsIn);
  const logins = await people.reveal(persons);
  const gone = [...new Set(persons)].filter((one) => !logins.has(one));
  const erased = (gone.length === 0 ? undefined : await people.erased?.(gone)) ?? new Map<string, string>();
  const personOf = personsBy({ same: people.same ?? [], logins, erased });
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
      approvals: given.flatMap((one) => approvalOf(change, one)),
      separation: separationOf(change, approving(given), personOf),
    };
  });
}
