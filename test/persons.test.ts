import { describe, expect, it } from "vitest";
import type * as z from "zod";
import { EXAMPLES } from "../schemas/examples.ts";
import { Statement } from "../schemas/fact.ts";
import { PERSON_FIELDS, personsIn, withPersons } from "../schemas/persons.ts";
import { login } from "../schemas/scalars.ts";

/** Paths at which a schema holds another one, through whatever wraps it. */
function pathsTo(wanted: z.core.$ZodType, within: z.core.$ZodType, path = ""): string[] {
  if (within === wanted) return [path];
  const { def } = within._zod;
  const inner = Object.entries(def).flatMap(([key, value]): [string, unknown][] =>
    key === "shape" && typeof value === "object" && value !== null ? Object.entries(value) : [["", value]],
  );
  return inner.flatMap(([key, value]) =>
    [value].flat().flatMap((one: unknown) => {
      const below = [path, key].filter((part) => part !== "").join(".");
      return isSchema(one) ? pathsTo(wanted, one, below) : [];
    }),
  );
}
const isSchema = (value: unknown): value is z.core.$ZodType =>
  typeof value === "object" && value !== null && "_zod" in value;

describe("the fields that name persons", () => {
  it.each(Statement.options.map((option) => [option.shape.kind.value, option] as const))(
    "are those whose schema is a login, in %s",
    (_, option) => {
      const listed = Object.keys(option.shape).filter((field) => PERSON_FIELDS.some((one) => one === field));
      expect(pathsTo(login, option).sort()).toEqual(listed.sort());
      expect(listed).toContain("actor");
    },
  );

  it("would be noticed in a list and in an object, too", () => {
    const [evidence] = Statement.options.filter(({ shape }) => shape.kind.value === "evidence.attached");
    expect(evidence === undefined ? [] : pathsTo(login, evidence)).toEqual(["actor", "by", "bots"]);
    const nested = Statement.options[0].extend({ authors: login.array(), change: Statement.options[0] });
    expect(pathsTo(login, nested)).toEqual(["actor", "authors", "change.actor"]);
  });

  it("are found and replaced in lists", () => {
    const merged = {
      ...EXAMPLES["change.merged"],
      authors: ["octocat", "hubot"],
      mergedBy: "monalisa",
      bots: ["hubot"],
    };
    expect(personsIn(merged)).toEqual(["octocat", "hubot", "monalisa", "hubot"]);
    expect(withPersons(merged, (person) => `<${person}>`)).toEqual({
      ...merged,
      authors: ["<octocat>", "<hubot>"],
      mergedBy: "<monalisa>",
      bots: ["<hubot>"],
    });
  });

  it("are found and replaced, and nothing else is", () => {
    const evidence = { ...EXAMPLES["evidence.attached"], actor: "hubot", by: "octocat" };
    expect(personsIn(evidence)).toEqual(["hubot", "octocat"]);
    expect(withPersons(evidence, (person) => `<${person}>`)).toEqual({
      ...evidence,
      actor: "<hubot>",
      by: "<octocat>",
    });
    const { actor: _, by: __, ...impersonal } = evidence;
    expect(personsIn(impersonal)).toEqual([]);
    expect(withPersons(impersonal, () => "nobody")).toEqual(impersonal);
  });
});
