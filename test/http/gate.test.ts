/** The gate at its door: who may ask, and what a pipeline hears. */
import { afterAll, describe, expect, it } from "vitest";
import { ROLES } from "../../functions/ledger/authority/authority.ts";
import { Gate } from "../../schemas/answers/gate.ts";
import { event } from "../client.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { BOUND, cleanUp, deployed, givenDoors, problemOf } from "./given.ts";

afterAll(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };
const ASKED = { ...PLACE, digest: digestOf("new") };

async function told() {
  const given = givenDoors();
  const commit = { repository: "https://github.com/acme/billing", sha: shaOf("new") };
  for (const one of [
    deployed("1"),
    event("artifact.pushed", "push", "2026-10-21T08:00:00.000Z", {
      digest: ASKED.digest,
      repository: "ghcr.io/acme/billing",
    }),
    event("artifact.built", "build", "2026-10-21T08:00:00.000Z", {
      digest: ASKED.digest,
      commit,
      evidence: "declared",
    }),
  ]) {
    expect((await given.client().say(one)).status).toBe(201);
  }
  return given;
}

describe("GET /v1/gate", () => {
  it.each([...ROLES])("is open to %s, for pipelines hold writers' tokens", async (role) => {
    const { client } = await told();
    const { status, json } = await client(role).get("/v1/gate", ASKED);
    expect(status).toBe(200);
    expect(Gate.parse(json)).toMatchObject({ ...ASKED, allowed: true, reasons: [], warnings: [] });
  });

  it("is closed to who has no token", async () => {
    const { stranger } = givenDoors();
    expect(problemOf(await stranger().get("/v1/gate", ASKED)).status).toBe(401);
  });

  it("says no from the freeze on until its end", async () => {
    const { client } = await told();
    const allowed = async () => Gate.parse((await client("writer").get("/v1/gate", ASKED)).json).allowed;
    const operator = client("operator");
    await operator.post("/v1/freezes", { ...PLACE, reason: "a rollback" });
    expect(await allowed()).toBe(false);
    await operator.post("/v1/freezes/end", { environment: PLACE.environment });
    expect(await allowed()).toBe(false);
    await operator.post("/v1/freezes/end", PLACE);
    expect(await allowed()).toBe(true);
  });

  it("says no from a bad mark on until a good one", async () => {
    const { client } = await told();
    const reasons = async () =>
      Gate.parse((await client("writer").get("/v1/gate", ASKED)).json).reasons.map(({ code }) => code);
    const mark = async (verdict: string) =>
      client("operator").post("/v1/marks", { digest: ASKED.digest, verdict });
    await mark("bad");
    expect(await reasons()).toEqual(["marked_bad"]);
    await mark("good");
    expect(await reasons()).toEqual([]);
  });

  it("answers of a ledger that heard nothing yet", async () => {
    const { client } = givenDoors();
    const { status, json } = await client("writer").get("/v1/gate", ASKED);
    expect(status).toBe(200);
    expect(Gate.parse(json)).toMatchObject({
      allowed: false,
      reasons: [{ code: "unknown_to_registry" }, { code: "no_commit" }],
      warnings: [{ code: "environment_unknown" }],
    });
  });

  it("answers what it would have said, as of a moment", async () => {
    const { client } = await told();
    await client("operator").post("/v1/marks", { digest: ASKED.digest, verdict: "bad" });
    const { json } = await client("reader").get("/v1/gate", { ...ASKED, at: "2026-11-21" });
    expect(Gate.parse(json)).toMatchObject({ at: "2026-11-21T23:59:59.999Z", allowed: true });
  });

  it("tells a writer that is bound to environments nothing of others", async () => {
    const { stranger } = await told();
    expect(problemOf(await stranger(BOUND).get("/v1/gate", ASKED))).toMatchObject({
      status: 403,
      detail: expect.stringContaining("Staging"),
    });
    expect((await stranger(BOUND).get("/v1/gate", { ...ASKED, environment: "staging" })).status).toBe(200);
  });

  it.each([
    [PLACE, "digest"],
    [{ ...PLACE, digest: "latest" }, "digest"],
    [{ service: PLACE.service, digest: ASKED.digest }, "environment"],
    [{ environment: PLACE.environment, digest: ASKED.digest }, "service"],
    [{ ...ASKED, force: "true" }, "force"],
    [{ ...ASKED, knownAt: "2027-01-01" }, "future"],
  ])("refuses %j", async (asked, why) => {
    const { client } = givenDoors();
    const { status, detail } = problemOf(await client("writer").get("/v1/gate", asked));
    expect(status).toBe(422);
    expect(detail).toContain(why);
  });
});
