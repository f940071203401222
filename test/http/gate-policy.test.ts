/** The gate's policy: which evidence it requires where, and what it answers of it. */
import { afterAll, describe, expect, it } from "vitest";
import { requiredIn } from "../../functions/queries/gate/gate-policy.ts";
import { Gate } from "../../schemas/answers/gate.ts";
import type { GatePolicy } from "../../schemas/settings/gate-policy.ts";
import { event } from "../client.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { cleanUp, deployed, givenDoors } from "./given.ts";

afterAll(cleanUp);

const ASKED = { environment: "production", service: "acme/billing", digest: digestOf("new") };
const COMMIT = shaOf("new");
const REPOSITORY = "https://github.com/acme/billing";
const ALL = [
  "build_evidence",
  "verified_provenance",
  "tests_passed",
  "approved_by_another",
  "no_failed_scan",
] as const;

let count = 0;
const at = "2026-10-21T08:00:00.000Z";
const attached = (more: object) => event("evidence.attached", `e${++count}`, at, { commit: COMMIT, ...more });

const BUILT = [
  deployed("1"),
  event("artifact.pushed", "push", at, { digest: ASKED.digest, repository: "ghcr.io/acme/billing" }),
  event("artifact.built", "build", at, {
    digest: ASKED.digest,
    commit: { repository: REPOSITORY, sha: COMMIT },
    evidence: "declared",
  }),
];

const merged = (author: string) =>
  event("change.merged", "merge", at, {
    repository: REPOSITORY,
    number: 7,
    head: shaOf("head"),
    mergeCommit: COMMIT,
    authors: [author],
    title: "A change",
  });
const approved = (by: string) =>
  event("evidence.attached", `a${++count}`, at, {
    change: { repository: REPOSITORY, number: 7, head: shaOf("head") },
    type: "approval",
    verdict: "approved",
    by,
  });

async function asked(policy: GatePolicy | undefined, ...events: readonly object[]) {
  const { client } = givenDoors(policy === undefined ? {} : { gatePolicy: policy });
  for (const one of [...BUILT, ...events]) expect((await client().say(one)).status).toBe(201);
  return Gate.parse((await client("writer").get("/v1/gate", ASKED)).json);
}

const requiring = (...require: (typeof ALL)[number][]): GatePolicy => [
  { environment: "production", require },
];
const met = ({ requirements = [] }: Gate) =>
  Object.fromEntries(requirements.map(({ requirement, met: isMet }) => [requirement, isMet]));

describe("a gate with a policy", () => {
  it("names what is missing, and refuses", async () => {
    const answer = await asked(requiring(...ALL));
    expect(met(answer)).toEqual({
      build_evidence: true,
      verified_provenance: false,
      tests_passed: false,
      approved_by_another: false,
      no_failed_scan: true,
    });
    expect(answer.allowed).toBe(false);
    expect(answer.reasons).toEqual([
      {
        code: "policy_unmet",
        message: "production requires verified_provenance: its provenance is not verified",
      },
      {
        code: "policy_unmet",
        message: "production requires tests_passed: no test is reported to have passed",
      },
      {
        code: "policy_unmet",
        message:
          "production requires approved_by_another: no merged change of its commit is known, so nobody knows who wrote it",
      },
    ]);
  });

  it("allows an image with all evidence, and names it", async () => {
    const answer = await asked(
      requiring("build_evidence", "tests_passed", "approved_by_another", "no_failed_scan"),
      attached({ type: "test", verdict: "passed", by: "ci" }),
      merged("octocat"),
      approved("hubot"),
    );
    expect(answer).toMatchObject({ allowed: true, reasons: [] });
    expect(answer.requirements).toMatchObject([
      { requirement: "build_evidence", met: true, for: [{ type: "build", verdict: "declared" }] },
      { requirement: "tests_passed", met: true, for: [{ type: "test", verdict: "passed", by: "ci" }] },
      {
        requirement: "approved_by_another",
        met: true,
        for: [{ type: "approval", by: "hubot" }],
        against: [],
      },
      { requirement: "no_failed_scan", met: true, for: [], against: [] },
    ]);
  });

  it("does not count an approval of the author, nor one that was followed by a rejection", async () => {
    const own = await asked(requiring("approved_by_another"), merged("octocat"), approved("octocat"));
    expect(own.reasons[0]?.message).toContain(`${REPOSITORY}#7: not separated`);
    const rejection = attached({ type: "approval", verdict: "rejected", by: "cab" });
    const rejected = await asked(
      requiring("approved_by_another"),
      merged("octocat"),
      approved("hubot"),
      rejection,
    );
    expect(rejected.requirements).toMatchObject([
      { met: false, against: [{ verdict: "rejected", by: "cab" }], for: [{ by: "hubot" }] },
    ]);
    expect(rejected.reasons[0]?.message).toContain("it was rejected (approval rejected by cab");
  });

  it("refuses failed tests and scans, until a newer one passed", async () => {
    const failed = [
      attached({ type: "test", verdict: "failed" }),
      event("evidence.attached", "scan", at, { digest: ASKED.digest, type: "scan", verdict: "failed" }),
    ];
    const policy = requiring("tests_passed", "no_failed_scan");
    expect(met(await asked(policy, ...failed))).toEqual({ tests_passed: false, no_failed_scan: false });
    const later = (type: string) =>
      event("evidence.attached", `later ${type}`, "2026-10-21T09:00:00.000Z", {
        ...(type === "test" ? { commit: COMMIT } : { digest: ASKED.digest }),
        type,
        verdict: "passed",
      });
    const again = await asked(policy, ...failed, later("test"), later("scan"));
    expect(met(again)).toEqual({ tests_passed: true, no_failed_scan: true });
  });

  it("requires nothing elsewhere, and says nothing of requirements without a policy", async () => {
    const elsewhere = await asked([{ environment: "staging", require: [...ALL] }]);
    expect(elsewhere).toMatchObject({ allowed: true, requirements: [] });
    expect(await asked(undefined)).not.toHaveProperty("requirements");
  });
});

it("adds up the rules of an environment, which may be a pattern", () => {
  const policy: GatePolicy = [
    { require: ["build_evidence"] },
    { environment: "production.*", require: ["tests_passed"] },
    { environment: "*.EU", require: ["no_failed_scan"] },
    { environment: "a*b*b", require: ["approved_by_another"] },
  ];
  expect(requiredIn(policy, "staging")).toEqual(["build_evidence"]);
  expect(requiredIn(policy, "production")).toEqual(["build_evidence"]);
  expect(requiredIn(policy, "production.eu")).toEqual(["build_evidence", "tests_passed", "no_failed_scan"]);
  expect(requiredIn(policy, "ab")).toEqual(["build_evidence"]);
  expect(requiredIn(policy, "a1b2b")).toEqual(["build_evidence", "approved_by_another"]);
});
