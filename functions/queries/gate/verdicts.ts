/** Interprets the verdicts of evidence, because each sender has its own vocabulary. */
import type { Attached } from "../../../schemas/answer.ts";

const AGAINST =
  /^(fail(ed|ure)?|errors?|errored|reject(ed|s)?|den(y|ied)|changes[_ -]?requested|timed[_ -]?out|startup_failure|vulnerable|bad|no)$/i;

/** Whether a verdict is against what it was given to. */
export const isAgainst = ({ verdict = "" }: Pick<Attached, "verdict">): boolean => AGAINST.test(verdict);

const FOR = /^(pass(ed|es)?|success(ful)?|succeeded|ok|approve[ds]?|approval|accepted|lgtm|clean|good|yes)$/i;

/** Whether a verdict is in favour of what it was given to. */
export const isFor = ({ verdict = "" }: Pick<Attached, "verdict">): boolean => FOR.test(verdict);

/** The newest verdict of each type, and of each person who gave one: an earlier one no longer counts. Oldest first. */
export function standing(evidence: readonly Attached[]): Attached[] {
  const newest = new Map<string, Attached>();
  for (const one of evidence) {
    const key = JSON.stringify([one.type, one.by ?? null]);
    newest.delete(key);
    newest.set(key, one);
  }
  return [...newest.values()];
}
