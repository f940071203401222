/** Whom statements and facts name. */
import type { Statement } from "./fact.ts";

/** The fields that name persons, in every kind that has them: all those of the schema `login`, and no others. */
export const PERSON_FIELDS = ["actor", "by"] as const;

const personFields = (statement: Statement): [field: string, person: string][] => {
  const fields: Readonly<Record<string, unknown>> = statement;
  return PERSON_FIELDS.flatMap((field): [string, string][] => {
    const person = fields[field];
    return typeof person === "string" ? [[field, person]] : [];
  });
};

/** Whom a statement or a fact names: by logins as it is said, by commitments as it is kept. */
export const personsIn = (statement: Statement): string[] =>
  personFields(statement).map(([, person]) => person);

/** The same statement with another word for each person that it names. */
export const withPersons = <T extends Statement>(statement: T, wordFor: (person: string) => string): T => ({
  ...statement,
  ...Object.fromEntries(personFields(statement).map(([field, person]) => [field, wordFor(person)])),
});
