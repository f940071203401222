/** Finds the migrations that the builds of an image require, and whether an environment has applied them. */
import { fold } from "../../../schemas/scalars.ts";
import { AT_ONCE, mapLimit } from "../../ledger/map-limit.ts";
import { buildsOf, type Family } from "../images/image-graph.ts";
import type { Question } from "../question.ts";
import { factsAt, isApplied, versionsOf } from "./versions.ts";

interface Requirement {
  readonly database: string;
  readonly version: string;
  /** Undefined: no fact shows whether it is. */
  readonly isApplied: boolean | undefined;
}

/** Cost: nothing for an image whose builds require nothing, else the history of each database that they name. */
export async function requirementsOf(
  question: Question,
  environment: string,
  family: Family,
): Promise<Requirement[]> {
  const needed = buildsOf(family).flatMap(({ requires }) => requires ?? []);
  const distinct = new Map(needed.map((one) => [JSON.stringify([fold(one.database), one.version]), one]));
  const databases = [...new Set(needed.map(({ database }) => fold(database)))];
  const read = await mapLimit(AT_ONCE, databases, async (database) =>
    versionsOf(await factsAt(question, environment, database, question.at), question.at),
  );
  const versions = new Map(databases.map((database, n) => [database, read[n]]));
  return [...distinct.values()].map(({ database, version }) => {
    const of = versions.get(fold(database));
    return { database, version, isApplied: of === undefined ? undefined : isApplied(of, version) };
  });
}
