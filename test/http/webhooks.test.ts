import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sign } from "@octokit/webhooks-methods";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { outcomesOf } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { BOUND, cleanUp, givenDoors, problemOf, SECRETS } from "./given.ts";

afterAll(cleanUp);

const golden = (file: string): string => readFileSync(join(import.meta.dirname, "../golden", file), "utf8");

const PUSH = golden("distribution/push-tagged.json");
/** Its last event, of which the others are layers. */
const { events: EVENTS } = z
  .object({ events: z.array(z.looseObject({ target: z.looseObject({}) })) })
  .parse(JSON.parse(PUSH));
const IMAGE = { target: {}, ...EVENTS.at(-1) };
const [REGISTRY = "", OLD_REGISTRY = ""] = SECRETS.distribution;
const REGISTRY_TYPE = "application/vnd.docker.distribution.events.v1+json";
const fromRegistry = (authorization = REGISTRY) => ({ authorization, "content-type": REGISTRY_TYPE });

const STATUS = golden("github/deployment_status.success.payload.json");
async function fromGithub(body: string, secret = SECRETS.github[0] ?? "") {
  return {
    "x-github-event": "deployment_status",
    "x-github-delivery": "9a1c8a20-cc78-11e3-93b2-0a3b4c5d6e7f",
    "x-hub-signature-256": await sign(secret, body),
  };
}

describe("a registry's webhook", () => {
  it("is answered with what became of each of its events", async () => {
    const { stranger } = givenDoors();
    const answer = await stranger().post("/v1/webhooks/distribution", PUSH, fromRegistry());
    expect(answer.status).toBe(202);
    expect(new Set(outcomesOf(answer))).toEqual(new Set(["recorded", "ignored"]));
    const again = await stranger().post("/v1/webhooks/distribution", PUSH, fromRegistry());
    expect(again.status).toBe(202);
    expect(outcomesOf(again)).toEqual(
      outcomesOf(answer).map((outcome) => (outcome === "recorded" ? "duplicate" : outcome)),
    );
  });

  it("is proved by any of the configured secrets, so that they can be changed", async () => {
    const { stranger } = givenDoors();
    const answer = await stranger().post("/v1/webhooks/distribution", PUSH, fromRegistry(OLD_REGISTRY));
    expect(answer.status).toBe(202);
  });

  it.each(["", "Bearer", REGISTRY.toLowerCase(), `${REGISTRY} `.trimEnd().slice(0, -1), "Bearer admin"])(
    "is refused with the header %j, and nothing of it is kept",
    async (authorization) => {
      const { client, stranger, quarantine } = givenDoors();
      for (const body of [PUSH, "{"]) {
        const answer = await stranger().post("/v1/webhooks/distribution", body, fromRegistry(authorization));
        expect(problemOf(answer).status).toBe(401);
      }
      expect(quarantine()).toEqual([]);
      expect((await client().get("/v1/sources")).json).toMatchObject({ sources: [] });
    },
  );

  it("is refused where no secret is configured, whatever it sends", async () => {
    const { stranger } = givenDoors({ secrets: () => Promise.resolve({ tokens: [], webhooks: {} }) });
    for (const authorization of [REGISTRY, "", "undefined"]) {
      const answer = await stranger().post("/v1/webhooks/distribution", PUSH, fromRegistry(authorization));
      expect(problemOf(answer)).toMatchObject({
        status: 401,
        detail: expect.stringContaining("ASOF_WEBHOOK_SECRETS"),
      });
    }
  });

  it("goes on where one of its events cannot be kept: the others are", async () => {
    const { stranger, quarantine } = givenDoors();
    const broken = { ...IMAGE, id: "broken", target: { ...IMAGE.target, digest: "sha256:abc" } };
    const answer = await stranger().post(
      "/v1/webhooks/distribution",
      { events: [broken, "no event", ...EVENTS] },
      fromRegistry(),
    );
    expect(answer.status).toBe(202);
    expect(outcomesOf(answer).slice(0, 2)).toEqual(["rejected", "rejected"]);
    expect(outcomesOf(answer)).toContain("recorded");
    expect(quarantine().map(({ event }) => event)).toEqual(expect.arrayContaining([broken, "no event"]));
  });

  it("is told of a conflict with 202, and the event is kept aside whole", async () => {
    const { stranger, quarantine } = givenDoors();
    await stranger().post("/v1/webhooks/distribution", PUSH, fromRegistry());
    const other = { ...IMAGE, target: { ...IMAGE.target, digest: digestOf("other") } };
    const answer = await stranger().post("/v1/webhooks/distribution", { events: [other] }, fromRegistry());
    expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "conflict"]);
    expect(quarantine()).toEqual([
      expect.objectContaining({
        why: "conflict",
        door: "distribution",
        reportedBy: "webhook:distribution",
        event: other,
      }),
    ]);
  });
});

describe("GitHub's webhook", () => {
  it("is taken with the signature of its body", async () => {
    const answer = await givenDoors()
      .stranger()
      .post("/v1/webhooks/github", STATUS, await fromGithub(STATUS));
    expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "recorded"]);
  });

  it("is taken with the signature of the next secret", async () => {
    const headers = await fromGithub(STATUS, SECRETS.github[1]);
    expect((await givenDoors().stranger().post("/v1/webhooks/github", STATUS, headers)).status).toBe(202);
  });

  it("is refused with a signature of another body, another secret, or none", async () => {
    const { stranger, quarantine } = givenDoors();
    const right = await fromGithub(STATUS);
    const { "x-hub-signature-256": _, ...none } = right;
    const wrong = [none, await fromGithub(`${STATUS} `), await fromGithub(STATUS, "another secret")];
    for (const headers of [...wrong, { ...right, "x-hub-signature-256": "sha256=" }]) {
      const answer = await stranger().post("/v1/webhooks/github", STATUS, headers);
      expect(problemOf(answer)).toMatchObject({ status: 401, detail: expect.stringContaining("secret") });
    }
    expect(quarantine()).toEqual([]);
  });

  it("is checked over the bytes as they came, before anything is made of them", async () => {
    const body = `\uFEFF${STATUS}`;
    const answer = await givenDoors()
      .stranger()
      .post("/v1/webhooks/github", body, await fromGithub(body));
    expect(answer.status).toBe(202);
  });
});

describe("a body that is no event", () => {
  const DEEP = `${'{"a":'.repeat(33)}1${"}".repeat(33)}`;

  it.each([
    ["no JSON", '{"events":[', "must be JSON"],
    ["a form", "payload=%7B%7D", "application/json"],
    ["nothing", "", "must be JSON"],
    ["what nests too deep", DEEP, "32"],
  ])("is answered with 202 and kept aside whole: %s", async (_, body, reason) => {
    const { stranger, quarantine } = givenDoors();
    const answer = await stranger().post("/v1/webhooks/distribution", body, fromRegistry());
    expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "rejected"]);
    expect(answer.text).toContain(reason);
    expect(quarantine()).toEqual([
      expect.objectContaining({ door: "distribution", reportedBy: "webhook:distribution", event: body }),
    ]);
  });

  it.each(["null", "[]", "1", '"text"', "{}", '{"events":{}}'])(
    "is answered with 202 and kept aside whole: %s",
    async (body) => {
      const { stranger, quarantine } = givenDoors();
      const answer = await stranger().post("/v1/webhooks/distribution", body, fromRegistry());
      expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "rejected"]);
      expect(quarantine()).toEqual([
        expect.objectContaining({ why: "rejected", door: "distribution", event: JSON.parse(body) }),
      ]);
    },
  );
});

describe("the door for AWS", () => {
  const event = golden("aws/ecr-image-action.push.index.json");
  const own = golden("aws/own-cloudevent.json");

  it("takes its events from whoever has a writer's token", async () => {
    const answer = await givenDoors().client("writer").post("/v1/webhooks/aws", event);
    expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "recorded"]);
  });

  it("binds a token as every door does, and answers 202 all the same", async () => {
    const { stranger, quarantine } = givenDoors();
    const answer = await stranger(BOUND).post("/v1/webhooks/aws", event);
    expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "rejected"]);
    expect(quarantine()).toEqual([expect.objectContaining({ why: "rejected", reportedBy: "bound" })]);
  });

  it("takes our own events under their own source and id", async () => {
    const { client } = givenDoors();
    const answer = await client("writer").post("/v1/webhooks/aws", own);
    expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "recorded"]);
    expect(answer.text).not.toContain("/webhooks/aws");
  });
});
