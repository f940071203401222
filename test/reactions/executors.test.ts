/** Executors against a real server: what they are sent, and what becomes of it where they cannot or will not. */
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Send } from "../../functions/reactions/ledger-client.ts";
import { configuration } from "../../functions/runtime/config/environment.ts";
import { ConfigurationError } from "../../functions/runtime/config/secrets.ts";
import { cleanUp, type GivenDoors, NOW } from "../http/given.ts";
import { type AskedBack, askedBack, deploying, migrated, ONE, PLACE, REPOSITORY, TWO } from "./asked-back.ts";
import { parametersOf, type Received, type Receiver, type Reply, receiver, verified } from "./receiving.ts";

const secret = (): string => `whsec_${randomBytes(24).toString("base64")}`;
const SECRET = secret();
const TOKEN = "a-token-that-nobody-may-see";
const IMAGES = [{ component: "main", image: `${REPOSITORY}@${ONE}` }];

const receivers: Receiver[] = [];
// A signature is good for minutes: the receiver's clock is the ledger's.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(NOW) }));
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(receivers.splice(0).map(({ stop }) => stop()));
});
afterAll(cleanUp);

async function receiving(...replies: readonly (Reply | "nothing")[]): Promise<Receiver> {
  const one = await receiver(replies.length === 0 ? [{ status: 204 }] : replies);
  receivers.push(one);
  return one;
}

function onlyOf({ received }: Receiver): Received {
  const [one] = received;
  if (one === undefined || received.length > 1) throw new Error(`was sent ${received.length} requests`);
  return one;
}

const webhook = ({ address }: Receiver, more: object = {}) => ({
  kind: "webhook",
  url: `${address}/hooks/deploy?of=acme`,
  secrets: [SECRET],
  ...more,
});

const react = (given: AskedBack, ...list: readonly object[]): Promise<void> =>
  given.executing(...list).react(given.heard);

describe("a webhook", () => {
  it("is sent the redeployment and its plan, signed, under the redeployment's id", async () => {
    const given = await askedBack();
    const to = await receiving();
    await react(given, webhook(to));
    const one = onlyOf(to);
    const { id, planHash, requestedAt } = given.redeployment;
    expect(one).toMatchObject({ method: "POST", path: "/hooks/deploy?of=acme" });
    expect(one.headers).toMatchObject({ "content-type": "application/json", "webhook-id": id });
    const { timestamp, data } = verified(one, SECRET);
    expect(timestamp).toBe(requestedAt);
    expect(data.redeployment).toMatchObject({ id, status: "requested", ...PLACE, components: IMAGES });
    expect(data.plan).toMatchObject({ hash: planHash, status: "ready", steps: expect.anything() });
    expect(await given.status()).toMatchObject({ status: "requested" });
  });

  it("is verified with each secret while they are rotated, and with no other", async () => {
    const given = await askedBack();
    const to = await receiving();
    const [old, next] = [secret(), secret()];
    await react(given, webhook(to, { secrets: [old, next] }));
    const one = onlyOf(to);
    for (const known of [old, next]) expect(verified(one, known).type).toBe("redeployment.requested");
    expect(() => verified(one, SECRET)).toThrow("No matching signature");
    const changed = { ...one, body: one.body.replace("rounds wrongly", "rounds rightly") };
    expect(() => verified(changed, next)).toThrow("No matching signature");
    const another = { ...one, headers: { ...one.headers, "webhook-id": "another" } };
    expect(() => verified(another, next)).toThrow("No matching signature");
  });
});

/** What those are told who take no more than a few texts. */
const toldOf = ({ redeployment: { id, planHash, plan, deadline } }: AskedBack) => ({
  redeployment: id,
  ...PLACE,
  images: JSON.stringify(IMAGES),
  plan_hash: planHash,
  plan,
  deadline,
});

describe("GitHub", () => {
  const github = ({ address }: Receiver, more: object) => ({
    kind: "github",
    api: `${address}/api/v3/`,
    repository: "acme/deploy",
    token: TOKEN,
    ...more,
  });
  /** As on github.com, whose addresses begin with the path. */
  const asPublished = (one: Received): Received => ({ ...one, path: one.path.replace(/^\/api\/v3/, "") });
  const HEADERS = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${TOKEN}`,
    "x-github-api-version": "2022-11-28",
    "user-agent": "asof",
  };

  it("is asked for a workflow, as it describes that, with few enough inputs", async () => {
    const given = await askedBack();
    const to = await receiving();
    await react(given, github(to, { event: "workflow_dispatch", workflow: "redeploy.yml", ref: "main" }));
    const one = asPublished(onlyOf(to));
    expect(parametersOf("github.workflow-dispatch", one)).toEqual({
      owner: "acme",
      repo: "deploy",
      workflow_id: "redeploy.yml",
    });
    expect(one.headers).toMatchObject(HEADERS);
    expect(JSON.parse(one.body)).toEqual({ ref: "main", inputs: toldOf(given) });
  });

  it("is told of an event, as it describes that, with a small enough payload", async () => {
    const given = await askedBack();
    const to = await receiving();
    await react(given, github(to, { event: "repository_dispatch", event_type: "redeploy" }));
    const one = asPublished(onlyOf(to));
    expect(parametersOf("github.repository-dispatch", one)).toEqual({ owner: "acme", repo: "deploy" });
    expect(one.headers).toMatchObject(HEADERS);
    expect(JSON.parse(one.body)).toEqual({ event_type: "redeploy", client_payload: toldOf(given) });
  });
});

describe("GitLab", () => {
  const gitlab = ({ address }: Receiver, more: object) => ({
    kind: "gitlab",
    url: address,
    project: "acme/billing",
    token: TOKEN,
    ...more,
  });
  const byJob = (host: string) => ({
    deployment: { provider: "gitlab", instance: host, id: "7" },
    url: `https://${host}/acme/billing/-/jobs/712`,
  });

  it("is asked for a pipeline, as it describes that, whose variables tell what to deploy", async () => {
    const given = await askedBack();
    const to = await receiving({ status: 201 });
    await react(given, gitlab(to, { project: 42, action: "trigger", ref: "main" }));
    const one = onlyOf(to);
    expect(parametersOf("gitlab.trigger-pipeline", one)).toEqual({ id: "42" });
    const { redeployment, images, ...told } = toldOf(given);
    expect(JSON.parse(one.body)).toEqual({
      token: TOKEN,
      ref: "main",
      variables: {
        ASOF_REDEPLOYMENT: redeployment,
        ASOF_ENVIRONMENT: told.environment,
        ASOF_SERVICE: told.service,
        ASOF_IMAGES: images,
        ASOF_PLAN_HASH: told.plan_hash,
        ASOF_PLAN: told.plan,
        ASOF_DEADLINE: told.deadline,
      },
    });
  });

  it("is asked to run the job of then again, as it describes that", async () => {
    const to = await receiving({ status: 201 });
    const executor = gitlab(to, { action: "play" });
    const given = await askedBack({ deployment: byJob(to.host), executors: [executor] });
    await react(given, executor);
    const one = onlyOf(to);
    expect(parametersOf("gitlab.retry-job", one)).toEqual({ id: "acme%2Fbilling", job_id: "712" });
    expect(one.headers["private-token"]).toBe(TOKEN);
  });

  it("is asked nothing where the job of then is another GitLab's, or none is known", async () => {
    for (const deployment of [byJob("gitlab.example"), {}]) {
      const to = await receiving({ status: 201 });
      const given = await askedBack({ deployment });
      await react(given, gitlab(to, { action: "play" }));
      expect(to.received).toEqual([]);
      const why = `the plan has no job on ${to.host} that could be run again`;
      expect(await given.status()).toMatchObject({ status: "failed", why });
    }
  });
});

describe("the executor of a redeployment", () => {
  it.each([
    [
      "the first that is for its place",
      [{ environments: ["staging"] }, { services: ["acme/web"] }, {}, {}],
      2,
    ],
    [
      "by names as the ledger compares them",
      [{ environments: ["PRODUCTION"], services: ["Acme/Billing"] }],
      0,
    ],
  ])("is %s", async (_, scopes, expected) => {
    const given = await askedBack();
    const all = await Promise.all(scopes.map(() => receiving()));
    await react(given, ...all.map((to, n) => webhook(to, scopes[n])));
    expect(all.map(({ received }) => received.length)).toEqual(all.map((_, n) => (n === expected ? 1 : 0)));
  });

  it("runs the steps that it is said to run, and no other", async () => {
    const reverting = { events: [migrated(NOW)], click: { schema: "revert" } } as const;
    const refused = await askedBack(reverting);
    const to = await receiving();
    await react(refused, webhook(to));
    expect(to.received).toEqual([]);
    expect(await refused.status()).toMatchObject({
      status: "failed",
      why: expect.stringMatching(
        /^its executor \(webhook\) runs only steps of the kinds deploy and check, but step 1 is \w+: /,
      ),
    });

    const able = await askedBack(reverting);
    await react(able, webhook(to, { steps: ["copy", "backup", "stop", "revert", "deploy", "check"] }));
    const { plan } = verified(onlyOf(to), SECRET).data;
    expect(JSON.stringify(plan)).toContain('"does":"revert"');
  });
});

describe("executors of one place", () => {
  it("share the plans: the first that runs every step gets it", async () => {
    const given = await askedBack({ events: [migrated(NOW)], click: { schema: "revert" } });
    const [deployer, all] = [await receiving(), await receiving()];
    const steps = ["copy", "backup", "stop", "revert", "deploy", "check"];
    await react(given, webhook(deployer), webhook(all, { steps }));
    expect(deployer.received).toEqual([]);
    expect(onlyOf(all).headers["webhook-id"]).toBe(given.redeployment.id);
  });
});

/** Nothing that is secret may be read anywhere. */
async function expectSecretsKept(given: AskedBack, error: unknown = ""): Promise<void> {
  const cause = error instanceof Error ? `${error.stack}${String(error.cause)}` : "";
  const seen = `${JSON.stringify(await given.status())}${given.logged()}${cause}`;
  for (const one of [SECRET, SECRET.slice("whsec_".length), "of=acme"]) expect(seen).not.toContain(one);
}

describe("a redeployment that its executor does not take", () => {
  it.each([400, 401, 404, 409, 422, 302])("with %i has failed, and is not sent again", async (status) => {
    const given = await askedBack();
    const elsewhere = await receiving();
    const to = await receiving({ status, headers: { location: elsewhere.address }, body: "x".repeat(1e6) });
    await react(given, webhook(to));
    expect(await given.status()).toMatchObject({ status: "failed", why: `${to.host} answers ${status}` });
    await react(given, webhook(to));
    expect(onlyOf(to).headers["webhook-id"]).toBe(given.redeployment.id);
    expect(elsewhere.received).toEqual([]);
    await expectSecretsKept(given);
  });

  it.each([
    { status: 500 },
    { status: 503 },
    { status: 408 },
    { status: 425 },
    { status: 429 },
    // As GitHub says that it is asked too often.
    { status: 403, headers: { "retry-after": "60" } },
  ])("now, with %o, is sent again under the same id", async (reply) => {
    const given = await askedBack();
    const to = await receiving(reply, { status: 204 });
    const refused = react(given, webhook(to));
    await expect(refused).rejects.toThrow(`${to.host} answers ${reply.status}`);
    expect(await given.status()).toMatchObject({ status: "requested" });
    await react(given, webhook(to));
    const ids = to.received.map((one) => verified(one, SECRET).data.redeployment.id);
    expect(ids).toEqual([given.redeployment.id, given.redeployment.id]);
    expect(await given.status()).toMatchObject({ status: "requested" });
    await refused.catch((error: unknown) => expectSecretsKept(given, error));
  });

  it("as it cannot be reached, or does not answer, is sent again", async () => {
    const given = await askedBack({ timeoutMs: 100 });
    const gone = await receiver([{ status: 204 }]);
    await gone.stop();
    await expect(react(given, webhook(gone))).rejects.toThrow(
      `${gone.host} cannot be reached (ECONNREFUSED)`,
    );
    const silent = await receiving("nothing");
    await expect(react(given, webhook(silent))).rejects.toThrow(`${silent.host} did not answer within 0.1 s`);
    expect(await given.status()).toMatchObject({ status: "requested" });
  });

  it("has failed once it is given up, and says why without a secret", async () => {
    const given = await askedBack();
    const to = await receiving({ status: 503 });
    const { react, giveUp } = given.executing(webhook(to));
    const error: unknown = await react(given.heard).catch((thrown: unknown) => thrown);
    await giveUp(given.heard, error);
    const why = `its executor did not accept the request, despite retries: ${to.host} answers 503`;
    expect(await given.status()).toMatchObject({ status: "failed", why });
    await giveUp(given.heard, error);
    await expectSecretsKept(given, error);
  });

  it.each(["🙂", "ü", "x🙂"])("has failed for a reason of any length: %s", async (letter) => {
    const given = await askedBack();
    await given.executing().giveUp(given.heard, new Error(letter.repeat(2000)));
    const why = expect.stringMatching(/^its executor did not accept the request, despite retries: /);
    expect(await given.status()).toMatchObject({ status: "failed", why });
  });

  it("has not failed where it was given up and had begun", async () => {
    const given = await askedBack();
    const { giveUp } = given.executing();
    given.setNow("2026-11-22T09:01:00.000Z");
    await given.admin.say(deploying("started", given.redeployment, "2026-11-22T09:00:30.000Z"));
    await giveUp(given.heard, new Error("did not answer in time"));
    expect(await given.status()).toMatchObject({ status: "started" });
  });
});

describe("a redeployment is sent to nobody", () => {
  it("where no executor is for it, and has failed", async () => {
    const given = await askedBack();
    const to = await receiving();
    await react(given, webhook(to, { environments: ["staging"] }));
    expect(to.received).toEqual([]);
    const why = "no executor is configured for acme/billing in production";
    expect(await given.status()).toMatchObject({ status: "failed", why });
  });

  it.each([
    ["frozen", "/v1/freezes", { ...PLACE, reason: "hands off" }, "hands off"],
    [
      "marked as bad",
      "/v1/marks",
      { digest: ONE, verdict: "bad", reason: "it loses orders" },
      "it loses orders",
    ],
  ])("where it was %s by somebody since, and has failed", async (_, path, body, reason) => {
    const given = await askedBack();
    expect((await given.admin.post(path, body)).status).toBe(201);
    const to = await receiving();
    await react(given, webhook(to));
    expect(to.received).toEqual([]);
    expect(await given.status()).toMatchObject({ status: "failed", why: expect.stringContaining(reason) });
  });

  it("where its plan is another by now, and has failed", async () => {
    const between = (send: Send): Send => {
      return (path, init) =>
        send(path.replace(/^(\/v1\/plan\?.*[?&]at=)[^&]+/, "$12026-11-21T09%3A00%3A00Z"), init);
    };
    const given = await askedBack({ between });
    const to = await receiving();
    await react(given, webhook(to));
    expect(to.received).toEqual([]);
    expect(await given.status()).toMatchObject({
      status: "failed",
      why: "the plan has changed since the request",
    });
  });

  it("where its plan is not what its hash says, and has failed", async () => {
    const between = (send: Send): Send => {
      return async (path, init) => {
        const answer = await send(path, init);
        if (!path.startsWith("/v1/plan")) return answer;
        return new Response((await answer.text()).replaceAll(ONE, TWO), answer);
      };
    };
    const given = await askedBack({ between });
    const to = await receiving();
    await react(given, webhook(to));
    expect(to.received).toEqual([]);
    expect(await given.status()).toMatchObject({
      status: "failed",
      why: "the plan has changed since the request",
    });
  });

  it.each(["started", "succeeded"] as const)("where its deployment has %s", async (kind) => {
    const given = await askedBack();
    const to = await receiving();
    given.setNow("2026-11-22T09:01:00.000Z");
    await given.admin.say(deploying(kind, given.redeployment, "2026-11-22T09:00:30.000Z"));
    await react(given, webhook(to));
    expect(to.received).toEqual([]);
    expect(await given.status()).toMatchObject({ status: kind });
  });

  it("after its deadline, which is logged", async () => {
    const given = await askedBack({ click: { timeoutSeconds: 60 } });
    const to = await receiving();
    given.setNow("2026-11-22T09:01:01.000Z");
    await react(given, webhook(to));
    expect(to.received).toEqual([]);
    expect(await given.status()).toMatchObject({ status: "timed out" });
    expect(given.logged()).toContain("past its deadline");
  });

  it("after its deadline, which passed while the plan was made", async () => {
    const between = (send: Send, { setNow }: GivenDoors): Send => {
      return async (path, init) => {
        const answer = await send(path, init);
        if (path.startsWith("/v1/plan")) setNow("2026-11-22T09:01:08.000Z");
        return answer;
      };
    };
    const given = await askedBack({ click: { timeoutSeconds: 60 }, between });
    const to = await receiving();
    given.setNow("2026-11-22T09:00:50.000Z");
    await react(given, webhook(to));
    expect(to.received).toEqual([]);
    expect(await given.status()).toMatchObject({ status: "timed out" });
  });
});

describe("the configuration of executors", () => {
  const hook = { kind: "webhook", url: "https://ci.example/hook", secrets: [SECRET] };
  const hub = { kind: "github", repository: "acme/deploy", token: TOKEN };
  const lab = { kind: "gitlab", url: "https://gitlab.example", project: 7, token: TOKEN };
  const taken = (list: readonly object[]) =>
    configuration({ ASOF_EXECUTORS: JSON.stringify(list) }).executors;

  it("has the steps that any deployer runs, and GitHub's own address", () => {
    const steps = ["deploy", "check"];
    const event = { event: "repository_dispatch", event_type: "redeploy" };
    expect(taken([hook, { ...hub, ...event }])).toEqual([
      { ...hook, steps },
      { ...hub, ...event, api: "https://api.github.com", steps },
    ]);
    expect(taken([{ ...hook, url: "http://[::1]:80/hook" }])).toHaveLength(1);
  });

  const workflow = { event: "workflow_dispatch", workflow: "deploy.yml", ref: "main" };
  it.each([
    ["an address without TLS", { ...hook, url: "http://ci.example/hook" }, "0.url: must be an https URL"],
    [
      "one that looks like this machine's",
      { ...hook, url: "http://127.0.0.1.evil.example" },
      "0.url: must be",
    ],
    ["an address with a password", { ...hook, url: `https://a:${TOKEN}@ci.example` }, "must not carry cred"],
    ["no secret", { ...hook, secrets: [] }, "0.secrets"],
    ["a secret that is too short", { ...hook, secrets: ["whsec_c2hvcnQ="] }, "0.secrets.0: must be whsec_"],
    ["a secret that is no base64", { ...hook, secrets: [`${SECRET}!`] }, "0.secrets.0: must be whsec_"],
    ["a secret of another kind", { ...hook, secrets: [SECRET.slice(6)] }, "0.secrets.0: must be whsec_"],
    ["a step that there is not", { ...hook, steps: ["pray"] }, "0.steps.0"],
    ["no step", { ...hook, steps: [] }, "0.steps"],
    ["a member that there is not", { ...hook, tokens: [] }, "tokens"],
    ["a kind that there is not", { ...hook, kind: "ftp" }, "0.kind"],
    [
      "a repository elsewhere",
      { ...hub, ...workflow, repository: "../billing" },
      "0.repository: must be owner",
    ],
    ["a workflow elsewhere", { ...hub, ...workflow, workflow: "../x.yml" }, "0.workflow: must be the name"],
    ["a workflow without a branch", { ...hub, ...workflow, ref: "" }, "0.ref"],
    ["an event without a name", { ...hub, event: "repository_dispatch" }, "0.event_type"],
    ["a token of two lines", { ...hub, ...workflow, token: `${TOKEN}\n` }, "0.token: must be printable"],
    ["a pipeline without a branch", { ...lab, action: "trigger" }, "0.ref"],
    ["a project that is none", { ...lab, action: "play", project: "billing" }, "0.project"],
  ])("is refused with %s", (_, one, why) => {
    const refused = () => taken([one]);
    expect(refused).toThrow(ConfigurationError);
    expect(refused).toThrow(/^ASOF_EXECUTORS: /);
    expect(refused).toThrow(why);
    for (const hidden of [SECRET, TOKEN]) expect(refused).not.toThrow(hidden);
  });
});
