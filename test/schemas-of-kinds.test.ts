import { describe, expect, it } from "vitest";
import { EXAMPLES } from "../schemas/examples.ts";
import { KINDS, type Kind, OWN_KINDS, Statement } from "../schemas/fact.ts";

const A = `sha256:${"a".repeat(64)}`;

const isTaken = (kind: Kind, fields: object): boolean =>
  Statement.safeParse({ ...EXAMPLES[kind], ...fields }).success;

/** Each example without one of its fields. */
const without = (kind: Kind, field: string): boolean => {
  const { [field]: _, ...rest }: Record<string, unknown> = { ...EXAMPLES[kind] };
  return Statement.safeParse(rest).success;
};

describe("a digest", () => {
  it.each([
    ["of SHA-256", A],
    ["of SHA-512", `sha512:${"a".repeat(128)}`],
  ])("is taken %s", (_, digest) => {
    expect(isTaken("artifact.pushed", { digest })).toBe(true);
  });

  it.each([
    ["in capitals", A.toUpperCase()],
    ["with capital digits", `sha256:${"A".repeat(64)}`],
    ["too short", `sha256:${"a".repeat(63)}`],
    ["too long", `sha256:${"a".repeat(65)}`],
    ["of SHA-512 with the length of SHA-256", `sha512:${"a".repeat(64)}`],
    ["of another algorithm", `md5:${"a".repeat(32)}`],
    ["without its algorithm", "a".repeat(64)],
    ["with a line break behind it", `${A}\n`],
  ])("is refused %s", (_, digest) => {
    expect(isTaken("artifact.pushed", { digest })).toBe(false);
  });
});

describe("an image repository", () => {
  it.each([
    ["ghcr.io/acme/billing", true],
    ["registry.local:5000/mirror", true],
    ["123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/billing", true],
    ["localhost:5000/a/b__c-d.e", true],
    ["acme", false],
    ["ghcr.io/Acme/billing", false],
    ["ghcr.io/acme/billing:1.4.2", false],
    [`ghcr.io/acme/billing@${A}`, false],
    ["https://ghcr.io/acme/billing", false],
    ["ghcr.io//billing", false],
    ["ghcr.io/acme/", false],
    ["ghcr.io/acme/billing\n", false],
  ])("%s is taken: %s", (repository, taken) => {
    expect(isTaken("artifact.pushed", { repository })).toBe(taken);
  });
});

describe("a commit", () => {
  const sha = EXAMPLES["artifact.built"].commit.sha;
  const repository = "https://github.com/acme/billing";

  it.each([
    [sha, true, true],
    [sha.repeat(2).slice(0, 64), true, true],
    [sha.slice(0, 7), false, true],
    [sha.slice(0, 6), false, false],
    [sha.toUpperCase(), false, false],
    ["main", false, false],
  ])("%s of a build is taken: %s; of a deployment: %s", (one, built, deployed) => {
    expect(isTaken("artifact.built", { commit: { repository, sha: one } })).toBe(built);
    expect(isTaken("deployment.succeeded", { commit: { repository, sha: one } })).toBe(deployed);
    expect(isTaken("deployment.succeeded", { commit: { sha: one } })).toBe(deployed);
  });
});

describe("the components of a deployment", () => {
  const of = (...components: readonly object[]) => isTaken("deployment.succeeded", { components });

  it.each([
    ["one", [{ component: "main" }]],
    ["64", Array.from({ length: 64 }, (_, n) => ({ component: `c${n}` }))],
    ["two variants of one", [{ component: "main" }, { component: "main", variant: "canary" }]],
    ["a weight of a half", [{ component: "main", weight: 0.5 }]],
  ])("may be %s", (_, components) => {
    expect(of(...components)).toBe(true);
  });

  it.each([
    ["none", []],
    ["65", Array.from({ length: 65 }, (_, n) => ({ component: `c${n}` }))],
    ["one twice", [{ component: "main" }, { component: "main", digest: A }]],
    ["one twice in another case", [{ component: "main" }, { component: "Main" }]],
    ["one twice in another Unicode form", [{ component: "caf\u00e9" }, { component: "cafe\u0301" }]],
    ["one twice in another Unicode form and case", [{ component: "J\u030c" }, { component: "\u01f0" }]],
    [
      "two of one variant",
      [
        { component: "main", variant: "canary" },
        { component: "main", variant: "canary", weight: 1 },
      ],
    ],
    ["a weight of more than all", [{ component: "main", weight: 101 }]],
    ["a weight of less than nothing", [{ component: "main", weight: -1 }]],
  ])("may not be %s", (_, components) => {
    expect(of(...components)).toBe(false);
  });
});

describe("a renamed repository", () => {
  it("is one, or a path with everything below it", () => {
    expect(without("repository.renamed", "scope")).toBe(true);
    expect(isTaken("repository.renamed", { scope: "repository" })).toBe(true);
    expect(isTaken("repository.renamed", { scope: "group" })).toBe(false);
  });

  it("must have both names, with the registry's", () => {
    for (const name of ["from", "to"]) {
      expect(without("repository.renamed", name)).toBe(false);
      expect(isTaken("repository.renamed", { [name]: "billing" })).toBe(false);
    }
  });
});

describe("what must be named", () => {
  it("is a digest or a tag, of what was deleted or restored", () => {
    for (const kind of ["artifact.deleted", "artifact.restored"] as const) {
      expect(isTaken(kind, { tag: "1.4.2" })).toBe(true);
      expect(without(kind, "digest")).toBe(false);
    }
  });

  it("is exactly one of commit, digest and deployment, of evidence", () => {
    const { deployment } = EXAMPLES["deployment.succeeded"];
    expect(isTaken("evidence.attached", {})).toBe(true);
    expect(isTaken("evidence.attached", { digest: A })).toBe(false);
    expect(isTaken("evidence.attached", { deployment })).toBe(false);
    expect(without("evidence.attached", "commit")).toBe(false);
  });

  it("is the service, of everything but a removal", () => {
    expect(without("deployment.removed", "service")).toBe(true);
    for (const kind of [
      "deployment.started",
      "deployment.succeeded",
      "deployment.failed",
      "deployment.observed",
    ] as const) {
      expect(without(kind, "service")).toBe(false);
    }
  });

  it("is the service and the components, of a removal of components", () => {
    const components = [{ component: "web" }];
    expect(isTaken("deployment.removed", { scope: "components", components })).toBe(true);
    expect(isTaken("deployment.removed", { scope: "components" })).toBe(false);
    expect(isTaken("deployment.removed", { components })).toBe(true);
  });

  it("is the deployment, of everything but what was seen or removed", () => {
    expect(without("deployment.succeeded", "deployment")).toBe(false);
    expect(without("task.observed", "deployment")).toBe(false);
    expect(without("deployment.observed", "deployment")).toBe(true);
    expect(without("deployment.removed", "deployment")).toBe(true);
  });
});

describe("a part of a snapshot", () => {
  it.each([
    [1, 1, true],
    [3, 3, true],
    [4, 3, false],
    [0, 3, false],
    [1.5, 3, false],
    [1, 1001, false],
  ])("may be %i of %i: %s", (n, of, taken) => {
    expect(isTaken("migration.snapshot", { part: { set: "s", n, of } })).toBe(taken);
  });
});

describe("what nobody knows", () => {
  it.each([
    [true, true],
    [false, true],
    ["unknown", true],
    ["maybe", false],
    [null, false],
    [undefined, false],
  ])("of a migration is said as %s: %s", (reversible, taken) => {
    expect(isTaken("migration.applied", { reversible })).toBe(taken);
  });

  it("is left out, and neither null nor undefined", () => {
    for (const field of ["actor", "url"]) {
      expect(isTaken("artifact.pushed", { [field]: null })).toBe(false);
      expect(isTaken("artifact.pushed", { [field]: undefined })).toBe(false);
    }
  });
});

describe("a kind", () => {
  it("is the ledger's own where people say it here", () => {
    expect(KINDS.filter((kind) => OWN_KINDS.has(kind))).toEqual([
      "release.marked",
      "environment.frozen",
      "environment.unfrozen",
      "redeployment.requested",
      "redeployment.taken",
      "redeployment.ended",
      "change.reviewed",
      "export.made",
      "policy.changed",
      "token.changed",
      "person.erased",
      "fact.retracted",
      "statement.disputed",
    ]);
  });
});
