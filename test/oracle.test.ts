/** The oracle judges the ledger; these histories, worked out by hand, judge the oracle. */
import { expect, it } from "vitest";
import { type Fact, Statement } from "../schemas/fact.ts";
import { type Expected, oracleRelease } from "./oracle.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const A = digest("a");
const B = digest("b");
const C = digest("c");
const SHA = "4be1a".padEnd(40, "0");
const REPOSITORY = "ghcr.io/acme/billing";
const GITHUB = { provider: "github", instance: "github.com", id: "1" };

/** A clock time of the first of October. */
const t = (clock: string): string => `2026-10-01T${clock.padEnd(8, ":00").padEnd(12, ".000")}Z`;

/** Without the fields that were set to undefined. */
const present = (object: object): object =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

type Told = { kind: Statement["kind"]; at: string; recordedAt?: string; [field: string]: unknown };

/** Facts of one environment and service, recorded a month later unless they say when; ids count up from 1. */
const given = (...told: readonly Told[]): Fact[] =>
  told.map(({ at, recordedAt, ...said }, n): Fact => {
    const place = /^(deployment|migration|task)/.test(said.kind) ? { environment: "production" } : {};
    const service = /^(deployment|service)/.test(said.kind) ? { service: "acme/billing" } : {};
    const id = String(n + 1);
    return {
      ...Statement.parse(present({ source: "/ci", id, occurredAt: t(at), ...place, ...service, ...said })),
      v: 1,
      recordedAt: recordedAt ?? "2026-11-01T00:00:00.000Z",
      reportedBy: "test",
      statementHash: "0".repeat(64),
    };
  });

const asked = { environment: "Production", service: "ACME/billing", knownAt: "2026-12-01T00:00:00.000Z" };
const answer = (facts: readonly Fact[], at: string, more: Partial<typeof asked> = {}): Expected => {
  const release = oracleRelease(facts, { ...asked, ...more, at: t(at) });
  if (release === undefined) throw new Error("was never heard of");
  return release;
};
const digestsAt = (facts: readonly Fact[], at: string): (string | null)[] =>
  answer(facts, at).components.map((component) => component.digest);

const deployed = (at: string, component: object, more: object = {}): Told => ({
  kind: "deployment.succeeded",
  at,
  deployment: GITHUB,
  components: [{ component: "main", ...component }],
  ...more,
});
const observed = (at: string, component: object, more: object = {}): Told => ({
  ...deployed(at, component, more),
  kind: "deployment.observed",
  deployment: undefined,
});
const pushed = (at: string, digest: string, tag?: string): Told => ({
  kind: "artifact.pushed",
  at,
  digest,
  repository: REPOSITORY,
  ...(tag === undefined ? {} : { tag }),
});

it("answers what was deployed last, from then until the next deployment, whatever the case of the names", () => {
  const facts = given(deployed("10:00", { digest: A }), deployed("12:00", { digest: B }));
  expect(answer(facts, "11:00")).toMatchObject({ status: "running", since: t("10:00"), until: t("12:00") });
  expect(digestsAt(facts, "11:59:59")).toEqual([A]);
  expect(digestsAt(facts, "12:00")).toEqual([B]);
  expect(answer(facts, "12:00").until).toBeNull();
});

it("tells a name never heard of, nothing yet, and removed apart", () => {
  const facts = given(deployed("10:00", { digest: A }), {
    kind: "deployment.removed",
    at: "11:00",
    service: undefined,
  });
  expect(oracleRelease(facts, { ...asked, service: "acme/web", at: t("10:00") })).toBeUndefined();
  expect(answer(facts, "09:00")).toMatchObject({ status: "unknown", since: null, until: t("10:00") });
  expect(answer(facts, "11:00")).toMatchObject({ status: "removed", since: t("11:00"), components: [] });
});

it("forgets what was retracted, from the moment on at which that was known", () => {
  const facts = given(deployed("10:00", { digest: A }), deployed("11:00", { digest: B }), {
    kind: "fact.retracted",
    at: "11:00",
    target: { source: "/ci", id: "2" },
    reason: "never happened",
    recordedAt: "2026-11-02T00:00:00.000Z",
  });
  expect(digestsAt(facts, "11:00")).toEqual([A]);
  expect(answer(facts, "11:00", { knownAt: "2026-11-01T12:00:00.000Z" }).components[0]?.digest).toBe(B);
});

it("replaces only the components that a partial deployment names", () => {
  const both = {
    components: [
      { component: "main", digest: A },
      { component: "worker", digest: A },
    ],
  };
  const facts = given(
    deployed("10:00", {}, both),
    deployed("11:00", { digest: B }, { scope: "components" }),
    { ...deployed("12:00", { component: "Worker" }, { scope: "components" }), kind: "deployment.removed" },
  );
  expect(digestsAt(facts, "11:00")).toEqual([B, A]);
  expect(digestsAt(facts, "12:00")).toEqual([B]);
});

it("resolves a tag by what it pointed at when the deployment started", () => {
  const start = {
    ...deployed("10:05", { repository: REPOSITORY, tag: "v1" }),
    kind: "deployment.started",
  } as const;
  const facts = given(
    pushed("10:00", A, "v1"),
    start,
    deployed("10:06", { repository: REPOSITORY, tag: "v1" }),
  );
  const [component] = answer(facts, "10:06").components;
  expect(component).toMatchObject({
    digest: A,
    resolvedBy: "tag",
    image: `${REPOSITORY}@${A}`,
    tags: ["v1"],
  });
});

it("names both where the tag moved less than a minute before the start", () => {
  const tagged = { repository: REPOSITORY, tag: "v1" };
  const facts = given(pushed("09:00", A, "v1"), pushed("10:00:30", B, "v1"), deployed("10:01", tagged));
  const release = answer(facts, "10:01");
  expect(release.components[0]).toMatchObject({
    digest: null,
    resolvedBy: "none",
    candidates: [
      { digest: A, repository: REPOSITORY, by: "tag" },
      { digest: B, repository: REPOSITORY, by: "tag" },
    ],
  });
  expect(release.warnings).toEqual(["digest_unresolved"]);
  const earlier = given(pushed("09:00", A, "v1"), pushed("09:59:59", B, "v1"), deployed("10:01", tagged));
  expect(digestsAt(earlier, "10:01")).toEqual([B]);
});

it("names the image of a renamed repository by the name of now, and finds its tags under both", () => {
  const [path, moved] = ["ghcr.io/acme", "ghcr.io/pay"];
  const facts = given(
    pushed("09:00", A, "v1"),
    { kind: "repository.renamed", at: "09:30", from: path, to: moved, scope: "path" },
    pushed("09:40", B, "v1"),
    deployed("10:00", { repository: `${moved}/billing`, tag: "v1" }),
    { kind: "repository.renamed", at: "11:00", from: `${moved}/billing`, to: `${moved}/invoices` },
    { kind: "artifact.deleted", at: "12:00", repository: REPOSITORY, digest: A, what: "manifest" },
  );
  expect(answer(facts, "10:00").components).toMatchObject([
    {
      image: `${moved}/invoices@${A}`,
      resolvedBy: "tag",
      tags: ["v1"],
      availability: "available",
      heldBy: [
        { repository: REPOSITORY, availability: "deleted" },
        { repository: `${moved}/invoices`, availability: "available" },
      ],
    },
  ]);
});

it("resolves a commit only to images of the service's own repositories, and releases the index", () => {
  const commit = { repository: "https://github.com/acme/billing", sha: SHA };
  const built = { kind: "artifact.built", at: "09:00", commit, evidence: "oidc" } as const;
  const facts = given(
    { ...built, digest: A, repository: REPOSITORY },
    { ...built, digest: C, repository: "ghcr.io/acme/other" },
    { kind: "artifact.indexed", at: "09:00", digest: B, manifests: [{ digest: A }] },
    { kind: "artifact.pushed", at: "09:00", digest: B, repository: REPOSITORY },
    deployed("10:00", {}, { commit: { sha: SHA.slice(0, 7) } }),
    { kind: "service.described", at: "23:00", images: [REPOSITORY], owner: "team-billing" },
  );
  const release = answer(facts, "10:00");
  expect(release.owner).toBe("team-billing");
  expect(release.components[0]).toMatchObject({
    digest: B,
    reported: A,
    resolvedBy: "commit",
    repository: REPOSITORY,
    commit: { ...commit, evidence: "oidc" },
  });
});

it("lets the tasks of a deployment that names nothing say what it holds", () => {
  const facts = given(deployed("10:00", {}), {
    kind: "task.observed",
    at: "10:01",
    deployment: GITHUB,
    component: "web",
    digest: A,
  });
  expect(answer(facts, "10:00").components[0]).toMatchObject({ component: "main", resolvedBy: "none" });
  expect(answer(facts, "10:01").components).toMatchObject([
    { component: "web", digest: A, resolvedBy: "task" },
  ]);
});

it("calls it drift where the runtime shows another image than was claimed, and keeps the commit from it", () => {
  const claim = { commit: { sha: SHA }, config: [{ revision: "r1" }] };
  const facts = given(
    deployed("10:00", { digest: A }, claim),
    observed("11:00", { digest: A }),
    observed("12:00", { digest: B }),
    observed("13:00", { digest: B }),
  );
  expect(answer(facts, "11:00")).toMatchObject({
    since: t("10:00"),
    until: t("12:00"),
    drift: null,
    config: [{ revision: "r1" }],
    components: [{ digest: A, commit: { sha: SHA, evidence: "deployment" } }],
  });
  expect(answer(facts, "13:00")).toMatchObject({
    since: t("12:00"),
    config: [],
    deployment: null,
    drift: { claimed: [{ component: "main", digest: A }], observed: [{ component: "main", digest: B }] },
    components: [{ digest: B, commit: null }],
  });
});

it("says how to rebuild what was deleted, and that an index without a child is deleted too", () => {
  const commit = { repository: "https://github.com/acme/billing", sha: SHA };
  const facts = given(
    { kind: "artifact.indexed", at: "08:00", digest: A, manifests: [{ digest: B }] },
    pushed("08:00", A, "v1"),
    { kind: "artifact.built", at: "08:00", digest: A, commit, evidence: "slsa", url: "https://ci.example/7" },
    deployed("10:00", { digest: A }),
    { kind: "artifact.deleted", at: "11:00", repository: REPOSITORY, digest: B, what: "manifest" },
  );
  expect(answer(facts, "10:00").components[0]).toMatchObject({
    availability: "deleted",
    rebuild: { ...commit, url: "https://ci.example/7" },
  });
});

it("names an attempt until it has ended, and one that failed until another takes effect", () => {
  const start = { ...deployed("10:00", { digest: A }), kind: "deployment.started" } as const;
  const facts = given(start, { ...start, kind: "deployment.failed", at: "10:05" });
  expect(answer(facts, "10:04").attempt).toEqual({
    deployment: GITHUB,
    status: "started",
    startedAt: t("10:00"),
    by: null,
    url: null,
    components: [{ component: "main", digest: A }],
  });
  expect(answer(facts, "10:05")).toMatchObject({
    attempt: { status: "failed", endedAt: t("10:05") },
    status: "unknown",
  });
  const next = given(
    start,
    { ...start, kind: "deployment.failed", at: "10:05" },
    { ...deployed("10:06", { digest: A }), deployment: { ...GITHUB, id: "next" } },
  );
  expect(answer(next, "10:06").attempt).toBeNull();
});

it("goes back over reverts and through snapshots to the schema's version", () => {
  const schema = { database: "billing", environment: "production", service: "acme/billing" };
  const snapshot = { ...schema, kind: "migration.snapshot", mode: "set", tool: "flyway" } as const;
  const facts = given(
    { ...snapshot, at: "08:00", versions: [{ version: "1" }] },
    { ...snapshot, at: "09:00", versions: [{ version: "1" }, { version: "2" }] },
    { ...schema, kind: "migration.applied", at: "10:00", version: "3", reversible: true },
    { ...schema, kind: "migration.reverted", at: "11:00", version: "3" },
    { ...schema, kind: "migration.failed", at: "12:00", version: "4" },
  );
  expect(answer(facts, "10:00").migrations).toEqual([
    { database: "billing", status: "known", version: "3", appliedAt: t("10:00"), reversible: true },
  ]);
  const appliedBetween = { after: t("08:00"), before: t("09:00") };
  expect(answer(facts, "12:00")).toMatchObject({
    migrations: [{ version: "2", tool: "flyway", appliedBetween, failed: { version: "4", at: t("12:00") } }],
    warnings: ["migration_failed"],
  });
  expect(answer(facts, "07:00").migrations).toEqual([
    { database: "billing", status: "unknown", version: null },
  ]);
});

it("warns where facts of one place name two clusters", () => {
  const facts = given(
    deployed("10:00", { digest: A }, { cluster: "eu-1" }),
    deployed("11:00", { digest: A }, { cluster: "EU-1" }),
  );
  expect(answer(facts, "11:00").warnings).toEqual([]);
  const [other] = given(deployed("12:00", { digest: A }, { cluster: "us-1" }));
  const all = other === undefined ? facts : [...facts, { ...other, id: "9" }];
  expect(answer(all, "11:00").warnings).toEqual(["two_clusters"]);
});
