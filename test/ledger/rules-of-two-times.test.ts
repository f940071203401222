import { describe, expect, it } from "vitest";
import { cases, learned, ledger, takenBack } from "./cases.ts";
import {
  built,
  committed,
  deployment,
  described,
  image,
  indexed,
  main,
  migration,
  pushed,
  REPOSITORY,
  sha,
  succeeded,
  time,
} from "./saying.ts";

const ONE = image("one");
const TWO = image("two");
const second = { deployment: deployment("2") };
const runs = succeeded("08:00", [main({ digest: ONE, repository: REPOSITORY })], committed("deployed"));
const backdated = learned("15:00", succeeded("10:00", [main({ digest: TWO })], second));

cases("of a deployment that was told late", [
  {
    rule: "before it was told, the one before was believed to run",
    given: [runs, backdated],
    at: "12:00",
    knownAt: "14:59",
    answers: { components: [{ digest: ONE }], since: "08:00", until: null },
  },
  {
    rule: "from when it was told, it is known to have run since it happened",
    given: [runs, backdated],
    at: "12:00",
    knownAt: "15:00",
    answers: { components: [{ digest: TWO }], since: "10:00" },
  },
  {
    rule: "before it happened the one before ran, until then, as is known now",
    given: [runs, backdated],
    at: "09:00",
    answers: { components: [{ digest: ONE }], until: "10:00" },
  },
  {
    rule: "before it happened the one before ran, without an end, as was known then",
    given: [runs, backdated],
    at: "09:00",
    knownAt: "14:59",
    answers: { components: [{ digest: ONE }], until: null },
  },
  {
    rule: "from before another one, it does not run in its place",
    given: [runs, learned("15:00", succeeded("07:00", [main({ digest: TWO })], second))],
    answers: { components: [{ digest: ONE }], since: "08:00" },
  },
  {
    rule: "happened ahead of the moment asked about, it is not what ran, though it is known",
    given: [runs, backdated],
    at: "09:59:59.999",
    answers: { components: [{ digest: ONE }] },
  },
  {
    rule: "at the very moment it happened, it is what ran",
    given: [runs, backdated],
    at: "10:00",
    answers: { components: [{ digest: TWO }] },
  },
  {
    rule: "and taken back, it was believed only between the two",
    given: [runs, backdated, takenBack("16:00", backdated.statement)],
    at: "12:00",
    knownAt: "15:30",
    answers: { components: [{ digest: TWO }] },
  },
]);

const late = {
  build: learned("15:00", built(ONE, "built")),
  index: learned("15:00", indexed(TWO, ONE)),
  place: learned("15:00", pushed("07:00", TWO)),
  push: learned("15:00", pushed("07:00", ONE, { tag: "1.4" })),
  description: learned("15:00", described({ owner: "team-billing", databases: ["billing"] })),
  migration: learned("15:00", migration("applied", "07:00", "1")),
};
const told = [runs, ...Object.values(late)];

cases("of everything else that was told late", [
  {
    rule: "before it was told, none of it was known",
    given: told,
    at: "09:00",
    knownAt: "14:59",
    answers: {
      components: [
        {
          digest: ONE,
          reported: undefined,
          commit: { sha: sha("deployed"), evidence: "deployment" },
          availability: "unknown",
          tags: [],
        },
      ],
      owner: null,
      migrations: "unknown",
    },
  },
  {
    rule: "from when it was told, all of it is known of that time",
    given: told,
    at: "09:00",
    knownAt: "15:00",
    answers: {
      components: [{ digest: TWO, reported: ONE, commit: { sha: sha("built"), evidence: "oidc" } }],
      owner: "team-billing",
      migrations: [{ database: "billing", version: "1" }],
      warnings: ["commit_mismatch"],
    },
  },
]);

describe("an answer", () => {
  it("about what was known then never changes, whatever is told later", async () => {
    const one = ledger();
    await one.tell(runs);
    await one.tell(pushed("07:00", ONE, { tag: "1.4" }));
    const question = { at: "09:00", knownAt: "12:00" };
    const before = await one.ask(question);
    expect(before).toMatchObject({ status: "running", settled: true });
    for (const each of [backdated, ...Object.values(late), takenBack("16:00", runs)]) await one.tell(each);
    expect(await one.ask(question)).toEqual(before);
    expect(await one.ask({ at: "09:00" })).not.toEqual(before);
  });

  it.each([
    ["settled, a settle time after its knowledge", "2027-01-01T23:59:59.000Z", true],
    ["not settled, a moment sooner", "2027-01-01T23:59:59.001Z", false],
    ["not settled now", "2027-01-02T00:00:00.000Z", false],
  ])("is %s", async (_, knownAt, settled) => {
    const one = ledger();
    await one.tell(runs);
    expect(await one.ask({ knownAt })).toMatchObject({ settled, knownAt });
  });
});

describe("a statement", () => {
  it("is stamped with the ledger's time, which no sender sets", async () => {
    const one = ledger();
    expect(await one.tell(learned("15:00", runs))).toMatchObject({
      outcome: "recorded",
      fact: { occurredAt: time("08:00"), recordedAt: time("15:00"), reportedBy: "ci" },
    });
  });

  it.each([
    ["recorded, ten minutes ahead of the ledger's clock", "07:50", "recorded"],
    ["rejected, more than ten minutes ahead of the ledger's clock", "07:49:59.999", "rejected"],
    ["recorded, years after it happened", "2029-01-01T00:00:00.000Z", "recorded"],
  ])("is %s", async (_, recordedAt, outcome) => {
    expect(await ledger().tell(learned(recordedAt, runs))).toMatchObject({ outcome });
  });
});
