import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SOURCES } from "../../functions/sources/sources.ts";
import { ALL, CASES, expectedOf, GOLDEN, mapCase, outcomeOf } from "./golden.ts";

const origins = readFileSync(join(GOLDEN, "SOURCES.md"), "utf8");

describe.each([...new Set(CASES.map(({ vendor }) => vendor))])("the payloads of %s", (vendor) => {
  it.each(CASES.filter((one) => one.vendor === vendor))("$name becomes what its expectation says", (one) => {
    expect(mapCase(one, one.payload).map(outcomeOf)).toEqual(expectedOf(one));
  });

  it.each(CASES.filter((one) => one.vendor === vendor))("$name has an origin and a licence", (one) => {
    expect(origins).toContain(`| ${one.vendor}/${one.name}.json | `);
  });
});

describe("a sync of Argo CD that is told again", () => {
  const told = (name: string) => {
    const one = CASES.find((one) => one.vendor === "argocd" && one.name === name);
    return one === undefined ? [] : mapCase(one, one.payload).map(outcomeOf);
  };

  it("with more resources that run nothing is the same statement", () => {
    expect(told("sync.succeeded")).toHaveLength(1);
    expect(told("sync.told-again")).toEqual(told("sync.succeeded"));
  });
});

describe("the list of vendors", () => {
  it("gives each vendor's source under its own name", () => {
    expect(ALL.map(({ vendor }) => vendor)).toEqual([...SOURCES.keys()]);
  });

  it.each(ALL)("has samples of $vendor", ({ vendor }) => {
    expect(CASES.filter((one) => one.vendor === vendor)).not.toEqual([]);
  });

  it.each(ALL.filter(({ vendor }) => vendor !== "aws" && vendor !== "cdevents"))(
    "puts $vendor under its own prefix",
    ({ vendor }) => {
      const statements = CASES.filter((one) => one.vendor === vendor).flatMap((one) =>
        mapCase(one, one.payload).flatMap((mapped) => (mapped.is === "statement" ? [mapped.statement] : [])),
      );
      expect(statements).not.toEqual([]);
      for (const { source } of statements) expect(source).toMatch(new RegExp(`^/webhooks/${vendor}/`));
    },
  );
});
