/** Reads what is known of a change: its commits, who approved it, its evidence, and the freezes of its place. */

import type { Approval, Attached, MergedChange, TimelineEntry } from "../../../schemas/answer.ts";
import type { AuditApproval } from "../../../schemas/answers/audit.ts";
import { fold } from "../../../schemas/scalars.ts";
import { by } from "../../../schemas/words/ordering.ts";
import { memoised } from "../../ledger/loader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { type ActiveFreeze, freezesOf } from "../gate/freezes.ts";
import type { ImageEvidence } from "../gate/gate-policy.ts";
import { isFor, standing } from "../gate/verdicts.ts";
import { commitSubject, evidenceOf, imageSubject } from "../images/image-evidence.ts";
import type { ComparedPersons } from "../persons.ts";
import type { Question } from "../question.ts";

/** An approval, and what the report does not show of it. */
interface Given extends AuditApproval {
  /** Whether it was given to the last commit of the change; null: that is unknown. */
  readonly isLast: boolean | null;
  /** Whether it is by somebody else than the authors of the change; absent: it is of no change, or by a bot. */
  readonly separation?: Approval["separation"];
  /** The fact of the change that it was given to. */
  readonly change?: MergedChange["fact"];
}

/** A change, and everything known of it. */
export interface KnownChange {
  readonly entry: TimelineEntry;
  /** Full ids of commits, without duplicates. */
  readonly commits: readonly string[];
  readonly evidence: ImageEvidence;
  /** Verdicts that approve, oldest first, each with whether it still counts. */
  readonly approvals: readonly Given[];
  readonly freezes: readonly ActiveFreeze[];
  /** All digests of the images that it names. */
  readonly members: ReadonlySet<string>;
}

interface Found {
  readonly commits: readonly string[];
  readonly members: ReadonlySet<string>;
  readonly evidence: ImageEvidence;
}

const NONE: Found = { commits: [], members: new Set(), evidence: { builds: [], attached: [], changes: [] } };

const keyOf = ({ source, id }: MergedChange["fact"]): string => `${source} ${id}`;

/** Of facts that several images and commits of one change share, each once. */
const once = <T extends { readonly fact: MergedChange["fact"] }>(all: readonly T[]): T[] => [
  ...new Map(all.map((one) => [keyOf(one.fact), one])).values(),
];

const joined = (found: readonly Found[]): Found => ({
  commits: [...new Set(found.flatMap(({ commits }) => commits))],
  members: new Set(found.flatMap(({ members }) => [...members])),
  evidence: {
    builds: [...new Set(found.flatMap(({ evidence }) => evidence.builds))],
    attached: once(found.flatMap(({ evidence }) => evidence.attached)),
    changes: once(found.flatMap(({ evidence }) => evidence.changes)),
  },
});

/**
 * Verdicts that approve, oldest first. Of those before the change the newest of each person counts as it stood then; what
 * somebody said after the change takes back none of them.
 */
function approvalsOf(entry: TimelineEntry, { changes, attached }: ImageEvidence): Given[] {
  const counting = <T extends Attached>(verdicts: readonly T[]): T[] => {
    const [then, later] = [true, false].map((isThen) =>
      verdicts.filter(({ at }) => at <= entry.at === isThen),
    );
    const standingOnes = new Set([...standing(then ?? []), ...standing(later ?? [])].map(({ fact }) => fact));
    return verdicts.filter((one) => standingOnes.has(one.fact) && isFor(one));
  };
  const ofChanges = changes.flatMap(({ approvals, fact: change }) =>
    counting(approvals).map((one) => ({ ...one, change, of: "change" as const, bot: one.bot === true })),
  );
  // Evidence may name both a change and a commit.
  const known = new Set(changes.flatMap(({ approvals }) => approvals.map(({ fact }) => keyOf(fact))));
  const alone = (of: "deployment" | "commit", evidence: readonly Attached[]) =>
    counting(
      evidence.filter(({ type, fact }) => /^(approval|review)/i.test(type) && !known.has(keyOf(fact))),
    ).map((one) => ({
      ...one,
      of,
      bot: one.bot === true,
      isLast: null,
      separation: undefined,
      change: undefined,
    }));
  return [...ofChanges, ...alone("deployment", entry.evidence ?? []), ...alone("commit", attached)]
    .sort(by(({ at }) => at))
    .map(({ by = null, at, verdict = null, of, bot, url, fact, isLast, separation, change }) => {
      const isBefore = at <= entry.at;
      const more = { ...(separation && { separation }), ...(change && { change }) };
      return { by, at, verdict, of, isBefore, bot, url, fact, isLast, ...more };
    });
}

/**
 * Reads what is known of changes of an environment. What several of them share, as an image, is read once.
 * Cost of each: two requests for the freezes of its place; of each image and commit what the gate needs.
 */
export function knownChanges(
  question: Question,
  people: ComparedPersons,
  environment: string,
): (entry: TimelineEntry) => Promise<KnownChange> {
  const bySubject = new Map<string, () => Promise<Found>>();
  const find = (name: string, read: () => Promise<Found>): Promise<Found> => {
    const found = bySubject.get(name) ?? memoised(read);
    bySubject.set(name, found);
    return found();
  };
  const ofImage = (digest: string) =>
    find(digest, async () => {
      const subject = await imageSubject(question, digest);
      const evidence = await evidenceOf(question, people, subject);
      return { commits: subject.shas, members: subject.members, evidence };
    });
  const ofCommit = (sha: string) =>
    find(sha, async () => ({
      commits: [sha],
      members: new Set<string>(),
      evidence: await evidenceOf(question, people, commitSubject(sha)),
    }));

  async function subjectsOf({ components = [], commit, config = [] }: TimelineEntry): Promise<Found> {
    const digests = components.flatMap(({ digest }) => digest ?? []);
    const images = joined(await Promise.all(digests.map(ofImage)));
    // A configuration alone is changed by its own commit.
    const revisions = components.length === 0 ? config.map(({ revision }) => revision) : [];
    const shas = [commit, ...revisions].filter((sha) => sha !== undefined && /^[0-9a-f]{7,64}$/.test(sha));
    const others = shas.filter((sha) => sha !== undefined && !images.commits.includes(sha));
    return joined([images, ...(await Promise.all(others.map((sha) => ofCommit(sha ?? ""))))]);
  }

  async function frozen({ service, at }: TimelineEntry): Promise<ActiveFreeze[]> {
    return service === null ? [] : freezesOf(question, { environment, service: fold(service) }, at);
  }

  return async (entry) => {
    const isNote = entry.what === "noted";
    const [found, freezes] = await Promise.all([isNote ? NONE : subjectsOf(entry), frozen(entry)]);
    return { entry, ...found, approvals: approvalsOf(entry, found.evidence), freezes };
  };
}

/** What is known of all changes, in their order. */
export const allKnown = (
  question: Question,
  people: ComparedPersons,
  environment: string,
  entries: readonly TimelineEntry[],
): Promise<KnownChange[]> => mapLimit(AT_ONCE, entries, knownChanges(question, people, environment));

/** The evidence of a change that was there when it took effect. */
export function evidenceThen({ entry, evidence }: KnownChange): ImageEvidence {
  const isThen = ({ at }: Pick<Attached, "at">): boolean => at <= entry.at;
  return {
    builds: evidence.builds.filter(({ occurredAt }) => occurredAt <= entry.at),
    attached: evidence.attached.filter(isThen),
    changes: evidence.changes.map((change) => ({ ...change, approvals: change.approvals.filter(isThen) })),
  };
}
