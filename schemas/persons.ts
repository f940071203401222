/** The persons that statements and facts name. */
import type { Statement } from "./fact.ts";

/** The fields that name persons, in every kind: exactly the fields of the schema `login`. */
export const PERSON_FIELDS = ["actor", "by"] as const;

const personFields = (statement: Statement): [field: string, person: string][] => {
  const fields: Readonly<Record<string, unknown>> = statement;
  return PERSON_FIELDS.flatMap((field): [string, string][] => {
    const person = fields[field];
    return typeof person === "string" ? [[field, person]] : [];
  });
};

/** The persons that a statement or fact names: logins in a reported statement, commitments in a stored fact. */
export const personsIn = (statement: Statement): string[] =>
  personFields(statement).map(([, person]) => person);

/** The same statement with each person replaced, for example a login by its commitment. */
export const withPersons = <T extends Statement>(statement: T, wordFor: (person: string) => string): T => ({
  ...statement,
  ...Object.fromEntries(personFields(statement).map(([field, person]) => [field, wordFor(person)])),
});
