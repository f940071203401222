import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { event, outcomesOf } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, givenDoors, problemOf, tokenOf } from "./given.ts";

afterAll(cleanUp);

const golden = (file: string): string => readFileSync(join(import.meta.dirname, "../golden", file), "utf8");

const SECRET = "Bearer a-secret-that-nobody-may-see";
const NEXT = "the-next-one-that-nobody-may-see";
const CLUSTER = { "x-asof-cluster": "eu-1" };
const TOKENS = ["admin", "writer"].map(
  (role) => `${role}:${role}-1:${tokenOf(role === "admin" ? role : "writer")}`,
);

function given() {
  const webhooks = { argocd: [SECRET, NEXT], flux: [SECRET, NEXT] };
  const doors = givenDoors({
    secrets: () => Promise.resolve({ tokens: parseTokens(TOKENS.join(",")), webhooks }),
  });
  const post = async (vendor: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await doors
      .client("writer")
      .post(`/v1/webhooks/${vendor}`, body, { ...CLUSTER, ...headers });
    expect(answer.status).toBe(202);
    return outcomesOf(answer);
  };
  const release = async (environment: string, service: string, at?: string) =>
    (await doors.client().get("/v1/release", { environment, service, ...(at === undefined ? {} : { at }) }))
      .json;
  return { ...doors, post, release };
}

describe.each([
  ["argocd", "argocd/sync.succeeded.json"],
  ["argocd", "argocd/rollout.step.json"],
  ["flux", "flux/kustomization.applied.json"],
])("the webhook of %s, with %s", (vendor, file) => {
  const send = (headers: Record<string, string>) =>
    givenDoors({ secrets: () => Promise.resolve({ tokens: [], webhooks: { [vendor]: [SECRET, NEXT] } }) })
      .stranger()
      .post(`/v1/webhooks/${vendor}`, golden(file), { ...CLUSTER, ...headers });

  it.each([SECRET, NEXT])(
    "is proved by either secret as the whole of Authorization",
    async (authorization) => {
      const answer = await send({ authorization });
      expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "recorded"]);
    },
  );

  it.each([undefined, "", "Bearer", `${SECRET}s`, SECRET.toLowerCase()])(
    "is refused with %j",
    async (given) => {
      expect(problemOf(await send(given === undefined ? {} : { authorization: given })).status).toBe(401);
    },
  );
});

describe("Flux's signature", () => {
  const body = golden("flux/helmrelease.upgraded.json");
  const sign = (secret: string, over = body) => createHmac("sha256", secret).update(over).digest("hex");
  const send = (headers: Record<string, string>, sent = body) =>
    given()
      .stranger()
      .post("/v1/webhooks/flux", sent, { ...CLUSTER, ...headers });

  it.each([SECRET, NEXT])("is that of either secret, over the bytes as they came", async (secret) => {
    for (const sent of [body, `${body}\n`]) {
      const answer = await send({ "x-signature": `sha256=${sign(secret, sent)}` }, sent);
      expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "recorded"]);
    }
  });

  it.each([
    ["of another secret", { "x-signature": `sha256=${sign("another")}` }],
    ["of other bytes", { "x-signature": `sha256=${sign(SECRET, `${body} `)}` }],
    ["of no secret", { "x-signature": `sha256=${sign("")}` }],
    ["that is empty", { "x-signature": "sha256=" }],
    ["of another kind", { "x-signature": `sha512=${sign(SECRET)}` }],
    ["that is wrong, whatever else is right", { "x-signature": "sha256=00", authorization: SECRET }],
  ])("is refused where it is one %s", async (_, headers) => {
    expect(problemOf(await send(headers)).status).toBe(401);
  });
});

describe("the doors without a proof of their own", () => {
  it.each([
    ["helm", "helm/status.json"],
    ["kubernetes", "kubernetes/pods.settled.json"],
  ])("take what %s prints from whoever has a writer's token", async (vendor, file) => {
    const { stranger, post } = given();
    const path = `/v1/webhooks/${vendor}`;
    expect(problemOf(await stranger().post(path, golden(file), CLUSTER)).status).toBe(401);
    expect(await post(vendor, golden(file))).toEqual(["recorded"]);
  });
});

// --- Argo ---------------------------------------------------------------------------------------------------

describe("Argo CD", () => {
  const headers = { authorization: SECRET };

  it("has a sync begin and end: its images and the revision of its manifests", async () => {
    const { stranger, release } = given();
    const send = (name: string) =>
      stranger().post("/v1/webhooks/argocd", golden(`argocd/${name}.json`), { ...CLUSTER, ...headers });
    await send("sync.running");
    expect(await release("eu-1/billing", "billing")).toMatchObject({
      status: "unknown",
      attempt: { startedAt: "2026-03-02T09:30:41.000Z", by: "octocat" },
    });
    await send("sync.succeeded");
    expect(await release("eu-1/billing", "billing")).toMatchObject({
      status: "running",
      attempt: null,
      components: [{ component: "main", resolvedBy: "digest" }],
      config: [{ revision: "f3937462080c6946ff5ec4b5fa393e7c22388e4c", path: "billing/production" }],
    });
    await send("app.deleted");
    expect(await release("eu-1/billing", "billing")).toMatchObject({ status: "removed" });
  });

  it("leaves alone what a sync of some resources did not apply", async () => {
    const { stranger, release } = given();
    for (const name of ["sync.several-sources", "sync.part"])
      await stranger().post("/v1/webhooks/argocd", golden(`argocd/${name}.json`), headers);
    const running = await release("us-1/shop", "shop");
    expect(running).toMatchObject({ status: "running" });
    expect(JSON.stringify(running)).toContain('"component":"Deployment/web/envoy"');
    expect(JSON.stringify(running)).toContain('"component":"worker"');
  });
});

describe("Argo Rollouts", () => {
  it("has the stable version run until the new one is complete", async () => {
    const { stranger, client, release, setNow } = given();
    const stable = {
      environment: "eu-1/billing",
      service: "billing",
      deployment: { provider: "test", instance: "here", id: "8" },
      components: [{ component: "main", repository: "ghcr.io/acme/billing", digest: digestOf("stable") }],
    };
    await client().say({
      specversion: "1.0",
      type: "dev.asof.deployment.succeeded.v1",
      source: "/test",
      id: "8",
      time: "2026-11-01T00:00:00Z",
      data: stable,
    });
    const send = async (event: string, now: string) => {
      setNow(now);
      const body = golden(`argocd/rollout.${event}.json`);
      await stranger().post("/v1/webhooks/argocd", body, { ...CLUSTER, authorization: SECRET });
      return release("eu-1/billing", "billing");
    };
    const isStable = { components: [{ digest: digestOf("stable") }] };
    const id = "0c9d8e7f-6a5b-4c3d-8e2f-1a0b9c8d7e6f/9";
    expect(await send("updated", "2026-11-22T10:00:00Z")).toMatchObject({
      ...isStable,
      attempt: { deployment: { id }, startedAt: expect.stringMatching(/^2026-11-22T10:00/) },
    });
    expect(await send("step", "2026-11-22T11:00:00Z")).toMatchObject({
      ...isStable,
      attempt: { deployment: { id }, startedAt: expect.stringMatching(/^2026-11-22T11:00/) },
    });
    expect(await send("aborted", "2026-11-22T12:00:00Z")).toMatchObject({
      ...isStable,
      attempt: { deployment: { id }, status: "failed", endedAt: expect.stringMatching(/^2026-11-22T12:00/) },
    });
    expect(await send("completed", "2026-11-22T13:00:00Z")).toMatchObject({
      deployment: { provider: "argo-rollouts", id },
      attempt: null,
    });
  });
});

// --- Helm ---------------------------------------------------------------------------------------------------

interface Revision {
  readonly status: string;
  readonly description?: string;
  readonly more?: object;
}
const PASSWORD = "a-password-that-nobody-may-see";

const revision = ({ status, description = "Upgrade complete", more = {} }: Revision) => ({
  name: "shop",
  namespace: "shop",
  version: 2,
  info: { last_deployed: "2026-02-01T10:00:00Z", deleted: "", status, description, notes: PASSWORD },
  chart: { metadata: { name: "shop", version: "1.2.0" }, values: { password: PASSWORD } },
  config: { password: PASSWORD },
  manifest: `kind: Pod\nmetadata: {name: shop}\nspec: {containers: [{name: shop, image: "ghcr.io/acme/shop@${digestOf("shop")}", args: [${PASSWORD}]}]}\n`,
  ...more,
});
const secretOf = (release: unknown, labels: object) => ({
  kind: "Secret",
  metadata: { name: "sh.helm.release.v1.shop.v2", namespace: "shop", labels },
  data: {
    release: Buffer.from(gzipSync(JSON.stringify(release)).toString("base64")).toString("base64"),
  },
});

describe("Helm", () => {
  it("tells the history that it kept, each revision in its time", async () => {
    const { post, release } = given();
    expect(await post("helm", golden("helm/history.json"))).toEqual(Array(5).fill("recorded"));
    const at = (time: string) => release("eu-1/shop", "shop", time);
    expect(await at("2026-02-10")).toMatchObject({ rollback: false, config: [{ revision: "1.2.0" }] });
    expect(await at("2026-02-25")).toMatchObject({ rollback: true, config: [{ revision: "1.4.0" }] });
    expect(await at("2026-03-10")).toMatchObject({ rollback: false, config: [{ revision: "1.5.0" }] });
  });

  it("says of a revision that was superseded what it said when it was deployed", async () => {
    const { post } = given();
    const then = secretOf(revision({ status: "deployed" }), { status: "deployed" });
    const now = secretOf(revision({ status: "superseded" }), { status: "superseded" });
    expect(await post("helm", then)).toEqual(["recorded"]);
    expect(await post("helm", now)).toEqual(["duplicate"]);
  });

  it.each([
    ["Release", "failed"],
    ["Upgrade", "failed"],
    ["Rollback", "failed"],
  ])("does not make a success of a failed %s that was superseded", async (action, outcome) => {
    const { post, client } = given();
    const description = `${action} "shop" failed: timed out\nwaiting`;
    expect(await post("helm", revision({ status: outcome, description }))).toEqual(["recorded"]);
    expect(await post("helm", revision({ status: "superseded", description }))).toEqual(["duplicate"]);
    const { text } = await client().get("/v1/timeline", { environment: "eu-1/shop", from: "2026-01-01" });
    expect(text).toContain('"what":"failed"');
    expect(text).not.toContain('"what":"deployed"');
  });

  it("keeps nothing of what a release holds, neither in facts nor aside", async () => {
    const { post, client, quarantine, setNow } = given();
    await post("helm", revision({ status: "deployed" }));
    await post("helm", revision({ status: "deployed", more: { manifest: `containers: [${PASSWORD}` } }));
    await post("helm", revision({ status: "deployed", more: { version: PASSWORD } }));
    await post("helm", secretOf(revision({ status: "deployed", more: { name: "other", info: 1 } }), {}));
    await post("helm", { kind: "Secret", metadata: { name: "db" }, data: { password: PASSWORD } });
    expect(quarantine()).toHaveLength(4);
    expect(JSON.stringify(quarantine())).not.toContain(PASSWORD);
    setNow("2026-11-22T10:00:00Z");
    const { text } = await client().get("/v1/export", { from: "2026-11-01" });
    expect(text).toContain(digestOf("shop"));
    expect(text).not.toContain(PASSWORD);
  });

  it("keeps of a list that is too long nothing of what its releases hold", async () => {
    const { post, quarantine } = given();
    const item = secretOf(revision({ status: "deployed" }), {});
    expect(await post("helm", { kind: "List", items: Array(501).fill(item) })).toEqual(["rejected"]);
    expect(quarantine()).toEqual([expect.objectContaining({ reason: expect.stringMatching(/^items: /) })]);
    expect(JSON.stringify(quarantine())).not.toContain(item.data.release);
  });

  it("does not pass over the last revision of what was uninstalled, nor take it for a success", async () => {
    const { post, release } = given();
    const first = { version: 1, info: { status: "superseded", last_deployed: "2026-01-01T10:00:00Z" } };
    await post("helm", revision({ status: "superseded", more: first }));
    const last = { ...revision({ status: "uninstalled" }) };
    const info = { ...last.info, deleted: "2026-03-01T10:00:00Z", description: "Uninstallation complete" };
    expect(await post("helm", { ...last, info })).toEqual(["recorded", "recorded"]);
    const of = (id: string) => ({ deployment: { provider: "helm", instance: "eu-1/shop", id } });
    expect(await release("eu-1/shop", "shop", "2026-02-10")).toMatchObject({
      ...of("shop/1/2026-01-01T10:00:00Z"),
      attempt: { ...of("shop/2/2026-02-01T10:00:00Z"), startedAt: "2026-02-01T10:00:00.000Z" },
    });
    expect(await release("eu-1/shop", "shop", "2026-03-02")).toMatchObject({
      status: "removed",
      attempt: null,
    });
  });

  it("says of a beginning what it said before its release was uninstalled", async () => {
    const { post } = given();
    const begun = revision({ status: "pending-rollback", description: "Rollback to 1" });
    expect(await post("helm", begun)).toEqual(["recorded"]);
    const info = { ...begun.info, status: "uninstalled", deleted: "2026-03-01T10:00:00Z", description: "" };
    expect(await post("helm", { ...begun, info })).toEqual(["duplicate", "recorded"]);
  });

  it("unpacks no bomb", async () => {
    const { post, quarantine } = given();
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, " "));
    const release = Buffer.from(bomb.toString("base64")).toString("base64");
    const secret = { ...secretOf({}, {}), data: { release } };
    expect(await post("helm", secret)).toEqual(["rejected"]);
    expect(quarantine()).toEqual([expect.objectContaining({ reason: expect.stringContaining("at most") })]);
  });
});

// --- Kubernetes ---------------------------------------------------------------------------------------------

const pod = (hash: string, image: string, startedAt: string) => ({
  metadata: {
    name: `web-${hash}-${startedAt}`,
    namespace: "shop",
    labels: { "pod-template-hash": hash },
    ownerReferences: [{ kind: "ReplicaSet", name: `web-${hash}`, controller: true }],
  },
  spec: { containers: [{ env: [{ name: "P", value: PASSWORD }] }] },
  status: {
    containerStatuses: [
      {
        name: "web",
        image: "ghcr.io/acme/web:1",
        imageID: `ghcr.io/acme/web@${digestOf(image)}`,
        state: { running: { startedAt } },
      },
    ],
  },
});
const list = (...items: object[]) => ({ kind: "List", items });

describe("Kubernetes", () => {
  const a = pod("aaa", "a", "2026-11-01T10:00:00Z");
  const b = pod("bbb", "b", "2026-11-01T11:00:00Z");
  const again = pod("aaa", "a", "2026-11-01T12:00:00Z");

  it("is told once what is seen every minute, and anew what came back", async () => {
    const { post, release } = given();
    const running = async () => JSON.stringify(await release("eu-1/shop", "web"));
    for (const [items, outcome, image] of [
      [[a], "recorded", "a"],
      [[a], "duplicate", "a"],
      [[a, b], "duplicate", "a"],
      [[b], "recorded", "b"],
      [[b], "duplicate", "b"],
      [[b, again], "duplicate", "b"],
      [[again], "recorded", "a"],
      [[again], "duplicate", "a"],
    ] as const) {
      expect(await post("kubernetes", list(...items))).toEqual([outcome]);
      expect(await running()).toContain(`"digest":"${digestOf(image)}"`);
    }
  });

  it("keeps nothing of a pod's environment, also where the list cannot be read", async () => {
    const { post, quarantine } = given();
    const { status: _, ...unread } = a;
    expect(await post("kubernetes", list(b, unread))).toEqual(["rejected"]);
    expect(await post("kubernetes", { ...list(b), metadata: { continue: "more" } })).toEqual(["rejected"]);
    expect(quarantine()).toHaveLength(2);
    expect(JSON.stringify(quarantine())).not.toContain(PASSWORD);
  });

  it("stays with what ran where a rollout is broken off", async () => {
    const { post, release } = given();
    for (const items of [[a], [a, b], [a]]) await post("kubernetes", list(...items));
    expect(await release("eu-1/shop", "web")).toMatchObject({ components: [{ digest: digestOf("a") }] });
  });

  it("shows what differs from what was deployed", async () => {
    const { post, release } = given();
    const manifest = `kind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: "ghcr.io/acme/web@${digestOf("a")}"}]}}}`;
    const info = { status: "deployed", last_deployed: "2026-11-01T09:00:00Z" };
    await post("helm", { name: "web", namespace: "shop", version: 1, info, manifest });
    await post("kubernetes", list(a));
    expect(await release("eu-1/shop", "web")).toMatchObject({ drift: null });
    await post("kubernetes", list(b));
    expect(await release("eu-1/shop", "web")).toMatchObject({
      drift: {
        claimed: [{ component: "main", digest: digestOf("a") }],
        observed: [{ component: "main", digest: digestOf("b") }],
      },
    });
  });

  it.each([
    [
      "by when their pods were created",
      { creationTimestamp: "2026-11-01T08:00:00Z" },
      "2026-11-20T10:00:00Z",
    ],
    ["by when they first ran, if nobody tells that", {}, "2026-11-01T08:00:00Z"],
  ])("shows a rollout that never ends as drift, ordering versions %s", async (_, metadata, startedAt) => {
    const { post, release, client } = given();
    const old = pod("aaa", "a", startedAt);
    const items = [b, { ...old, metadata: { ...old.metadata, ...metadata } }];
    await client().say({
      specversion: "1.0",
      type: "dev.asof.deployment.succeeded.v1",
      source: "/ci",
      id: "deployed",
      time: "2026-11-01T11:00:00Z",
      data: {
        environment: "eu-1/shop",
        service: "web",
        deployment: { provider: "ci", instance: "here", id: "2" },
        components: [{ component: "main", digest: digestOf("b") }],
      },
    });
    await post("kubernetes", list(...items));
    expect(await release("eu-1/shop", "web")).toMatchObject({
      components: [{ digest: digestOf("a") }],
      drift: { claimed: [{ digest: digestOf("b") }], observed: [{ digest: digestOf("a") }] },
    });
  });

  it("keeps aside only what it reads of a pod", async () => {
    const { post, quarantine } = given();
    const broken = JSON.parse(JSON.stringify(a).replace(digestOf("a"), "sha256:abc"));
    expect(await post("kubernetes", list(broken))).toEqual(["rejected"]);
    expect(quarantine()).toHaveLength(1);
    expect(JSON.stringify(quarantine())).not.toContain(PASSWORD);
  });

  it("finds the image of a side-loaded configuration once an index names it", async () => {
    const { post, client, release } = given();
    const sideLoaded = JSON.parse(
      JSON.stringify(a).replace(`ghcr.io/acme/web@${digestOf("a")}`, digestOf("config")),
    );
    await post("kubernetes", list(sideLoaded));
    await client().say({
      specversion: "1.0",
      type: "dev.asof.artifact.indexed.v1",
      source: "/test",
      id: "index",
      time: "2026-11-01T00:00:00Z",
      data: {
        digest: digestOf("index"),
        manifests: [
          { digest: digestOf("manifest"), platform: "linux/amd64", configDigest: digestOf("config") },
        ],
      },
    });
    await client().say(
      event("artifact.pushed", "push", "2026-11-01T00:00:00Z", {
        digest: digestOf("index"),
        repository: "ghcr.io/acme/web",
      }),
    );
    expect(await release("eu-1/shop", "web")).toMatchObject({
      components: [{ digest: digestOf("index"), reported: digestOf("config") }],
    });
  });
});

describe("the history of an application of Argo CD", () => {
  const app = JSON.parse(golden("argocd/sync.history.json"));
  const place = ["eu-1/billing", "billing"] as const;

  it("tells the syncs that did not report themselves, each at its time", async () => {
    const { post, release } = given();
    expect(await post("argocd", app, { authorization: SECRET })).toEqual(Array(4).fill("recorded"));
    expect(await post("argocd", app, { authorization: SECRET })).toEqual(Array(4).fill("duplicate"));
    expect(await release(...place, "2026-02-03T12:00:00Z")).toMatchObject({
      since: "2026-02-03T00:00:04.000Z",
      until: "2026-02-04T00:00:05.000Z",
      deployedBy: "octocat",
      config: [{ revision: "c".repeat(40), path: "billing/production" }],
    });
    expect(await release(...place, "2026-02-05T00:00:00Z")).toMatchObject({ rollback: true });
  });

  it("adds nothing to a sync that reported itself, whichever comes first", async () => {
    const { operationState, history } = app.app.status;
    const own = { ...operationState, startedAt: "2026-02-04T00:00:00Z", finishedAt: "2026-02-04T00:00:06Z" };
    const reported = {
      ...app,
      app: { ...app.app, status: { ...app.app.status, operationState: own, history: history.slice(0, 4) } },
    };
    const answers = await Promise.all(
      [
        [reported, app],
        [app, reported],
      ].map(async (deliveries) => {
        const { post, release } = given();
        for (const one of deliveries) await post("argocd", one, { authorization: SECRET });
        return release(...place, "2026-02-05T00:00:00Z");
      }),
    );
    for (const answer of answers)
      expect(answer).toMatchObject({
        since: "2026-02-04T00:00:06.000Z",
        components: [{ digest: expect.stringMatching(/^sha256:7172/) }],
      });
  });
});
