/** The persons that statements and facts name. */
import type { Statement } from "./fact.ts";

/** The fields that name persons, in every kind: exactly the fields of the schema `login`. */
export const PERSON_FIELDS = ["actor", "by", "authors", "mergedBy", "bots"] as const;

/** The persons of a field: one, or a list. */
type Named = string | readonly string[];

/** Asked of every fact that is read, so it makes no lists for the fields that are absent. */
function personFields(statement: Statement): [field: string, named: Named][] {
  const fields: Readonly<Record<string, unknown>> = statement;
  const found: [string, Named][] = [];
  for (const field of PERSON_FIELDS) {
    const named = fields[field];
    if (typeof named === "string") found.push([field, named]);
    else if (Array.isArray(named)) found.push([field, named.filter((one) => typeof one === "string")]);
  }
  return found;
}

/** The persons that a statement or fact names: logins in a reported statement, commitments in a stored fact. */
export const personsIn = (statement: Statement): string[] =>
  personFields(statement).flatMap(([, named]) => named);

/** The same statement with each person replaced, for example a login by its commitment. */
export const withPersons = <T extends Statement>(statement: T, wordFor: (person: string) => string): T => ({
  ...statement,
  ...Object.fromEntries(
    personFields(statement).map(([field, named]) => [
      field,
      typeof named === "string" ? wordFor(named) : named.map(wordFor),
    ]),
  ),
});
