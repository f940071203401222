import { describe, expect, it } from "vitest";
import { buildOf } from "../../functions/sources/standards/provenance.ts";

const SHA = "acd14c7a6c04c1dd6dc6c2d66d487a28667c0ad6";
const OTHER = "4616ec3a3eebbaa46e7ce256d557494cbaaf3268";
const BILLING = { repository: "https://github.com/acme/billing", sha: SHA };
const BASE = { uri: "pkg:docker/python@3.11-slim", digest: { sha256: "a".repeat(64) } };
/** A git repository that the Dockerfile fetches from. */
const FETCHED = { uri: "https://github.com/acme/tools.git#v1", digest: { sha1: OTHER } };
const VCS = { revision: SHA, source: "https://github.com/acme/billing.git" };

const v02 = (predicate: object) => buildOf({ predicateType: "https://slsa.dev/provenance/v0.2", predicate });
const v1 = (definition: object, metadata: object = {}) =>
  buildOf({
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: { buildDefinition: definition, runDetails: { metadata } },
  });
const METADATA = "https://mobyproject.org/buildkit@v1#metadata";

describe("BuildKit's provenance of a local context", () => {
  it.each([
    ["v0.2", v02({ materials: [BASE], metadata: { [METADATA]: { vcs: VCS } } })],
    ["v1", v1({ resolvedDependencies: [BASE] }, { buildkit_metadata: { vcs: VCS } })],
    [
      "v0.2 of an older version",
      v02({
        materials: [BASE],
        invocation: { parameters: { args: { "vcs:revision": SHA, "vcs:source": VCS.source } } },
      }),
    ],
    [
      "v1 of an older version",
      v1({
        resolvedDependencies: [BASE],
        externalParameters: { request: { args: { "vcs:revision": SHA, "vcs:source": VCS.source } } },
      }),
    ],
    [
      "v1 of a clone over SSH",
      v1({}, { buildkit_metadata: { vcs: { ...VCS, source: "git@github.com:acme/billing.git" } } }),
    ],
    [
      "v1 with a token in the remote",
      v1(
        {},
        { buildkit_metadata: { vcs: { ...VCS, source: "https://x:secret@github.com/acme/billing.git" } } },
      ),
    ],
    [
      "v0.2 whose Dockerfile fetches from another repository",
      v02({ materials: [BASE, FETCHED], metadata: { [METADATA]: { vcs: VCS } } }),
    ],
  ])("names the commit of the working tree: %s", (_, build) => {
    expect(build).toMatchObject({ commits: [BILLING], isDirty: false });
  });

  it("names no commit where the working tree had changes", () => {
    const vcs = { ...VCS, revision: `${SHA}-dirty` };
    expect(v1({}, { buildkit_metadata: { vcs } })).toMatchObject({ commits: [], isDirty: true });
  });

  it.each([
    ["no remote", { revision: SHA }],
    ["a folder as remote", { revision: SHA, source: "/srv/git/billing" }],
    ["something else", "main"],
  ])("names no commit where the metadata have %s", (_, vcs) => {
    expect(v1({}, { buildkit_metadata: { vcs } })).toMatchObject({ commits: [] });
  });
});

describe("BuildKit's provenance of a git context", () => {
  it("names the commit of the context, not of what the Dockerfile fetches", () => {
    const configSource = {
      uri: "https://github.com/acme/billing.git#refs/heads/main",
      digest: { sha1: SHA },
    };
    const commits = [{ ...BILLING, ref: "refs/heads/main" }];
    const resolvedDependencies = [FETCHED, configSource];
    expect(v1({ externalParameters: { configSource }, resolvedDependencies })).toMatchObject({ commits });
    expect(v02({ invocation: { configSource }, materials: resolvedDependencies })).toMatchObject({ commits });
  });
});

describe("provenance of other builders", () => {
  const GITLAB = { uri: "https://github.com/acme/billing", digest: { sha256: SHA } };
  it("takes the commit that GitLab's runner names as sha256, and no digest of 64 digits", () => {
    expect(v02({ invocation: { configSource: GITLAB }, materials: [GITLAB] })).toMatchObject({
      commits: [BILLING],
    });
    expect(v1({ resolvedDependencies: [GITLAB] })).toMatchObject({ commits: [BILLING] });
    const archive = { uri: "https://example.com/a.tar.gz", digest: { sha256: "a".repeat(64) } };
    expect(v1({ resolvedDependencies: [archive] })).toMatchObject({ commits: [] });
  });

  it("takes what Tekton Chains names as an input, not the repositories of its tasks", () => {
    const pipelineTask = {
      ...FETCHED,
      uri: "git+https://github.com/tektoncd/catalog.git",
      name: "pipelineTask",
    };
    const input = {
      name: "inputs/result",
      uri: "git+https://github.com/acme/billing.git",
      digest: { sha1: SHA },
    };
    expect(v1({ resolvedDependencies: [pipelineTask, BASE, input] })).toMatchObject({ commits: [BILLING] });
  });
});

describe("a git repository that is named by its ssh remote", () => {
  it.each([
    ["git+ssh://git@github.com/acme/billing.git@refs/heads/main", "refs/heads/main"],
    ["ssh://git@github.com:22/acme/billing", undefined],
    ["git+ssh://github.com/acme/billing.git#main", undefined],
  ])("is the repository at the forge's address: %s", (uri, ref) => {
    const commit = { ...BILLING, ...(ref === undefined ? {} : { ref }) };
    expect(v1({ resolvedDependencies: [{ uri, digest: { gitCommit: SHA } }] })).toMatchObject({
      commits: [commit],
    });
  });
});
