/**
 * Naming rules: an ordered list that makes the long names of vendors short, and puts environments in groups.
 * They are applied when a statement is recorded, after its hash was taken.
 */
import * as z from "zod";
import { Statement } from "../../schemas/fact.ts";
import { wildcard } from "../../schemas/scalars.ts";

const pattern = z.string().min(1).max(255);
/** A new name; `$1` to `$9` stand for what the asterisks of the patterns took, counted through the fields in this order. */
const template = z.string().min(1).max(255);

export const Rule = z.strictObject({
  match: z
    .strictObject({
      vendor: pattern.exactOptional(),
      source: pattern.exactOptional(),
      environment: pattern.exactOptional(),
      service: pattern.exactOptional(),
      component: pattern.exactOptional(),
      database: pattern.exactOptional(),
      repository: pattern.exactOptional(),
    })
    .refine((match) => Object.keys(match).length > 0, { error: "must match on at least one field" }),
  set: z
    .strictObject({
      environment: template.exactOptional(),
      group: template.exactOptional(),
      service: template.exactOptional(),
      component: template.exactOptional(),
      database: template.exactOptional(),
      repository: template.exactOptional(),
    })
    .refine((set) => Object.keys(set).length > 0, { error: "must set at least one name" }),
});
export type Rule = z.infer<typeof Rule>;
export const Rules = z.array(Rule).max(1000);

/** What a rule looks at: whatever of these the statement names. */
type Subject = Partial<Record<keyof Rule["match"], string>>;

/** The texts that the asterisks of a rule took, in the order of its fields; undefined where it does not match. */
function matched(rule: Rule, subject: Subject): string[] | undefined {
  const taken: string[] = [];
  for (const field of MATCHED) {
    const pattern = rule.match[field];
    if (pattern === undefined) continue;
    const found = wildcard(pattern).exec(subject[field] ?? "");
    if (found === null || subject[field] === undefined) return undefined;
    taken.push(...found.slice(1));
  }
  return taken;
}
const MATCHED = [
  "vendor",
  "source",
  "environment",
  "service",
  "component",
  "database",
  "repository",
] as const;

const filled = (template: string, taken: readonly string[]): string =>
  template.replaceAll(/\$([1-9])/g, (_, n) => taken[Number(n) - 1] ?? "");

type Names = Rule["set"];

/** The names that the rules give to a subject; for each name the first rule that sets it counts. */
function namesFor(rules: readonly Rule[], subject: Subject): Names {
  const names: Names = {};
  for (const rule of rules) {
    const taken = matched(rule, subject);
    if (taken === undefined) continue;
    for (const field of SET) {
      const template = rule.set[field];
      if (template !== undefined) names[field] ??= filled(template, taken);
    }
  }
  return names;
}
const SET = ["environment", "group", "service", "component", "database", "repository"] as const;

const only = (names: Names, fields: readonly (keyof Names)[]): Names =>
  Object.fromEntries(
    fields.filter((field) => names[field] !== undefined).map((field) => [field, names[field]]),
  );

/** Rules for components look at each by itself, for a deployment may hold several. */
function renamedComponents(rules: readonly Rule[], subject: Subject, statement: Statement): object {
  if (!("components" in statement) || statement.components === undefined) return {};
  const components = statement.components.map((one) => ({
    ...one,
    ...only(namesFor(rules, { ...subject, ...one }), ["component", "repository"]),
  }));
  return { components };
}

/** Statements that name repositories in other fields than `repository`. */
function renamedRepositories(rules: readonly Rule[], subject: Subject, statement: Statement): object {
  const renamed = (repository: string) =>
    namesFor(rules, { ...subject, repository }).repository ?? repository;
  if (statement.kind === "repository.renamed")
    return { from: renamed(statement.from), to: renamed(statement.to) };
  if (!("images" in statement) || statement.images === undefined) return {};
  return { images: statement.images.map(renamed) };
}

/** A code repository is a URL and no image's: rules for repositories leave it alone. */
const named = (statement: Statement): (keyof Names)[] =>
  SET.filter((field) =>
    field === "group"
      ? "environment" in statement
      : field in statement && !(field === "repository" && statement.kind === "service.described"),
  );

/**
 * A statement under its short names. Throws a ZodError where a rule gave a name that is none.
 * @param vendor who sent it: the door's name (`github`, `aws`, …), or `events`.
 */
export function rename(rules: readonly Rule[], vendor: string, statement: Statement): Statement {
  if (rules.length === 0) return statement;
  const subject: Subject = { vendor };
  for (const field of MATCHED) {
    const value: unknown = Object.entries(statement).find(([key]) => key === field)?.[1];
    if (typeof value === "string") subject[field] = value;
  }
  return Statement.parse({
    ...statement,
    ...only(namesFor(rules, subject), named(statement)),
    ...renamedComponents(rules, subject, statement),
    ...renamedRepositories(rules, subject, statement),
  });
}
