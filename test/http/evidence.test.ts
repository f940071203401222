/** Evidence of a deployment: who approved it, in every answer that shows the deployment. */
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { eventOf } from "../../schemas/event.ts";
import type { Statement } from "../../schemas/fact.ts";
import { deployed, digestOf, said, shaOf } from "../ledger/given.ts";
import { cleanUp, givenDoors } from "./given.ts";

afterAll(cleanUp);

const at = (time: string) => `2026-11-22T${time}:00.000Z`;
const PLACE = { environment: "production", service: "acme/billing" };
const DEPLOYMENT = { provider: "gitlab", instance: "gitlab.com", id: "42" };
const CONFIG = [{ repository: "https://github.com/acme/deploy", revision: "abc123", path: "billing.yaml" }];

const deployment = deployed("production", "acme/billing", "new", at("02:00"), {
  deployment: DEPLOYMENT,
  config: CONFIG,
});
const built = said("artifact.built", at("01:00"), {
  digest: digestOf("new"),
  commit: { repository: "https://github.com/acme/billing", sha: shaOf("c"), committedAt: at("00:30") },
  evidence: "declared",
});
const approved = (time: string, by: string, verdict = "approved") =>
  said("evidence.attached", at(time), {
    deployment: DEPLOYMENT,
    type: "approval",
    verdict,
    by,
    url: "https://gitlab.com/acme/billing/-/environments/1",
  });
/** One before the deployment, and one after the fact. */
const STORY = [built, approved("01:50", "lead"), deployment, approved("03:00", "cab", "rejected")];
const SHOWN = [
  {
    type: "approval",
    verdict: "approved",
    by: "lead",
    at: at("01:50"),
    url: "https://gitlab.com/acme/billing/-/environments/1",
  },
  { type: "approval", verdict: "rejected", by: "cab", at: at("03:00") },
];

async function given(...statements: readonly Statement[]) {
  const doors = givenDoors();
  await doors.client().sayAll(statements.map(eventOf));
  return doors.client("reader");
}

const Entries = z.looseObject({ entries: z.array(z.looseObject({ what: z.string() })) });

describe("the evidence of a deployment", () => {
  it.each([
    ["/v1/release", PLACE, (json: unknown) => json],
    [
      "/v1/snapshot",
      { environment: "production" },
      (json: unknown) => z.looseObject({ releases: z.array(z.unknown()) }).parse(json).releases[0],
    ],
    ["/v1/artifact", { digest: digestOf("new") }, (json: unknown) => json],
    [
      "/v1/commit",
      { sha: shaOf("c") },
      (json: unknown) => z.looseObject({ commits: z.array(z.unknown()) }).parse(json).commits[0],
    ],
    ["/v1/timeline", { ...PLACE, from: at("00:00") }, (json: unknown) => Entries.parse(json).entries[0]],
    ["/v1/timeline", { ...PLACE, from: at("02:30") }, (json: unknown) => Entries.parse(json).entries[0]],
  ])("stands in %s %j, whenever it was given", async (path, query, pick) => {
    for (const story of [STORY, STORY.toReversed()]) {
      const { json } = await (await given(...story)).get(path, query);
      expect(pick(json)).toMatchObject({ evidence: SHOWN });
    }
  });

  it("is of that deployment alone", async () => {
    const other = deployed("production", "acme/web", "web", at("02:00"), {
      deployment: { ...DEPLOYMENT, id: "43" },
    });
    const client = await given(...STORY, other);
    const { json } = await client.get("/v1/release", { ...PLACE, service: "acme/web" });
    expect(json).toMatchObject({ evidence: [] });
  });
});

describe("an entry of a timeline", () => {
  it("names its configuration, when it was recorded, and the commit that its image was built from", async () => {
    const { json } = await (await given(...STORY)).get("/v1/timeline", { ...PLACE, from: at("00:00") });
    expect(json).toMatchObject({
      entries: [
        {
          what: "deployed",
          commit: shaOf("c"),
          committedAt: at("00:30"),
          config: CONFIG,
          recordedAt: expect.stringMatching(/^2026-11-22T09:00/),
        },
      ],
    });
  });

  it("names no commit where its images come from two", async () => {
    const two = said("artifact.built", at("01:00"), {
      digest: digestOf("other"),
      commit: { repository: "https://github.com/acme/billing", sha: shaOf("d") },
      evidence: "declared",
    });
    const both = deployed("production", "acme/billing", "new", at("02:00"), {
      components: [
        { component: "api", repository: "ghcr.io/acme/billing", digest: digestOf("new") },
        { component: "web", repository: "ghcr.io/acme/billing", digest: digestOf("other") },
      ],
    });
    const { json } = await (await given(built, two, both)).get("/v1/timeline", {
      ...PLACE,
      from: at("00:00"),
    });
    const [entry] = Entries.parse(json).entries;
    expect(entry).toMatchObject({ what: "deployed" });
    expect(entry).not.toHaveProperty("commit");
  });
});
