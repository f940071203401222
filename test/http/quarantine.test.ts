import { afterAll, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { Sources } from "../../schemas/answer.ts";
import { Quarantine, QuarantinedItem } from "../../schemas/answers/quarantine.ts";
import { outcomesOf } from "../client.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors, problemOf, SECRETS, tokenOf } from "./given.ts";

afterAll(cleanUp);

const wrong = (id: string) => deployed(id, "2026-10-20T08:11:00.000Z", { components: "none" });
const listed = async ({ client }: GivenDoors) =>
  Quarantine.parse((await client().get("/v1/quarantine")).json).entries;

describe("the quarantine", () => {
  it("is shown newest first, in pages, and each item whole", async () => {
    const doors = givenDoors();
    for (const id of ["1", "2", "3"]) await doors.client("writer").say(wrong(id));
    const seen: string[] = [];
    let cursor: string | null = "";
    for (let n = 0; cursor !== null && n < 5; n++) {
      const query: Record<string, string> = cursor === "" ? { limit: "2" } : { limit: "2", cursor };
      const page = Quarantine.parse((await doors.client("reader").get("/v1/quarantine", query)).json);
      seen.push(...page.entries.map(({ key }) => key));
      cursor = page.next;
    }
    expect(new Set(seen).size).toBe(3);
    expect(seen).toEqual((await listed(doors)).map(({ key }) => key));
    const item = QuarantinedItem.parse((await doors.client("reader").get(`/v1/quarantine/${seen[0]}`)).json);
    expect(item).toMatchObject({
      why: "rejected",
      door: "events",
      reportedBy: "writer-1",
      event: { id: "3" },
    });
    expect((await doors.client("reader").get("/v1/quarantine/nothing")).status).toBe(404);
  });

  it("shows a bound token and a writer what they reported themselves, and nothing else", async () => {
    const bound = "a-bound-reader-s-token";
    const doors = givenDoors({
      secrets: async () => ({
        tokens: parseTokens(
          `writer:writer-1:${tokenOf("writer")},writer:other:${tokenOf("operator")},reader:staging:${bound}:environments=staging,reader:reader-1:${tokenOf("reader")}`,
        ),
        webhooks: SECRETS,
      }),
    });
    await doors.client("writer").say(wrong("1"));
    const keysFor = async (token: string) =>
      Quarantine.parse((await doors.stranger(token).get("/v1/quarantine")).json).entries.map(
        ({ key }) => key,
      );
    const [key = ""] = await keysFor(tokenOf("reader"));
    expect(key).not.toBe("");
    expect(await keysFor(tokenOf("writer"))).toEqual([key]);
    expect(await keysFor(tokenOf("operator"))).toEqual([]);
    expect(await keysFor(bound)).toEqual([]);
    const { keptAside } = Sources.parse((await doors.stranger(bound).get("/v1/sources")).json);
    expect([keptAside.count, keptAside.newest]).toEqual([null, []]);
    expect((await doors.stranger(bound).get(`/v1/quarantine/${key}`)).status).toBe(404);
    expect((await doors.stranger(tokenOf("writer")).get(`/v1/quarantine/${key}`)).status).toBe(200);
  });

  it("holds no credential of a condition of Argo CD", async () => {
    const doors = givenDoors();
    const condition = "rpc error: failed to fetch https://bot:token@git.example.com/acme/deploy.git";
    await doors.client("writer").say({ ...wrong("1"), conditions: [{ message: condition }] });
    const [entry] = await listed(doors);
    const { text } = await doors.client().get(`/v1/quarantine/${entry?.key}`);
    expect(text).toContain("https://***@git.example.com/acme/deploy.git");
    expect(JSON.stringify(doors.quarantine())).not.toContain("bot:token");
    expect(doors.logged()).not.toContain("bot:token");
  });

  it("survives an entry that was written by halves", async () => {
    const doors = givenDoors();
    await doors.client("writer").say(wrong("1"));
    doors.database
      .prepare(
        "INSERT INTO quarantine (key, at, why, reason, door, reportedBy, event) VALUES (?, ?, ?, ?, ?, ?, ?)",
      )
      .run("half", "2026-11-22T09:30:00.000Z", "", "", "", "", '{"half":');
    const { keptAside } = Sources.parse((await doors.client().get("/v1/sources")).json);
    expect(keptAside.count).toBe(2);
    expect(keptAside.newest[0]).toMatchObject({ file: "half", reason: "the entry itself cannot be read" });
    expect(await listed(doors)).toHaveLength(2);
    expect((await doors.client().get("/v1/quarantine/half")).status).toBe(404);
  });

  it("is retried: what is recorded now, reported by whoever retries it, leaves the quarantine", async () => {
    const doors = givenDoors();
    const ahead = deployed("1", "2026-11-22T10:00:00.000Z");
    expect(outcomesOf(await doors.client("writer").say(ahead))).toEqual(["rejected"]);
    const [entry] = await listed(doors);
    const path = `/v1/quarantine/${entry?.key}/retry`;
    expect((await doors.client("writer").post(path, {})).status).toBe(403);
    expect(problemOf(await doors.client().post(path, {})).status).toBe(422);
    expect(await listed(doors)).toHaveLength(1);
    doors.setNow("2026-11-22T12:00:00.000Z");
    expect(outcomesOf(await doors.client().post(path, {}))).toEqual(["recorded"]);
    expect(await listed(doors)).toEqual([]);
    const [fact] = await doors.ledger.store.get([{ source: "/test", id: "1" }]);
    expect(fact?.reportedBy).toBe("admin-1");
  });

  it("retries what never became a statement by mapping its event anew", async () => {
    const doors = givenDoors();
    await doors.client("writer").say({ ...deployed("1"), specversion: "0.3" });
    const [entry] = await listed(doors);
    expect(problemOf(await doors.client().post(`/v1/quarantine/${entry?.key}/retry`, {})).detail).toContain(
      "specversion",
    );
    expect(await listed(doors)).toHaveLength(1);
  });

  it("says that only its sender can send again what a header belonged to", async () => {
    const doors = givenDoors();
    const [authorization = ""] = SECRETS.distribution;
    await doors.ledger.quarantine.keep({
      at: "2026-11-22T09:00:00.000Z",
      why: "rejected",
      reason: "a test",
      door: "argocd",
      reportedBy: "webhook:argocd",
      event: { app: {} },
    });
    expect(authorization).not.toBe("");
    const [entry] = await listed(doors);
    expect(problemOf(await doors.client().post(`/v1/quarantine/${entry?.key}/retry`, {}))).toMatchObject({
      status: 409,
      detail: "This one has to be sent again by its sender: what it was sent with was not kept.",
    });
  });

  it("is discarded with a reason, which the log keeps", async () => {
    const doors = givenDoors();
    await doors.client("writer").say(wrong("1"));
    const [entry] = await listed(doors);
    const path = `/v1/quarantine/${entry?.key}/discard`;
    expect((await doors.client().post(path, {})).status).toBe(422);
    expect((await doors.client("operator").post(path, { reason: "a test" })).status).toBe(403);
    expect((await doors.client().post(path, { reason: "a test event" })).json).toEqual({
      key: entry?.key,
      discarded: true,
    });
    expect(await listed(doors)).toEqual([]);
    expect(doors.logged()).toContain(`"by":"admin-1","because":"a test event"`);
  });
});
