/** A plan that reverts, carried out by tools as they are documented: it takes back what it says, and nothing else. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { called, DOWN_SCRIPTS } from "../../functions/plan/migration-tools/tools.ts";
import { Plan } from "../../schemas/plan.ts";
import { digestOf } from "../ledger/given.ts";
import { migration, snapshot } from "../ledger/saying.ts";
import { careful, oneThenTwo, planOf } from "./asking.ts";

/** What a database has, in the order of applying. */
type Applied = readonly string[];

const without = (applied: Applied, ...versions: readonly (string | undefined)[]): Applied =>
  applied.filter((one) => !versions.includes(one));
const highest = (applied: Applied): string | undefined => [...applied].sort().at(-1);
const downTo = (applied: Applied, to: string): Applied => {
  const place = applied.indexOf(to);
  // Going to where nothing lies above reverts nothing.
  return place === -1 ? applied : applied.slice(0, place + 1);
};
const notAbove = (applied: Applied, to: string): Applied => applied.filter((one) => one <= to);

/** What each tool makes of the last word of its command. */
const DOES: Readonly<Record<string, (applied: Applied, word: string) => Applied>> = {
  knex: without,
  rails: (applied, word) => without(applied, word.replace("VERSION=", "")),
  typeorm: (applied) => applied.slice(0, -1),
  liquibase: (applied, word) => applied.slice(0, -Number(word.replace("--count=", ""))),
  alembic: (applied, word) => (word === "base" ? [] : downTo(applied, word)),
  dbmate: (applied) => without(applied, highest(applied)),
  ecto: (applied, word) => applied.filter((one) => one < word.replace("--to=", "")),
  "golang-migrate": (applied, word) => (word === "-all" ? [] : notAbove(applied, word)),
  "ef-core": (applied, word) => (word === "0" ? [] : notAbove(applied, word)),
  atlas: (applied, word) =>
    word.startsWith("--to-version=")
      ? notAbove(applied, word.replace("--to-version=", ""))
      : Array.from({ length: Number(word) }).reduce<Applied>((left) => without(left, highest(left)), applied),
};

const VERSIONS = ["101", "102", "103", "104", "105"];
const histories = fc.record({
  tool: fc.constantFrom(...Object.keys(DOES)),
  order: fc.shuffledSubarray(VERSIONS, { minLength: 2 }),
  /** How many were there then. */
  before: fc.nat(3),
  /** Of each of the others: who applied it; "nobody" says it of some. */
  by: fc.infiniteStream(fc.constantFrom("one", "two", "three", "nobody")),
  isRead: fc.boolean(),
});

it("reverts what the plan says, and nothing else, with any tool in any history", async () => {
  let carriedOut = 0;
  await fc.assert(
    fc.asyncProperty(histories, async ({ tool, order, before, by, isRead }) => {
      const said = order.flatMap((version, n) => {
        const who = by.next().value;
        if (n < before) return [migration("applied", `10 11:0${n}`, version, { ...careful, tool })];
        if (who === "nobody" && isRead) return [];
        return [migration("applied", `20 11:0${n}`, version, { ...careful, tool, image: digestOf(who) })];
      });
      const table = called(DOWN_SCRIPTS, tool)?.sorted === true ? [...order].sort() : order;
      const read = isRead ? [snapshot("22 12:00", "set", table, { tool })] : [];
      const asked = { schema: "revert", acceptDataLoss: true } as const;
      const { schema, blockers, steps } = Plan.parse(await planOf([...oneThenTwo(...said), ...read], asked));
      if (blockers.length > 0 || schema.revert.length === 0) return;
      carriedOut += 1;
      const does = DOES[tool] ?? expect.fail(tool);
      const commands = steps.flatMap((step) => (step.does === "revert" ? step.commands : []));
      const left = commands.reduce<Applied>((applied, { argv }) => does(applied, argv.at(-1) ?? ""), order);
      const reverted = schema.revert.map(({ version }) => version);
      expect([...left].sort()).toEqual([...without(order, ...reverted)].sort());
    }),
  );
  expect(carriedOut).toBeGreaterThan(0);
});
