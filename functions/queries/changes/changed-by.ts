/** Finds what a configuration commit changed: the releases that differ since it was deployed. */
import type { CommitAnswer } from "../../../schemas/answer.ts";
import type { Fact } from "../../../schemas/fact.ts";
import { justBefore } from "../../ledger/as-of.ts";
import { newestFirst } from "../../ledger/canonical.ts";
import { distinct } from "../../ledger/fact-reader.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { differenceOf } from "../difference.ts";
import type { Question } from "../question.ts";
import { type Claim, isEffective, type Observation } from "../release/effective-deployments.ts";
import { release } from "../release/release.ts";

type Changed = NonNullable<CommitAnswer["commits"][number]["changed"]>[number];

/** The most deployments that are compared with the release before them: the newest ones. */
const COMPARED_MAX = 50;

async function changeOf(question: Question, fact: Claim | Observation): Promise<Changed | undefined> {
  const { environment, service, occurredAt: at, source, id } = fact;
  if (service === undefined) return undefined;
  const [before, after] = await Promise.all(
    [justBefore(at), at].map((when) => release({ ...question, at: when }, { environment, service })),
  );
  const difference = differenceOf(service, before, after);
  const what = [
    ...(difference?.components.length ? (["images"] as const) : []),
    ...(difference?.config === undefined ? [] : (["configuration"] as const)),
  ];
  return what.length === 0 ? undefined : { environment, service, at, what, fact: { source, id } };
}

/**
 * What the deployments of a configuration changed, newest first. Services that were deployed with it and have the same
 * images and the same content are left out. Cost: two releases for each deployment.
 */
export async function changedBy(
  question: Question,
  facts: readonly Fact[],
): Promise<{ readonly changed: Changed[]; readonly more: boolean }> {
  const known = distinct(facts)
    .filter(isEffective)
    .filter(({ occurredAt }) => occurredAt <= question.at)
    .sort(newestFirst);
  const compared = await mapLimit(AT_ONCE / 4, known.slice(0, COMPARED_MAX), (fact) =>
    changeOf(question, fact),
  );
  return {
    changed: compared.filter((one) => one !== undefined),
    more: known.length > COMPARED_MAX,
  };
}
