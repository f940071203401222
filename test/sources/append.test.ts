import { describe, expect, it } from "vitest";
import { type Appending, append, type Outcome } from "../../functions/ledger/append.ts";
import { rawHash } from "../../functions/ledger/canonical.ts";
import type { Mapped } from "../../schemas/mapped.ts";
import { memoryStore } from "../store/memory.ts";
import { memoryPeople } from "../store/memory-people.ts";
import { CASES, type Case, mapCase } from "./golden.ts";

/** A ledger whose clock ticks, as clocks do between two deliveries. */
function ledger(): Appending {
  let now = Date.parse("2026-11-22T09:00:01.000Z");
  return {
    store: memoryStore(),
    rules: [],
    now: () => new Date(now++),
    heard: new Set(),
    people: memoryPeople(),
  };
}

const statementsOf = (one: Case): Mapped[] =>
  mapCase(one, one.payload).filter(({ is }) => is === "statement");

async function record(appending: Appending, { vendor }: Case, mapped: readonly Mapped[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const one of mapped) {
    if (one.is !== "statement") continue;
    outcomes.push(
      await append(appending, one.statement, { reportedBy: "test", vendor, rawHash: rawHash(one.raw) }),
    );
  }
  return outcomes;
}

const caseOf = (vendor: string, name: string): Case => {
  const found = CASES.find((one) => one.vendor === vendor && one.name === name);
  if (found === undefined) throw new Error(`there is no case ${vendor}/${name}`);
  return found;
};

describe("a published sample whose digest is too short", () => {
  it.each(["ecr-image-push-event", "ecr-image-action.delete"])("is not recorded: %s", async (name) => {
    const one = caseOf("aws", name);
    const [outcome] = await record(ledger(), one, statementsOf(one));
    expect(outcome).toMatchObject({ outcome: "rejected", reason: expect.stringContaining("digest: ") });
  });
});

describe("a delivery that is repeated", () => {
  const again = CASES.filter((one) => statementsOf(one).length > 0);

  it.each(again)("records nothing twice: $vendor/$name", async (one) => {
    const appending = ledger();
    const first = await record(appending, one, statementsOf(one));
    const second = await record(appending, one, statementsOf(one));
    for (const [index, { outcome }] of first.entries()) {
      expect(["recorded", "rejected"]).toContain(outcome);
      expect(second[index]?.outcome).toBe(outcome === "recorded" ? "duplicate" : "rejected");
    }
  });

  it("records nothing twice where the time is the receipt's", async () => {
    const appending = ledger();
    const one = caseOf("github", "package.published.container");
    await record(appending, one, statementsOf(one));
    const later = statementsOf(one).map((mapped) =>
      mapped.is === "statement"
        ? { ...mapped, statement: { ...mapped.statement, occurredAt: "2026-11-22T09:00:09.000Z" } }
        : mapped,
    );
    const outcomes = await record(appending, one, later);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["duplicate", "duplicate"]);
  });

  it("keeps one fact where two of ECS's envelopes tell of one version of a task", async () => {
    const appending = ledger();
    const one = caseOf("aws", "ecs-task-state-change.service");
    await record(appending, one, statementsOf(one));
    const resent = {
      ...one,
      payload: JSON.parse(JSON.stringify(one.payload).replace("ddca6449", "00000000")),
    };
    const [outcome] = await record(appending, resent, statementsOf(resent));
    expect(outcome?.outcome).toBe("duplicate");
  });
});

describe("an event that cannot be hashed as it is", () => {
  it("is hashed all the same, and the same way each time", () => {
    const odd: unknown = JSON.parse('{"note":"\\ud800","n":1e999}');
    expect(rawHash(odd)).toMatch(/^[0-9a-f]{64}$/);
    expect(rawHash(odd)).toBe(rawHash(structuredClone(odd)));
    expect(rawHash(undefined)).toMatch(/^[0-9a-f]{64}$/);
  });
});
