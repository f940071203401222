import { describe, expect, it } from "vitest";
import {
  type Bound,
  maySee,
  narrowed,
  refusal,
  refusedPlace,
} from "../../functions/ledger/authority/grants.ts";
import { type Fact, Statement } from "../../schemas/fact.ts";

const D = (n: number) => `sha256:${String(n).padStart(64, "0")}`;
const SHA = "4be1".padEnd(40, "0");
const REAL = "ghcr.io/acme/staging/web";
const SOURCE = "https://github.com/acme/web";

const said = (kind: string, more: object): Statement =>
  Statement.parse({ kind, source: "/ci/acme/x", id: "1", occurredAt: "2026-10-20T08:11:00Z", ...more });

const PLACE = { environment: "staging", service: "acme/web" };
const deployed = (more: object = {}) =>
  said("deployment.succeeded", {
    ...PLACE,
    deployment: { provider: "test", instance: "here", id: "1" },
    components: [{ component: "main", digest: D(1) }],
    ...more,
  });
const pushed = (repository: string) => said("artifact.pushed", { digest: D(1), repository });
const built = (more: object) =>
  said("artifact.built", {
    digest: D(1),
    commit: { repository: SOURCE, sha: SHA },
    evidence: "declared",
    ...more,
  });
const indexed = (more: object = {}) =>
  said("artifact.indexed", { digest: D(2), manifests: [{ digest: D(1) }], ...more });
const described = (more: object = {}) => said("service.described", { service: "acme/web", ...more });
const evidence = (more: object) => said("evidence.attached", { type: "review", ...more });
const removed = (more: object) => said("deployment.removed", { environment: "staging", ...more });
const noted = (more: object) => said("change.noted", { type: "flag", title: "on", ...more });
const migrated = (more: object) =>
  said("migration.applied", { environment: "staging", database: "web", version: "1", ...more });

const ci = { name: "ci" };
const ofSources: Bound = { ...ci, sources: ["/ci/acme/", "/ci/tools"] };
const ofStaging: Bound = { ...ci, environments: ["Staging", "review/Caf\u00e9"] };
const ofService: Bound = { ...ci, services: ["acme/web"] };
const ofImages: Bound = { ...ci, repositories: ["ghcr.io/acme/staging/"] };
const ofCode: Bound = { ...ci, commits: ["github.com/acme"] };
const whole: Bound = { ...ofStaging, ...ofService, ...ofImages, ...ofCode };

describe("a sender may report", () => {
  it.each<[string, Bound, Statement]>([
    ["anything, bound to nothing", ci, removed({})],
    ["anything from its sources, bound to those alone", ofSources, removed({})],
    ["from a source below its own", ofSources, { ...removed({}), source: "/ci/tools/x" }],
    ["what is in its environment, in another case", ofStaging, deployed()],
    [
      "what is in its environment, in another Unicode form",
      ofStaging,
      deployed({ environment: "review/cafe\u0301" }),
    ],
    ["a removal of all that is in its environment", ofStaging, removed({})],
    [
      "an image that another repository holds as deployed in its own environment",
      ofStaging,
      deployed({
        components: [{ component: "main", repository: "ghcr.io/acme/production/web", digest: D(1) }],
      }),
    ],
    ["its service in any environment", ofService, deployed({ environment: "production" })],
    ["a note on its service in every environment", ofService, noted({ service: "acme/web" })],
    ["pushes to its repositories", ofImages, pushed(REAL)],
    ["an index in its repository", ofImages, indexed({ repository: REAL })],
    ["a build in its repository", ofImages, built({ repository: REAL })],
    ["evidence of an image in its repository", ofImages, evidence({ digest: D(1), repository: REAL })],
    [
      "a change in its source repository",
      ofCode,
      said("change.merged", {
        repository: `${SOURCE}.git`,
        number: 1,
        head: SHA,
        mergeCommit: SHA,
        authors: [],
        title: "x",
      }),
    ],
    [
      "a review of a change in its source repository",
      ofCode,
      evidence({ commit: SHA, change: { repository: SOURCE, number: 1 } }),
    ],
    ["a description for its own environments", ofStaging, described({ environments: ["staging"] })],
    [
      "a description with images that it is granted",
      whole,
      described({ environments: ["staging"], images: [REAL] }),
    ],
    ["what names all that it is granted", whole, deployed({ commit: { sha: SHA, repository: SOURCE } })],
  ])("%s", (_, who, statement) => {
    expect(refusal(who, statement)).toBeUndefined();
  });
});

describe("a sender may not report", () => {
  it.each<[string, Bound, Statement, string]>([
    ["for another source", ofSources, { ...deployed(), source: "/ci/other" }, "/ci/acme/"],
    ["for a source that only begins so", ofSources, { ...deployed(), source: "/ci/tools-evil" }, "/ci/tools"],
    ["for a source in another case", ofSources, { ...deployed(), source: "/CI/ACME/x" }, "/ci/acme/"],
    ["what is in another environment", ofStaging, deployed({ environment: "production" }), "Staging"],
    [
      "what is in an environment that begins so",
      ofStaging,
      deployed({ environment: "staging.eu" }),
      "Staging",
    ],
    ["a note on every environment", ofStaging, noted({ service: "acme/web" }), "must name an environment"],
    ["a note on everything, bound to a service", ofService, noted({}), "must name a service"],
    ["a push, bound to an environment", ofStaging, pushed(REAL), "has no repositories"],
    [
      "a delete, bound to an environment",
      ofStaging,
      said("artifact.deleted", { repository: REAL, digest: D(1), what: "manifest" }),
      "has no repositories",
    ],
    ["an index of no repository", ofImages, indexed(), "must name an image repository"],
    ["an index, bound to an environment", ofStaging, indexed(), "no grant covers artifact.indexed"],
    [
      "an index in another repository",
      ofImages,
      indexed({ repository: "ghcr.io/acme/production/web" }),
      "ghcr.io/acme/staging/",
    ],
    [
      "a push to a repository that only begins so",
      { ...ci, repositories: ["ghcr.io/acme/staging"] },
      pushed("ghcr.io/acme/staging-evil/web"),
      "repositories",
    ],
    [
      "a push to a host that only begins so",
      { ...ci, repositories: ["ghcr.io"] },
      pushed("ghcr.io.evil.example/web"),
      "repositories",
    ],
    ["a build of no repository", ofImages, built({}), "must name an image repository"],
    [
      "a build of another service",
      ofImages,
      built({ repository: REAL, service: "acme/other" }),
      "has no services",
    ],
    [
      "a build of another source",
      { ...ofImages, ...ofCode },
      built({ repository: REAL, commit: { repository: "https://github.com/evil/web", sha: SHA } }),
      "commits",
    ],
    [
      "a build of a source that only begins so",
      { ...ofImages, ...ofCode },
      built({ repository: REAL, commit: { repository: "https://github.com/acme-evil/web", sha: SHA } }),
      "commits",
    ],
    [
      "a build of a source that climbs out",
      { ...ofImages, ...ofCode },
      built({ repository: REAL, commit: { repository: "https://github.com/acme/../evil/web", sha: SHA } }),
      "commits",
    ],
    [
      "a rename out of its repositories",
      ofImages,
      said("repository.renamed", { from: REAL, to: "evil.example/web" }),
      "repositories",
    ],
    ["evidence of an image of no repository", ofImages, evidence({ digest: D(1) }), "must name"],
    [
      "evidence of a deployment",
      ofStaging,
      evidence({ deployment: { provider: "test", instance: "here", id: "1" } }),
      "no grant",
    ],
    [
      "a review of a change elsewhere",
      ofImages,
      evidence({ digest: D(1), repository: REAL, change: { repository: SOURCE, number: 1 } }),
      "has no commits",
    ],
    [
      "a description of images that it is not granted",
      ofStaging,
      described({ environments: ["staging"], images: [REAL] }),
      "has no repositories",
    ],
    [
      "a description for another environment",
      ofStaging,
      described({ environments: ["staging", "production"] }),
      "environments",
    ],
    ["a description, bound to repositories", ofImages, described(), "no grant"],
    ["a removal of every service, bound to one", whole, removed({}), "must name a service"],
    ["a migration that no service names, bound to one", whole, migrated({}), "must name a service"],
    ["a deployment, bound to repositories", ofImages, deployed(), "no grant"],
    [
      "a deployment of a commit elsewhere",
      { ...ofStaging, ...ofCode },
      deployed({ commit: { sha: SHA, repository: "https://evil.example/web" } }),
      "commits",
    ],
    [
      "a mark for every environment",
      ofService,
      said("release.marked", { digest: D(1), verdict: "bad" }),
      "must name a service",
    ],
  ])("%s", (_, who, statement, reason) => {
    expect(refusal(who, statement)).toContain(reason);
  });
});

describe("a rename", () => {
  const renamed = said("repository.renamed", { from: REAL, to: "ghcr.io/acme/staging/app" });

  it("is an operator's word or the registry's, and no writer's", () => {
    expect(refusal({ ...ci, role: "writer" }, renamed)).toContain("an operator");
    expect(refusal({ ...ci, role: "operator" }, renamed)).toBeUndefined();
    expect(refusal({ ...ci, role: "admin" }, renamed)).toBeUndefined();
    expect(refusal(ofImages, renamed)).toBeUndefined();
    expect(refusal({ ...ofStaging, role: "operator" }, renamed)).toContain("has no repositories");
    expect(refusal({ ...ci, role: "operator" }, deployed())).toContain("renames alone");
  });
});

describe("a reader", () => {
  const fact = (statement: Statement): Fact => ({
    ...statement,
    v: 1,
    recordedAt: "2026-10-20T08:11:01.000Z",
    reportedBy: "ci",
    statementHash: "0".repeat(64),
  });
  const outside: Bound = {
    name: "other",
    environments: ["production"],
    services: ["acme/other"],
    repositories: ["ghcr.io/acme/production"],
    commits: ["github.com/other"],
  };

  it.each([
    deployed(),
    removed({ service: "acme/web" }),
    pushed(REAL),
    indexed({ repository: REAL }),
    built({ repository: REAL }),
    evidence({ digest: D(1), repository: REAL }),
    described({ environments: ["staging"] }),
    noted(PLACE),
    migrated(PLACE),
  ])("of the rest sees nothing that a bound sender may report: $kind", (statement) => {
    expect(refusal(whole, statement)).toBeUndefined();
    expect(maySee(outside, fact(statement))).toBe(false);
    expect(maySee(whole, fact(statement))).toBe(true);
    expect(maySee({}, fact(statement))).toBe(true);
  });

  it("that is bound sees what concerns its place too, and no export", () => {
    expect(maySee(ofStaging, fact(described()))).toBe(true);
    expect(maySee(ofStaging, fact(noted({})))).toBe(true);
    const made = {
      from: "2026-10-01T00:00:00Z",
      to: "2026-10-02T00:00:00Z",
      count: 1,
      sha256: "0".repeat(64),
    };
    expect(maySee(ofStaging, fact(said("export.made", made)))).toBe(false);
  });

  it("is refused another place by name", () => {
    expect(refusedPlace(ofStaging, { environment: "STAGING", service: "acme/web" })).toBeUndefined();
    expect(refusedPlace(ofStaging, { environment: "production" })).toContain("Staging");
    expect(refusedPlace(whole, { environment: "staging", service: "acme/other" })).toContain("acme/web");
    expect(refusedPlace(ci, { environment: "production" })).toBeUndefined();
  });
});

describe("a description and a mark by whoever is bound to environments", () => {
  it("count in those alone", () => {
    expect(narrowed(ofStaging, described())).toMatchObject({ environments: ofStaging.environments });
    expect(narrowed(ofStaging, described({ environments: ["x"] }))).toMatchObject({ environments: ["x"] });
    expect(narrowed(ofService, described())).toEqual(described());
    expect(narrowed(ofStaging, deployed())).toEqual(deployed());
  });
});
