import { describe, expect, it } from "vitest";
import type { AsOf } from "../../functions/ledger/as-of.ts";
import { environments } from "../../functions/queries/environments.ts";
import { Environments } from "../../schemas/answer.ts";
import { day, deployed, given, observed, pagesOf, removed, retracted, said } from "./given.ts";

const listed = async (moment: AsOf): Promise<string[]> => {
  const answer = Environments.parse(await environments(moment));
  return answer.environments.map(
    ({ environment, running, services, silentSince }) =>
      `${environment}: ${running} of ${services}, ${silentSince}`,
  );
};

describe("the environments", () => {
  it("are those with something running, with how much of it, and when their newest fact happened", async () => {
    const ledger = await given(
      deployed("Production", "acme/web", "1", day(1)),
      deployed("production", "acme/billing", "1", day(2)),
      removed("production", "acme/billing", day(3)),
      observed("seen", "acme/web", "1", day(4)),
      deployed("review/1", "acme/web", "1", day(1)),
      removed("review/1", undefined, day(5)),
      said("environment.frozen", day(6), { environment: "empty" }),
    );
    expect(await listed(ledger.at(day(9)))).toEqual([
      `Production: 1 of 2, ${day(3)}`,
      `seen: 1 of 1, ${day(4)}`,
    ]);
    expect(await listed(ledger.at(day(2)))).toEqual([
      `Production: 2 of 2, ${day(2)}`,
      `review/1: 1 of 1, ${day(1)}`,
    ]);
  });

  it("are in the groups that their running services were last put into", async () => {
    const ledger = await given(
      deployed("eu-1", "acme/web", "1", day(1), { group: "trial" }),
      deployed("eu-1", "acme/web", "2", day(2), { group: "production" }),
      observed("eu-1", "acme/web", "2", day(3)),
      deployed("eu-1", "acme/shop", "1", day(1), { group: "Production" }),
      deployed("us-1", "acme/web", "1", day(1), { group: "production" }),
      deployed("us-1", "acme/old", "1", day(1), { group: "old" }),
      removed("us-1", "acme/old", day(2)),
      deployed("staging", "acme/web", "1", day(1)),
    );
    const { environments: found } = Environments.parse(await environments(ledger.at(day(9))));
    expect(found.map(({ environment, groups }) => [environment, groups])).toEqual([
      ["eu-1", ["Production"]],
      ["staging", undefined],
      ["us-1", ["production"]],
    ]);
  });

  it("count a component that was deployed by itself", async () => {
    const ledger = await given(deployed("test", "acme/web", "1", day(1), { scope: "components" }));
    expect(await listed(ledger.at(day(2)))).toEqual([`test: 1 of 1, ${day(1)}`]);
  });

  it("are silent since a month that may lie far back", async () => {
    const wrong = said("deployment.failed", "2026-09-09T00:00:00.000Z", {
      environment: "test",
      service: "acme/web",
      deployment: { provider: "test", instance: "here", id: "1" },
      components: [{ component: "main" }],
    });
    const ledger = await given(
      deployed("test", "acme/web", "1", "2025-01-05T00:00:00.000Z"),
      wrong,
      retracted(wrong),
    );
    expect(await listed(ledger.at(day(2)))).toEqual(["test: 1 of 1, 2025-01-05T00:00:00.000Z"]);
  });

  it("know only what was known", async () => {
    const ledger = await given();
    await ledger.tell(deployed("test", "acme/web", "1", day(1)), day(5));
    expect(await listed(ledger.at(day(9), day(4)))).toEqual([]);
    expect(await listed(ledger.at(day(9), day(5)))).toEqual([`test: 1 of 1, ${day(1)}`]);
  });

  it.each([1, 2, 3, 50])("are the same in pages that look at %i of them", async (limit) => {
    const ledger = await given(
      ...["a", "b", "c", "d", "e"].map((name) => deployed(name, "acme/web", "1", day(1))),
      removed("b", undefined, day(2)),
      removed("c", undefined, day(2)),
    );
    const pages = await pagesOf((cursor) => environments(ledger.at(day(9)), { limit, cursor }));
    const found = pages.flatMap((page) => page.environments.map(({ environment }) => environment));
    expect(found).toEqual(["a", "d", "e"]);
    expect(pages.length).toBe(Math.ceil(5 / limit));
  });
});
