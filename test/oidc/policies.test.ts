import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { holderFrom, Identities } from "../../functions/ledger/authority/identities.ts";
import { configuration } from "../../functions/runtime/config/environment.ts";
import { ConfigurationError } from "../../functions/runtime/config/secrets.ts";
import { page } from "../docs/pages.ts";
import { goldenClaims } from "./issuer.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-identities-"));
afterAll(() => rmSync(folder, { recursive: true }));

const GITHUB = "https://token.actions.githubusercontent.com";
const AUDIENCE = "https://ledger.acme.example";
const policy = {
  issuer: GITHUB,
  audience: AUDIENCE,
  claims: { repository_owner: "octo-org" },
  role: "writer",
  name: "github/{repository}",
};
const POOL = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc";
const people = {
  issuer: POOL,
  audience: "client-1",
  claims: { "cognito:groups": ["releases", "oncall"] },
  role: "operator",
  name: "{cognito:username}",
};

function configured(text: string): ReturnType<typeof configuration>["identities"] {
  const file = join(folder, "identities.yaml");
  writeFileSync(file, text);
  return configuration({ ASOF_IDENTITIES: file }).identities;
}

function faultOf(text: string): string {
  try {
    configured(text);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error("was taken");
}

describe("the file of identities", () => {
  it("is YAML, where numbers and truth values are compared as texts", () => {
    const identities = configured(`
policies:
  - issuer: ${GITHUB}
    audience: ${AUDIENCE}
    claims: { repository_owner_id: 65, event_name: [push, workflow_dispatch] }
    role: writer
    name: github/{repository}
    grants: { environments: ["{environment}"] }
`);
    expect(identities?.policies).toEqual([
      {
        issuer: GITHUB,
        audience: [AUDIENCE],
        claims: { repository_owner_id: ["65"], event_name: ["push", "workflow_dispatch"] },
        role: "writer",
        name: "github/{repository}",
        grants: { environments: ["{environment}"] },
      },
    ]);
  });

  it("may be JSON, and is none where no file is named", () => {
    expect(configured(JSON.stringify({ policies: [policy] }))?.policies).toHaveLength(1);
    expect(configuration({ ASOF_IDENTITIES: "" }).identities).toBeUndefined();
  });

  const login = { issuer: POOL, clientId: "client-1", url: "https://ledger.acme.example/" };
  it("names how people sign in", () => {
    expect(configured(JSON.stringify({ policies: [people], login }))?.login).toEqual({
      issuer: POOL,
      clientId: "client-1",
      url: "https://ledger.acme.example",
      scopes: ["openid", "profile", "email"],
    });
  });

  it.each<[string, object, string]>([
    ["no policy", { policies: [] }, "policies"],
    ["an issuer without TLS", { policies: [{ ...policy, issuer: "http://ci.acme.example" }] }, "0.issuer"],
    ["no issuer", { policies: [{ ...policy, issuer: undefined }] }, "0.issuer"],
    ["no audience", { policies: [{ ...policy, audience: undefined }] }, "0.audience"],
    ["an empty list of audiences", { policies: [{ ...policy, audience: [] }] }, "0.audience"],
    ["no claims", { policies: [{ ...policy, claims: {} }] }, "0.claims"],
    [
      "a pattern as a claim",
      { policies: [{ ...policy, claims: { repository: "octo-org/*" } }] },
      "is not a pattern",
    ],
    ["an empty claim", { policies: [{ ...policy, claims: { repository: "" } }] }, "0.claims.repository"],
    [
      "a claim that is an object",
      { policies: [{ ...policy, claims: { repository: {} } }] },
      "0.claims.repository",
    ],
    [
      "a policy for everybody on GitHub",
      { policies: [{ ...policy, claims: { ref: "refs/heads/main" } }] },
      "owner",
    ],
    [
      "a policy for everybody on GitLab",
      { policies: [{ ...policy, issuer: "https://gitlab.com", claims: { ref_protected: true } }] },
      "owner",
    ],
    ["an unknown role", { policies: [{ ...policy, role: "root" }] }, "0.role"],
    ["no name", { policies: [{ ...policy, name: undefined }] }, "0.name"],
    ["a name with an open brace", { policies: [{ ...policy, name: "{repository" }] }, "0.name"],
    ["an unknown grant", { policies: [{ ...policy, grants: { places: ["x"] } }] }, "0.grants"],
    [
      "a grant without values",
      { policies: [{ ...policy, grants: { environments: [] } }] },
      "0.grants.environments",
    ],
    ["a field that nobody knows", { policies: [{ ...policy, claim: { x: "y" } }] }, "claim"],
    [
      "a login whose tokens no policy takes",
      { policies: [people], login: { ...login, clientId: "client-2" } },
      "login: no policy takes tokens of",
    ],
    [
      "a command line whose tokens no policy takes",
      { policies: [people], login: { ...login, commandLineClientId: "client-3" } },
      "with the audience client-3",
    ],
    [
      "a login at an address without TLS",
      { policies: [people], login: { ...login, url: "http://x.example" } },
      "url",
    ],
  ])("is refused with %s, in one line that names the place", (_, content, named) => {
    const fault = faultOf(JSON.stringify(content));
    expect(fault).toMatch(/^ASOF_IDENTITIES: /);
    expect(fault).toContain(named);
  });

  it("is refused where it is missing, or is neither YAML nor JSON", () => {
    expect(() => configuration({ ASOF_IDENTITIES: join(folder, "none") })).toThrow(
      /^ASOF_IDENTITIES: cannot read/,
    );
    expect(faultOf("policies: [}")).toMatch(/^ASOF_IDENTITIES: .* cannot be read: [^\n]+$/);
  });
});

describe("docs/identities.md", () => {
  const samples = page("docs/identities.md").blocks.filter(({ text }) => /^policies:/m.test(text));

  it.each(samples)("has policies that the ledger takes: $text", ({ text }) => {
    expect(configured(text)?.policies).toHaveLength(1);
  });

  it("shows CI and people", () => expect(samples.length).toBe(5));
});

const claims = { ...goldenClaims("github-actions"), iss: GITHUB, aud: AUDIENCE };
const holderBy = (policies: object[], given: object) => {
  const parsed = Identities.parse({ policies }).policies;
  return holderFrom(parsed, { ...given });
};

describe("a policy", () => {
  it("serves a whole organisation, and lets a job speak for itself alone", () => {
    const grants = {
      sources: ["/cli/github.com/{repository}"],
      environments: ["{environment}"],
      services: ["{repository}"],
      repositories: ["ghcr.io/{repository_owner}/"],
      commits: ["https://github.com/{repository}"],
    };
    const ofOwner = { ...claims, repository_owner: "Octo-Org" };
    const policies = [{ ...policy, claims: { repository_owner: "Octo-Org" }, grants }];
    expect(holderBy(policies, ofOwner)).toEqual({
      holder: {
        role: "writer",
        name: "github/octo-org/octo-repo",
        sources: ["/cli/github.com/octo-org/octo-repo"],
        environments: ["prod"],
        services: ["octo-org/octo-repo"],
        // Images are named in lower case, whatever the owner's name is.
        repositories: ["ghcr.io/octo-org/"],
        commits: ["https://github.com/octo-org/octo-repo"],
      },
    });
  });

  it("is passed over where a claim of its templates is missing: the next one may take the token", () => {
    const deploys = { ...policy, grants: { environments: ["{environment}"] } };
    const builds = { ...policy, name: "builds/{repository}" };
    const { environment, ...built } = { environment: undefined, ...claims };
    expect(environment).toBe("prod");
    expect(holderBy([deploys, builds], built)).toMatchObject({
      holder: { name: "builds/octo-org/octo-repo" },
    });
  });

  it("ends the search where a claim is unsafe: nobody chooses a wider policy by a name", () => {
    const deploys = { ...policy, grants: { environments: ["{environment}"] } };
    const builds = { ...policy, name: "builds/{repository}" };
    expect(holderBy([deploys, builds], { ...claims, environment: "*" })).toEqual({
      reason: expect.stringContaining("policy 1: environment"),
    });
  });

  it("may name pull requests, and then takes them", () => {
    const pulls = { ...policy, claims: { ...policy.claims, event_name: "pull_request" } };
    const given = { ...claims, event_name: "pull_request", ref: "refs/pull/7/merge" };
    expect(holderBy([policy], given)).toMatchObject({ reason: expect.stringContaining("pull request") });
    expect(holderBy([pulls], given)).toMatchObject({ holder: { name: "github/octo-org/octo-repo" } });
  });

  it("knows the commit that a job runs for, on each of GitHub's hosts", () => {
    const sha = "4616ec3a3eebbaa46e7ce256d557494cbaaf3268";
    const runsFor = (issuer: string) => holderBy([{ ...policy, issuer }], { ...claims, iss: issuer, sha });
    expect(runsFor(GITHUB)).toMatchObject({
      holder: { runsFor: { repository: "https://github.com/octo-org/octo-repo", sha } },
    });
    expect(runsFor("https://token.actions.acme.ghe.com")).toMatchObject({
      holder: { runsFor: { repository: "https://acme.ghe.com/octo-org/octo-repo" } },
    });
    expect(runsFor("https://github.acme.example/_services/token")).toMatchObject({
      holder: { runsFor: { repository: "https://github.acme.example/octo-org/octo-repo" } },
    });
  });

  it("names nobody by a mail address that is not verified", () => {
    const byMail = { ...people, name: "{email}" };
    const jane = { iss: POOL, aud: "client-1", "cognito:groups": ["oncall"], email: "jane@acme.example" };
    expect(holderBy([byMail], jane)).toMatchObject({ reason: expect.stringContaining("email_verified") });
    expect(holderBy([byMail], { ...jane, email_verified: true })).toMatchObject({
      holder: { name: "jane@acme.example", role: "operator" },
    });
  });

  it.each<[string, unknown, boolean]>([
    ["one of several groups", ["dev", "oncall"], true],
    ["another group", ["dev"], false],
    ["no group", [], false],
    ["a group that only begins alike", ["oncall-guests"], false],
    ["the groups as one text", "dev,oncall", false],
    ["no list at all", undefined, false],
  ])("of a group takes a person with %s: %s %s", (_, groups, takes) => {
    const person = { iss: POOL, aud: "client-1", "cognito:username": "jane", "cognito:groups": groups };
    expect("holder" in holderBy([people], person)).toBe(takes);
  });
});
