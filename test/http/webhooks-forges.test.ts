import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseTokens } from "../../functions/ledger/authority/authority.ts";
import { outcomesOf } from "../client.ts";
import { cleanUp, givenDoors, problemOf, tokenOf } from "./given.ts";

afterAll(cleanUp);

const golden = (file: string): string => readFileSync(join(import.meta.dirname, "../golden", file), "utf8");
const TOKEN = "gitlab-token-that-nobody-may-see";
const BASIC = "Basic YXNvZjpzZWNyZXQ=";
const given = () =>
  givenDoors({
    secrets: () =>
      Promise.resolve({
        tokens: parseTokens(`reader:reader-1:${tokenOf("reader")}`),
        webhooks: { gitlab: [TOKEN], "azure-devops": [BASIC] },
      }),
  });
const fromGitlab = (event: string, token = TOKEN) => ({ "x-gitlab-event": event, "x-gitlab-token": token });

describe("GitLab's webhook", () => {
  const SUCCESS = golden("gitlab/deployment.review.json");
  const STOP = golden("gitlab/pipeline.stop.json");
  const asked = { environment: "review/feature-x", service: "acme/shop/billing" };

  it("tells of a deployment once, and of the environment's end", async () => {
    const { stranger, client } = given();
    const post = (body: string, event: string) =>
      stranger().post("/v1/webhooks/gitlab", body, fromGitlab(event));
    expect(outcomesOf(await post(SUCCESS, "Deployment Hook"))).toEqual(["recorded"]);
    expect(outcomesOf(await post(SUCCESS, "Deployment Hook"))).toEqual(["duplicate"]);
    expect((await client("reader").get("/v1/release", asked)).json).toMatchObject({
      status: "running",
      deployment: { provider: "gitlab", instance: "gitlab.example.com", id: "1503" },
      deployedBy: "hubot",
    });
    expect(outcomesOf(await post(STOP, "Pipeline Hook"))).toEqual(["recorded", "recorded", "recorded"]);
    expect(outcomesOf(await post(STOP, "Pipeline Hook"))).toEqual(["duplicate", "duplicate", "duplicate"]);
    expect((await client("reader").get("/v1/release", asked)).json).toMatchObject({
      status: "removed",
      since: "2026-10-21T08:00:05.000Z",
    });
  });

  it("is refused with another token, and tells nothing of the right one", async () => {
    const { stranger, quarantine, logged } = given();
    const headers = fromGitlab("Deployment Hook", "another");
    const answer = await stranger().post("/v1/webhooks/gitlab", SUCCESS, headers);
    expect(problemOf(answer).status).toBe(401);
    expect(`${answer.text}${logged()}`).not.toContain(TOKEN);
    expect(quarantine()).toEqual([]);
  });
});

describe("Azure DevOps' webhook", () => {
  it("tells of a release's start and end once each", async () => {
    const { stranger, client } = given();
    for (const outcome of ["recorded", "duplicate"]) {
      for (const name of ["release.started", "release.succeeded"]) {
        const answer = await stranger().post(
          "/v1/webhooks/azure-devops",
          golden(`azure-devops/${name}.json`),
          {
            authorization: BASIC,
          },
        );
        expect([answer.status, ...outcomesOf(answer)]).toEqual([202, outcome]);
      }
    }
    const asked = { environment: "Production", service: "shop/billing" };
    expect((await client("reader").get("/v1/release", asked)).json).toMatchObject({
      status: "running",
      attempt: null,
      deployment: { provider: "azure-devops", id: "18/71/1" },
    });
  });
});
