/** Configuration in the other answers: the commit, the timeline, the diff. */
import { describe, expect, it } from "vitest";
import { commit } from "../../functions/queries/changes/commit.ts";
import { diff } from "../../functions/queries/diff.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import { CommitAnswer } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { day, deployed, digestOf, given, observed, said, shaOf } from "./given.ts";

const MANIFESTS = "https://github.com/acme/deploy";
const at = (name: string, service: string, content?: string) => ({
  config: [
    {
      repository: MANIFESTS,
      revision: shaOf(name),
      path: `apps/${service}`,
      ...(content === undefined ? {} : { digest: digestOf(content) }),
    },
  ],
});

/** Three services in one repository of manifests: one gets an image, one configuration, one nothing but the revision. */
const promoted = (): Statement[] => [
  ...["api", "web", "worker"].map((name) =>
    deployed("production", name, name, day(1), at("one", name, name)),
  ),
  deployed("production", "api", "api 2", day(8), at("two", "api", "api")),
  deployed("production", "web", "web", day(8), at("two", "web", "web 2")),
  deployed("production", "worker", "worker", day(8), at("two", "worker", "worker")),
];

describe("a commit of configuration", () => {
  const ask = async (statements: readonly Statement[], sha: string) => {
    const ledger = await given(...statements);
    const answer = await commit(ledger.at(day(20)), ledger.people, { sha });
    return answer === undefined ? undefined : CommitAnswer.parse(answer).commits;
  };

  it("names the services that it changed, and not those that only have its revision", async () => {
    const [found, ...others] = (await ask(promoted(), shaOf("two"))) ?? [];
    expect(others).toEqual([]);
    expect(found).toMatchObject({ repositories: [MANIFESTS], ran: [], artifacts: [] });
    expect(found?.changed?.map(({ service, what }) => [service, ...what]).sort()).toEqual([
      ["api", "images"],
      ["web", "configuration"],
    ]);
  });

  it("is found by a short id", async () => {
    const [found] = (await ask(promoted(), shaOf("two").slice(0, 7))) ?? [];
    expect(found?.sha).toBe(shaOf("two"));
  });

  it("is not one from which anything ran, where a deployment of configuration alone names it", async () => {
    const alone = said("deployment.succeeded", day(9), {
      environment: "production",
      service: "api",
      deployment: { provider: "vault", instance: "x", id: "1" },
      commit: { repository: MANIFESTS, sha: shaOf("three") },
      ...at("three", "api", "api 3"),
    });
    const [found] = (await ask([...promoted(), alone], shaOf("three"))) ?? [];
    expect(found).toMatchObject({ ran: [], changed: [{ service: "api", what: ["configuration"] }] });
  });

  it("is unknown where it is a revision of nothing that took effect", async () => {
    expect(await ask(promoted(), shaOf("four"))).toBeUndefined();
  });
});

describe("configuration", () => {
  it("differs by content between two moments", async () => {
    const ledger = await given(...promoted());
    const answer = await diff(ledger.at(day(20)), {
      ...{ environment: "production", from: day(5), to: day(10) },
    });
    expect(answer?.services.map(({ service }) => service)).toEqual(["api", "web"]);
  });

  it("stands in a timeline's entries, and an observation of another one is an entry", async () => {
    const web = (name: string, time: string, more = at(name, "web")) =>
      observed("production", "web", "web", time, more);
    const ledger = await given(
      deployed("production", "web", "web", day(1), at("one", "web")),
      web("one", day(2)),
      web("two", day(3)),
      web("two", day(4)),
    );
    const answer = await timeline(ledger.at(day(20)), {
      ...{ environment: "production", from: day(1, "00:00"), to: day(10) },
    });
    expect(answer?.entries.map(({ what, config = [] }) => [what, config[0]?.revision])).toEqual([
      ["deployed", shaOf("one")],
      ["observed", shaOf("two")],
    ]);
  });
});
