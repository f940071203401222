/** Cost is behaviour: how many requests it takes to record a fact. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accessPatternsOf } from "../../functions/ledger/access-patterns.ts";
import type { Statement } from "../../schemas/fact.ts";
import { day, deployed, digestOf, retracted, said, shaOf } from "../ledger/given.ts";
import { type Counted, NOW, recording, startCounted } from "./counting.ts";

let counted: Counted;
beforeEach(async () => {
  counted = await startCounted();
});
afterEach(() => counted.stop());

describe("recording", () => {
  const here = { environment: "production", service: "acme/billing" };
  const deployment = { provider: "test", instance: "here", id: "1" };
  const components = ["web", "worker"].map((component) => ({ component, digest: digestOf(component) }));
  const commit = { repository: "https://git.example/billing", sha: shaOf("a") };
  const makers: readonly { what: string; make: () => Statement }[] = [
    {
      what: "a push",
      make: () => said("artifact.pushed", day(1), { digest: digestOf("a"), repository: "r.io/a", tag: "1" }),
    },
    {
      what: "a rename",
      make: () => said("repository.renamed", day(1), { from: "r.io/a", to: "r.io/b" }),
    },
    {
      what: "an index",
      make: () =>
        said("artifact.indexed", day(1), {
          digest: digestOf("a"),
          manifests: [{ digest: digestOf("b"), configDigest: digestOf("c") }],
        }),
    },
    {
      what: "a build",
      make: () => said("artifact.built", day(1), { digest: digestOf("a"), commit, evidence: "oidc" }),
    },
    { what: "a deployment", make: () => deployed("production", "acme/billing", "a", day(1)) },
    {
      what: "a deployment of two components",
      make: () =>
        said("deployment.succeeded", day(1), {
          ...here,
          deployment,
          components,
          scope: "components",
          cluster: "eu-1",
        }),
    },
    {
      what: "a task",
      make: () =>
        said("task.observed", day(1), { ...here, deployment, component: "web", digest: digestOf("a") }),
    },
    {
      what: "a migration",
      make: () =>
        said("migration.applied", day(1), { ...here, database: "billing", version: "1", group: "live" }),
    },
    {
      what: "a description",
      make: () => said("service.described", day(1), { service: "acme/billing", owner: "billing" }),
    },
    {
      what: "evidence",
      make: () => said("evidence.attached", day(1), { digest: digestOf("a"), type: "review" }),
    },
  ];

  it.each(makers)(
    "costs one request, and one more for each item beside it that is new: $what",
    async ({ make }) => {
      const told = recording(counted);
      const [first, second] = [make(), make()];
      const fact = {
        ...first,
        v: 1 as const,
        recordedAt: NOW,
        reportedBy: "ci",
        statementHash: "0".repeat(64),
      };
      const { derived } = accessPatternsOf(fact);
      const pointers = derived.filter(({ is }) => is === "pointer").length;
      const one = await told(first);
      expect([one.outcome, one.cost.requests, one.cost.depth]).toEqual(["recorded", 1 + derived.length, 2]);
      const two = await told(second);
      expect([two.outcome, two.cost.requests, two.cost.depth]).toEqual([
        "recorded",
        1 + pointers,
        pointers === 0 ? 1 : 2,
      ]);
    },
  );

  it("costs exactly one request in the steady state", async () => {
    const told = recording(counted);
    await told(deployed("production", "acme/billing", "a", day(1)));
    for (let n = 0; n < 10; n++) {
      const { cost } = await told(deployed("production", "acme/billing", `b${n}`, day(1)));
      expect(cost.waves).toEqual([["PutItemCommand"]]);
    }
  });

  it("costs two requests for a duplicate and for a conflict: the put and the reading of what is there", async () => {
    const told = recording(counted);
    const statement = deployed("production", "acme/billing", "a", day(1));
    await told(statement);
    for (const [again, outcome] of [
      [statement, "duplicate"],
      [{ ...statement, url: "https://ci.example/8" }, "conflict"],
    ] as const) {
      const second = await told(again);
      expect(second.outcome).toBe(outcome);
      expect(second.cost.waves).toEqual([["PutItemCommand"], ["GetItemCommand"]]);
    }
  });

  it("costs a retraction the reading of its target, a put, and no pointer where its target has none", async () => {
    const told = recording(counted);
    const statement = deployed("production", "acme/billing", "a", day(1));
    await told(statement);
    const { cost, outcome } = await told(retracted(statement));
    expect(outcome).toBe("recorded");
    expect(cost.waves).toEqual([["GetItemCommand"], ["PutItemCommand"]]);
  });

  it("costs nothing to refuse", async () => {
    const late = deployed("production", "acme/billing", "a", "2026-12-24T00:00:00.000Z");
    const { cost, outcome } = await recording(counted)(late);
    expect([outcome, cost.requests]).toEqual(["rejected", 0]);
  });
});
