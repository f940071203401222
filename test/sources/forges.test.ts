import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { azureDevops } from "../../functions/sources/forges/azure-devops.ts";
import { bitbucket } from "../../functions/sources/forges/bitbucket.ts";
import { gitlab } from "../../functions/sources/forges/gitlab.ts";
import type { Source } from "../../functions/sources/source.ts";
import { CASES, mapCase, RECEIVED_AT } from "./golden.ts";

const body = '{"object_kind":"deployment","note":"läuft ✓"}';
const deliver = (headers: Record<string, string>, given = body) => ({
  headers: new Headers(headers),
  body: given,
});
const proves = async ({ verify }: Source, headers: Record<string, string>, secrets: string[], given = body) =>
  (await verify?.(deliver(headers, given), secrets)) === true;

describe("GitLab's secret token", () => {
  const token = (value: string) => ({ "X-Gitlab-Token": value });

  it.each(["first", "second"])("is accepted where it is one of two: %s", async (value) => {
    expect(await proves(gitlab, token(value), ["first", "second"])).toBe(true);
  });

  it("is accepted beside an id and a time, which GitLab sends also where it signs nothing", async () => {
    const headers = { ...token("first"), "webhook-id": "msg_1", "webhook-timestamp": "1792483200" };
    expect(await proves(gitlab, headers, ["first"])).toBe(true);
  });

  it.each(["third", "", "firs", "first1"])("is refused where it is %j", async (value) => {
    expect(await proves(gitlab, token(value), ["first", "second", ""])).toBe(false);
  });

  it("is refused where it is missing, or no secret is configured", async () => {
    expect(await proves(gitlab, {}, ["first"])).toBe(false);
    expect(await proves(gitlab, token(""), [])).toBe(false);
  });

  it("is never a signing key", async () => {
    expect(await proves(gitlab, token(KEY), [KEY])).toBe(false);
  });
});

const KEY = `whsec_${Buffer.from("a key that nobody may see, of 32.").toString("base64")}`;
const OTHER = `whsec_${Buffer.from("another key, that was there once.").toString("base64")}`;

describe("GitLab's signature", () => {
  const signed = (key: string, { at = new Date(), over = body } = {}) => ({
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(key).sign("msg_1", at, over),
  });
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

  it("is accepted where one of the configured keys made it", async () => {
    expect(await proves(gitlab, signed(KEY), [KEY])).toBe(true);
    expect(await proves(gitlab, signed(KEY), ["a token", "whsec_?", OTHER, KEY])).toBe(true);
  });

  it("is accepted as one of several", async () => {
    const headers = signed(KEY);
    const both = `${new Webhook(OTHER).sign("msg_1", new Date(), body)} ${headers["webhook-signature"]}`;
    expect(await proves(gitlab, { ...headers, "webhook-signature": both }, [KEY])).toBe(true);
  });

  it("is accepted over a body that is no JSON, which is kept aside after", async () => {
    expect(await proves(gitlab, signed(KEY, { over: "{" }), [KEY], "{")).toBe(true);
  });

  it.each([
    ["another key made it", signed(OTHER)],
    ["it is of another body", signed(KEY, { over: `${body} ` })],
    ["it is six minutes old", signed(KEY, { at: minutesAgo(6) })],
    ["it is of six minutes from now", signed(KEY, { at: minutesAgo(-6) })],
    ["its id was changed", { ...signed(KEY), "webhook-id": "msg_2" }],
    ["it is empty", { ...signed(KEY), "webhook-signature": "" }],
    ["it has no version", { ...signed(KEY), "webhook-signature": "v1" }],
    ["there is only the token's header", { "X-Gitlab-Token": "first" }],
  ])("is refused where %s", async (_, headers) => {
    expect(await proves(gitlab, headers, [KEY])).toBe(false);
  });
});

describe("Bitbucket's signature", () => {
  const hmac = (secret: string, over = body) => createHmac("sha256", secret).update(over).digest("hex");
  const signed = (value: string) => ({ "X-Hub-Signature": value });

  it.each(["first", "second"])("is accepted where one of two secrets made it: %s", async (secret) => {
    expect(await proves(bitbucket, signed(`sha256=${hmac(secret)}`), ["first", "second"])).toBe(true);
  });

  it.each([
    ["another secret made it", signed(`sha256=${hmac("third")}`)],
    ["it is of another body", signed(`sha256=${hmac("first", `${body} `)}`)],
    ["it names no algorithm", signed(hmac("first"))],
    ["it names another algorithm", signed(`sha1=${hmac("first")}`)],
    ["it is cut short", signed(`sha256=${hmac("first").slice(0, -1)}`)],
    ["it is empty", signed("sha256=")],
    ["it is missing", {}],
    ["an empty secret made it", signed(`sha256=${hmac("")}`)],
  ])("is refused where %s", async (_, headers) => {
    expect(await proves(bitbucket, headers, ["first", "second", ""])).toBe(false);
  });
});

describe("Azure DevOps' Authorization header", () => {
  const basic = (password: string) => `Basic ${Buffer.from(`asof:${password}`).toString("base64")}`;

  it.each(["one", "two"])("is accepted where the whole of it is one of two secrets: %s", async (password) => {
    const headers = { authorization: basic(password) };
    expect(await proves(azureDevops, headers, [basic("one"), basic("two")])).toBe(true);
  });

  it.each([basic("three"), basic("one").slice("Basic ".length), "Basic", ""])(
    "is refused where it is %j",
    async (authorization) => {
      expect(await proves(azureDevops, { authorization }, [basic("one"), ""])).toBe(false);
    },
  );

  it("is refused where it is missing", async () => {
    expect(await proves(azureDevops, {}, [basic("one")])).toBe(false);
  });
});

// --- identity ---------------------------------------------------------------------------------------------

const payloadOf = (vendor: string, name: string): object => {
  const found = CASES.find((one) => one.vendor === vendor && one.name === name)?.payload;
  if (typeof found !== "object" || found === null) throw new Error(`there is no ${vendor}/${name}`);
  return found;
};
const idsOf = (vendor: string, headers: Record<string, string>, payload: unknown): string[] =>
  mapCase({ vendor, headers: new Headers(headers) }, payload).flatMap((mapped) =>
    mapped.is === "statement" ? [`${mapped.statement.source} ${mapped.statement.id}`] : [],
  );

describe("a change of a deployment that GitLab tells of", () => {
  const failed = payloadOf("gitlab", "deployment.failed");
  const idsWith = (more: object, headers: Record<string, string> = {}) =>
    idsOf("gitlab", { "X-Gitlab-Event": "Deployment Hook", ...headers }, { ...failed, ...more });

  it("is the same for each hook that sends it, and however often", () => {
    expect(idsWith({}, { "Idempotency-Key": "of the group's hook" })).toEqual(
      idsWith({}, { "Idempotency-Key": "of the project's hook" }),
    );
  });

  it.each([
    { deployment_id: 1504 },
    { status: "success" },
    { status_changed_at: "2026-10-20 10:12:00 +0200" },
    { project: { path_with_namespace: "acme/other", web_url: "https://gitlab.example.com/acme/other" } },
    {
      project: { path_with_namespace: "acme/shop/billing", web_url: "https://gitlab.com/acme/shop/billing" },
    },
  ])("is another with %j", (more) => {
    expect(idsWith(more)).toHaveLength(1);
    expect(idsWith(more)).not.toEqual(idsWith({}));
  });

  it("is another for each of two who approve in the same second", () => {
    const approval = (id: number) => idsWith({ status: "approved", approval: { id } });
    expect(approval(1)).toHaveLength(1);
    expect(approval(1)).not.toEqual(approval(2));
  });
});

describe("a build status of Bitbucket", () => {
  const status = (more: object) => ({
    repository: { full_name: "acme/billing" },
    commit_status: {
      key: "deploy",
      state: "FAILED",
      updated_on: "2026-10-20T08:10:00.572438+00:00",
      commit: { hash: "4be1f0a7d2c3951e6b8840f7a9d5c2e13b6a7f90" },
      ...more,
    },
  });
  const idsWith = (more: object, attempt = "1") =>
    idsOf(
      "bitbucket",
      { "X-Event-Key": "repo:commit_status_updated", "X-Attempt-Number": attempt },
      status(more),
    );

  it("is the same when it is tried again", () => {
    expect(idsWith({}, "2")).toEqual(idsWith({}));
  });

  it("is the same where only an address names its commit, and no address takes long to read", () => {
    const named = (href: string) => idsWith({ commit: null, links: { commit: { href } } });
    expect(named("https://api.bitbucket.org/x/commit/4be1f0a7d2c3951e6b8840f7a9d5c2e13b6a7f90")).toEqual(
      idsWith({}),
    );
    // In quadratic time this would take minutes, and the test be given up.
    expect(named(`${"a".repeat(500_000)}/`)).toHaveLength(1);
  });

  it.each([
    { key: "deploy/FAILED" },
    { state: "STOPPED" },
    { updated_on: "2026-10-20T08:10:00.572439+00:00" },
    { commit: { hash: "5be1f0a7d2c3951e6b8840f7a9d5c2e13b6a7f90" } },
  ])("is another with %j", (more) => {
    expect(idsWith(more)).toHaveLength(1);
    expect(idsWith(more)).not.toEqual(idsWith({}));
  });
});

describe("a package that GitHub tells of", () => {
  const published = payloadOf("github", "package.published.container");
  const idsWith = (delivery: string | undefined, payload: unknown = published) =>
    idsOf(
      "github",
      { "X-GitHub-Event": "package", ...(delivery === undefined ? {} : { "X-GitHub-Delivery": delivery }) },
      payload,
    );

  it("is a duplicate under another delivery id", () => {
    const ids = idsWith("one");
    expect(ids).toHaveLength(2);
    expect(idsWith("other")).toEqual(ids);
    expect(idsWith(undefined)).toEqual(ids);
  });

  it("is the same whoever is named as its sender, so that the id gives no login away", () => {
    expect(idsWith("one", { ...published, sender: { login: "somebody" } })).toEqual(idsWith("one"));
  });

  it.each([
    ["another action", "published", "updated"],
    ["another tag", '"name":"2.4.0"', '"name":"2.4.1"'],
  ])("is another with %s", (_, from, to) => {
    const text = JSON.stringify(published);
    expect(text).toContain(from);
    const [pushed] = idsWith("one", JSON.parse(text.replace(from, to)));
    expect(idsWith("one")).not.toContain(pushed);
  });
});

describe("a review of a deployment", () => {
  const headers = { "X-GitHub-Event": "deployment_review" };
  const review = payloadOf("github", "deployment_review.approved");

  it("has another identity for each job, and the same when it is delivered again later", () => {
    const ids = idsOf("github", headers, review);
    expect(new Set(ids).size).toBe(2);
    expect(idsOf("github", { ...headers, "X-GitHub-Delivery": "another" }, review)).toEqual(ids);
  });

  it("has the receipt's time, and says so", () => {
    const mapped = mapCase({ vendor: "github", headers: new Headers(headers) }, review);
    expect(mapped).toMatchObject([
      { statement: { occurredAt: RECEIVED_AT, timeFrom: "receipt" } },
      { statement: { occurredAt: RECEIVED_AT, timeFrom: "receipt" } },
    ]);
  });
});

describe("a deployment's start and its end", () => {
  const deploymentIn = (vendor: string, name: string) => {
    const one = CASES.find((other) => other.vendor === vendor && other.name === name);
    const [mapped] = one === undefined ? [] : mapCase(one, one.payload);
    return mapped?.is === "statement" ? mapped.statement.deployment : undefined;
  };

  it.each([
    ["aws", "codedeploy-deployment.start", "codedeploy-deployment.failure"],
    ["azure-devops", "release.started", "release.succeeded"],
  ])("are of one deployment: %s", (vendor, start, end) => {
    expect(deploymentIn(vendor, start)).toBeDefined();
    expect(deploymentIn(vendor, start)).toEqual(deploymentIn(vendor, end));
  });

  it("are of another where a stage is tried again", () => {
    expect(deploymentIn("azure-devops", "release.rejected")).not.toEqual(
      deploymentIn("azure-devops", "release.started"),
    );
  });
});
