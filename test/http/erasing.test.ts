/** Persons are listed, shown and erased by an admin; what is left names nobody. */
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { canonical, rawHash, sha256 } from "../../functions/ledger/canonical.ts";
import { work } from "../../functions/ledger/ingest/ingest.ts";
import { issuerOf, personKey } from "../../functions/ledger/people/people.ts";
import { StoreError } from "../../functions/ledger/store.ts";
import { CommitAnswer } from "../../schemas/answer.ts";
import { ErasureAnswer, HeldAnswer, KnownPersons } from "../../schemas/answers/people.ts";
import { Quarantine } from "../../schemas/answers/quarantine.ts";
import { event, outcomesOf } from "../client.ts";
import { shaOf } from "../ledger/given.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors, problemOf, SECRETS, tokenOf } from "./given.ts";

afterAll(cleanUp);

const WHO = ["Octocat", "hubot", "monalisa"] as const;
const CHANGE = { repository: "https://github.com/acme/billing", number: 7 };
const told = [
  event("change.merged", "c1", "2026-10-20T08:00:00.000Z", {
    ...CHANGE,
    head: shaOf("head"),
    mergeCommit: shaOf("merge"),
    authors: [WHO[0], WHO[1]],
    mergedBy: WHO[1],
    title: "octocat's fix",
    url: "https://github.com/octocat/billing/pull/7",
  }),
  event("evidence.attached", "e1", "2026-10-20T07:00:00.000Z", {
    commit: shaOf("head"),
    change: CHANGE,
    type: "review",
    verdict: "approved",
    by: WHO[2],
  }),
  deployed("d1", undefined, { actor: WHO[0] }),
  deployed("d2", undefined, { actor: WHO[1] }),
];

let doors: GivenDoors;
beforeEach(async () => {
  doors = givenDoors();
  for (const one of told) expect(outcomesOf(await doors.client("writer").say(one))).toEqual(["recorded"]);
});

const listed = async () => KnownPersons.parse((await doors.client().get("/v1/people")).json).persons;
const heldAbout = async (login: string) =>
  HeldAnswer.parse((await doors.client().post("/v1/people/held", { login })).json);
const erase = async (login: string, reason = "asked for") =>
  ErasureAnswer.parse((await doors.client().post("/v1/people/erase", { login, reason })).json);
const exported = async () => {
  doors.setNow("2026-11-22T10:00:00.000Z");
  return (await doors.client("auditor").get("/v1/export", { from: "2026-11-22" })).text;
};
const quarantinedKeys = async () =>
  Quarantine.parse((await doors.client().get("/v1/quarantine")).json).entries.map(({ key }) => key);
const doJobs = async () => {
  for (const job of doors.jobs) await work(doors.ledger, job);
};
const separations = async () => {
  const { json } = await doors.client("reader").get("/v1/commit", { sha: shaOf("merge") });
  return CommitAnswer.parse(json).commits.flatMap(({ changes = [] }) => changes.map((one) => one.separation));
};

describe("the persons of a ledger", () => {
  it("are listed with login, issuer and commitment, in pages", async () => {
    const persons = await listed();
    expect(persons.map(({ login }) => login).sort()).toEqual([...WHO].sort());
    expect(persons.every(({ issuer }) => issuer === "/test")).toBe(true);
    const first = KnownPersons.parse((await doors.client().get("/v1/people", { limit: "2" })).json);
    const rest = KnownPersons.parse(
      (await doors.client().get("/v1/people", { limit: "2", cursor: first.next ?? "" })).json,
    );
    expect([...first.persons, ...rest.persons]).toEqual(persons);
    expect(rest.next).toBeNull();
    expect(problemOf(await doors.client().get("/v1/people", { cursor: "x" })).status).toBe(422);
  });

  it("are an admin's to see and to erase, whose token is bound to nothing", async () => {
    const bound = "a-bound-admin-s-token";
    const tokens = parseTokens(
      `admin:bound:${bound}:environments=staging,writer:writer-1:${tokenOf("writer")}`,
    );
    const restricted = givenDoors({ secrets: async () => ({ tokens, webhooks: SECRETS }) });
    for (const role of ["reader", "writer", "operator", "auditor", "executor"] as const) {
      expect((await doors.client(role).get("/v1/people")).status).toBe(403);
      for (const path of ["held", "erase"])
        expect(
          (await doors.client(role).post(`/v1/people/${path}`, { login: "x", reason: "x" })).status,
        ).toBe(403);
    }
    expect((await restricted.stranger(bound).get("/v1/people")).status).toBe(403);
    expect(await listed()).toHaveLength(3);
  });
});

describe("what is held about a person", () => {
  it("is every fact that names it, with the fields, as stored", async () => {
    const { persons, facts, next } = await heldAbout("octocat");
    expect(persons).toHaveLength(1);
    expect(facts.map(({ roles, fact }) => [fact.id, roles])).toEqual([
      ["c1", ["authors"]],
      ["d1", ["actor"]],
    ]);
    expect(next).toBeNull();
    for (const other of WHO.slice(1)) expect(JSON.stringify(facts)).not.toContain(other);
  });

  it("is every text that holds the login: free text and addresses", async () => {
    const { facts } = await heldAbout("OCTOCAT");
    expect(facts.map(({ holds }) => holds)).toEqual([["title", "url"], []]);
    const [nobody] = [await heldAbout("billing")];
    expect(nobody.persons).toEqual([]);
    expect(nobody.facts.every(({ roles, holds }) => roles.length === 0 && holds.length > 0)).toBe(true);
  });

  it("comes in pages", async () => {
    const many = Array.from({ length: 450 }, (_, n) => deployed(`many-${n}`, undefined, { actor: "busy" }));
    await doors.client("writer").sayAll(many);
    doors.setNow("2026-11-22T10:00:00.000Z");
    const ids: string[] = [];
    let cursor: string | null | undefined;
    for (let n = 0; cursor !== null && n < 9; n++) {
      const asked: object = cursor === undefined ? { login: "busy" } : { login: "busy", cursor };
      const page = HeldAnswer.parse((await doors.client().post("/v1/people/held", asked)).json);
      ids.push(...page.facts.map(({ fact }) => fact.id));
      cursor = page.next;
    }
    expect([ids.length, new Set(ids).size]).toEqual([450, 450]);
  });
});

describe("an erasure", () => {
  it("is a fact that names the commitment, the reason and who did it, and not the login", async () => {
    const [octocat] = (await listed()).filter(({ login }) => login === "Octocat");
    const erased = await erase("octocat");
    expect(erased).toEqual({
      persons: [{ person: octocat?.person, issuer: "/test" }],
      quarantined: 0,
      jobs: null,
      holding: [],
    });
    await doJobs();
    // Jobs may be done twice.
    await doJobs();
    const id = octocat?.person.slice("person:".length) ?? "";
    const [fact] = await doors.ledger.store.get([{ source: "/asof/people", id }]);
    expect(fact).toMatchObject({ kind: "person.erased", person: octocat?.person, reason: "asked for" });
    expect(fact?.actor).toBe(
      (await doors.ledger.people.find({ issuer: "/asof", login: "admin-1" }))?.commitment,
    );
    expect(doors.quarantine()).toEqual([]);
    expect((await listed()).map(({ login }) => login).sort()).toEqual(["admin-1", "hubot", "monalisa"]);
    expect(doors.logged().toLowerCase()).not.toContain("octocat");
  });

  it("may be asked for again, also by a login that nobody has", async () => {
    await erase("octocat");
    expect(await erase("octocat", "again")).toMatchObject({ persons: [] });
    await doJobs();
    expect(doors.jobs).toHaveLength(1);
  });

  it("erases nobody while it cannot be recorded", async () => {
    const full = givenDoors({ jobs: { put: () => Promise.reject(new StoreError("unavailable", "full")) } });
    await full.client("writer").say(told[2]);
    const refused = await full.client().post("/v1/people/erase", { login: "octocat", reason: "asked for" });
    expect(problemOf(refused).status).toBe(503);
    const { persons } = KnownPersons.parse((await full.client().get("/v1/people")).json);
    expect(persons.map(({ login }) => login)).toEqual(["Octocat"]);
  });

  it("is refused with a reason that holds the login, and of one's own token", async () => {
    const refused = await doors
      .client()
      .post("/v1/people/erase", { login: "octocat", reason: "OCTOCAT left" });
    expect(problemOf(refused)).toMatchObject({ status: 422, detail: expect.stringContaining("reason:") });
    const own = await doors.client().post("/v1/people/erase", { login: "Admin-1", reason: "x" });
    expect(problemOf(own).status).toBe(403);
    expect((await doors.client().post("/v1/people/erase", { login: "octocat" })).status).toBe(422);
    expect(await listed()).toHaveLength(3);
    expect(doors.jobs).toEqual([]);
  });

  it("leaves no answer that holds the login where it named a person", async () => {
    await erase("hubot");
    for (const [path, query] of [
      ["/v1/commit", { sha: shaOf("merge") }],
      ["/v1/timeline", { environment: "production", from: "2026-10-01" }],
      ["/v1/release", { environment: "production", service: "acme/billing" }],
      ["/v1/people", {}],
      ["/v1/export", { from: "2026-11-01" }],
    ] as const)
      expect((await doors.client().get(path, query)).text).not.toContain("hubot");
  });

  it("leaves facts comparable that were recorded before it, and no others", async () => {
    expect(await separations()).toEqual(["separated"]);
    doors.setNow("2026-11-22T09:30:00.000Z");
    await erase("octocat");
    expect(await separations()).toEqual(["not comparable"]);
    await doJobs();
    expect(await separations()).toEqual(["separated"]);
    const again = { ...told[1], id: "e2", data: { ...told[1]?.data, by: WHO[0], verdict: "approved" } };
    await doors
      .client("writer")
      .say({ ...told[1], id: "e0", data: { ...told[1]?.data, verdict: "dismissed" } });
    await doors.client("writer").say({ ...again, time: "2026-10-21T07:00:00.000Z" });
    await doors.client("writer").say({
      ...told[1],
      id: "e3",
      time: "2026-10-21T08:00:00.000Z",
      data: { ...told[1]?.data, verdict: "changes_requested" },
    });
    expect(await separations()).toEqual(["not comparable"]);
  });

  it("takes the login out of what was quarantined, which is then retried by its statement alone", async () => {
    const late = deployed("late", "2026-11-22T10:00:00.000Z", { actor: "octocat" });
    const malformed = { ...deployed("bad", undefined, { actor: "octocat" }), specversion: "0.3" };
    for (const one of [late, malformed])
      expect(outcomesOf(await doors.client("writer").say(one))).toEqual(["rejected"]);
    expect(await heldAbout("octocat")).toMatchObject({
      quarantined: [expect.any(String), expect.any(String)],
    });
    expect(await erase("octocat")).toMatchObject({ quarantined: 2, holding: [] });
    expect(JSON.stringify(doors.quarantine()).toLowerCase()).not.toContain("octocat");
    doors.setNow("2026-11-22T12:00:00.000Z");
    const retried = await Promise.all(
      (await quarantinedKeys()).map((key) => doors.client().post(`/v1/quarantine/${key}/retry`, {})),
    );
    expect(retried.map(({ status }) => status).sort()).toEqual([201, 409]);
    const [fact] = await doors.ledger.store.get([{ source: "/test", id: "late" }]);
    expect(fact).not.toHaveProperty("actor");
  });

  it("names the quarantined statements that hold the login where it names no person", async () => {
    const url = "https://ci.example/octocat/1";
    await doors.client("writer").say(deployed("late", "2026-11-22T10:00:00.000Z", { actor: "octocat", url }));
    const { quarantined, holding } = await erase("octocat");
    expect([quarantined, holding]).toEqual([1, await quarantinedKeys()]);
  });
});

describe("whoever tries all logins", () => {
  it("finds none in any hash of an export, before an erasure and after it", async () => {
    const guesses = (login: string): string[] => {
      const person = { issuer: issuerOf("/test"), login };
      const texts = [
        login,
        login.toLowerCase(),
        personKey(person),
        `${person.issuer}${login}`,
        `person:${login}`,
      ];
      // The events themselves, and what was made of them, with the login in them.
      const events = told.flatMap((one) => {
        const data = { ...one.data };
        const said = {
          source: one.source,
          id: one.id,
          kind: one.type.slice("dev.asof.".length, -".v1".length),
        };
        const statement = { ...said, occurredAt: one.time, ...data };
        return [one, data, statement, { ...statement, actor: login }];
      });
      return [...texts.map(sha256), ...events.flatMap((one) => [rawHash(one), sha256(canonical(one))])];
    };
    const known = new Set([...WHO, "admin-1", "writer-1"].flatMap(guesses));
    const hashesIn = (text: string): string[] =>
      (text.match(/[0-9a-f]{64}/g) ?? []).filter((one) => known.has(one));
    expect(hashesIn(await exported())).toEqual([]);
    expect(hashesIn([...known].join(" "))).toHaveLength(known.size);
    await erase("hubot");
    await doJobs();
    expect(hashesIn(await exported())).toEqual([]);
  });
});
