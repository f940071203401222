/** The names of senders on a terminal, and a dry run of other rules. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Rules } from "../../functions/ledger/names/naming-rules.ts";
import { deployed, givenDoors, tokenOf } from "../http/given.ts";
import { asof, cleanUp, ledgerServer, newFolder } from "./harness.ts";

afterEach(cleanUp);

const RULES = [{ match: { environment: "1111/eu" }, set: { environment: "production", group: "live" } }];

/** A ledger with one rule, to which one environment was reported that it names, and one that it does not. */
async function given() {
  const ledger = await ledgerServer(givenDoors({ rules: Rules.parse(RULES) }));
  for (const [id, environment] of [
    ["1", "1111/eu"],
    ["2", "2222/us"],
  ] as const)
    expect((await ledger.doors.client().say(deployed(id, undefined, { environment }))).status).toBe(201);
  const run = (...args: string[]) =>
    asof(["names", ...args], { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("reader") });
  const tried = (rules: unknown, ...args: string[]) => {
    const file = join(newFolder(), "rules.json");
    writeFileSync(file, JSON.stringify(rules));
    return run("--rules", file, ...args);
  };
  return { run, tried };
}

describe("asof names", () => {
  it("shows what each sender's names stand for, by which rule, and what no rule names", async () => {
    const { run } = await given();
    const { out, code } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(/\/test +environment 1111\/eu, .*→ group live, environment production, .* rule 1/);
    expect(out).toMatch(/environment 2222\/us, .* no rule/);
    expect(out.split("\n").at(-1)).toBe("2 names, 1 without a rule");
  });

  it("shows what other rules would change, and nothing for the same ones", async () => {
    const { tried } = await given();
    expect((await tried(RULES)).out.split("\n").at(-1)).toBe("0 names of 2 would be another");
    const more = [...RULES, { match: { environment: "2222/*" }, set: { environment: "production.$1" } }];
    const { out } = await tried(more);
    expect(out).toMatch(/environment 2222\/us, .*would be environment production\.us/);
    expect(out.split("\n").at(-1)).toBe("1 name of 2 would be another");
    const lost = JSON.parse((await tried([], "-o", "json")).out);
    expect(lost).toMatchObject([{ named: { environment: "production" }, would: { environment: "1111/eu" } }]);
  });

  it("ends with 2 where the file holds no rules", async () => {
    const { tried } = await given();
    const { code, err } = await tried([{ match: {}, set: { environment: "x" } }]);
    expect([code, err]).toEqual([2, expect.stringContaining("must match on at least one field")]);
  });
});
