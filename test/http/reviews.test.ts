/** Reviews of changes after they took effect: the newest counts, as far as it was known. */
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { Audit } from "../../schemas/answers/audit.ts";
import type { GatePolicy } from "../../schemas/settings/gate-policy.ts";
import { event, outcomesOf } from "../client.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors, problemOf, SECRETS, tokenOf } from "./given.ts";

afterAll(cleanUp);

const CHANGE = { source: "/test", id: "d1" };
const SAID = { ...CHANGE, verdict: "accepted", comment: "a rollback at night" };

let doors: GivenDoors;
beforeEach(async () => {
  doors = givenDoors();
  for (const one of [
    deployed("d1", "2026-11-10T08:00:00.000Z"),
    event("change.noted", "n1", "2026-11-11T08:00:00.000Z", {
      environment: "production",
      type: "flag",
      title: "new invoices",
    }),
  ])
    expect(outcomesOf(await doors.client("writer").say(one))).toEqual(["recorded"]);
});

const review = (more: object = {}, role: Parameters<GivenDoors["client"]>[0] = "operator") =>
  doors.client(role).post("/v1/reviews", { ...SAID, ...more });
const outcomes = async (more: Record<string, string> = {}) => {
  const asked = { environment: "production", from: "2026-11-01", to: "2026-11-30", ...more };
  const { json } = await doors.client("auditor").get("/v1/audit", asked);
  return Audit.parse(json).changes.map(({ outcome }) => outcome);
};

describe("an exception", () => {
  it("is open, then overdue, and what is none has nothing to review", async () => {
    const due = "2026-11-24T08:00:00.000Z";
    expect(await outcomes()).toEqual([{ state: "open", due }, null]);
    doors.setNow("2026-11-24T08:01:00.000Z");
    expect(await outcomes()).toEqual([{ state: "overdue", due }, null]);
    // As of an earlier time it is what it was then.
    expect(await outcomes({ knownAt: "2026-11-23" })).toEqual([{ state: "open", due }, null]);
  });

  it("has the days that the policy gives where it ran, the fewest of several rules", async () => {
    const rule = (reviewWithinDays: number, environment = "prod*"): GatePolicy[number] => ({
      ...{ environment, require: ["build_evidence"], reviewWithinDays },
    });
    const { store, people } = doors.ledger;
    doors = givenDoors({ store, people, gatePolicy: [rule(5), rule(30, "*"), rule(1, "qa")] });
    doors.setNow("2026-11-22T10:00:00.000Z");
    expect(await outcomes()).toMatchObject([{ state: "overdue", due: "2026-11-15T08:00:00.000Z" }, null]);
  });

  it("is reviewed once there is a review: the newest counts, as far as it was known", async () => {
    expect(outcomesOf(await review())).toEqual(["recorded"]);
    expect(outcomesOf(await review())).toEqual(["duplicate"]);
    const first = {
      state: "reviewed",
      verdict: "accepted",
      comment: "a rollback at night",
      by: "operator-1",
    };
    expect(await outcomes()).toMatchObject([first, null]);
    doors.setNow("2026-11-22T10:00:00.000Z");
    expect(outcomesOf(await review({ verdict: "rejected", comment: "no" }, "admin"))).toEqual(["recorded"]);
    const second = { state: "reviewed", verdict: "rejected", comment: "no", by: "admin-1" };
    expect(await outcomes()).toMatchObject([second, null]);
    expect(await outcomes({ knownAt: "2026-11-22T09:30:00.000Z" })).toMatchObject([first, null]);
  });

  it("is as before once its review is retracted", async () => {
    await review();
    await review({ verdict: "rejected" });
    const [outcome] = await outcomes();
    const fact = outcome?.state === "reviewed" ? outcome.fact : expect.fail("has no review");
    const retracted = await doors.client().post("/v1/retractions", { ...fact, reason: "of another change" });
    expect(outcomesOf(retracted)).toEqual(["recorded"]);
    expect(await outcomes()).toMatchObject([{ verdict: "accepted" }, null]);
  });
});

describe("a review", () => {
  it("is an operator's, with grants for where the change was", async () => {
    for (const role of ["reader", "writer", "auditor", "executor"] as const)
      expect((await review({}, role)).status).toBe(403);
    const token = "a-token-of-staging-alone";
    const bound = givenDoors({
      ...{ store: doors.ledger.store, people: doors.ledger.people },
      secrets: async () => ({
        tokens: parseTokens(`operator:bound:${token}:environments=staging,operator:o:${tokenOf("operator")}`),
        webhooks: SECRETS,
      }),
    });
    // What the token may not see, it does not hear of either.
    expect(problemOf(await bound.stranger(token).post("/v1/reviews", SAID)).status).toBe(422);
  });

  it("is of a change that is known, with a verdict and a comment", async () => {
    for (const more of [{ id: "none" }, { verdict: "fine" }, { comment: "" }])
      expect((await review(more)).status).toBe(422);
    await doors.client("writer").say(
      event("artifact.pushed", "p", "2026-11-10T07:00:00.000Z", {
        repository: "ghcr.io/acme/billing",
        tag: "1",
        digest: `sha256:${"0".repeat(64)}`,
      }),
    );
    expect(problemOf(await review({ id: "p" })).detail).toContain("no change of an environment");
  });
});
