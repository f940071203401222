/** Whom answers name: logins as long as they are there, commitments in what is stored and exported. */
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { People } from "../../functions/ledger/people/people.ts";
import type { Store } from "../../functions/ledger/store.ts";
import { Outcomes } from "../../schemas/answer.ts";
import { Plan } from "../../schemas/plan.ts";
import { type Event, event, outcomesOf } from "../client.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors, problemOf } from "./given.ts";

afterAll(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };
const DAY = { from: "2026-10-20", to: "2026-11-30" };
const [OLD, NEW] = ["1", "2"];
/** Who is named where. Nobody of another name, and no token of this one, is in any answer. */
const WHO = { deployer: "Deployer-D", starter: "starter-s", reviewer: "reviewer-r", tester: "tester-t" };

const told: readonly Event[] = [
  event("artifact.pushed", "p1", "2026-10-19T08:00:00.000Z", {
    digest: digestOf(OLD),
    repository: "ghcr.io/acme/billing",
  }),
  event("artifact.pushed", "p2", "2026-10-19T08:00:00.000Z", {
    digest: digestOf(NEW),
    repository: "ghcr.io/acme/billing",
  }),
  event("evidence.attached", "e1", "2026-10-19T09:00:00.000Z", {
    digest: digestOf(OLD),
    type: "test",
    actor: WHO.tester,
  }),
  event("evidence.attached", "e2", "2026-10-19T09:00:00.000Z", {
    commit: shaOf("old"),
    type: "review",
    by: WHO.reviewer,
    actor: WHO.tester,
  }),
  event("evidence.attached", "e3", "2026-10-19T09:00:00.000Z", { digest: digestOf(OLD), type: "sbom" }),
  deployed(OLD, "2026-10-20T08:00:00.000Z", { actor: WHO.deployer, commit: { sha: shaOf("old") } }),
  deployed(NEW, "2026-10-21T08:00:00.000Z", { actor: WHO.deployer }),
  event("deployment.started", "s3", "2026-10-22T08:00:00.000Z", {
    ...PLACE,
    deployment: { provider: "test", instance: "here", id: "3" },
    components: [{ component: "main", digest: digestOf("3") }],
    actor: WHO.starter,
  }),
];

/** Every question that may name somebody, with whom it names. */
const QUESTIONS: readonly { path: string; asked: Record<string, string>; names: readonly string[] }[] = [
  { path: "/v1/release", asked: PLACE, names: [WHO.deployer, WHO.starter] },
  { path: "/v1/snapshot", asked: { environment: "production" }, names: [] },
  { path: "/v1/timeline", asked: { ...PLACE, ...DAY }, names: [WHO.deployer, WHO.starter] },
  { path: "/v1/diff", asked: { environment: "production", from: "2026-10-20", to: "2026-10-21" }, names: [] },
  { path: "/v1/artifact", asked: { digest: digestOf(OLD) }, names: [WHO.tester] },
  { path: "/v1/commit", asked: { sha: shaOf("old") }, names: [WHO.reviewer] },
  { path: "/v1/plan", asked: { ...PLACE, at: "2026-10-20" }, names: [WHO.deployer] },
];

let given: GivenDoors;
beforeEach(async () => {
  given = givenDoors();
  for (const one of told) expect((await given.client("writer").say(one)).status).toBe(201);
});

const persons = (text: string): string[] => text.match(/person:[0-9a-f]{64}/g) ?? [];
const exported = async (format = "ndjson") => {
  given.setNow("2026-11-22T10:00:00.000Z");
  return (await given.client("auditor").get("/v1/export", { from: "2026-11-22", format })).text;
};

/** Erases everybody who is named in what was recorded. */
async function eraseAll(): Promise<void> {
  for (const commitment of new Set(persons(await exported()))) await given.ledger.people.erase([commitment]);
}

describe("an answer of a question", () => {
  it.each(QUESTIONS)("shows logins: $path", async ({ path, asked, names }) => {
    const { status, text } = await given.client("reader").get(path, asked);
    expect(status).toBe(200);
    for (const name of names) expect(text).toContain(JSON.stringify(name));
    expect(persons(text)).toEqual([]);
  });

  it.each(QUESTIONS)(
    "shows commitments of those who were erased, in the same places: $path",
    async ({ path, asked, names }) => {
      const before = (await given.client("reader").get(path, asked)).text;
      await eraseAll();
      const after = (await given.client("reader").get(path, asked)).text;
      for (const name of Object.values(WHO)) expect(after).not.toContain(name);
      expect(new Set(persons(after)).size).toBeGreaterThanOrEqual(names.length);
      const anonymous = (text: string) =>
        text
          .replaceAll(new RegExp(`${Object.values(WHO).join("|")}|person:[0-9a-f]{64}`, "g"), "somebody")
          .replaceAll(/"knownAt":"[^"]*"|"settled":\w+/g, "");
      expect(anonymous(after).replaceAll(/2026-11-22T[\d:.]+Z/g, "")).toBe(
        anonymous(before).replaceAll(/2026-11-22T[\d:.]+Z/g, ""),
      );
    },
  );

  it("has them asked for while the facts are still read, not after", async () => {
    const calls: string[] = [];
    const { store: memory, people: table } = given.ledger;
    const store: Store = {
      ...memory,
      query: (partition, range) => {
        calls.push("query");
        return memory.query(partition, range);
      },
    };
    const people: People = {
      ...table,
      reveal: (commitments) => {
        calls.push("reveal");
        return table.reveal(commitments);
      },
    };
    const { client, setNow } = givenDoors({ store, people });
    setNow("2026-11-22T10:00:00.000Z");
    expect((await client("reader").get("/v1/release", PLACE)).text).toContain(WHO.deployer);
    expect(calls.indexOf("reveal")).toBeGreaterThan(0);
    expect(calls.indexOf("reveal")).toBeLessThan(calls.lastIndexOf("query"));
  });

  it("tells as before where what it is asked for has no answer", async () => {
    const answer = await given.client("reader").get("/v1/release", { ...PLACE, service: "acme/unknown" });
    expect(problemOf(answer).status).toBe(404);
  });
});

describe("what is said here", () => {
  const reasons = { reason: "the quarter ends" };

  it("is said by the login that the token has, in every answer, sentences among them", async () => {
    const { client } = given;
    const operator = client("operator");
    await operator.post("/v1/freezes", { ...PLACE, ...reasons });
    await operator.post("/v1/marks", { digest: digestOf(NEW), verdict: "bad", ...reasons });
    const gate = await client("writer").get("/v1/gate", { ...PLACE, digest: digestOf(NEW) });
    expect(gate.text).toContain(" by operator-1: the quarter ends");
    expect(persons(gate.text)).toEqual([]);
    const timeline = await client("reader").get("/v1/timeline", { ...PLACE, ...DAY });
    expect(timeline.text).toContain('"by":"operator-1"');
    expect(await exported()).not.toContain('"actor":"operator-1"');
  });

  it("names who asked for a redeployment in each answer about it", async () => {
    const operator = given.client("operator");
    const at = "2026-10-20";
    const { hash } = Plan.parse((await operator.get("/v1/plan", { ...PLACE, at })).json);
    const body = {
      ...PLACE,
      at,
      planHash: hash,
      expectedCurrent: digestOf(NEW),
      timeoutSeconds: 600,
      ...reasons,
    };
    const first = await operator.post("/v1/redeployments", body, { "idempotency-key": "1" });
    expect([first.status, first.text]).toEqual([201, expect.stringContaining('"requestedBy":"operator-1"')]);
    const id = first.headers.get("location") ?? "";
    for (const answer of [
      await operator.get(id),
      await operator.post("/v1/redeployments", body, { "idempotency-key": "1" }),
      await given.client("executor").post(`${id}/end`, { outcome: "failed" }),
    ]) {
      expect(answer.text).toContain('"requestedBy":"operator-1"');
      expect(persons(answer.text)).toEqual([]);
    }
  });
});

describe("an export", () => {
  it.each(["ndjson", "csv"])(
    "is of the stored bytes, with commitments and without hashes of events: %s",
    async (format) => {
      const text = await exported(format);
      for (const name of Object.values(WHO)) expect(text.toLowerCase()).not.toContain(name.toLowerCase());
      // Two evidences name the tester, two deployments the deployer.
      expect(new Set(persons(text)).size).toBe(4);
      expect(text).not.toContain("rawHash");
    },
  );

  it("is the same after somebody was erased", async () => {
    const before = await exported();
    await eraseAll();
    expect(await exported()).toBe(before);
  });
});

describe("a sender", () => {
  it("may not name a person by a commitment, its own or another's", async () => {
    const [commitment = ""] = persons(await exported());
    const answer = await given.client("writer").say(deployed("9", undefined, { actor: commitment }));
    expect(problemOf(answer).status).toBe(422);
    expect(outcomesOf(answer)).toEqual(["rejected"]);
    expect(problemOf(answer).detail).toMatch(
      /^actor: must be a login; only the ledger uses the prefix person:/,
    );
  });

  it("hears that an event it sends again after an erasure is a duplicate, and nobody comes back", async () => {
    await eraseAll();
    for (const one of told) {
      const { json } = await given.client("writer").say(one);
      expect(Outcomes.parse(json).outcomes).toMatchObject([{ outcome: "duplicate" }]);
    }
    const { text } = await given.client("reader").get("/v1/release", PLACE);
    expect(text).not.toContain(WHO.deployer);
  });
});
