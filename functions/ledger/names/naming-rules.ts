/**
 * Naming rules: an ordered list that shortens vendors' long names and assigns environments to groups. They apply when
 * a statement is recorded, after its hash is taken.
 */
import * as z from "zod";
import type { Sent } from "../../../schemas/answers/names.ts";
import { Statement } from "../../../schemas/fact.ts";
import { wildcard } from "../../../schemas/scalars.ts";

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
export type Rules = z.infer<typeof Rules>;

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

/** The names that the rules set for a subject, and the number of the rule that gave each: the first that sets it. */
export function namesBy(
  rules: readonly Rule[],
  subject: Subject,
): { readonly names: Names; readonly by: { [name in keyof Names]?: number } } {
  const names: Names = {};
  const by: { [name in keyof Names]?: number } = {};
  for (const [n, rule] of rules.entries()) {
    const taken = matched(rule, subject);
    if (taken === undefined) continue;
    for (const field of SET) {
      const template = rule.set[field];
      if (template === undefined || names[field] !== undefined) continue;
      names[field] = filled(template, taken);
      by[field] = n + 1;
    }
  }
  return { names, by };
}

const namesFor = (rules: readonly Rule[], subject: Subject): Names => namesBy(rules, subject).names;
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

/** Whether the `repository` of a statement is the URL of code. */
export const ofCode = ({ kind }: Pick<Statement, "kind">): boolean => OF_CODE.has(kind);

/** The fields to rename. */
const named = (statement: Statement): (keyof Names)[] =>
  SET.filter((field) =>
    field === "group"
      ? "environment" in statement
      : field in statement && !(field === "repository" && ofCode(statement)),
  );

/** What the rules match of a statement, but for its components. */
function subjectOf(vendor: string, statement: Statement): Subject {
  const subject: Subject = { vendor };
  for (const field of MATCHED) {
    const value: unknown = Object.entries(statement).find(([key]) => key === field)?.[1];
    if (typeof value === "string") subject[field] = value;
  }
  return subject;
}

/** The names with which a statement was sent, and the rules that apply to them; undefined if none does. */
export function sentNames(rules: readonly Rule[], vendor: string, statement: Statement): Sent | undefined {
  if (rules.length === 0) return undefined;
  const subject = subjectOf(vendor, statement);
  const components = "components" in statement ? (statement.components ?? []) : [];
  const used = (fields: readonly (keyof Names)[], about: Subject): number[] => {
    const { by } = namesBy(rules, about);
    return fields.flatMap((field) => by[field] ?? []);
  };
  const ofComponents = components.flatMap(({ component, repository }) =>
    used(["component", ...(repository === undefined ? [] : (["repository"] as const))], {
      ...subject,
      component,
      ...(repository === undefined ? {} : { repository }),
    }),
  );
  const all = [...new Set([...used(named(statement), subject), ...ofComponents])].sort((a, b) => a - b);
  if (all.length === 0) return undefined;
  const { environment, service, database, repository } = subject;
  const group = "group" in statement ? statement.group : undefined;
  const own = { group, environment, service, database, ...(ofCode(statement) ? {} : { repository }) };
  return {
    vendor,
    rules: all,
    ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    ...(ofComponents.length === 0
      ? {}
      : {
          components: components.map(({ component, repository: from }) => ({
            component,
            ...(from === undefined ? {} : { repository: from }),
          })),
        }),
  };
}

/**
 * Applies the rules to a statement. Throws a ZodError if a rule gave an invalid name.
 * @param vendor the endpoint that received it (`github`, `aws`, …), or `events`
 */
export function rename(rules: readonly Rule[], vendor: string, statement: Statement): Statement {
  if (rules.length === 0) return statement;
  const subject = subjectOf(vendor, statement);
  return Statement.parse({
    ...statement,
    ...only(namesFor(rules, subject), named(statement)),
    ...renamedComponents(rules, subject, statement),
    ...renamedRepositories(rules, subject, statement),
  });
}
