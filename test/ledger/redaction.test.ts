import { describe, expect, it } from "vitest";
import { Job } from "../../functions/ledger/ingest/jobs.ts";
import type { QuarantineItem } from "../../functions/ledger/ingest/quarantine.ts";
import { ERASED, occurrencesOf, pathsHolding } from "../../functions/ledger/people/occurrences.ts";
import { redactionOf } from "../../functions/ledger/people/redaction.ts";

describe("a login in a text", () => {
  it.each([
    "octocat",
    "OctoCat merged it",
    "refs/heads/feature/octocat-1",
    "https://github.com/octocat/shop/pull/1",
    "ghcr.io/octocat/web",
    "fix_by_octocat",
    "(octocat)",
  ])("is found as a word: %s", (text) => {
    expect(occurrencesOf("octocat").areIn(text)).toBe(true);
    expect(occurrencesOf("octocat").takenOutOf(text).toLowerCase()).not.toContain("octocat");
  });

  it.each(["octocats", "myoctocat", "octo-cat", "octocat2", ""])("is not another word: %s", (text) => {
    expect(occurrencesOf("octocat").areIn(text)).toBe(false);
    expect(occurrencesOf("octocat").takenOutOf(text)).toBe(text);
  });

  it.each(['a"b\\c', "ann@acme.dev", "a.b", "a+b", "[x]", "Ænn $&", "José", "\u{1f600}", "a|b", "-x/"])(
    "is found as JSON and URLs write it, whatever characters it holds: %s",
    (login) => {
      const { areIn, takenOutOf } = occurrencesOf(login);
      for (const text of [login, JSON.stringify({ login }), `?by=${encodeURIComponent(login)}`]) {
        expect(areIn(text), text).toBe(true);
        expect(areIn(takenOutOf(text))).toBe(false);
      }
      expect(areIn("acb axb aab somebody else")).toBe(false);
    },
  );

  it("is one in any Unicode form", () => {
    expect(occurrencesOf("Jos\u00e9").areIn("by jose\u0301")).toBe(true);
    expect(occurrencesOf("Jose\u0301").is("JOS\u00c9")).toBe(true);
  });

  it("is listed by the path of the field that holds it", () => {
    const fact = {
      actor: "person:0",
      commit: { ref: "octocat/fix" },
      components: [{ tag: "octocat" }],
      octocat: 1,
    };
    expect(pathsHolding(fact, occurrencesOf("octocat"))).toEqual([
      "commit.ref",
      "components.0.tag",
      "octocat",
    ]);
  });
});

const { item, job, holds } = redactionOf("octocat");
const quarantined: QuarantineItem = {
  at: "2026-11-22T09:00:00.000Z",
  why: "rejected",
  reason: "octocat: is too late",
  door: "github",
  reportedBy: "webhook:github",
  event: { sender: { login: "Octocat", html_url: "https://github.com/octocat" }, n: 1 },
};

describe("a quarantined item without a login", () => {
  it("is text, because what it would say of repositories and branches is no longer its sender's", () => {
    const made = item(quarantined);
    expect(made).toEqual({
      ...quarantined,
      reason: `${ERASED}: is too late`,
      event: `{"sender":{"login":"${ERASED}","html_url":"https://github.com/${ERASED}"},"n":1}`,
    });
    expect(holds(JSON.stringify(made))).toBe(false);
    expect(item(made)).toEqual(made);
  });

  it("has a statement that names the person nowhere, and is else as it was", () => {
    const statement = {
      kind: "change.merged" as const,
      source: "/webhooks/github/github.com/octocat/web",
      id: "1",
      occurredAt: "2026-11-22T08:00:00.000Z",
      actor: "OCTOCAT",
      authors: ["hubot", "octocat"],
      mergedBy: "hubot",
      bots: ["octocat"],
    };
    const { actor: _, ...rest } = statement;
    expect(item({ ...quarantined, statement })).toMatchObject({
      event: { sender: { login: ERASED } },
      statement: { ...rest, authors: ["hubot"], bots: [] },
    });
    expect(item({ ...quarantined, statement }).statement).not.toHaveProperty("actor");
  });

  it("was reported by nobody of that name", () => {
    expect(item({ ...quarantined, reportedBy: "octocat" }).reportedBy).toBe(ERASED);
  });
});

describe("a waiting job without a login", () => {
  const base = { is: "record export", id: "1", at: "x", from: "x", to: "x", count: 1, sha256: "x" } as const;
  const lookUp = {
    is: "look up",
    door: "distribution",
    reportedBy: "ci",
    statement: {
      kind: "artifact.pushed",
      source: "/octocat",
      id: "1",
      occurredAt: "x",
      repository: "ghcr.io/octocat/web",
      tag: "octocat",
      actor: "octocat",
    },
    raw: { by: "octocat" },
  } as const;

  it.each<[string, Job]>([
    ["a look-up", lookUp],
    ["an export", { ...base, by: "octocat" }],
    ["an erasure", { is: "record erasure", person: "person:0", by: "octocat", at: "x", reason: "x" }],
  ])("is still a job: %s", (_, waiting) => {
    expect(Job.parse(job(waiting))).toEqual(job(waiting));
    expect(JSON.stringify(job(waiting))).not.toContain('"by":"octocat"');
  });

  it("asks for the same repository and tag", () => {
    const { actor: _, ...statement } = lookUp.statement;
    expect(job(lookUp)).toEqual({ ...lookUp, statement, raw: { by: ERASED } });
  });
});
