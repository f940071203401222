/**
 * Naming rules: an ordered list that shortens vendors' long names and assigns environments to groups. They apply when
 * a statement is recorded, after its hash is taken.
 */
import * as z from "zod";
import { Statement } from "../../schemas/fact.ts";
import { wildcard } from "../../schemas/scalars.ts";

const pattern = z.string().min(1).max(255);
/** A new name. `$1` to `$9` stand for the texts that the asterisks matched, numbered across the fields in the order below. */
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

/** The fields of a statement that rules match on. */
type Subject = Partial<Record<keyof Rule["match"], string>>;

/** The texts that the asterisks of a rule matched, in the order of its fields; undefined if the rule does not match. */
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

/** The names that the rules set for a subject. For each name the first rule that sets it wins. */
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

/** Renames each component on its own, because a deployment may have several. */
function renamedComponents(rules: readonly Rule[], subject: Subject, statement: Statement): object {
  if (!("components" in statement) || statement.components === undefined) return {};
  const components = statement.components.map((one) => ({
    ...one,
    ...only(namesFor(rules, { ...subject, ...one }), ["component", "repository"]),
  }));
  return { components };
}

/** Renames image repositories in fields other than `repository`. */
function renamedRepositories(rules: readonly Rule[], subject: Subject, statement: Statement): object {
  const renamed = (repository: string) =>
    namesFor(rules, { ...subject, repository }).repository ?? repository;
  if (statement.kind === "repository.renamed")
    return { from: renamed(statement.from), to: renamed(statement.to) };
  if (!("images" in statement) || statement.images === undefined) return {};
  return { images: statement.images.map(renamed) };
}

/** Kinds whose `repository` is the URL of code, not an image repository. */
const OF_CODE: ReadonlySet<Statement["kind"]> = new Set(["service.described", "change.merged"]);

/** The fields to rename. */
const named = (statement: Statement): (keyof Names)[] =>
  SET.filter((field) =>
    field === "group"
      ? "environment" in statement
      : field in statement && !(field === "repository" && OF_CODE.has(statement.kind)),
  );

/**
 * Applies the rules to a statement. Throws a ZodError if a rule gave an invalid name.
 * @param vendor the endpoint that received it (`github`, `aws`, …), or `events`
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
