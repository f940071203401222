/** What somebody with a token of staging tries on production: each is refused, or changes no answer about production. */
import { afterEach, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { event } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, givenDoors, NOW, SECRETS } from "./given.ts";

afterEach(cleanUp);

const token = (name: string) => `${name}-token-that-nobody-may-see`;
const STAGING = "environments=staging:repositories=ghcr.io/acme/staging:commits=github.com/acme/staging";
const TOKENS = [
  `admin:admin:${token("admin")}`,
  `writer:staging:${token("staging")}:environments=staging`,
  `writer:team:${token("team")}:${STAGING}`,
  `reader:prod:${token("prod")}:environments=production:repositories=ghcr.io/acme/billing`,
  `reader:stage:${token("stage")}:${STAGING}`,
  `auditor:audit:${token("audit")}:environments=production:repositories=ghcr.io/acme/billing`,
  `operator:ops:${token("ops")}:environments=staging`,
  `operator:boss:${token("boss")}`,
].join(",");

const REPOSITORY = "ghcr.io/acme/billing";
const OURS = "ghcr.io/acme/staging/billing";
const [REAL, EVIL] = [digestOf("real"), digestOf("evil")];
const SHA = "4be1".padEnd(40, "0");
const FORK = "bad1".padEnd(40, "0");
const PLACE = { environment: "production", service: "acme/billing" };
const T = "2026-10-20T08:00:00Z";
const LATER = "2026-10-21T08:00:00Z";

const clock = { now: NOW };

async function given() {
  clock.now = NOW;
  const doors = givenDoors({
    secrets: () => Promise.resolve({ tokens: parseTokens(TOKENS), webhooks: SECRETS }),
    // It stands: answers are compared byte for byte.
    now: () => new Date(clock.now),
  });
  const as = (name: string) => doors.stranger(token(name));
  const tell = async (name: string, id: string, kind: string, data: object, time = LATER) =>
    as(name).say(event(kind, id, time, data));
  const said = async (kind: string, id: string, data: object, time = T) => {
    expect(await tell("admin", id, kind, data, time)).toMatchObject({ status: 201 });
  };
  await said("artifact.pushed", "p", { digest: REAL, repository: REPOSITORY, tag: "1.4" });
  await said("artifact.built", "b", {
    digest: REAL,
    repository: REPOSITORY,
    commit: { repository: "https://github.com/acme/billing", sha: SHA },
    evidence: "declared",
  });
  await said("deployment.succeeded", "d", {
    ...PLACE,
    deployment: { provider: "github", instance: "github.com", id: "1" },
    components: [{ component: "main", repository: REPOSITORY, digest: REAL }],
    commit: { sha: SHA, repository: "https://github.com/acme/billing" },
  });
  const answers = async (name: string) => {
    const place = "environment=production&service=acme/billing";
    const asked = [
      `/v1/release?${place}`,
      "/v1/snapshot?environment=production",
      "/v1/timeline?environment=production&from=2026-10-01",
      `/v1/gate?${place}&digest=${REAL}`,
      `/v1/plan?${place}&at=2026-10-20T09:00:00Z`,
      `/v1/tag?repository=${REPOSITORY}&tag=1.4`,
    ];
    return (await Promise.all(asked.map((path) => as(name).get(path)))).map(({ text }) => text);
  };
  return { ...doors, as, tell, said, answers };
}

const ATTACKS: readonly (readonly [string, string, object])[] = [
  [
    "an index that claims production's image",
    "artifact.indexed",
    { digest: EVIL, manifests: [{ digest: REAL }] },
  ],
  [
    "a rename of its repository to another host",
    "repository.renamed",
    { from: REPOSITORY, to: "evil.example/billing" },
  ],
  [
    "a rename of all of its paths",
    "repository.renamed",
    { from: "ghcr.io/acme", to: "evil.example/acme", scope: "path" },
  ],
  ["a rename of its service", "service.renamed", { from: "acme/billing", to: "acme/mine" }],
  ["a rename of its environment", "environment.renamed", { from: "production", to: "staging" }],
  ["a delete of its image", "artifact.deleted", { repository: REPOSITORY, digest: REAL, what: "manifest" }],
  ["a push over its tag", "artifact.pushed", { repository: REPOSITORY, digest: EVIL, tag: "1.4" }],
  [
    "another commit of its image",
    "artifact.built",
    {
      digest: REAL,
      commit: { repository: "https://github.com/acme/billing", sha: FORK },
      evidence: "declared",
    },
  ],
  [
    "a foreign source of its image",
    "artifact.built",
    {
      digest: REAL,
      repository: REPOSITORY,
      commit: { repository: "https://evil.example/billing", sha: FORK },
      evidence: "declared",
    },
  ],
  ["evidence against its image", "evidence.attached", { digest: REAL, type: "test", verdict: "failed" }],
  [
    "evidence of its deployment",
    "evidence.attached",
    {
      deployment: { provider: "github", instance: "github.com", id: "1" },
      type: "approval",
      verdict: "approved",
    },
  ],
  [
    "a description of its service",
    "service.described",
    { ...{ service: "acme/billing" }, images: ["evil.example/billing"], environments: ["production"] },
  ],
  ["a note on every environment", "change.noted", { type: "flag", title: "on" }],
  [
    "a deployment there",
    "deployment.succeeded",
    {
      ...PLACE,
      deployment: { provider: "x", instance: "y", id: "2" },
      components: [{ component: "main", digest: EVIL }],
    },
  ],
  [
    "a migration there",
    "migration.applied",
    { environment: "production", database: "billing", version: "9" },
  ],
];

describe("a token of staging", () => {
  it.each(ATTACKS)("is refused %s, and production stays as it was", async (_, kind, data) => {
    const { tell, answers } = await given();
    const before = await answers("boss");
    for (const name of ["staging", "team"]) {
      expect(await tell(name, `${name}-attack`, kind, data)).toMatchObject({ status: 403 });
    }
    expect(await answers("boss")).toEqual(before);
  });

  it.each([
    [
      "an index of its own that lists production's image",
      "artifact.indexed",
      { repository: OURS, digest: EVIL, manifests: [{ digest: REAL }] },
    ],
    [
      "a build of production's image from its own commit",
      "artifact.built",
      {
        repository: OURS,
        digest: REAL,
        commit: { repository: "https://github.com/acme/staging", sha: FORK },
        evidence: "declared",
      },
    ],
    [
      "evidence of production's image in its own repository",
      "evidence.attached",
      { repository: OURS, digest: REAL, type: "test", verdict: "failed" },
    ],
    [
      "a description of production's service",
      "service.described",
      { service: "acme/billing", owner: "evil", databases: ["none"] },
    ],
    [
      "a deployment of production's image",
      "deployment.succeeded",
      {
        environment: "staging",
        service: "acme/billing",
        deployment: { provider: "github", instance: "github.com", id: "1" },
        components: [{ component: "main", repository: REPOSITORY, digest: REAL }],
      },
    ],
  ])("may report %s, without effect on production", async (_, kind, data) => {
    const { tell, said, answers } = await given();
    // Both digests in its own repository, and its own image marked as bad.
    for (const [n, digest] of [EVIL, REAL].entries())
      expect(await tell("team", `own-${n}`, "artifact.pushed", { repository: OURS, digest })).toMatchObject({
        status: 201,
      });
    await said("evidence.attached", "bad", { digest: EVIL, type: "test", verdict: "failed" });
    const before = await answers("boss");
    const outside = await answers("prod");
    expect(await tell("team", "own", kind, data)).toMatchObject({ status: 201 });
    expect(await answers("boss")).toEqual(before);
    expect(await answers("prod")).toEqual(outside);
  });
});

describe("a webhook's secret with grants", () => {
  const BASIC = "Basic c3RhZ2luZzpzZWNyZXQtb2YtdGVhbQ==";
  const push = (repository: string) => ({
    events: [
      {
        id: "1",
        timestamp: T,
        action: "push",
        target: {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          digest: EVIL,
          repository: repository.slice("ghcr.io/".length),
          tag: "1.4",
        },
        request: { host: "ghcr.io" },
      },
    ],
  });

  it("reports within them alone, under a source of its own", async () => {
    const { app } = givenDoors({
      secrets: () =>
        Promise.resolve({
          tokens: [],
          webhooks: {
            distribution: [
              "Bearer distribution-secret-1",
              { secret: BASIC, name: "team", repositories: ["ghcr.io/acme/staging"] },
            ],
          },
        }),
    });
    const send = async (repository: string, authorization: string) => {
      const response = await app.request("/v1/webhooks/distribution", {
        method: "POST",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify(push(repository)),
      });
      return { status: response.status, text: await response.text() };
    };
    const own = await send(OURS, BASIC);
    expect(own.text).toContain('"outcome":"recorded"');
    expect(own.text).toContain('"source":"/webhooks/distribution/@team/');
    const strange = await send(REPOSITORY, BASIC);
    expect(strange.status).toBe(202);
    expect(strange.text).toContain("webhook:distribution:team may only report for the repositories");
    const whole = await send(REPOSITORY, "Bearer distribution-secret-1");
    expect(whole.text).toContain('"outcome":"recorded"');
    expect(whole.text).not.toContain("@team");
  });
});

describe("a bound operator", () => {
  it("marks for its own environments alone", async () => {
    const { as, answers } = await given();
    const before = await answers("boss");
    const mark = { digest: REAL, verdict: "bad", reason: "broken in staging" };
    const { status } = await as("ops").post("/v1/marks", mark);
    expect(status).toBe(201);
    expect(await answers("boss")).toEqual(before);
    const staging = await as("ops").get(`/v1/gate?environment=staging&service=acme/billing&digest=${REAL}`);
    expect(staging.json).toMatchObject({ allowed: false, reasons: [{ code: "marked_bad" }] });
  });
});

describe("a bound reader", () => {
  it("is told nothing of other places, not even that they are there", async () => {
    const { as } = await given();
    for (const path of [
      "/v1/release?environment=production&service=acme/billing",
      "/v1/snapshot?environment=production",
      "/v1/services?environment=production",
      `/v1/tag?repository=${REPOSITORY}&tag=1.4`,
    ]) {
      const { status, text } = await as("stage").get(path);
      expect(status).toBe(404);
      expect(text).not.toContain("Nearest");
    }
    for (const path of ["/v1/environments", "/v1/services", "/v1/sources", "/v1/freezes"]) {
      const { text } = await as("stage").get(path);
      expect(text).not.toContain("production");
      expect(text).not.toContain("acme/billing");
    }
    expect((await as("prod").get("/v1/environments")).text).toContain("production");
  });

  it("exports what it is granted", async () => {
    const { as, tell } = await given();
    await tell("team", "own", "artifact.pushed", { repository: OURS, digest: EVIL });
    clock.now = "2026-11-22T10:00:00.000Z";
    const { text } = await as("audit").get("/v1/export?from=2026-11-01&format=ndjson");
    expect(text).toContain("deployment.succeeded");
    expect(text).not.toContain(OURS);
  });
});
