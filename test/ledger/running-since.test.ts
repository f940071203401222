/** Since when an image runs, and which of the deployments of a timeline brought another one. */
import { describe, expect, it } from "vitest";
import { release } from "../../functions/queries/release/release.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import type { Statement } from "../../schemas/fact.ts";
import { day, deployed, digestOf, given, observed, removed, repositoryOf, said, shaOf } from "./given.ts";

const [HERE, SERVICE] = ["production", "acme/billing"];

async function askedAt(at: string, ...statements: readonly Statement[]) {
  const ledger = await given(...statements);
  const answer = await release(ledger.at(at), { environment: HERE, service: SERVICE });
  const parts = answer?.components.map(({ component, runningSince }) => [component, runningSince]);
  return {
    since: answer?.since,
    runningSince: answer?.runningSince,
    parts: Object.fromEntries(parts ?? []) as Record<string, unknown>,
  };
}

const of = (image: string, at: string, more: object = {}) => deployed(HERE, SERVICE, image, at, more);
const seen = (image: string, at: string, more: object = {}) => observed(HERE, SERVICE, image, at, more);

describe("since when an image runs", () => {
  it("is when it was first deployed, however often it was deployed again", async () => {
    const again = [2, 3, 4, 5, 6].map((n) => of("a", day(n)));
    const answer = await askedAt(day(10), of("b", day(1)), ...again);
    expect(answer).toMatchObject({ since: day(6), runningSince: day(2) });
  });

  it("goes on through a change of configuration alone", async () => {
    const config = said("deployment.succeeded", day(4), {
      environment: HERE,
      service: SERVICE,
      deployment: { provider: "test", instance: "here", id: "config" },
      config: [{ revision: "r2" }],
    });
    const answer = await askedAt(day(10), of("b", day(1)), of("a", day(2)), config);
    expect(answer).toMatchObject({ since: day(4), runningSince: day(2) });
  });

  it("begins anew where another image ran between, or nothing", async () => {
    const between = await askedAt(day(10), of("a", day(1)), of("b", day(2)), of("a", day(3)));
    expect(between.runningSince).toBe(day(3));
    const gone = await askedAt(day(10), of("a", day(1)), removed(HERE, SERVICE, day(2)), of("a", day(3)));
    expect(gone.runningSince).toBe(day(3));
  });

  it("begins anew where the removal of its own deployment came between, not of another one", async () => {
    const id = (one: string) => ({ deployment: { provider: "test", instance: "here", id: one } });
    const removal = (one: string) =>
      said("deployment.removed", day(3), { environment: HERE, service: SERVICE, ...id(one) });
    const told = (one: string) => [of("a", day(2), id("own")), removal(one), of("a", day(4), id("next"))];
    expect((await askedAt(day(10), ...told("own"))).runningSince).toBe(day(4));
    expect((await askedAt(day(10), ...told("other"))).runningSince).toBe(day(2));
  });

  it("is told of each component: one that was deployed alone does not change the others", async () => {
    const both = ["api", "web"].map((component) => ({ component, digest: digestOf(component) }));
    const web = { scope: "components", components: [{ component: "web", digest: digestOf("web 2") }] };
    const answer = await askedAt(
      day(10),
      of("", day(1), { components: both }),
      of("", day(2), { components: both }),
      of("", day(3), web),
      of("", day(4), web),
    );
    expect(answer).toMatchObject({ runningSince: day(3), parts: { api: day(1), web: day(3) } });
  });

  it("takes in what the runtime showed: another image in between, but not that of a rollout that went on", async () => {
    const claims = [of("b", day(1)), of("a", day(2, "09:00"))];
    const rollout = await askedAt(day(10), ...claims, seen("b", day(2, "09:02")), of("a", day(5)));
    expect(rollout.runningSince).toBe(day(2, "09:00"));
    const drift = await askedAt(day(10), ...claims, seen("b", day(3)), of("a", day(5)));
    expect(drift.runningSince).toBe(day(5));
    const hotfix = await askedAt(day(10), ...claims, seen("c", day(3), { since: day(2, "20:00") }));
    expect(hotfix.runningSince).toBe(day(2, "20:00"));
  });

  it("is unknown where the image is", async () => {
    const answer = await askedAt(day(10), of("", day(1), { components: [{ component: "main", tag: "1" }] }));
    expect(answer).toMatchObject({ since: day(1), runningSince: null, parts: { main: null } });
  });
});

async function broughtBy(...statements: readonly Statement[]) {
  const ledger = await given(...statements);
  const answer = await timeline(ledger.at(day(28)), {
    environment: HERE,
    service: SERVICE,
    from: day(1, "13:00"),
    to: day(28),
  });
  return answer?.entries
    .filter(({ what }) => what === "deployed")
    .map(({ changesImage, brings }) => brings ?? changesImage);
}

describe("which deployments of a timeline brought another image", () => {
  it("is told of each one, with the components", async () => {
    const again = [of("a", day(3)), of("a", day(4)), of("b", day(5)), of("a", day(6))];
    expect(await broughtBy(of("b", day(1)), of("a", day(2)), ...again)).toEqual([
      ["main"],
      false,
      false,
      ["main"],
      ["main"],
    ]);
  });

  it("is found by the tag of then, and by the commit", async () => {
    const repository = repositoryOf(SERVICE);
    const pushed = (image: string, at: string) =>
      said("artifact.pushed", at, { repository, tag: "latest", digest: digestOf(image) });
    const latest = { components: [{ component: "main", repository, tag: "latest" }] };
    const tags = [pushed("a", day(1)), of("", day(2), latest), of("", day(3), latest)];
    expect(await broughtBy(...tags, pushed("b", day(4)), of("", day(5), latest))).toEqual([
      ["main"],
      false,
      ["main"],
    ]);
    const built = (image: string) =>
      said("artifact.built", day(1), {
        digest: digestOf(image),
        repository,
        commit: { repository: "https://git.example/billing", sha: shaOf(image) },
        evidence: "oidc",
      });
    const commit = (image: string) => ({
      components: [{ component: "main", repository }],
      commit: { sha: shaOf(image) },
    });
    const commits = [of("", day(2), commit("a")), of("", day(3), commit("a")), of("", day(4), commit("b"))];
    expect(await broughtBy(built("a"), built("b"), ...commits)).toEqual([["main"], false, ["main"]]);
  });

  it("is left out where nobody knows", async () => {
    const tag = { components: [{ component: "main", tag: "1.4" }] };
    expect(await broughtBy(of("b", day(1)), of("", day(2), tag))).toEqual([undefined]);
  });
});
