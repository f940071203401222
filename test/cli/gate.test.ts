/** The gate on a terminal. */
import { afterEach, expect, it } from "vitest";
import { Gate } from "../../schemas/answers/gate.ts";
import { event } from "../client.ts";
import { givenDoors, tokenOf } from "../http/given.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

afterEach(cleanUp);

const DIGEST = digestOf("new");
const COMMIT = shaOf("new");
const AT = "2026-10-21T08:00:00.000Z";
const ASKED = ["--environment", "production", "--service", "acme/billing", "--digest", DIGEST];

async function gate(args: readonly string[], ...evidence: readonly object[]) {
  const doors = givenDoors({ gatePolicy: [{ require: ["tests_passed"] }] });
  const told = [
    event("artifact.pushed", "push", AT, { digest: DIGEST, repository: "ghcr.io/acme/billing" }),
    event("artifact.built", "build", AT, {
      digest: DIGEST,
      commit: { repository: "https://github.com/acme/billing", sha: COMMIT },
      evidence: "declared",
    }),
    ...evidence,
  ];
  for (const one of told) expect((await doors.client().say(one)).status).toBe(201);
  const { url } = await ledgerServer(doors);
  return asof(["gate", ...ASKED, ...args], { ASOF_URL: url, ASOF_TOKEN: tokenOf("writer") });
}

const tested = (verdict: string) =>
  event("evidence.attached", "test", AT, { commit: COMMIT, type: "test", verdict, by: "ci" });

it("allows an image with the required evidence, names it, and ends with 0", async () => {
  const { code, out } = await gate([], tested("passed"));
  expect(code).toBe(0);
  expect(out).toContain(`acme/billing in production, ${DIGEST}: allowed`);
  expect(out).toContain("met: tests_passed");
  expect(out).toContain(`  for: test passed by ci ${AT}`);
});

it("refuses one whose evidence speaks against it with 1, and with 0 on a dry run", async () => {
  const refused = await gate([], tested("failed"));
  expect(refused.code).toBe(1);
  expect(refused.out).toContain("(policy_unmet)");
  expect(refused.out).toContain("not met: tests_passed: a test failed");
  expect(refused.out).toContain(`  against: test failed by ci ${AT}`);
  const dry = await gate(["--dry-run"], tested("failed"));
  expect([dry.code, dry.out]).toEqual([0, refused.out]);
});

it("prints the answer as JSON for programs", async () => {
  const { out } = await gate(["--json"]);
  expect(Gate.parse(JSON.parse(out))).toMatchObject({ allowed: false, requirements: [{ met: false }] });
});
