/** The history of the gate's policy: when it is recorded, and which one decides about a change of the past. */
import { afterAll, describe, expect, it } from "vitest";
import { recordPolicy, recordPolicyOrLog } from "../../functions/ledger/policies.ts";
import { Audit } from "../../schemas/answers/audit.ts";
import type { GatePolicy } from "../../schemas/settings/gate-policy.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors } from "./given.ts";

afterAll(cleanUp);

const requiring = (...require: GatePolicy[number]["require"]): GatePolicy => [
  { environment: "prod*", require, reviewWithinDays: require.length },
  { environment: "qa", require: ["build_evidence"] },
];
const [BUILT, TESTED] = [requiring("build_evidence"), requiring("tests_passed", "build_evidence")];

const recorded = async ({ ledger }: GivenDoors) => {
  const facts = await ledger.store.get(
    [1, 2, 3, 4].map((n) => ({ source: "/asof/policies", id: String(n) })),
  );
  return facts
    .toSorted((a, b) => Number(a.id) - Number(b.id))
    .map((fact) => (fact.kind === "policy.changed" ? fact.policy : undefined));
};

const asked = async (doors: GivenDoors, more: Record<string, string> = {}) => {
  const query = { environment: "production", from: "2026-11-01", to: "2026-11-30", ...more };
  return Audit.parse((await doors.client("auditor").get("/v1/audit", query)).json);
};

/** At the beginning of each November day that is given, the ledger starts with a policy; a deployment at each noon. */
async function given(
  policies: readonly (readonly [day: string, policy: GatePolicy | undefined])[],
  days: readonly string[],
) {
  const doors = givenDoors();
  for (const [day, policy] of policies) {
    doors.setNow(`2026-11-${day}T00:00:00.000Z`);
    await recordPolicy(doors.ledger, policy);
  }
  doors.setNow("2026-11-22T09:00:00.000Z");
  for (const day of days) await doors.client("writer").say(deployed(day, `2026-11-${day}T12:00:00.000Z`));
  doors.setNow("2026-11-22T10:00:00.000Z");
  return doors;
}

describe("a policy", () => {
  it("is recorded when it differs from the last one, and when there is none any more", async () => {
    expect(
      await recorded(
        await given(
          [
            ["01", undefined],
            ["02", []],
          ],
          [],
        ),
      ),
    ).toEqual([]);
    const doors = await given(
      [
        ["01", BUILT],
        ["02", BUILT],
        ["03", TESTED],
        ["04", BUILT],
        ["05", undefined],
      ],
      [],
    );
    expect(await recorded(doors)).toEqual([BUILT, TESTED, BUILT, []]);
  });

  it("is recorded once by several processes that start with it, and by none out of order", async () => {
    const doors = givenDoors();
    await Promise.all([TESTED, TESTED, TESTED].map((policy) => recordPolicy(doors.ledger, policy)));
    expect(await recorded(doors)).toEqual([TESTED]);
    doors.setNow("2026-11-22T08:55:00.000Z");
    await recordPolicy(doors.ledger, BUILT);
    const facts = await doors.ledger.store.get(
      [1, 2].map((n) => ({ source: "/asof/policies", id: String(n) })),
    );
    const times = facts.toSorted((a, b) => Number(a.id) - Number(b.id)).map(({ occurredAt }) => occurredAt);
    expect(times).toEqual(times.toSorted());
  });

  it("does not keep a ledger from starting where the store fails", async () => {
    const doors = givenDoors();
    doors.setFault(() => "lost");
    await recordPolicyOrLog(doors.ledger, BUILT);
    expect(doors.logged()).toContain("the gate's policy could not be recorded");
  });

  it("cannot be retracted, nor reported by a sender", async () => {
    const doors = await given([["01", BUILT]], []);
    const target = { source: "/asof/policies", id: "1", reason: "no" };
    expect((await doors.client("admin").post("/v1/retractions", target)).status).toBe(422);
  });
});

describe("the audit report", () => {
  it("judges each change by the policy that was in force when it took effect", async () => {
    const doors = await given(
      [
        ["02", BUILT],
        ["06", TESTED],
        ["10", undefined],
      ],
      ["04", "08", "12"],
    );
    const { changes } = await asked(doors);
    expect(changes.map(({ requirements }) => requirements?.map(({ requirement }) => requirement))).toEqual([
      ["build_evidence"],
      ["build_evidence", "tests_passed"],
      undefined,
    ]);
    expect(changes.map(({ policy }) => policy?.assumed)).toEqual([false, false, undefined]);
    expect(changes.map(({ outcome }) => outcome?.due)).toEqual([
      "2026-11-05T12:00:00.000Z",
      "2026-11-10T12:00:00.000Z",
      "2026-11-26T12:00:00.000Z",
    ]);
  });

  it("lists the policy at the beginning and each later one with its rules there, and names the acts", async () => {
    const doors = await given(
      [
        ["02", BUILT],
        ["06", TESTED],
      ],
      ["08"],
    );
    const { policies = [], policyRecordedSince, acts } = await asked(doors, { from: "2026-11-05" });
    expect(policyRecordedSince).toBe("2026-11-02T00:00:00.000Z");
    expect(policies.map(({ since, rules }) => [since.slice(0, 10), rules])).toEqual([
      ["2026-11-02", BUILT.slice(0, 1)],
      ["2026-11-06", TESTED.slice(0, 1)],
    ]);
    expect(acts).toMatchObject([{ what: "policy.changed", reportedBy: "asof" }]);
  });

  it("says where no policy was recorded yet, and takes the first one that was", async () => {
    const { changes, policyRecordedSince } = await asked(await given([["06", TESTED]], ["04", "08"]));
    expect(policyRecordedSince).toBe("2026-11-06T00:00:00.000Z");
    expect(changes.map(({ policy }) => policy?.assumed)).toEqual([true, false]);
    expect(changes[0]?.policy?.sha256).toBe(changes[1]?.policy?.sha256);
    const never = await asked(await given([], ["04"]));
    expect([never.policyRecordedSince, never.policies, never.changes[0]?.policy]).toEqual([
      null,
      [],
      undefined,
    ]);
  });

  it("is the same again by what was known at a time, whatever policy came since", async () => {
    const doors = await given([["02", BUILT]], ["04"]);
    const before = await asked(doors, { knownAt: "2026-11-22T09:30:00.000Z" });
    doors.setNow("2026-11-23T00:00:00.000Z");
    await recordPolicy(doors.ledger, TESTED);
    doors.setNow("2026-11-24T00:00:00.000Z");
    const after = await asked(doors, { knownAt: "2026-11-22T09:30:00.000Z" });
    expect(after).toEqual({ ...before, settled: after.settled });
  });
});
