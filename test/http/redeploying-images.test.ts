/** Images that are asked for by other names than a moment, and services without images, over HTTP. */
import { afterAll, describe, expect, it } from "vitest";
import { Gate } from "../../schemas/answers/gate.ts";
import { Plan } from "../../schemas/plan.ts";
import { Redeployment, Redeployments } from "../../schemas/redeployment.ts";
import { type Client, event } from "../client.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { cleanUp, givenDoors, problemOf } from "./given.ts";

afterAll(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };
const REPOSITORY = "ghcr.io/acme/billing";
const CODE = "https://github.com/acme/billing";
const SERVICE = "environment=production&service=acme/billing";

let count = 0;
const say = (client: Client, type: string, time: string, data: object) =>
  client.say(event(type, `image/${++count}`, time, data));

const deploy = (client: Client, time: string, name: string, more: object = {}) =>
  say(client, "deployment.succeeded", time, {
    ...PLACE,
    deployment: { provider: "test", instance: "here", id: name },
    components: [{ component: "main", repository: REPOSITORY, digest: digestOf(name) }],
    ...more,
  });

const request = (client: Client, plan: Plan, more: object) =>
  client.post(
    "/v1/redeployments",
    {
      ...PLACE,
      expectedCurrent: plan.components[0]?.from ?? null,
      planHash: plan.hash,
      reason: "it is needed",
      ...more,
    },
    { "idempotency-key": `key-${++count}` },
  );

async function tagged() {
  const { client } = givenDoors();
  const admin = client("admin");
  for (const [time, name, tag] of [
    ["2026-11-10T10:00:00.000Z", "one", "1.4.2"],
    ["2026-11-20T10:00:00.000Z", "two", "1.5.0"],
  ] as const) {
    await say(admin, "artifact.pushed", time, { repository: REPOSITORY, digest: digestOf(name), tag });
    await deploy(admin, time, name);
  }
  return { admin, operator: client("operator") };
}

describe("a plan and a redeployment by tag", () => {
  it("are of the image that the tag points at", async () => {
    const { operator } = await tagged();
    const plan = Plan.parse((await operator.get(`/v1/plan?${SERVICE}&tag=1.4.2`)).json);
    expect(plan.components).toMatchObject([{ from: digestOf("two"), to: digestOf("one") }]);
    const answer = await request(operator, plan, { tag: "1.4.2" });
    expect(answer.status).toBe(201);
    const [redeployment] = Redeployments.parse(answer.json).redeployments;
    expect(redeployment).toMatchObject({ components: [{ image: `${REPOSITORY}@${digestOf("one")}` }] });
    const again = Plan.parse((await operator.get(redeployment?.plan ?? "")).json);
    expect(again.hash).toBe(plan.hash);
  });

  it("are refused in one sentence where the selectors contradict each other", async () => {
    const { operator } = await tagged();
    const plan = Plan.parse((await operator.get(`/v1/plan?${SERVICE}&tag=1.4.2`)).json);
    const answers = [
      await operator.get(`/v1/plan?${SERVICE}&tag=1.4.2&digest=${digestOf("two")}`),
      await request(operator, plan, { tag: "1.4.2", digest: digestOf("two") }),
    ];
    for (const answer of answers) {
      const { status, detail } = problemOf(answer);
      expect(status).toBe(422);
      expect(detail).toBe(
        `${digestOf("two")} means ${digestOf("two")}; tag 1.4.2 of ${REPOSITORY} means ${digestOf("one")}: leave one of them out`,
      );
    }
  });

  it.each([
    ["environment=producton&service=acme/billing", "production"],
    ["environment=production&service=acme/biling", "acme/billing"],
  ])("do not find %s, and name the nearest", async (place, nearest) => {
    const { operator } = await tagged();
    const { status, detail } = problemOf(await operator.get(`/v1/plan?${place}&tag=1.4.2`));
    expect(status).toBe(404);
    expect(detail).toContain(`Nearest: ${nearest}`);
  });
});

describe("a redeployment of a service without images", () => {
  const deployTools = { pm2: [["pm2-deploy", "{service}", "{commit}"]] };
  const commitOf = (name: string) => ({ commit: { repository: CODE, sha: shaOf(name) } });
  const byCommit = (name: string) => ({ components: [{ component: "main" }], ...commitOf(name) });
  const byDigest = (name: string) => ({ components: [{ component: "main", digest: digestOf(name) }] });

  async function given(named: (name: string) => object = byCommit) {
    const { client } = givenDoors({
      deployTools: named === byCommit ? deployTools : { pm2: [["pm2-deploy", "{service}", "{digest}"]] },
    });
    const admin = client("admin");
    await say(admin, "service.described", "2026-11-01T10:00:00.000Z", {
      service: PLACE.service,
      images: [],
      deployTool: "pm2",
    });
    for (const [time, name] of [
      ["2026-11-10T10:00:00.000Z", "one"],
      ["2026-11-20T10:00:00.000Z", "two"],
    ] as const)
      await deploy(admin, time, name, named(name));
    const operator = client("operator");
    const plan = Plan.parse((await operator.get(`/v1/plan?${SERVICE}&last=good`)).json);
    const answer = await request(operator, plan, { last: "good" });
    expect(answer.status).toBe(201);
    const [redeployment] = Redeployments.parse(answer.json).redeployments;
    const now = async () =>
      Redeployment.parse((await operator.get(`/v1/redeployments/${redeployment?.id}`)).json);
    return { admin, operator, redeployment, now, status: async () => (await now()).status };
  }

  it.each([
    ["commit", byCommit],
    ["digest", byDigest],
  ])("is undone by a later deployment of another %s, and by nothing else", async (_, named) => {
    const { admin, redeployment, now } = await given(named);
    const at = redeployment?.requestedAt ?? "";
    await deploy(admin, at, "again", named("one"));
    expect(await now()).toMatchObject({ status: "succeeded", undone: null });
    await deploy(admin, new Date(Date.parse(at) + 1000).toISOString(), "later", named("two"));
    expect(await now()).toMatchObject({ status: "succeeded", undone: { deployment: { id: "later" } } });
  });

  it("names the commit, and has succeeded once that is deployed", async () => {
    const { admin, redeployment, status } = await given();
    expect(redeployment).toMatchObject({ components: [{ component: "main", image: shaOf("one") }] });
    const at = redeployment?.requestedAt ?? "";
    await deploy(admin, at, "other", { components: [{ component: "main" }], ...commitOf("other") });
    expect(await status()).toBe("requested");
    await deploy(admin, at, "again", { components: [{ component: "main" }], ...commitOf("one") });
    expect(await status()).toBe("succeeded");
  });

  it("has failed where a deployment that names it brings another commit", async () => {
    const { admin, redeployment, status } = await given();
    await deploy(admin, redeployment?.requestedAt ?? "", "other", {
      components: [{ component: "main" }],
      ...commitOf("other"),
      redeployment: redeployment?.id,
    });
    expect(await status()).toBe("failed");
  });

  it("is let through the gate, and no other commit", async () => {
    const { operator } = await given();
    const allowed = async (name: string) =>
      Gate.parse((await operator.get(`/v1/gate?${SERVICE}&commit=${shaOf(name)}`)).json).allowed;
    expect([await allowed("one"), await allowed("two")]).toEqual([true, false]);
  });
});

describe("a redeployment of an image that never ran there", () => {
  async function promoted(more: object = {}) {
    const { admin, operator } = await tagged();
    await say(admin, "artifact.pushed", "2026-11-21T10:00:00.000Z", {
      repository: REPOSITORY,
      digest: digestOf("three"),
      tag: "1.6.0",
    });
    const digest = { digest: digestOf("three") };
    const plan = Plan.parse(
      (await operator.get(`/v1/plan?${SERVICE}&digest=${digest.digest}&schema=keep`)).json,
    );
    return { admin, operator, answer: () => request(operator, plan, { ...digest, schema: "keep", ...more }) };
  }

  it("is no rollback: what ran before stays good", async () => {
    const { admin, operator, answer } = await promoted();
    const [requested] = Redeployments.parse((await answer()).json).redeployments;
    await deploy(admin, requested?.requestedAt ?? "", "three", { redeployment: requested?.id });
    const release = (await operator.get(`/v1/release?${SERVICE}`)).json;
    expect(release).toMatchObject({ rollback: false, components: [{ digest: digestOf("three") }] });
    const good = Plan.parse((await operator.get(`/v1/plan?${SERVICE}&last=good`)).json);
    expect(good.components).toMatchObject([{ from: digestOf("three"), to: digestOf("two") }]);
  });

  it("is not let through by a freeze that lets rollbacks through, unless the request says so", async () => {
    const [kept, despite] = [await promoted(), await promoted({ despiteFreeze: true })];
    for (const { operator } of [kept, despite])
      await operator.post("/v1/freezes", {
        environment: PLACE.environment,
        reason: "holidays",
        allowRollbacks: true,
      });
    const refused = await kept.answer();
    expect(refused.status).toBe(409);
    expect(refused.json).toMatchObject({ refusals: [{ code: "frozen" }] });
    expect((await despite.answer()).status).toBe(201);
  });
});
