/** Disputes: of a fact that somebody says is wrong, or under whose identity another statement came. */
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { event } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, deployed, givenDoors, SECRETS } from "./given.ts";

afterEach(cleanUp);

const token = (name: string) => `${name}-token-that-nobody-may-see`;
const TOKENS = [
  `admin:admin:${token("admin")}`,
  `writer:ci:${token("ci")}`,
  `writer:prod:${token("prod")}:environments=production:repositories=ghcr.io/acme/billing`,
  `writer:stage:${token("stage")}:environments=staging`,
  `operator:boss:${token("boss")}`,
  `reader:eyes:${token("eyes")}`,
].join(",");

const PLACE = "environment=production&service=acme/billing";
const Warned = z.looseObject({
  warnings: z.array(z.looseObject({ code: z.string(), message: z.string() })).optional(),
});
const Timeline = z.looseObject({ entries: z.array(z.looseObject({ disputed: z.unknown() })) });

function given() {
  const doors = givenDoors({
    secrets: () => Promise.resolve({ tokens: parseTokens(TOKENS), webhooks: SECRETS }),
  });
  const as = (name: string) => doors.stranger(token(name));
  const dispute = (name: string, reason = "nobody deployed this", id = "1") =>
    as(name).post("/v1/disputes", { source: "/test", id, reason });
  const warned = async (path: string) =>
    (Warned.parse((await as("admin").get(path)).json).warnings ?? [])
      .filter(({ code }) => code === "disputed")
      .map(({ message }) => message);
  const disputes = async () => {
    doors.setNow("2026-11-22T10:00:00.000Z");
    const { text } = await as("admin").get("/v1/export?from=2026-11-22T00:00:00Z&to=2026-11-22T09:59:00Z");
    return text.split("\n").filter((line) => line.includes('"kind":"statement.disputed"'));
  };
  return { ...doors, as, dispute, warned, disputes };
}

describe("a dispute", () => {
  it("leaves the fact in effect, and every answer that rests on it names the fact, who and why", async () => {
    const { as, dispute, warned } = given();
    await as("ci").say(deployed("1"));
    await as("ci").say(
      event("artifact.pushed", "p", "2026-10-19T08:00:00Z", {
        digest: digestOf("1"),
        repository: "ghcr.io/acme/billing",
      }),
    );
    expect(await warned(`/v1/release?${PLACE}`)).toEqual([]);
    expect(await dispute("prod")).toMatchObject({
      status: 201,
      json: { outcomes: [{ outcome: "recorded" }] },
    });
    const named = [
      expect.stringMatching(/^\/test 1 is disputed by prod since 2026-11-22T09.*: nobody deployed this$/),
    ];
    expect((await as("admin").get(`/v1/release?${PLACE}`)).json).toMatchObject({ status: "running" });
    expect(await warned(`/v1/release?${PLACE}`)).toEqual(named);
    expect(await warned(`/v1/plan?${PLACE}&at=2026-10-21`)).toEqual(named);
    const timeline = await as("admin").get(`/v1/timeline?environment=production&from=2026-10-01`);
    expect(Timeline.parse(timeline.json).entries.map(({ disputed }) => disputed)).toEqual([
      expect.objectContaining({ by: "prod", reason: "nobody deployed this" }),
    ]);
    expect(await dispute("prod", "no image of ours", "p")).toMatchObject({ status: 201 });
    const ofImage = [expect.stringContaining("/test p is disputed by prod")];
    expect(await warned(`/v1/gate?${PLACE}&digest=${digestOf("1")}`)).toEqual(ofImage);
    expect(await warned(`/v1/artifact?digest=${digestOf("1")}`)).toEqual(ofImage);
    expect(await warned(`/v1/release?${PLACE}`)).toEqual([...named, ...ofImage]);
  });

  it("is named by the answers about a commit, a tag, a difference and a history, too", async () => {
    const { as, dispute, warned } = given();
    await as("ci").say(deployed("1"));
    const repository = "ghcr.io/acme/billing";
    const push = { digest: digestOf("1"), repository, tag: "1.4" };
    await as("ci").say(event("artifact.pushed", "p", "2026-10-19T08:00:00Z", push));
    const commit = { repository: "https://github.com/acme/billing", sha: "4be1".padEnd(40, "0") };
    const built = { digest: digestOf("1"), commit, evidence: "declared" };
    await as("ci").say(event("artifact.built", "b", "2026-10-19T08:00:00Z", built));
    const span = "environment=production&from=2026-10-01&to=2026-11-01";
    const asked = [
      [`/v1/commit?sha=${commit.sha}`, "b"],
      [`/v1/tag?repository=${repository}&tag=1.4`, "p"],
      [`/v1/diff?${span}`, "1"],
      [`/v1/history?${span}`, "1"],
    ] as const;
    for (const [path] of asked) expect(await warned(path)).toEqual([]);
    for (const id of ["1", "p", "b"]) expect((await dispute("ci", "wrong", id)).status).toBe(201);
    for (const [path, id] of asked)
      expect(await warned(path)).toContainEqual(expect.stringContaining(`/test ${id} is disputed by ci`));
  });

  it("does not count before it was known", async () => {
    const { as, dispute, warned } = given();
    await as("ci").say(deployed("1"));
    const { json } = await dispute("ci");
    const said = z.object({ outcomes: z.array(z.looseObject({ recordedAt: z.string() })) }).parse(json);
    const at = said.outcomes[0]?.recordedAt ?? "";
    const before = new Date(Date.parse(at) - 1).toISOString();
    expect(await warned(`/v1/release?${PLACE}&knownAt=${before}`)).toEqual([]);
    expect(await warned(`/v1/release?${PLACE}&knownAt=${at}`)).toHaveLength(1);
  });

  it("is refused to whoever has no grant for the place of the fact", async () => {
    const { as, dispute, warned, quarantine } = given();
    await as("ci").say(deployed("1"));
    const refused = await dispute("stage");
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining("environments staging")]);
    expect((await dispute("eyes")).status).toBe(403);
    // Another statement under its identity is kept aside, and disputes nothing.
    const squatted = deployed("1", undefined, { environment: "staging" });
    expect((await as("stage").say(squatted)).status).toBe(403);
    expect(quarantine()).toHaveLength(2);
    expect(await warned(`/v1/release?${PLACE}`)).toEqual([]);
  });

  it.each([
    ["of an unknown fact", "/test", "nothing"],
    ["of a dispute", "/asof/disputes", undefined],
    ["of what people did here", "/asof/marks", undefined],
  ])("is refused %s", async (_, source, known) => {
    const { as, dispute } = given();
    await as("ci").say(deployed("1"));
    const made = source.endsWith("marks")
      ? await as("boss").post("/v1/marks", { digest: digestOf("1"), verdict: "bad", reason: "slow" })
      : await dispute("ci");
    const { outcomes } = z.object({ outcomes: z.array(z.looseObject({ id: z.string() })) }).parse(made.json);
    const id = known ?? outcomes[0]?.id;
    const refused = await as("admin").post("/v1/disputes", { source, id, reason: "no" });
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining("target: ")]);
  });

  it("cannot be retracted, and ends with the retraction of its fact", async () => {
    const { as, dispute, warned } = given();
    await as("ci").say(deployed("0", "2026-10-01T08:00:00.000Z"));
    await as("ci").say(deployed("1"));
    const { json } = await dispute("ci");
    const { outcomes } = z.object({ outcomes: z.array(z.looseObject({ id: z.string() })) }).parse(json);
    const retract = (source: string, id: string | undefined) =>
      as("admin").post("/v1/retractions", { source, id, reason: "wrong" });
    expect((await retract("/asof/disputes", outcomes[0]?.id)).status).toBe(422);
    expect((await retract("/test", "1")).status).toBe(201);
    expect(await warned(`/v1/release?${PLACE}`)).toEqual([]);
  });

  it("is made once for a fact: again is a duplicate, for another reason a conflict", async () => {
    const { as, dispute, disputes } = given();
    await as("ci").say(deployed("1"));
    const statuses = [await dispute("ci"), await dispute("ci"), await dispute("ci", "other")];
    expect(statuses.map(({ status }) => status)).toEqual([201, 200, 409]);
    expect(await disputes()).toHaveLength(1);
  });
});

describe("another statement under a fact's identity", () => {
  it("is a fact once, holds the hash of what was refused, and is warned of", async () => {
    const { as, warned, disputes, quarantine } = given();
    await as("ci").say(deployed("1"));
    const other = (commit: string) => deployed("1", undefined, { commit: { sha: commit.repeat(40) } });
    for (const one of ["a", "a", "b"]) expect((await as("ci").say(other(one))).status).toBe(409);
    expect(await warned(`/v1/release?${PLACE}`)).toEqual([
      expect.stringMatching(/is disputed by ci .*: another statement came under its source and id$/),
    ]);
    const [made, ...more] = await disputes();
    expect(made).toMatch(/"refused":"[0-9a-f]{64}"/);
    expect(more).toEqual([]);
    expect(quarantine().length).toBeGreaterThan(1);
  });

  it("is said by no fact where people did it here", async () => {
    const { as, disputes } = given();
    await as("ci").say(deployed("1"));
    const freeze = (reason: string) =>
      as("boss").post("/v1/freezes", { environment: "production", reason }, { "idempotency-key": "k" });
    expect((await freeze("holidays")).status).toBe(201);
    expect((await freeze("other")).status).toBe(409);
    expect(await disputes()).toEqual([]);
  });
});
