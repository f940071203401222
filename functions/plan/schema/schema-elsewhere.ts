/** The schemas of a plan for an image that never ran here: compared with those of the environment that it ran in. */
import type { Release } from "../../../schemas/answer.ts";
import type { Blocker } from "../../../schemas/plan.ts";
import { fold } from "../../../schemas/scalars.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { factsAt, isApplied, type Versions, versionsOf } from "../../queries/migrations/versions.ts";
import type { Question } from "../../queries/question.ts";
import { LAST } from "../target/current-release.ts";
import { type DatabaseChange, databasesIn, isMet, isOwn, type Own, type Words } from "./schema.ts";

/** Where an image ran last, and when; null: nowhere. */
export type Elsewhere = { readonly environment: string; readonly at: string } | null;

const NOTHING_KNOWN: Versions = { applied: [], newest: undefined, isWhole: false };

const isSameHead = (one: Versions, other: Versions): boolean =>
  one.newest !== undefined &&
  other.newest !== undefined &&
  [...one.newest].sort().join("\n") === [...other.newest].sort().join("\n");

/** @param before what was applied there with the image @param now what is applied here */
function changeBetween(database: string, before: Versions, now: Versions, own: Own): DatabaseChange {
  const had = new Set(before.applied.map(({ version }) => version));
  const others = now.applied.filter((one) => !had.has(one.version) && !isOwn(own, one));
  const isUnknown = before.newest === undefined || (!before.isWhole && !isSameHead(before, now));
  const unclear = before.applied.filter(({ version }) => isApplied(now, version) === undefined);
  return {
    database,
    since: before.isWhole ? others : [],
    listed: [],
    missing: before.applied
      .map(({ version }) => version)
      .filter((version) => isApplied(now, version) === false),
    untold: [...(isUnknown ? others : []), ...(isSameHead(before, now) ? [] : unclear)].map(
      ({ version }) => version,
    ),
    before,
    now,
  };
}

/** The changes from the schemas of elsewhere to those of here, of every database of either release, sorted by name. */
export async function changesFromElsewhere(
  question: Question,
  environment: string,
  releases: readonly Release[],
  elsewhere: Elsewhere,
  own: Own,
): Promise<DatabaseChange[]> {
  return mapLimit(AT_ONCE / 2, databasesIn(releases), async ([folded, database]) => {
    const [here, there] = await Promise.all([
      factsAt(question, fold(environment), folded, LAST),
      elsewhere === null ? [] : factsAt(question, fold(elsewhere.environment), folded, elsewhere.at),
    ]);
    const before = elsewhere === null ? NOTHING_KNOWN : versionsOf(there, elsewhere.at);
    return changeBetween(database, before, versionsOf(here), own);
  });
}

export const wordsFor = (environment: string, elsewhere: Elsewhere): Words => {
  const there = elsewhere === null ? "elsewhere" : `in ${elsewhere.environment}, where the image ran`;
  return {
    added: `applied in ${environment}, and not ${there}`,
    missing: `applied ${there}, and not in ${environment}`,
  };
};

/** A schema that nobody knows to suit the image has to be accepted, unless its build says what it requires. */
export function unknownElsewhere(
  asked: "keep" | "revert" | undefined,
  own: Own,
  changes: readonly DatabaseChange[],
): Blocker[] {
  const isRequiredMet = own.requires.length > 0 && own.requires.every((one) => isMet(one, changes, false));
  if (asked === "keep" || isRequiredMet) return [];
  const unknown = changes.filter(
    ({ before, now, untold }) =>
      now.newest !== undefined && (before.newest === undefined || untold.length > 0),
  );
  if (unknown.length === 0) return [];
  const names = unknown.map(({ database }) => database).join(", ");
  const message = `no fact says which schema of ${names} the image runs on; if it runs on that of now, ask with schema=keep`;
  return [{ code: "schema_then_unknown", message }];
}
