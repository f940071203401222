/** One click: what is asked to be put back, who may ask, and what became of it. */
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { append } from "../../functions/ledger/append.ts";
import { Gate } from "../../schemas/answers/gate.ts";
import { Plan } from "../../schemas/plan.ts";
import { Redeployment, RedeploymentList, Redeployments, Refusal } from "../../schemas/redeployment.ts";
import { type Answer, type Client, event } from "../client.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { cleanUp, type GivenDoors, givenDoors, OTHER_EXECUTOR, problemOf } from "./given.ts";

afterAll(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };
const REPOSITORY = "ghcr.io/acme/billing";
const ONE = digestOf("one");
const TWO = digestOf("two");
const WEEK_AGO = "2026-11-15T12:00:00.000Z";

let count = 0;
const id = (): string => `test/${++count}`;

const reported = (
  kind: string,
  time: string,
  digest: string | undefined,
  more: object = {},
  components = [{ component: "main", repository: REPOSITORY, ...(digest === undefined ? {} : { digest }) }],
) =>
  event(`deployment.${kind}`, id(), time, {
    ...PLACE,
    deployment: { provider: "test", instance: "here", id: `${digest}` },
    components,
    ...more,
  });

const pushed = (time: string, digest: string) =>
  event("artifact.pushed", id(), time, { repository: REPOSITORY, digest });
const built = (time: string, digest: string) =>
  event("artifact.built", id(), time, {
    digest,
    repository: REPOSITORY,
    commit: { repository: "https://github.com/acme/billing", sha: shaOf(digest) },
  });

/** A service whose second release is broken. */
async function broken(more: Partial<GivenDoors["ledger"]> = {}) {
  const given = givenDoors(more);
  const admin = given.client("admin");
  for (const [time, digest] of [
    ["2026-11-10T10:00:00.000Z", ONE],
    ["2026-11-20T10:00:00.000Z", TWO],
  ] as const) {
    for (const said of [pushed(time, digest), built(time, digest), reported("succeeded", time, digest)])
      await admin.say(said);
  }
  return { ...given, operator: given.client("operator"), admin };
}

async function planned(client: Client, question = `at=${WEEK_AGO}`): Promise<Plan> {
  const { environment, service } = PLACE;
  const answer = await client.get(
    `/v1/plan?environment=${environment}&service=${encodeURIComponent(service)}&${question}`,
  );
  return Plan.parse(answer.json);
}

const bodyOf = (plan: Plan, more: object = {}) => ({
  ...PLACE,
  at: WEEK_AGO,
  expectedCurrent: TWO,
  planHash: plan.hash,
  reason: "invoices are rounded wrongly",
  ...more,
});

const click = (client: Client, body: object, key = "click-1"): Promise<Answer> =>
  client.post("/v1/redeployments", body, { "idempotency-key": key });

const onlyOf = (answer: Answer): Redeployment => {
  const { redeployments } = Redeployments.parse(answer.json);
  expect(redeployments).toHaveLength(1);
  return z.tuple([Redeployment]).parse(redeployments)[0];
};

const statusOf = async (client: Client, id: string): Promise<Redeployment> =>
  Redeployment.parse((await client.get(`/v1/redeployments/${id}`)).json);

const codesOf = (answer: Answer): string[] => {
  problemOf(answer);
  const { refusals } = z.looseObject({ refusals: z.array(Refusal) }).parse(answer.json);
  return refusals.map(({ code }) => code);
};

async function gateOf(client: Client, digest: string): Promise<Gate> {
  const { environment, service } = PLACE;
  const answer = await client.get(
    `/v1/gate?environment=${environment}&service=${encodeURIComponent(service)}&digest=${digest}`,
  );
  return Gate.parse(answer.json);
}

describe("a release that is asked back", () => {
  it("is recorded with the question and the plan's hash, and is answered by its id", async () => {
    const { operator } = await broken();
    const plan = await planned(operator);
    const answer = await click(operator, bodyOf(plan));
    expect(answer.status).toBe(201);
    const redeployment = onlyOf(answer);
    expect(answer.headers.get("location")).toBe(`/v1/redeployments/${redeployment.id}`);
    expect(redeployment).toMatchObject({
      ...PLACE,
      status: "requested",
      requestedBy: "operator-1",
      reason: "invoices are rounded wrongly",
      planHash: plan.hash,
      components: [{ component: "main", image: `${REPOSITORY}@${ONE}` }],
      startedAt: null,
      endedAt: null,
    });
    expect(Date.parse(redeployment.deadline) - Date.parse(redeployment.requestedAt)).toBeCloseTo(
      3600_000,
      -2,
    );
    expect(await statusOf(operator, redeployment.id)).toMatchObject({ status: "requested" });
    const again = Plan.parse((await operator.get(redeployment.plan)).json);
    expect(again.hash).toBe(plan.hash);
  });

  it("is one redeployment, however often one click is sent again", async () => {
    const { operator } = await broken();
    const plan = await planned(operator);
    const answers = await Promise.all(Array.from({ length: 20 }, () => click(operator, bodyOf(plan))));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(19).fill(200), 201]);
    expect(new Set(answers.map((answer) => onlyOf(answer).id)).size).toBe(1);
    const later = await click(operator, bodyOf(plan));
    expect(later.status).toBe(200);
    const otherwise = await click(operator, bodyOf(plan, { reason: "another" }));
    expect(problemOf(otherwise).detail).toContain("Idempotency-Key");
  });
});

describe("a release is not put back", () => {
  const key = { "idempotency-key": "1" };
  it.each([
    ["without a key", {}, {}, 422, "Idempotency-Key"],
    ["without a reason", { reason: "" }, key, 422, "reason"],
    ["without a plan that was looked at", { planHash: undefined }, key, 422, "planHash"],
    ["without what is expected to run", { expectedCurrent: undefined }, key, 422, "expectedCurrent"],
    ["to two releases", { digest: ONE }, key, 422, "exactly one"],
    ["as a whole with one service", { all: true }, key, 422, "service and all"],
    ["where nobody heard of it", { service: "acme/nothing" }, key, 404, "acme/nothing"],
    ["with a service that its plan could not name", { acceptShared: ["a, b"] }, key, 422, "comma"],
    ["for ever", { timeoutSeconds: 86_401 }, key, 422, "timeoutSeconds"],
  ])("%s", async (_, more, headers, status, why) => {
    const { operator } = await broken();
    const plan = await planned(operator);
    const problem = problemOf(await operator.post("/v1/redeployments", bodyOf(plan, more), headers));
    expect(problem).toMatchObject({ status, detail: expect.stringContaining(why) });
  });

  it.each(["reader", "writer", "executor", "auditor"] as const)("by a %s", async (role) => {
    const { operator, client } = await broken();
    const plan = await planned(operator);
    expect((await click(client(role), bodyOf(plan))).status).toBe(403);
  });

  it.each([
    ["something else runs than was expected", { expectedCurrent: ONE }, "current_changed"],
    ["something runs where nothing was expected", { expectedCurrent: null }, "current_changed"],
    ["the plan is another", { planHash: "0".repeat(64) }, "plan_changed"],
    ["the plan was looked at for another schema", { schema: "revert", at: "2026-11-14" }, "plan_changed"],
  ])("where %s", async (_, more, code) => {
    const { operator } = await broken();
    const plan = await planned(operator);
    expect(codesOf(await click(operator, bodyOf(plan, more)))).toEqual([code]);
  });

  it("where it was deployed anew since the plan was looked at", async () => {
    const { operator, admin } = await broken();
    const plan = await planned(operator);
    await admin.say(reported("succeeded", "2026-11-21T10:00:00.000Z", digestOf("three")));
    expect(codesOf(await click(operator, bodyOf(plan)))).toEqual(["current_changed"]);
  });

  it("where its plan is blocked", async () => {
    const { operator, admin } = await broken();
    await admin.say(
      event("artifact.deleted", id(), "2026-11-21T10:00:00.000Z", {
        repository: REPOSITORY,
        digest: ONE,
        what: "manifest",
      }),
    );
    const plan = await planned(operator);
    expect(plan.status).toBe("blocked");
    expect(codesOf(await click(operator, bodyOf(plan)))).toEqual(["plan_blocked"]);
  });

  it.each([{ environment: "production" }, PLACE])("in a freeze of %o", async (place) => {
    const { operator } = await broken();
    const plan = await planned(operator);
    await operator.post("/v1/freezes", { ...place, reason: "quarter's end" });
    const refused = await click(operator, bodyOf(plan));
    expect(codesOf(refused)).toEqual(["frozen"]);
    expect(problemOf(refused).detail).toContain("quarter's end");
    await operator.post("/v1/freezes/end", place);
    expect((await click(operator, bodyOf(plan))).status).toBe(201);
  });
});

describe("what became of it", () => {
  const AT = "2026-11-22T09:05:00.000Z";

  /** A click, and a clock that shows ten minutes later. */
  async function clicked(more: object = {}) {
    const given = await broken();
    const plan = await planned(given.operator);
    const { id } = onlyOf(await click(given.operator, bodyOf(plan, more)));
    given.setNow("2026-11-22T09:10:00.000Z");
    return { ...given, id, status: () => statusOf(given.operator, id) };
  }
  const by = (id: string) => ({ redeployment: id });

  it("is that it started, and succeeded, by a deployment that names it", async () => {
    const { admin, status, id } = await clicked();
    await admin.say(reported("started", "2026-11-22T09:04:00.000Z", undefined, by(id)));
    expect(await status()).toMatchObject({ status: "started", startedAt: "2026-11-22T09:04:00.000Z" });
    await admin.say(reported("succeeded", AT, undefined, by(id)));
    expect(await status()).toMatchObject({ status: "succeeded", endedAt: AT, why: null });
  });

  it.each([
    ["that brings its image", reported("succeeded", AT, ONE), "succeeded"],
    ["that shows its image", reported("observed", AT, ONE, { deployment: undefined }), "succeeded"],
    ["that began to bring its image", reported("started", AT, ONE), "started"],
    ["that failed to", reported("failed", AT, ONE), "failed"],
    ["of another image", reported("succeeded", AT, digestOf("three")), "requested"],
    ["of another service", reported("succeeded", AT, ONE, { service: "acme/web" }), "requested"],
    ["elsewhere", reported("succeeded", AT, ONE, { environment: "staging" }), "requested"],
    ["of another redeployment", reported("succeeded", AT, ONE, by("another")), "requested"],
    ["from before", reported("succeeded", "2026-11-22T08:59:59.000Z", ONE), "requested"],
    ["in the second of the request", reported("succeeded", "2026-11-22T09:00:00.000Z", ONE), "succeeded"],
  ])("is by a deployment %s: %s", async (_, said, expected) => {
    const { admin, status } = await clicked();
    await admin.say(said);
    expect(await status()).toMatchObject({ status: expected });
  });

  it("is told to have been undone, by whom and when, once a later sync brought other images", async () => {
    const { admin, status, setNow, id } = await clicked();
    await admin.say(reported("succeeded", AT, ONE, by(id)));
    expect(await status()).toMatchObject({ status: "succeeded", undone: null });
    setNow("2026-11-22T12:00:00.000Z");
    const sync = "2026-11-22T10:00:00.000Z";
    await admin.say(reported("succeeded", sync, TWO, { actor: "argocd" }));
    await admin.say(reported("succeeded", "2026-11-22T11:00:00.000Z", digestOf("three")));
    expect(await status()).toMatchObject({
      status: "succeeded",
      endedAt: AT,
      undone: { at: sync, by: "argocd", warnings: [{ code: "rollback_undone" }] },
    });
    await admin.say(reported("succeeded", "2026-11-22T11:30:00.000Z", ONE));
    expect((await status()).undone).toBeNull();
  });

  it("is found by a related digest, and by a tag", async () => {
    const related = await clicked();
    const manifest = digestOf("one for amd64");
    await related.admin.say(
      event("artifact.indexed", id(), "2026-11-10T09:00:00.000Z", {
        digest: ONE,
        manifests: [{ digest: manifest, platform: "linux/amd64" }],
      }),
    );
    await related.admin.say(reported("succeeded", AT, manifest));
    expect(await related.status()).toMatchObject({ status: "succeeded" });

    const tagged = await clicked();
    await tagged.admin.say(
      event("artifact.pushed", id(), "2026-11-10T10:00:00.000Z", {
        repository: REPOSITORY,
        digest: ONE,
        tag: "1.0",
      }),
    );
    const byTag = [{ component: "main", repository: REPOSITORY, tag: "1.0" }];
    await tagged.admin.say(reported("succeeded", AT, undefined, {}, byTag));
    expect(await tagged.status()).toMatchObject({ status: "succeeded" });
  });

  it.each([
    ["names it, and says nothing of images", { components: [{ component: "main" }] }],
    ["names it, and brings other images", { components: [{ component: "main", digest: digestOf("x") }] }],
  ])("is not by a deployment of another service that %s", async (_, more) => {
    const { admin, status, id } = await clicked();
    await admin.say(
      reported("succeeded", AT, undefined, { ...more, service: "acme/other", redeployment: id }),
    );
    expect(await status()).toMatchObject({ status: "requested" });
  });

  it("is not that a canary of it runs beside what ran", async () => {
    const { admin, status } = await clicked();
    const variants = (stable: string) => [
      { component: "main", variant: "stable", weight: 90, repository: REPOSITORY, digest: stable },
      { component: "main", variant: "canary", weight: 10, repository: REPOSITORY, digest: ONE },
    ];
    await admin.say(reported("succeeded", "2026-11-22T09:03:00.000Z", undefined, {}, variants(TWO)));
    expect(await status()).toMatchObject({ status: "requested" });
    await admin.say(reported("succeeded", AT, undefined, {}, variants(ONE)));
    expect(await status()).toMatchObject({ status: "succeeded" });
  });

  it("is a failure where its deployment brings another image", async () => {
    const { admin, status, id } = await clicked();
    await admin.say(reported("succeeded", AT, digestOf("three"), by(id)));
    expect(await status()).toMatchObject({ status: "failed", why: expect.stringContaining("other images") });
  });

  it("is not that what runs already is seen to run", async () => {
    const given = await broken();
    const plan = await planned(given.operator, "at=2026-11-21");
    expect(plan.warnings.map(({ code }) => code)).toContain("already_running");
    const { id } = onlyOf(await click(given.operator, bodyOf(plan, { at: "2026-11-21" })));
    given.setNow("2026-11-22T09:10:00.000Z");
    await given.admin.say(reported("observed", AT, TWO, { deployment: undefined }));
    expect(await statusOf(given.operator, id)).toMatchObject({ status: "requested" });
    await given.admin.say(reported("succeeded", AT, TWO));
    expect(await statusOf(given.operator, id)).toMatchObject({ status: "succeeded" });
  });

  it("is that time ran out, and then another click counts", async () => {
    const { operator, status, setNow, admin, id } = await clicked({ timeoutSeconds: 60 });
    expect(await status()).toMatchObject({
      status: "timed out",
      endedAt: expect.stringContaining("09:01:00"),
    });
    const late = await operator.post(`/v1/redeployments/${id}/end`, { outcome: "succeeded" });
    expect(problemOf(late)).toMatchObject({ status: 409, detail: expect.stringContaining("timed out") });
    setNow("2026-11-22T09:20:00.000Z");
    await admin.say(reported("succeeded", "2026-11-22T09:15:00.000Z", ONE));
    expect(await status()).toMatchObject({ status: "timed out" });
    const plan = await planned(operator);
    const next = onlyOf(await click(operator, bodyOf(plan, { expectedCurrent: ONE }), "click-2"));
    expect(next.id).toBe(id.replace(/1$/, "2"));
  });

  it("holds off the next for a minute more, for another machine's clock may be behind", async () => {
    const { operator, status, setNow } = await clicked({ timeoutSeconds: 60 });
    setNow("2026-11-22T09:01:30.000Z");
    expect(await status()).toMatchObject({ status: "timed out" });
    const plan = await planned(operator);
    expect(codesOf(await click(operator, bodyOf(plan), "click-2"))).toEqual(["redeployment_running"]);
    setNow("2026-11-22T09:02:30.000Z");
    expect((await click(operator, bodyOf(plan), "click-3")).status).toBe(201);
  });

  it("may be said by whoever carries it out, once", async () => {
    const { client, status, id } = await clicked();
    const executor = client("executor");
    const end = (body: object) => executor.post(`/v1/redeployments/${id}/end`, body);
    expect((await end({ outcome: "failed", reason: "no such host" })).status).toBe(201);
    expect(await status()).toMatchObject({ status: "failed", why: "no such host" });
    expect((await end({ outcome: "failed", reason: "no such host" })).status).toBe(200);
    expect((await end({ outcome: "succeeded" })).status).toBe(409);
    expect((await executor.post("/v1/redeployments/1.1/end", { outcome: "failed" })).status).toBe(404);
  });

  it("is ended by the executor that took it, or an operator, and nobody else", async () => {
    const { client, stranger, operator, status, id } = await clicked();
    const [one, other] = [client("executor"), stranger(OTHER_EXECUTOR)];
    const take = async (who: Client) => (await who.post(`/v1/redeployments/${id}/take`, {})).status;
    const end = (who: Client, body: object) => who.post(`/v1/redeployments/${id}/end`, body);
    expect([await take(one), await take(one), await take(other)]).toEqual([201, 200, 409]);
    const refused = await end(other, { outcome: "failed" });
    expect(problemOf(refused)).toMatchObject({ status: 403, detail: expect.stringContaining("executor-1") });
    expect(await status()).toMatchObject({ status: "requested" });
    expect((await end(one, { outcome: "succeeded" })).status).toBe(201);
    expect(await take(one)).toBe(409);
    const second = await clicked();
    await second.client("executor").post(`/v1/redeployments/${second.id}/take`, {});
    const ended = await second.operator.post(`/v1/redeployments/${second.id}/end`, { outcome: "failed" });
    expect(ended.status).toBe(201);
    expect((await operator.post("/v1/redeployments/1.1/take", {})).status).toBe(404);
  });

  it("does not depend on the order in which it is told", async () => {
    const said = (id: string) => [
      reported("started", "2026-11-22T09:03:00.000Z", ONE),
      reported("failed", "2026-11-22T09:04:00.000Z", ONE, by(id)),
      reported("succeeded", "2026-11-22T09:06:00.000Z", ONE),
    ];
    const [up, down] = [await clicked(), await clicked()];
    for (const one of said(up.id)) await up.admin.say(one);
    for (const one of said(down.id).reverse()) await down.admin.say(one);
    expect(await up.status()).toMatchObject({ status: "failed", startedAt: "2026-11-22T09:03:00.000Z" });
    expect(await down.status()).toMatchObject({ status: "failed", startedAt: "2026-11-22T09:03:00.000Z" });
  });

  it("needs all components of a release", async () => {
    const given = givenDoors();
    const admin = given.client("admin");
    const both = (one: string, other: string) => [
      { component: "api", repository: "ghcr.io/acme/api", digest: digestOf(one) },
      { component: "web", repository: "ghcr.io/acme/web", digest: digestOf(other) },
    ];
    await admin.say(reported("succeeded", "2026-11-10T10:00:00.000Z", undefined, {}, both("a1", "w1")));
    await admin.say(reported("succeeded", "2026-11-20T10:00:00.000Z", undefined, {}, both("a2", "w2")));
    const plan = await planned(admin);
    const { id } = onlyOf(await click(admin, bodyOf(plan, { expectedCurrent: digestOf("w2") })));
    given.setNow("2026-11-22T09:10:00.000Z");
    const [api, web] = both("a1", "w1");
    const part = { scope: "components" };
    await admin.say(reported("succeeded", AT, undefined, part, api === undefined ? [] : [api]));
    expect(await statusOf(admin, id)).toMatchObject({ status: "requested" });
    await admin.say(reported("succeeded", AT, undefined, part, web === undefined ? [] : [web]));
    expect(await statusOf(admin, id)).toMatchObject({ status: "succeeded" });
  });
});

describe("a service that was put back", () => {
  it("is frozen from the request on: the gate lets its own image through, and no other", async () => {
    const { operator, admin } = await broken();
    const plan = await planned(operator);
    expect((await gateOf(operator, TWO)).allowed).toBe(true);
    const { id } = onlyOf(await click(operator, bodyOf(plan)));
    const refused = await gateOf(operator, TWO);
    expect(refused.reasons).toMatchObject([{ code: "frozen", message: expect.stringContaining(id) }]);
    expect(refused.reasons[0]?.message).toContain("invoices are rounded wrongly");
    expect(await gateOf(operator, ONE)).toMatchObject({ allowed: true, reasons: [] });
    await admin.say(reported("succeeded", "2026-11-22T09:00:00.500Z", ONE));
    expect((await gateOf(operator, TWO)).allowed).toBe(false);
    await operator.post("/v1/freezes/end", PLACE);
    expect((await gateOf(operator, TWO)).allowed).toBe(true);
  });

  it("lets in what an operator asked back, whatever else would speak against it", async () => {
    const { operator, admin } = await broken();
    const bare = digestOf("bare");
    for (const [time, digest] of [
      ["2026-11-12T10:00:00.000Z", bare],
      ["2026-11-21T10:00:00.000Z", TWO],
    ] as const) {
      await admin.say(reported("succeeded", time, digest));
    }
    await operator.post("/v1/marks", { digest: bare, verdict: "bad", reason: "slow" });
    const codes = (await gateOf(operator, bare)).reasons.map(({ code }) => code);
    expect(codes).toEqual(["marked_bad", "unknown_to_registry", "no_commit"]);
    const plan = await planned(operator, `digest=${bare}`);
    expect(plan.status).toBe("ready");
    await click(operator, bodyOf(plan, { at: undefined, digest: bare }));
    const gate = await gateOf(operator, bare);
    expect(gate).toMatchObject({ allowed: true, reasons: [] });
    expect(gate.warnings.filter(({ code }) => code === "asked_back")).toHaveLength(3);
    await operator.post("/v1/freezes", { environment: "production", reason: "hands off" });
    expect(await gateOf(operator, bare)).toMatchObject({ allowed: false, reasons: [{ code: "frozen" }] });
  });

  it("is refused what somebody said against it after that, though it was asked back", async () => {
    const { operator, setNow, admin } = await broken();
    await click(operator, bodyOf(await planned(operator)));
    setNow("2026-11-22T09:10:00.000Z");
    await operator.post("/v1/marks", { digest: ONE, verdict: "bad", reason: "it loses orders" });
    setNow("2026-11-22T09:11:00.000Z");
    expect((await gateOf(operator, ONE)).reasons).toMatchObject([{ code: "marked_bad" }]);
    await operator.post("/v1/marks", { digest: ONE, verdict: "good" });
    const deleted = { repository: REPOSITORY, digest: ONE, what: "manifest" };
    await admin.say(event("artifact.deleted", id(), "2026-11-22T09:11:00.000Z", deleted));
    setNow("2026-11-22T09:12:00.000Z");
    expect((await gateOf(operator, ONE)).reasons).toMatchObject([{ code: "unknown_to_registry" }]);
  });

  it("stays frozen by a person, though a request came after all: neither hides the other", async () => {
    const { operator, setNow, ledger } = await broken();
    const plan = await planned(operator);
    // The freeze was on its way to an index when the request was made.
    await operator.post("/v1/redeployments", bodyOf(plan), { "idempotency-key": "1" });
    const frozen = {
      kind: "environment.frozen",
      source: "/asof/freezes",
      id: "late",
      occurredAt: "2026-11-22T08:59:59.000Z",
      ...PLACE,
      reason: "hands off",
    };
    await append(ledger, frozen, { reportedBy: "operator-1", vendor: "freezes" });
    setNow("2026-11-22T09:10:00.000Z");
    expect((await gateOf(operator, ONE)).reasons).toMatchObject([
      { code: "frozen", message: expect.stringContaining("hands off") },
    ]);
    expect((await gateOf(operator, TWO)).reasons).toHaveLength(2);
    await operator.post("/v1/freezes/end", PLACE);
    setNow("2026-11-22T09:11:00.000Z");
    expect(await gateOf(operator, TWO)).toMatchObject({ allowed: true });
  });

  it("is frozen and ended by whoever spoke last, whichever machine's clock is behind", async () => {
    const { operator, setNow } = await broken();
    setNow("2026-11-22T09:00:05.000Z");
    await operator.post("/v1/freezes", { ...PLACE, reason: "hands off" });
    setNow("2026-11-22T09:00:01.000Z");
    expect(codesOf(await click(operator, bodyOf(await planned(operator))))).toEqual(["frozen"]);
    await operator.post("/v1/freezes/end", PLACE);
    setNow("2026-11-22T09:01:00.000Z");
    expect((await gateOf(operator, TWO)).allowed).toBe(true);
    const plan = await planned(operator);
    expect((await click(operator, bodyOf(plan))).status).toBe(201);
    setNow("2026-11-22T09:00:30.000Z");
    await operator.post("/v1/freezes/end", PLACE);
    setNow("2026-11-22T09:02:00.000Z");
    expect((await gateOf(operator, TWO)).allowed).toBe(true);
  });

  it("is put back again in spite of its own freeze, but not of a person's", async () => {
    const { operator, setNow } = await broken();
    const plan = await planned(operator);
    await click(operator, bodyOf(plan, { timeoutSeconds: 60 }));
    setNow("2026-11-22T10:00:00.000Z");
    expect((await click(operator, bodyOf(plan), "click-2")).status).toBe(201);
    setNow("2026-11-22T12:00:00.000Z");
    await operator.post("/v1/freezes", { ...PLACE, reason: "hands off" });
    expect(codesOf(await click(operator, bodyOf(plan), "click-3"))).toEqual(["frozen"]);
  });

  it("is put back in spite of a person's freeze where that or the request says so, on the record", async () => {
    const { operator, setNow } = await broken();
    await operator.post("/v1/freezes", { environment: "production", reason: "holidays" });
    setNow("2026-11-22T09:01:00.000Z");
    const plan = await planned(operator);
    expect(codesOf(await click(operator, bodyOf(plan)))).toEqual(["frozen"]);
    const asked = await click(operator, bodyOf(plan, { despiteFreeze: true }));
    expect(asked.status).toBe(201);
    expect(await gateOf(operator, ONE)).toMatchObject({
      allowed: true,
      warnings: [{ code: "asked_back", message: expect.stringContaining("holidays") }],
    });
    const codes = (await gateOf(operator, TWO)).reasons.map(({ code }) => code);
    expect(codes).toEqual(["frozen", "frozen"]);

    const allowing = await broken();
    await allowing.operator.post("/v1/freezes", { ...PLACE, reason: "holidays", allowRollbacks: true });
    allowing.setNow("2026-11-22T09:01:00.000Z");
    const planned2 = await planned(allowing.operator);
    expect((await gateOf(allowing.operator, ONE)).allowed).toBe(false);
    expect((await click(allowing.operator, bodyOf(planned2))).status).toBe(201);
    expect((await gateOf(allowing.operator, ONE)).allowed).toBe(true);
  });

  it("is free again when its request is cancelled, and can be put back anew", async () => {
    const { operator, setNow, client } = await broken();
    const plan = await planned(operator);
    const { id } = onlyOf(await click(operator, bodyOf(plan)));
    const path = `/v1/redeployments/${id}/cancel`;
    expect(problemOf(await client("executor").post(path, { reason: "no" })).status).toBe(403);
    expect(problemOf(await operator.post(path, {})).detail).toContain("reason");
    setNow("2026-11-22T09:01:00.000Z");
    expect((await operator.post(path, { reason: "wrong service" })).json).toMatchObject({
      status: "cancelled",
      why: "wrong service",
    });
    expect(problemOf(await operator.post(path, { reason: "again" })).status).toBe(409);
    setNow("2026-11-22T09:02:00.000Z");
    expect((await gateOf(operator, TWO)).allowed).toBe(true);
    expect((await click(operator, bodyOf(plan), "click-2")).status).toBe(201);
    expect((await gateOf(operator, TWO)).allowed).toBe(false);
  });

  it("is in the list of redeployments: the newest of each service, or all of one", async () => {
    const { operator, setNow, client } = await broken();
    const plan = await planned(operator);
    const first = onlyOf(await click(operator, bodyOf(plan)));
    setNow("2026-11-22T09:01:00.000Z");
    await operator.post(`/v1/redeployments/${first.id}/cancel`, { reason: "wrong" });
    setNow("2026-11-22T09:02:00.000Z");
    const second = onlyOf(await click(operator, bodyOf(plan), "click-2"));
    const listed = async (query: Record<string, string>) => {
      const list = RedeploymentList.parse((await client("reader").get("/v1/redeployments", query)).json);
      return { ids: list.redeployments.map(({ id, status }) => `${id} ${status}`), next: list.next };
    };
    const both = [`${second.id} requested`, `${first.id} cancelled`];
    expect(await listed({})).toEqual({ ids: [both[0]], next: null });
    expect(await listed({ environment: "staging" })).toEqual({ ids: [], next: null });
    expect(await listed(PLACE)).toEqual({ ids: both, next: null });
    const { next, ids } = await listed({ ...PLACE, limit: "1" });
    expect(ids).toEqual([both[0]]);
    expect(await listed({ ...PLACE, limit: "1", cursor: next ?? "" })).toEqual({
      ids: [both[1]],
      next: null,
    });
  });

  it("is not, with the steps to do by hand, where no configured executor can", async () => {
    const { operator } = await broken({
      executor: ({ service }) => `no executor is configured for ${service}`,
    });
    const answer = await click(operator, bodyOf(await planned(operator)));
    expect(codesOf(answer)).toEqual(["no_executor"]);
    expect(answer.json).toMatchObject({
      detail: expect.stringContaining("do the steps by hand"),
      refusals: [{ steps: [{ n: 1, does: "deploy" }, { does: "check" }] }],
    });
    expect((await gateOf(operator, TWO)).allowed).toBe(true);
  });

  it("has a rollback in its history, with the reason", async () => {
    const { operator, admin, setNow } = await broken();
    const plan = await planned(operator);
    const { id } = onlyOf(await click(operator, bodyOf(plan)));
    await admin.say(reported("succeeded", "2026-11-22T09:00:02.000Z", ONE, { redeployment: id }));
    setNow("2026-11-22T09:10:00.000Z");
    const { json } = await operator.get("/v1/timeline", { ...PLACE, from: "2026-11-22" });
    expect(json).toMatchObject({
      entries: [
        { what: "running" },
        {
          what: "redeployment requested",
          rollback: true,
          reason: "invoices are rounded wrongly",
          redeployment: { id },
          by: "operator-1",
          components: [{ digest: ONE }],
        },
        { what: "deployed", rollback: true, redeployment: { id } },
      ],
    });
    expect((await operator.get("/v1/release", PLACE)).json).toMatchObject({ rollback: true });
  });

  it("is put back and frozen under the ledger's own names, whatever the rules make of others'", async () => {
    const { client } = givenDoors({ rules: [{ match: { service: "*" }, set: { service: "acme/$1" } }] });
    const operator = client("operator");
    for (const [time, digest] of [
      ["2026-11-10T10:00:00.000Z", ONE],
      ["2026-11-20T10:00:00.000Z", TWO],
    ] as const) {
      await client("admin").say(reported("succeeded", time, digest, { service: "billing" }));
    }
    const { service } = onlyOf(await click(operator, bodyOf(await planned(operator))));
    expect(service).toBe("acme/billing");
    expect((await gateOf(operator, TWO)).reasons.map(({ code }) => code)).toContain("frozen");
  });

  it("cannot have its request retracted", async () => {
    const { operator, admin } = await broken();
    const { facts } = onlyOf(await click(operator, bodyOf(await planned(operator))));
    const answer = await admin.post("/v1/retractions", { ...facts[0], reason: "a mistake" });
    expect(problemOf(answer)).toMatchObject({ status: 422, detail: expect.stringContaining("it ended") });
  });
});

describe("a whole environment", () => {
  const SERVICES = ["acme/billing", "acme/web", "acme/worker"];

  async function environment() {
    const given = givenDoors();
    const admin = given.client("admin");
    for (const service of SERVICES) {
      const components = (name: string) => [
        { component: "main", repository: `ghcr.io/${service}`, digest: digestOf(`${service} ${name}`) },
      ];
      for (const [time, name] of [
        ["2026-11-10T10:00:00.000Z", "one"],
        ["2026-11-20T10:00:00.000Z", "two"],
      ] as const) {
        await admin.say(reported("succeeded", time, undefined, { service }, components(name)));
      }
    }
    const { json } = await admin.get("/v1/plan", { environment: "production", at: WEEK_AGO });
    const { hash } = z.looseObject({ hash: z.string() }).parse(json);
    const body = { environment: "production", all: true, at: WEEK_AGO, planHash: hash, reason: "fire" };
    return { ...given, admin, body };
  }

  it("is put back with one request, service by service", async () => {
    const { admin, body } = await environment();
    const answer = await click(admin, body);
    expect(answer.status).toBe(201);
    const { redeployments } = Redeployments.parse(answer.json);
    expect(redeployments.map(({ service }) => service)).toEqual(SERVICES);
    expect(new Set(redeployments.map(({ id }) => id)).size).toBe(3);
    const again = await click(admin, body);
    expect(again.status).toBe(200);
    expect(Redeployments.parse(again.json).redeployments.map(({ id }) => id)).toEqual(
      redeployments.map(({ id }) => id),
    );
  });

  it("is put back only where something else runs now", async () => {
    const { admin } = await environment();
    const components = [
      { component: "main", repository: "ghcr.io/acme/web", digest: digestOf("acme/web one") },
    ];
    await admin.say(
      reported("succeeded", "2026-11-21T10:00:00.000Z", undefined, { service: "acme/web" }, components),
    );
    const { json } = await admin.get("/v1/plan", { environment: "production", at: WEEK_AGO });
    const { hash } = z.looseObject({ hash: z.string() }).parse(json);
    const body = { environment: "production", all: true, at: WEEK_AGO, planHash: hash, reason: "fire" };
    const { redeployments } = Redeployments.parse((await click(admin, body)).json);
    expect(redeployments.map(({ service }) => service)).toEqual(["acme/billing", "acme/worker"]);
    const now = "2026-11-21T12:00:00.000Z";
    const same = z
      .looseObject({ hash: z.string() })
      .parse((await admin.get("/v1/plan", { environment: "production", at: now })).json);
    const nothing = await click(admin, { ...body, at: now, planHash: same.hash }, "click-2");
    expect(codesOf(nothing)).toEqual(["nothing_differs"]);
  });

  it("is answered again by its key, though what it asked for has changed the plan", async () => {
    const { admin, body, setNow } = await environment();
    const first = Redeployments.parse((await click(admin, body)).json).redeployments;
    setNow("2026-11-22T09:05:00.000Z");
    const components = [
      { component: "main", repository: "ghcr.io/acme/web", digest: digestOf("acme/web one") },
    ];
    const done = reported(
      "succeeded",
      "2026-11-22T09:04:00.000Z",
      undefined,
      { service: "acme/web" },
      components,
    );
    await admin.say(done);
    const again = await click(admin, body);
    expect(again.status).toBe(200);
    const { redeployments } = Redeployments.parse(again.json);
    expect(redeployments.map(({ id }) => id)).toEqual(first.map(({ id }) => id));
    expect(redeployments.map(({ status }) => status)).toEqual(["requested", "succeeded", "requested"]);
  });

  it("is put back with its schemas, but for databases that services share", async () => {
    const { admin, body } = await environment();
    const { json } = await admin.get("/v1/plan", {
      environment: "production",
      at: WEEK_AGO,
      schema: "revert",
    });
    const { hash } = z.looseObject({ hash: z.string() }).parse(json);
    expect(problemOf(await click(admin, { ...body, acceptShared: ["acme/web"] })).status).toBe(422);
    const answer = await click(admin, { ...body, schema: "revert", planHash: hash });
    const plans = Redeployments.parse(answer.json).redeployments.map(({ plan }) => plan);
    expect(plans).toHaveLength(3);
    for (const plan of plans) expect(plan).toContain("schema=revert");
  });

  it("is put back also where configuration alone differs", async () => {
    const { admin } = await environment();
    const repository = "https://github.com/acme/deploy";
    const config = [{ repository, path: "web", revision: shaOf("then") }];
    const components = [
      { component: "main", repository: "ghcr.io/acme/web", digest: digestOf("acme/web two") },
    ];
    for (const [time, revision] of [
      ["2026-11-21T10:00:00.000Z", shaOf("then")],
      ["2026-11-21T12:00:00.000Z", shaOf("now")],
    ] as const)
      await admin.say(
        reported(
          "succeeded",
          time,
          undefined,
          { service: "acme/web", config: [{ ...config[0], revision }] },
          components,
        ),
      );
    const query = { environment: "production", at: "2026-11-21T11:00:00.000Z", acceptConfiguration: "true" };
    const { json } = await admin.get("/v1/plan", query);
    const { hash } = z.looseObject({ hash: z.string() }).parse(json);
    const answer = await click(admin, {
      ...query,
      all: true,
      acceptConfiguration: true,
      planHash: hash,
      reason: "fire",
    });
    const { redeployments } = Redeployments.parse(answer.json);
    expect(redeployments.map(({ service }) => service)).toEqual(["acme/web"]);
  });

  it("is not where one of them cannot be", async () => {
    const { admin, body } = await environment();
    await admin.post("/v1/freezes", { environment: "production", service: "acme/web", reason: "no" });
    expect(codesOf(await click(admin, body))).toEqual(["frozen"]);
    const { json } = await admin.get("/v1/timeline", { environment: "production", from: "2026-11-22" });
    expect(JSON.stringify(json)).not.toContain("redeployment requested");
  });

  it("is not where its plan has changed", async () => {
    const { admin, body } = await environment();
    await admin.say(reported("succeeded", "2026-11-21T10:00:00.000Z", digestOf("three")));
    expect(codesOf(await click(admin, body))).toEqual(["plan_changed"]);
  });
});

describe("a redeployment that promises configuration", () => {
  const place = { repository: "https://github.com/acme/deploy", path: "production" };
  const at = (name: string) => ({ config: [{ ...place, revision: shaOf(name) }] });

  async function promised() {
    const given = givenDoors();
    const admin = given.client("admin");
    const named = (name: string) => ({ ...at(name), deployment: { provider: "t", instance: "h", id: name } });
    await admin.say(pushed("2026-11-10T10:00:00.000Z", ONE));
    await admin.say(reported("succeeded", "2026-11-10T10:00:00.000Z", ONE, named("a")));
    await admin.say(reported("succeeded", "2026-11-20T10:00:00.000Z", TWO, named("b")));
    const operator = given.client("operator");
    const plan = await planned(operator);
    const requested = onlyOf(await click(operator, bodyOf(plan)));
    given.setNow("2026-11-22T09:10:00.000Z");
    const report = (more: object, digest: string | undefined = ONE) =>
      admin.say(
        reported("succeeded", "2026-11-22T09:05:00.000Z", digest, {
          deployment: { provider: "t", instance: "h", id: "back" },
          ...more,
        }),
      );
    const status = async () => {
      return Redeployment.parse((await operator.get(`/v1/redeployments/${requested.id}`)).json);
    };
    return { requested, report, status };
  }

  it("succeeds once images and configuration run", async () => {
    const { requested, report, status } = await promised();
    expect(requested.config).toEqual([{ ...place, revision: shaOf("a") }]);
    await report(at("a"));
    expect((await status()).status).toBe("succeeded");
  });

  it("has not succeeded where its deployment brings another configuration", async () => {
    const { requested, report, status } = await promised();
    await report({ ...at("b"), redeployment: requested.id });
    expect(await status()).toMatchObject({
      status: "failed",
      why: expect.stringContaining(`its configuration was not restored: ${place.repository}`),
    });
  });

  it("is not known to have succeeded where nobody reports the configuration", async () => {
    const { report, status } = await promised();
    await report({});
    expect((await status()).status).toBe("requested");
  });
});
