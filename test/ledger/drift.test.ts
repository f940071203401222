/** Where something else runs than was deployed, by which evidence. */
import { describe, expect, it } from "vitest";
import { drift } from "../../functions/queries/drift.ts";
import type { Statement } from "../../schemas/fact.ts";
import { day, deployed, digestOf, given, observed, pagesOf, removed, said } from "./given.ts";

const ONE = digestOf("one");
const TWO = digestOf("two");
const sees = (service: string, image: string, at: string) => observed("production", service, image, at);

async function driftOf(...statements: readonly Statement[]) {
  const ledger = await given(...statements);
  const answer = await drift(ledger.at(day(20)), { environment: "production" });
  return ledger.shown(answer?.services);
}

describe("drift", () => {
  it("says what runs instead of what was deployed, since when, and which facts say so", async () => {
    const claim = deployed("production", "web", "one", day(1), { actor: "octocat" });
    const [first, last] = [sees("web", "two", day(3)), sees("web", "two", day(4))];
    expect(await driftOf(claim, first, last)).toEqual([
      {
        environment: "production",
        service: "web",
        group: null,
        state: "drifting",
        since: day(3),
        seenAt: day(4),
        drift: {
          observedAt: day(4),
          claimed: [{ component: "main", digest: ONE }],
          observed: [{ component: "main", digest: TWO }],
        },
        undeployed: [
          {
            component: "main",
            digest: TWO,
            since: day(3),
            seenAt: day(4),
            fact: { source: "/test", id: last.id },
          },
        ],
        missing: [
          {
            component: "main",
            digest: ONE,
            deployedAt: day(1),
            deployment: expect.objectContaining({ provider: "test" }),
            deployedBy: "octocat",
            fact: { source: "/test", id: claim.id },
          },
        ],
      },
    ]);
  });

  it("names the component that differs, and not the one that is as it was deployed", async () => {
    const components = (worker: string) => [
      { component: "api", digest: digestOf("api") },
      { component: "worker", digest: worker },
    ];
    const claim = deployed("production", "web", "one", day(1), { components: components(ONE) });
    const look = said("deployment.observed", day(3), {
      environment: "production",
      service: "web",
      components: components(TWO),
    });
    expect(await driftOf(claim, look)).toMatchObject([
      {
        undeployed: [{ component: "worker", digest: TWO }],
        missing: [{ component: "worker", digest: ONE }],
      },
    ]);
  });

  it("is of what runs although it was removed, and nothing is missing", async () => {
    const statements = [
      deployed("production", "web", "one", day(1)),
      removed("production", "web", day(2)),
      sees("web", "one", day(3)),
    ];
    expect(await driftOf(...statements)).toMatchObject([
      { state: "drifting", undeployed: [{ digest: ONE }], missing: [] },
    ]);
  });

  it("tells what nobody deployed from what nobody observed and from what is as deployed", async () => {
    const statements = [
      sees("by-hand", "one", day(3)),
      deployed("production", "unseen", "one", day(1)),
      deployed("production", "web", "one", day(1)),
      sees("web", "one", day(3)),
      deployed("production", "gone", "one", day(1)),
      removed("production", "gone", day(2)),
    ];
    expect(await driftOf(...statements)).toMatchObject([
      {
        service: "by-hand",
        state: "undeployed",
        drift: null,
        since: day(3),
        undeployed: [{ digest: ONE, since: day(3) }],
        missing: [],
      },
      { service: "unseen", state: "unobserved", seenAt: null, undeployed: [], missing: [] },
      { service: "web", state: "as deployed", seenAt: day(3), undeployed: [], missing: [] },
    ]);
  });

  it("comes page by page, of an environment or of all those of a group", async () => {
    const inGroup = { group: "live" };
    const ledger = await given(
      deployed("production", "a", "one", day(1), inGroup),
      deployed("production", "b", "one", day(1), inGroup),
      deployed("berlin", "a", "one", day(1), inGroup),
    );
    const pages = await pagesOf((cursor) =>
      drift(ledger.at(day(20)), { group: "live" }, { limit: 2, cursor }),
    );
    expect(pages.map(({ services }) => services.map((one) => `${one.environment}/${one.service}`))).toEqual([
      ["berlin/a", "production/a"],
      ["production/b"],
    ]);
    expect(await drift(ledger.at(day(20)), { environment: "nowhere" })).toBeUndefined();
  });
});
