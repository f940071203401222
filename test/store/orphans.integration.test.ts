/** What stands beside a fact that never came is never answered. */

import { describe, expect, it } from "vitest";
import { append } from "../../functions/ledger/append.ts";
import type { Store } from "../../functions/ledger/store.ts";
import { StoreError } from "../../functions/ledger/store.ts";
import { environments } from "../../functions/queries/environments.ts";
import { release } from "../../functions/queries/release/release.ts";
import { snapshot } from "../../functions/queries/snapshot.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import type { Statement } from "../../schemas/fact.ts";
import { day, deployed, digestOf, type Given, given, retracted, said } from "../ledger/given.ts";
import { memoryPeople } from "./memory-people.ts";

const HERE = { environment: "production", service: "acme/billing" };
const own = (fields: object) => ({
  ...HERE,
  deployment: { provider: "test", instance: "here", id: "1" },
  ...fields,
});

const indexOf = (image: string): Statement =>
  said("artifact.indexed", day(10), {
    digest: digestOf(image),
    manifests: [{ digest: digestOf(`${image} amd64`), configDigest: digestOf(`${image} config`) }],
  });
const pushed = (image: string): Statement =>
  said("artifact.pushed", day(10), {
    repository: "ghcr.io/acme/billing",
    digest: digestOf(image),
    tag: "1.4",
  });
const threeComponents = (at: string, ...images: readonly [string, string]): Statement =>
  said(
    "deployment.succeeded",
    at,
    own({
      components: [
        { component: "web", digest: digestOf(`${images[0]} amd64`) },
        { component: "worker", digest: digestOf(`${images[1]} config`) },
        { component: "cron" },
      ],
      cluster: "eu-1",
    }),
  );

const A = indexOf("a");
const B = indexOf("b");
const RUNS = threeComponents(day(12), "a", "b");
const TOLD = [pushed("a"), A, pushed("a amd64"), pushed("b"), RUNS];

/** Statements whose fact is lost for good, after what stands beside it was put. */
const LOST: readonly { what: string; statement: Statement }[] = [
  { what: "the index of an image that runs", statement: B },
  { what: "that this index was wrong", statement: retracted(A) },
  { what: "that this deployment was wrong", statement: retracted(RUNS) },
  { what: "a deployment of two images", statement: threeComponents(day(13), "b", "a") },
  {
    what: "a deployment of one component",
    statement: said(
      "deployment.succeeded",
      day(13),
      own({ scope: "components", components: [{ component: "web" }] }),
    ),
  },
  {
    what: "a task of another image",
    statement: said("task.observed", day(13), { ...own({}), component: "cron", digest: digestOf("c") }),
  },
];

describe("a fact that was lost after what stands beside it was put", () => {
  /** Puts what stands beside a fact, and loses the fact. */
  async function lose(ledger: Given, statement: Statement): Promise<void> {
    const put = () => Promise.reject(new StoreError("unavailable", "the store did not answer"));
    const store: Store = { ...ledger.store, put };
    const appending = {
      store,
      rules: [],
      now: () => new Date(day(21)),
      heard: new Set<string>(),
      people: memoryPeople(),
    };
    const outcome = append(appending, statement, { reportedBy: "ci", vendor: "events" });
    await expect(outcome).rejects.toThrow(StoreError);
  }

  const answers = async (ledger: Given) => {
    const moment = ledger.at(day(20));
    return {
      release: await release(moment, HERE),
      snapshot: await snapshot(moment, { environment: "production" }),
      environments: await environments(moment),
      timeline: await timeline(moment, { environment: "production", from: day(1), to: day(20) }),
    };
  };

  it.each(LOST)("leaves no trace in any answer: $what", async ({ statement }) => {
    const ledger = await given(...TOLD);
    const before = await answers(ledger);
    await lose(ledger, statement);
    expect(await answers(ledger)).toEqual(before);
    // And would leave one, had it come.
    await ledger.tell(statement);
    expect(await answers(ledger)).not.toEqual(before);
  });

  it("leaves of the first fact of a service a name, and nothing that is said of it", async () => {
    const ledger = await given(...TOLD);
    const before = await answers(ledger);
    for (const environment of ["production", "staging"]) {
      await lose(ledger, deployed(environment, "acme/new", "a", day(13)));
      expect(await release(ledger.at(day(20)), { environment, service: "acme/new" })).toMatchObject({
        status: "unknown",
        components: [],
        deployment: null,
        facts: [],
      });
    }
    const after = await answers(ledger);
    expect(after.environments.environments.map(({ environment }) => environment)).toEqual(["production"]);
    expect([after.release, after.timeline]).toEqual([before.release, before.timeline]);
  });
});
