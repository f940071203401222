import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { outcomesOf } from "../client.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, givenDoors, problemOf } from "./given.ts";

afterAll(cleanUp);

const golden = (file: string): string => readFileSync(join(import.meta.dirname, "../golden", file), "utf8");

const SECRET = "a-secret-that-nobody-may-see";
const NEXT = "the-next-one-that-nobody-may-see";
const VENDORS = ["azure", "docker-hub", "google", "harbor", "jfrog", "quay"];
const webhooks = Object.fromEntries(VENDORS.map((vendor) => [vendor, [SECRET, NEXT]]));
const doors = () => givenDoors({ secrets: () => Promise.resolve({ tokens: [], webhooks }) });

const json = { "content-type": "application/json" };
const signed = (body: string): Record<string, string> => ({
  ...json,
  "x-jfrog-event-auth": createHmac("sha256", NEXT).update(body).digest("hex"),
});

const PUSHES = [
  ["azure", "azure/webhook.push.json", "", { ...json, authorization: SECRET }],
  ["azure", "azure/eventgrid.images.json", `/${NEXT}`, json],
  ["harbor", "harbor/PUSH_ARTIFACT.tagged.json", "", { ...json, authorization: NEXT }],
  [
    "harbor",
    "harbor/cloudevents.harbor.artifact.pushed.json",
    "",
    { "content-type": "application/cloudevents+json", authorization: SECRET },
  ],
  ["jfrog", "jfrog/docker.pushed.json", "", { ...json, "x-jfrog-event-auth": SECRET }],
  ["jfrog", "jfrog/docker.pushed.json", "", signed(golden("jfrog/docker.pushed.json"))],
] as const;

describe("a registry that proves who it is", () => {
  it.each(PUSHES)("is heard: %s, %s", async (vendor, file, path, headers) => {
    const { stranger } = doors();
    const answer = await stranger().post(`/v1/webhooks/${vendor}${path}`, golden(file), headers);
    expect(answer.status).toBe(202);
    expect(outcomesOf(answer)[0]).toBe("recorded");
  });

  it.each([
    ["docker-hub", "docker-hub/push.json"],
    ["quay", "quay/repo_push.self-hosted.json"],
  ])("is told which registry would have to be asked: %s", async (vendor, file) => {
    const { stranger, quarantine } = doors();
    const answer = await stranger().post(`/v1/webhooks/${vendor}/${SECRET}`, golden(file), json);
    expect([answer.status, ...outcomesOf(answer)]).toEqual([202, "rejected"]);
    expect(answer.text).toContain("ASOF_REGISTRIES");
    // Docker Hub's callback address, by which anybody could answer for us, stays out.
    const { callback_url: _, ...event } = z.looseObject({}).parse(JSON.parse(golden(file)));
    expect(quarantine()).toEqual([expect.objectContaining({ door: vendor, event })]);
  });
});

describe("a registry that does not", () => {
  const paths = ["", "/wrong", `/${SECRET}x`, `/${SECRET.toUpperCase()}`];

  it.each(VENDORS)("is refused, and nothing of it is kept: %s", async (vendor) => {
    const { stranger, quarantine, logged } = doors();
    for (const path of paths) {
      const answer = await stranger().post(`/v1/webhooks/${vendor}${path}`, "{", {
        ...json,
        authorization: "Bearer wrong",
        "x-jfrog-event-auth": "wrong",
      });
      expect(problemOf(answer).status).toBe(401);
      expect(answer.text).not.toContain(SECRET);
    }
    expect(quarantine()).toEqual([]);
    expect(logged()).not.toContain(SECRET);
  });

  it.each(["harbor", "jfrog", "google"])("is refused with the secret in the address: %s", async (vendor) => {
    const answer = await doors().stranger().post(`/v1/webhooks/${vendor}/${SECRET}`, "{}", json);
    expect(problemOf(answer).status).toBe(401);
  });
});

describe("Event Grid's first question", () => {
  const asked = golden("azure/eventgrid.validation.json");

  it("is answered to whoever proves to be asked by us, with 200, and is no event", async () => {
    const { stranger, quarantine } = doors();
    const answer = await stranger().post(`/v1/webhooks/azure/${SECRET}`, asked, json);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ validationResponse: "512d38b6-c7b8-40c8-89fe-f46f9e9622b6" });
    expect(quarantine()).toEqual([]);
  });

  it("is answered to nobody else", async () => {
    const answer = await doors().stranger().post("/v1/webhooks/azure/wrong", asked, json);
    expect(problemOf(answer).status).toBe(401);
    expect(answer.text).not.toContain("512d38b6");
  });
});

describe("a repository of GitLab's registry that gets a new name", () => {
  const proof = { ...json, authorization: SECRET };
  const events = (file: string): object[] =>
    z.object({ events: z.array(z.looseObject({})) }).parse(JSON.parse(golden(file))).events;
  const [push = {}] = events("distribution/gitlab-push.json");
  const names = { old: "acme/old-team/billing", now: "acme/payments/billing" };
  const told = (id: string, action: string, day: number, target: object) => ({
    ...push,
    id,
    action,
    timestamp: `2026-03-0${day}T10:00:00Z`,
    target: { mediaType: "application/vnd.oci.image.manifest.v1+json", ...target },
  });

  it.each([
    ["before", ["rename", "push", "delete"]],
    ["after", ["push", "delete", "rename"]],
  ])("keeps its history, told %s what it moves", async (_, order) => {
    const secrets = () =>
      Promise.resolve({
        tokens: parseTokens("reader:r:reader-token-that-nobody-may-see"),
        webhooks: { distribution: [SECRET] },
      });
    const { stranger } = givenDoors({ secrets });
    const digest = digestOf("billing");
    const bodies: Record<string, object> = {
      rename: { events: events("distribution/gitlab-rename.json") },
      push: { events: [told("1", "push", 2, { repository: names.old, digest, tag: "2.4.0" })] },
      delete: { events: [told("2", "delete", 5, { repository: names.now, digest })] },
    };
    for (const one of order) {
      const answer = await stranger().post("/v1/webhooks/distribution", bodies[one], proof);
      expect(outcomesOf(answer)).toEqual(["recorded"]);
    }
    const reader = stranger("reader-token-that-nobody-may-see");
    const ask = async (name: string, at: string) =>
      (await reader.get(`/v1/tag?repository=registry.acme.example/${name}&tag=2.4.0&at=${at}`)).json;
    for (const name of [names.now, names.old]) {
      const repository = `registry.acme.example/${names.now}`;
      expect(await ask(name, "2026-03-02")).toMatchObject({ repository, status: "set", digest });
      expect(await ask(name, "2026-03-04")).toMatchObject({ repository, status: "set", digest });
      expect(await ask(name, "2026-03-06")).toMatchObject({ repository, status: "gone" });
    }
    expect((await reader.get(`/v1/artifact?digest=${digest}`)).json).toMatchObject({
      heldBy: [{ repository: `registry.acme.example/${names.now}`, availability: "deleted" }],
    });
  });
});

describe("a sender of CloudEvents that asks whether it is welcome", () => {
  const ask = (headers: Record<string, string>) =>
    doors().stranger().send("/v1/webhooks/azure/a-secret", { method: "OPTIONS", headers });

  it("is told so, under its own name", async () => {
    const answer = await ask({ "WebHook-Request-Origin": "eventgrid.azure.net" });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("webhook-allowed-origin")).toBe("eventgrid.azure.net");
    expect(answer.headers.get("webhook-allowed-rate")).toBe("*");
  });

  it.each([{}, { "WebHook-Request-Origin": "" }, { "WebHook-Request-Origin": "<script>" }])(
    "must name itself: %j",
    async (headers) => {
      expect(problemOf(await ask(headers)).status).toBe(422);
    },
  );
});
