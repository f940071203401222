/**
 * An afternoon with tokens of staging: what they report and request changes no answer about production, and what they are
 * answered is the same in a ledger that has no production at all.
 */
import { afterAll, describe, expect, it } from "vitest";
import { day, EVIL, type Given, given, OURS, PROD, REAL, REPOSITORY, SHA, STAGE } from "./attacks/given.ts";
import { REQUESTS } from "./attacks/requests.ts";
import { type Attack, STATEMENTS } from "./attacks/statements.ts";
import { cleanUp } from "./given.ts";

afterAll(cleanUp);

/** What an answer says, without what is random in each ledger. */
const plainly = (text: string): string =>
  text
    .replaceAll(/person:[0-9a-f]{64}/g, "person")
    .replaceAll(/urn:asof:request:[0-9a-f-]{36}/g, "request")
    .replaceAll(/"requestId":"[0-9a-f-]{36}"/g, "request")
    .replaceAll(/"id":"[0-9a-f-]{36}"/g, "id")
    .replaceAll(/"leafHash":"[0-9a-f]{64}"/g, "leaf");

const about = (path: string, selector: object): string => `${path}?${new URLSearchParams({ ...selector })}`;

const questionsAbout = (where: { environment: string; service: string }, id: string): readonly string[] => {
  const { environment } = where;
  return [
    about("/v1/release", where),
    about("/v1/plan", { ...where, at: day(3) }),
    about("/v1/plan", { ...where, last: "good" }),
    about("/v1/gate", { ...where, digest: REAL }),
    about("/v1/gate", { ...where, commit: SHA }),
    about("/v1/timeline", { environment, from: day(1) }),
    about("/v1/changes", { ...where, before: day(21), window: "7d" }),
    about("/v1/delivery", { ...where, from: day(1) }),
    about("/v1/snapshot", { environment }),
    about("/v1/drift", { environment }),
    about("/v1/services", { environment }),
    about("/v1/freezes", { environment }),
    about("/v1/redeployments", where),
    `/v1/redeployments/${id}`,
    about("/v1/tag", { repository: REPOSITORY, tag: "1.4" }),
    about("/v1/gate", { group: "live", service: "acme/billing", digest: REAL }),
    about("/v1/snapshot", { group: "live" }),
  ];
};

/** What only those ask who look for something. */
const OTHERS = [
  about("/v1/history", { environment: "production", from: day(1) }),
  about("/v1/diff", { environment: "production", from: day(3) }),
  about("/v1/diff", { environment: "staging", with: "production" }),
  about("/v1/audit", { environment: "production", from: day(1) }),
  about("/v1/audit", { environment: "staging", from: day(1) }),
  about("/v1/repositories/needed", { repository: REPOSITORY }),
  about("/v1/repositories/needed", { repository: OURS }),
  about("/v1/artifact", { digest: REAL }),
  about("/v1/artifact", { digest: EVIL }),
  about("/v1/commit", { sha: SHA }),
  "/v1/environments",
  "/v1/services",
  "/v1/repositories",
  "/v1/sources",
  "/v1/names",
  "/v1/freezes",
  "/v1/redeployments",
  about("/v1/release", { environment: "productiom", service: "acme/billing" }),
  about("/v1/release", { environment: "staging", service: "acme/bill" }),
  about("/v1/export", { from: day(1) }),
  about("/v1/export", { from: day(1), format: "csv" }),
  about("/v1/export", { from: day(1), by: "occurredAt" }),
  about("/v1/export", { from: day(1), group: "live" }),
  "/v1/quarantine/none",
  "/v1/people",
  about("/v1/log/proof", { source: "/ci/production", id: "0" }),
  "/metrics",
  "/v1/whoami",
  "/v1/exports/00000000-0000-4000-8000-000000000000",
];

const as = (ledger: Given, { by }: Attack) => (by === "nobody" ? ledger.stranger() : ledger.as(by));

/** Which other repositories hold a copy of an image is theirs to say. */
const withoutCopies = (text: string): string =>
  text.replaceAll(/,?\{"repository":"ghcr\.io\/acme\/staging[^{}]*\}/g, "");

/** What everybody, and an auditor who is bound to production, are answered about it. */
async function aboutProduction(ledger: Given): Promise<string[]> {
  const answers: string[] = [];
  const asked = questionsAbout(PROD, ledger.id).map((path) => ["admin", path] as const);
  for (const [name, path] of [
    ...asked,
    ["prod", about("/v1/audit", { environment: "production", from: day(1) })] as const,
  ]) {
    const { status, text } = await ledger.as(name).get(path);
    answers.push(`${name} ${path}: ${status} ${withoutCopies(plainly(text))}`);
  }
  return answers;
}

describe("with tokens of staging", async () => {
  const whole = await given("all");
  const before = await aboutProduction(whole);

  it("has questions about production that have answers", () => {
    expect(before.filter((one) => !one.includes(": 200 "))).toEqual([]);
  });

  it.each([...STATEMENTS, ...REQUESTS])(
    "$what ($by) changes no answer about production, and is answered as if there were none",
    async (attack) => {
      const [ledger, other] = [await given("all"), await given(attack.by === "web" ? "web" : "nothing")];
      const answer = await attack.does(ledger, as(ledger, attack));
      expect(await aboutProduction(ledger)).toEqual(before);
      const expected = await attack.does({ ...other, id: ledger.id }, as(other, attack));
      expect(`${answer.status} ${plainly(answer.text)}`).toBe(`${expected.status} ${plainly(expected.text)}`);
    },
  );

  it.each(["team", "reader", "auditor", "operator", "executor", "chief", "web"])(
    "questions of %s are answered as if there were no production",
    async (name) => {
      const other = await given(name === "web" ? "web" : "nothing");
      const paths = [...questionsAbout(PROD, whole.id), ...questionsAbout(STAGE, whole.id), ...OTHERS];
      for (const path of paths) {
        const [seen, expected] = [await whole.as(name).get(path), await other.as(name).get(path)];
        expect(`${path} ${seen.status} ${plainly(seen.text)}`).toBe(
          `${path} ${expected.status} ${plainly(expected.text)}`,
        );
      }
    },
  );
});
