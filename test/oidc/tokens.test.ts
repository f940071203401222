/** Which OIDC tokens of CI are taken and which are refused, against a real issuer, through the real endpoints. */
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { verifier } from "../../functions/adapters/oidc/verifier.ts";
import { Identities } from "../../functions/ledger/authority/identities.ts";
import { type Client, event } from "../client.ts";
import { cleanUp, deployed, givenDoors, NOW } from "../http/given.ts";
import { type Claims, goldenClaims, type Issuer, newKey, startIssuer, stopIssuers } from "./issuer.ts";

const AUDIENCE = "https://ledger.acme.example";
const now = () => new Date(NOW);
const nowS = Date.parse(NOW) / 1000;
const SHA = "4616ec3a3eebbaa46e7ce256d557494cbaaf3268";

afterEach(cleanUp);
afterAll(stopIssuers);

const github = await startIssuer({ path: "/_services/token", now });
const gitlab = await startIssuer({ now });
const bitbucket = await startIssuer({ path: "/2.0/workspaces/acme/pipelines-config/identity/oidc", now });
const circleci = await startIssuer({ path: "/org/0193abcd-1234-5678-abcd-ef0123456789", now });
const stranger = await startIssuer({ now });

const POLICIES = Identities.parse({
  policies: [
    {
      issuer: github.issuer,
      audience: AUDIENCE,
      claims: {
        repository_owner: "octo-org",
        repository_owner_id: 65,
        event_name: ["push", "workflow_dispatch"],
        ref: "refs/heads/main",
      },
      role: "writer",
      name: "github/{repository}",
      grants: { sources: ["/cli/github.com/{repository}"], environments: ["{environment}"] },
    },
    {
      issuer: gitlab.issuer,
      audience: AUDIENCE,
      claims: { project_id: 4200001, project_path: "acme/billing", ref_protected: true },
      role: "writer",
      name: "gitlab/{project_path}",
      grants: { environments: ["{environment}"] },
    },
    {
      issuer: bitbucket.issuer,
      audience: "ari:cloud:bitbucket::workspace/e2b9cba7-4ecf-452c-bb1c-87add4084c99",
      claims: {
        workspaceUuid: "{e2b9cba7-4ecf-452c-bb1c-87add4084c99}",
        repositoryUuid: "{c5d0e8fb-0c5d-4d63-9ddb-2d9e7c4b1a11}",
        deploymentEnvironmentUuid: "{9d9c0c55-4d8c-4a4f-9f5e-bb9f3f3c5555}",
        branchName: "main",
      },
      role: "writer",
      name: "bitbucket/billing",
      grants: { environments: ["production"] },
    },
    {
      issuer: circleci.issuer,
      audience: "0193abcd-1234-5678-abcd-ef0123456789",
      claims: {
        "oidc.circleci.com/project-id": "5b8d7f60-0000-4000-8000-000000000001",
        "oidc.circleci.com/vcs-origin": "github.com/acme/app",
      },
      role: "writer",
      name: "circleci/acme/app",
    },
  ],
});

const VENDORS = {
  github: { by: github, claims: { ...goldenClaims("github-actions"), sha: SHA, aud: AUDIENCE } },
  gitlab: { by: gitlab, claims: { ...goldenClaims("gitlab-ci"), aud: AUDIENCE } },
  bitbucket: {
    by: bitbucket,
    claims: {
      ...goldenClaims("bitbucket-pipelines"),
      aud: "ari:cloud:bitbucket::workspace/e2b9cba7-4ecf-452c-bb1c-87add4084c99",
    },
  },
  circleci: {
    by: circleci,
    claims: { ...goldenClaims("circleci"), aud: "0193abcd-1234-5678-abcd-ef0123456789" },
  },
} satisfies Record<string, { by: Issuer; claims: Claims }>;
type Vendor = keyof typeof VENDORS;

const tokenOf = (vendor: Vendor, more: Claims = {}): Promise<string> => {
  const { by, claims } = VENDORS[vendor];
  return by.sign({ ...claims, ...more });
};

const ledgerOf = (identities = POLICIES) =>
  givenDoors({ identities: verifier(identities, now, async () => undefined) });

/** What an endpoint answers to a token: its status, and the problem's detail. */
async function answerTo(token: string): Promise<{ status: number; detail: string }> {
  const { status, json } = await ledgerOf().stranger(token).say(deployed("d-1"));
  return { status, detail: String(Object(json).detail ?? "") };
}

const Facts = z.array(z.looseObject({ reportedBy: z.string(), evidence: z.string().optional() }));

/** Everything recorded more than the settle time ago. */
async function factsIn(auditor: Client): Promise<z.infer<typeof Facts>> {
  const { text } = await auditor.get("/v1/export", { from: "2026-01-01", to: "2026-12-31" });
  return Facts.parse(text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)])));
}

describe("a token of CI is taken", () => {
  it.each([
    ["github", "github/octo-org/octo-repo", { environment: "prod" }, "/cli/github.com/octo-org/octo-repo"],
    ["gitlab", "gitlab/acme/billing", { environment: "production" }, "/test"],
    ["bitbucket", "bitbucket/billing", { environment: "production" }, "/test"],
    ["circleci", "circleci/acme/app", { environment: "anywhere" }, "/test"],
  ] as const)("of %s, under the name %s", async (vendor, reportedBy, place, source) => {
    const { client, stranger: as, setNow } = ledgerOf();
    const said = { ...deployed("d-1", "2026-10-20T08:11:00.000Z", place), source };
    const answer = await as(await tokenOf(vendor)).say(said);
    expect(answer.status, answer.text).toBe(201);
    setNow("2026-11-22T09:00:05.000Z");
    expect((await factsIn(client("auditor"))).map((fact) => fact.reportedBy)).toEqual([reportedBy]);
  });

  it.each(["RS256", "PS256", "ES384", "Ed25519"])("where it is signed with %s", async (alg) => {
    const key = await newKey(alg);
    const issuer = await startIssuer({ now });
    issuer.state.keys = [key.jwk];
    const policy = { issuer: issuer.issuer, audience: "a", claims: { sub: "s" }, role: "reader", name: "n" };
    const { verify } = verifier(Identities.parse({ policies: [policy] }), now, async () => undefined);
    expect(await verify(await issuer.sign({ aud: "a", sub: "s" }, { key }))).toMatchObject({
      is: "identity",
    });
  });

  it("only with its role and for its own place", async () => {
    const { stranger: as } = ledgerOf();
    const client = as(await tokenOf("gitlab"));
    expect((await client.say(deployed("d-2", NOW, { environment: "staging" }))).status).toBe(403);
    expect((await client.get("/v1/environments")).status).toBe(403);
  });

  it("within 30 seconds of a clock that differs", async () => {
    const { status } = await ledgerOf()
      .stranger(await tokenOf("gitlab", { exp: nowS - 20, iat: nowS + 20, nbf: nowS + 20 }))
      .say(deployed("d-1"));
    expect(status).toBe(201);
  });
});

/** Each claim of a policy: missing, and another one. */
const PINNED: Record<Vendor, Claims> = {
  github: {
    repository_owner: "octo-org-evil",
    repository_owner_id: "66",
    event_name: "schedule",
    ref: "refs/heads/feature",
    repository: undefined,
    environment: undefined,
  },
  gitlab: {
    project_id: "4200002",
    project_path: "mallory/billing",
    ref_protected: "false",
    environment: undefined,
  },
  bitbucket: {
    workspaceUuid: "{00000000-4ecf-452c-bb1c-87add4084c99}",
    repositoryUuid: "{00000000-0c5d-4d63-9ddb-2d9e7c4b1a11}",
    deploymentEnvironmentUuid: "{00000000-4d8c-4a4f-9f5e-bb9f3f3c5555}",
    branchName: "feature",
  },
  circleci: {
    "oidc.circleci.com/project-id": "5b8d7f60-0000-4000-8000-000000000009",
    "oidc.circleci.com/vcs-origin": "github.com/mallory/app",
  },
};
const VENDOR_NAMES = ["github", "gitlab", "bitbucket", "circleci"] as const;
const eachClaim = VENDOR_NAMES.flatMap((vendor) =>
  Object.entries(PINNED[vendor]).flatMap(([claim, wrong]) => [
    { vendor, what: `without ${claim}`, more: { [claim]: undefined }, claim },
    ...(wrong === undefined
      ? []
      : [{ vendor, what: `with another ${claim}`, more: { [claim]: wrong }, claim }]),
  ]),
);

describe("a genuine token that no policy takes is refused", () => {
  it.each(eachClaim)("of $vendor $what", async ({ vendor, more, claim }) => {
    const { status, detail } = await answerTo(await tokenOf(vendor, more));
    expect({ status, detail }).toEqual({ status: 403, detail: expect.stringContaining(claim) });
  });

  it.each<[string, Vendor, Claims]>([
    [
      "of a fork",
      "github",
      { repository: "mallory/octo-repo", repository_owner: "mallory", repository_owner_id: "99" },
    ],
    ["of a name that was registered again", "github", { repository_owner_id: "1000065" }],
    ["of an owner in another case", "github", { repository_owner: "Octo-Org" }],
    ["of an owner with a space behind", "github", { repository_owner: "octo-org " }],
    ["of a pull request", "github", { event_name: "pull_request", ref: "refs/pull/7/merge", head_ref: "x" }],
    ["of a pull request that poses as a push", "github", { ref: "refs/pull/7/merge" }],
    ["of a pull request from a fork, in the base's context", "github", { event_name: "pull_request_target" }],
    ["of a merge request", "gitlab", { pipeline_source: "merge_request_event", ref_protected: "true" }],
    ["of a merge request's ref", "gitlab", { ref_path: "refs/merge-requests/7/head" }],
    [
      "of a pull request on GitHub that GitLab builds",
      "gitlab",
      { pipeline_source: "external_pull_request_event" },
    ],
    ["of a merge request from a fork", "gitlab", { project_id: "77", project_path: "mallory/billing" }],
    [
      "of a pull request from a fork",
      "circleci",
      { "oidc.circleci.com/vcs-origin": "github.com/mallory/app" },
    ],
    ["of a pull request's ref", "circleci", { "oidc.circleci.com/vcs-ref": "refs/pull/7/head" }],
    ["whose claim is a list of right and wrong", "gitlab", { project_path: [["acme/billing"]] }],
    ["whose claim is an object", "gitlab", { project_path: { "acme/billing": true } }],
    ["whose claim is null", "gitlab", { project_path: null }],
    ["whose environment is a star", "gitlab", { environment: "*" }],
    ["whose environment goes up", "gitlab", { environment: "../production" }],
    ["whose environment holds a line break", "gitlab", { environment: "staging\nproduction" }],
    ["whose environment holds a zero byte", "gitlab", { environment: "production\u0000" }],
    ["whose environment holds a mark of direction", "gitlab", { environment: "production\u202e" }],
    ["whose environment holds a character of no width", "gitlab", { environment: "produc\u200btion" }],
    ["whose environment holds a separator of grants", "gitlab", { environment: "staging|production" }],
    ["whose environment is empty", "gitlab", { environment: "" }],
    ["whose environment is a list", "gitlab", { environment: ["staging", "production"] }],
    ["whose environment is a template", "gitlab", { environment: "{project_path}" }],
    ["whose repository is a pattern", "github", { repository: "octo-org/*" }],
    ["whose repository ends in a slash", "github", { repository: "octo-org/" }],
    ["whose repository leaves its owner", "github", { repository: "octo-org/../mallory" }],
    [
      "whose repository's name is too long for a name",
      "github",
      { repository: `octo-org/${"x".repeat(200)}` },
    ],
    ["whose repository is percent-encoded", "github", { repository: "octo-org%2f..%2fmallory" }],
  ])("%s, of %s", async (_, vendor, more) => {
    expect(await answerTo(await tokenOf(vendor, more))).toMatchObject({ status: 403 });
  });
});

const unsigned = (header: object, claims: object): string =>
  `${[header, claims].map((one) => Buffer.from(JSON.stringify(one)).toString("base64url")).join(".")}.`;

const hmac = (header: object, claims: object, secret: string | Buffer): string => {
  const text = unsigned(header, claims).slice(0, -1);
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
};

const payload = (): Claims => ({
  iss: gitlab.issuer,
  iat: nowS,
  exp: nowS + 300,
  ...VENDORS.gitlab.claims,
});

describe("a token that proves nothing is refused", () => {
  it.each<[string, () => Promise<string> | string, string]>([
    ["that has ended", () => tokenOf("gitlab", { exp: nowS - 31, iat: nowS - 400, nbf: undefined }), "exp"],
    ["without an end", () => tokenOf("gitlab", { exp: undefined }), "exp"],
    ["whose end is a text", () => tokenOf("gitlab", { exp: "tomorrow" }), "exp"],
    ["that begins later", () => tokenOf("gitlab", { nbf: nowS + 31 }), "nbf"],
    ["that was made later", () => tokenOf("gitlab", { iat: nowS + 31 }), "iat"],
    ["that does not say when it was made", () => tokenOf("gitlab", { iat: undefined }), "iat"],
    ["without a subject", () => tokenOf("gitlab", { sub: undefined }), "sub"],
    ["for nobody", () => tokenOf("gitlab", { aud: undefined }), "aud"],
    ["for somebody else", () => tokenOf("gitlab", { aud: "https://vault.acme.example" }), "aud"],
    [
      "for an audience that begins like the ledger's",
      () => tokenOf("gitlab", { aud: `${AUDIENCE}.evil` }),
      "aud",
    ],
    [
      "for somebody else, too",
      () => tokenOf("gitlab", { aud: [AUDIENCE, "https://vault.acme.example"] }),
      "aud",
    ],
    ["for an empty list", () => tokenOf("gitlab", { aud: [] }), "aud"],
    ["of an issuer that no policy names", () => stranger.sign(VENDORS.gitlab.claims), "iss"],
    ["without an issuer", () => tokenOf("gitlab", { iss: undefined }), "iss"],
    ["of an issuer with a slash behind", () => tokenOf("gitlab", { iss: `${gitlab.issuer}/` }), "iss"],
    ["of an issuer that is a list", () => tokenOf("gitlab", { iss: [gitlab.issuer] }), "iss"],
    ["that another issuer signed", () => stranger.sign(payload()), "kid"],
    [
      "that another issuer signed under the right key's name",
      () => stranger.sign(payload(), { header: { kid: gitlab.key.kid } }),
      "signature",
    ],
    ["of one issuer under another's name", () => gitlab.sign({ ...payload(), iss: github.issuer }), "kid"],
    ["with an unknown kid", () => gitlab.sign(payload(), { header: { kid: "nobody" } }), "kid"],
    ["that nobody signed", () => `${unsigned({ alg: "none", typ: "JWT" }, payload())}`, "alg"],
    [
      "that nobody signed, in other letters",
      () => `${unsigned({ alg: "NonE", typ: "JWT" }, payload())}x`,
      "alg",
    ],
    [
      "that is signed with the public key as a secret",
      () =>
        hmac({ alg: "HS256", typ: "JWT", kid: gitlab.key.kid }, payload(), JSON.stringify(gitlab.key.jwk)),
      "alg",
    ],
    ["that is signed with an empty secret", () => hmac({ alg: "HS256", typ: "JWT" }, payload(), ""), "alg"],
    [
      "that brings its own key",
      async () => {
        const own = await newKey();
        return gitlab.sign(payload(), { key: own, header: { jwk: own.jwk } });
      },
      "kid",
    ],
    [
      "that says where its key is",
      () => stranger.sign(payload(), { header: { jku: `${stranger.issuer}/keys` } }),
      "kid",
    ],
    ["that is a logout token", () => gitlab.sign(payload(), { header: { typ: "logout+jwt" } }), "typ"],
    [
      "that needs what nobody knows",
      () => gitlab.sign(payload(), { header: { crit: ["x"], x: 1 } }),
      "verified",
    ],
    [
      "whose claims were changed",
      async () => {
        const [head, , signature] = (await tokenOf("gitlab")).split(".");
        const changed = Buffer.from(JSON.stringify({ ...payload(), environment: "prod" })).toString(
          "base64url",
        );
        return `${head}.${changed}.${signature}`;
      },
      "signature",
    ],
    ["whose signature is missing", async () => (await tokenOf("gitlab")).replace(/[^.]*$/, ""), "signature"],
    ["whose signature is cut", async () => (await tokenOf("gitlab")).slice(0, -4), "signature"],
    ["whose claims are no JSON", () => "eyJhbGciOiJFUzI1NiJ9.bm90LWpzb24.AAAA", "verified"],
    ["whose claims are a list", () => `${unsigned({ alg: "ES256" }, [1])}AAAA`, "verified"],
  ])("%s", async (_, token, named) => {
    const { status, detail } = await answerTo(await token());
    expect(detail).toContain(named);
    expect(status).toBe(401);
  });

  it("whose key is an RSA key of too few bits", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const weak = await startIssuer({ now });
    weak.state.keys = [{ ...publicKey.export({ format: "jwk" }), kid: "weak", alg: "RS256", use: "sig" }];
    const policy = { issuer: weak.issuer, audience: "a", claims: { sub: "s" }, role: "admin", name: "n" };
    const { verify } = verifier(Identities.parse({ policies: [policy] }), now, async () => undefined);
    const head = unsigned(
      { alg: "RS256", kid: "weak" },
      { iss: weak.issuer, aud: "a", sub: "s", iat: nowS, exp: nowS + 9 },
    );
    const signature = sign("sha256", Buffer.from(head.slice(0, -1)), privateKey).toString("base64url");
    expect(await verify(`${head}${signature}`)).toMatchObject({ is: "invalid" });
  });

  it("does not stand in the answer", async () => {
    const token = await tokenOf("gitlab", { aud: "somebody-else" });
    const { detail } = await answerTo(token);
    expect(detail).not.toContain(token.split(".")[1]);
    expect(detail).not.toContain("somebody-else");
  });

  it("by every endpoint alike", async () => {
    const { stranger: as } = ledgerOf();
    const client = as(await tokenOf("gitlab", { aud: "somebody-else" }));
    const answers = await Promise.all([
      client.get("/v1/environments"),
      client.get("/v1/gate", { environment: "production", service: "s", digest: "x" }),
      client.get("/v1/export", { from: "2026-01-01" }),
      client.post("/v1/retractions", { source: "/s", id: "i", reason: "r" }),
      client.post("/v1/attestations", {}),
      client.post("/v1/marks", {}),
      client.post("/v1/freezes", {}),
      client.post("/v1/redeployments", {}),
      client.post("/v1/backups", {}),
      client.post("/v1/webhooks/kubernetes", {}),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
  });

  it("where no policies are configured", async () => {
    expect(
      (
        await givenDoors()
          .stranger(await tokenOf("gitlab"))
          .say(deployed("d-1"))
      ).status,
    ).toBe(401);
  });
});

describe("an issuer", () => {
  const policyOf = ({ issuer }: Issuer) =>
    Identities.parse({
      policies: [{ issuer, audience: "a", claims: { sub: "s" }, role: "reader", name: "n" }],
    });
  const claims = { aud: "a", sub: "s" };

  it.each<[string, (issuer: Issuer) => void]>([
    ["whose keys are down", ({ state }) => (state.jwksStatus = 503)],
    ["whose keys lead elsewhere", ({ state }) => (state.jwksStatus = 302)],
    ["without a discovery document", ({ state }) => (state.discovery = () => undefined)],
    [
      "that discovers another issuer",
      ({ state }) => (state.discovery = (one) => ({ ...one, issuer: "https://x" })),
    ],
    [
      "whose keys are published without TLS elsewhere",
      ({ state }) => (state.discovery = (one) => ({ ...one, jwks_uri: "http://keys.acme.example/" })),
    ],
  ])("%s makes the ledger unavailable, and no token valid", async (_, break_) => {
    const issuer = await startIssuer({ now });
    break_(issuer);
    const { stranger: as } = ledgerOf(policyOf(issuer));
    const answer = await as(await issuer.sign(claims)).get("/v1/environments");
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(answer.text).toContain(issuer.issuer);
  });

  it("is asked once for its keys, and not at all without a token of it", async () => {
    const issuer = await startIssuer({ now });
    const { verify } = verifier(policyOf(issuer), now, async () => undefined);
    await verify(await stranger.sign(claims));
    expect(issuer.asked).toEqual([]);
    for (const _ of [1, 2, 3])
      expect(await verify(await issuer.sign(claims))).toMatchObject({ is: "identity" });
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
  });

  it("is not asked again for every token with an unknown key", async () => {
    const issuer = await startIssuer({ now });
    const { verify } = verifier(policyOf(issuer), now, async () => undefined);
    for (const _ of [1, 2, 3, 4, 5]) {
      const forged = await issuer.sign(claims, { key: await newKey() });
      expect(await verify(forged)).toMatchObject({ is: "invalid" });
    }
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
  });

  it("is not asked again for some seconds after it failed", async () => {
    const issuer = await startIssuer({ now });
    issuer.state.discovery = () => undefined;
    const clock = { ms: Date.parse(NOW) };
    const { verify } = verifier(
      policyOf(issuer),
      () => new Date(clock.ms),
      async () => undefined,
    );
    const token = await issuer.sign(claims);
    for (const _ of [1, 2, 3]) expect(await verify(token)).toMatchObject({ is: "unavailable" });
    expect(issuer.asked).toHaveLength(1);
    issuer.state.discovery = (document) => document;
    clock.ms += 6000;
    expect(await verify(token)).toMatchObject({ is: "identity" });
  });

  it("that has several keys needs to name the one it used", async () => {
    const issuer = await startIssuer({ now });
    issuer.state.keys = [(await newKey()).jwk, (await newKey()).jwk];
    const { verify } = verifier(policyOf(issuer), now, async () => undefined);
    const token = await issuer.sign(claims, { header: { kid: undefined } });
    expect(await verify(token)).toMatchObject({ is: "invalid", reason: expect.stringContaining("kid") });
  });
});

describe("the keys of an issuer", () => {
  it("may change: a new key counts as soon as the old answer is half a minute old", async () => {
    const issuer = await startIssuer({ now });
    const policy = { issuer: issuer.issuer, audience: "a", claims: { sub: "s" }, role: "reader", name: "n" };
    const { verify } = verifier(Identities.parse({ policies: [policy] }), now, async () => undefined);
    const claims = { aud: "a", sub: "s" };
    expect(await verify(await issuer.sign(claims))).toMatchObject({ is: "identity" });
    const rotated = await newKey();
    issuer.state.keys = [rotated.jwk];
    const later = Date.now() + 31_000;
    const original = Date.now;
    try {
      Date.now = () => later;
      expect(await verify(await issuer.sign(claims, { key: rotated }))).toMatchObject({ is: "identity" });
      expect(await verify(await issuer.sign(claims))).toMatchObject({ is: "invalid" });
    } finally {
      Date.now = original;
    }
  });
});

describe("a build that a job of CI declares", () => {
  const built = (repository: string, sha: string, id = "b-1") =>
    event("artifact.built", id, "2026-10-20T08:11:00.000Z", {
      digest: `sha256:${"a".repeat(64)}`,
      commit: { repository, sha },
    });
  const forge = new URL(github.issuer).origin;
  const OTHER_SHA = "0".repeat(40);
  // Builds name no environment: a job without one may report them.
  const identities = Identities.parse({
    policies: [
      ...POLICIES.policies.slice(1, 2).map((policy) => ({ ...policy, grants: {} })),
      { ...POLICIES.policies[0], grants: {} },
      { ...POLICIES.policies[3] },
    ],
  });

  async function evidenceOf(token: string, one: object): Promise<string | undefined> {
    const { client, stranger: as, setNow } = ledgerOf(identities);
    expect((await as(token).say(one)).status).toBe(201);
    setNow("2026-11-22T09:00:05.000Z");
    return (await factsIn(client("auditor")))[0]?.evidence;
  }

  it.each<[string, Vendor, string, string, string]>([
    ["the job's own commit on GitHub", "github", `${forge}/octo-org/octo-repo`, SHA, "oidc"],
    ["the job's own commit in another case", "github", `${forge}/Octo-Org/octo-repo.git`, SHA, "oidc"],
    ["the job's own commit on GitLab", "gitlab", `${gitlab.issuer}/acme/billing`, SHA, "oidc"],
    ["another commit", "gitlab", `${gitlab.issuer}/acme/billing`, OTHER_SHA, "declared"],
    ["another repository", "gitlab", `${gitlab.issuer}/acme/other`, SHA, "declared"],
    ["a repository that begins alike", "gitlab", `${gitlab.issuer}/acme/billing-2`, SHA, "declared"],
    ["the same path on another host", "gitlab", "https://github.com/acme/billing", SHA, "declared"],
    ["a commit where the token names none", "circleci", "https://github.com/acme/app", SHA, "declared"],
  ])(
    "of %s, of %s, is evidence as far as the issuer says so",
    async (_, vendor, repository, sha, evidence) => {
      expect(await evidenceOf(await tokenOf(vendor), built(repository, sha))).toBe(evidence);
    },
  );

  it("is a duplicate of what a stored token declared, and the other way round", async () => {
    const { client, stranger: as } = ledgerOf(identities);
    const job = as(await tokenOf("gitlab"));
    const one = built(`${gitlab.issuer}/acme/billing`, SHA);
    expect((await client("writer").say(one)).status).toBe(201);
    expect((await job.say(one)).status).toBe(200);
    const two = built(`${gitlab.issuer}/acme/billing`, SHA, "b-2");
    expect((await job.say(two)).status).toBe(201);
    expect((await client("writer").say(two)).status).toBe(200);
  });

  it("may not claim more than the issuer says", async () => {
    const one = built(`${gitlab.issuer}/acme/billing`, SHA);
    const forged = { ...one, data: { ...one.data, evidence: "oidc" } };
    expect(
      (
        await ledgerOf(identities)
          .stranger(await tokenOf("gitlab"))
          .say(forged)
      ).status,
    ).toBe(422);
  });
});
