import { describe, expect, it } from "vitest";
import type { Statement } from "../../schemas/fact.ts";
import { digestOf, said } from "../ledger/given.ts";
import {
  built,
  CODE,
  component,
  deployment,
  indexed,
  main,
  observed,
  pushed,
  REPOSITORY,
  sha,
  succeeded,
  task,
  time,
} from "../ledger/saying.ts";
import { gist, imageOf, NOW, oneThenTwo, planOf, released } from "./asking.ts";

const MIRROR = "mirror.example/acme/billing";
const gone = (name: string, repository = REPOSITORY): Statement =>
  said("artifact.deleted", time("25 12:00"), { repository, digest: digestOf(name), what: "manifest" });
const known = { commit: { repository: CODE, sha: sha("one") } };

/** What ran then, told by one deployment; then the second release. */
const then = (components: readonly object[], more: object = {}): Statement[] => [
  succeeded("10 12:00", components, { deployment: deployment("1"), ...more }),
  ...released("20 12:00", "two"),
];

describe("an image that is there", () => {
  it("is deployed as it was, by digest", async () => {
    const plan = await planOf(oneThenTwo());
    expect(plan.components).toEqual([
      {
        component: "main",
        from: digestOf("two"),
        to: digestOf("one"),
        image: imageOf("one"),
        availability: "available",
      },
    ]);
    expect(gist(plan)).toMatchObject({ status: "ready", blockers: [] });
    const commands = plan.steps.flatMap((step) => step.commands.map(({ shell }) => shell));
    expect(commands.join("\n")).toContain(imageOf("one"));
    expect(commands.join("\n")).not.toContain(digestOf("two"));
  });

  it("is the index where a runtime reported one platform's manifest", async () => {
    const plan = await planOf([
      ...oneThenTwo(indexed(digestOf("one"), digestOf("amd64"))),
      observed("11 12:00", [main({ digest: digestOf("amd64"), repository: REPOSITORY })]),
    ]);
    expect(plan.components).toMatchObject([{ to: digestOf("one"), image: imageOf("one") }]);
  });

  it("is only hoped for where no registry said anything of it", async () => {
    const plan = await planOf(then([main({ digest: digestOf("one"), repository: REPOSITORY })]));
    expect(gist(plan)).toMatchObject({
      status: "ready",
      warnings: expect.arrayContaining(["availability_unknown"]),
    });
    expect(plan.components).toMatchObject([{ availability: "unknown", image: imageOf("one") }]);
  });

  it("is taken from whichever repository has it where the deployment names none", async () => {
    const plan = await planOf([
      ...then([main({ digest: digestOf("one") })]),
      pushed("10 11:00", digestOf("one"), { repository: MIRROR }),
      pushed("10 11:00", digestOf("one")),
      gone("one"),
    ]);
    expect(plan.components).toMatchObject([{ image: imageOf("one", MIRROR), availability: "available" }]);
  });
});

describe("an image that is gone", () => {
  it("is copied back first from another repository that has it", async () => {
    const plan = await planOf([
      ...oneThenTwo(gone("one")),
      pushed("10 11:00", digestOf("one"), { repository: MIRROR }),
    ]);
    expect(gist(plan)).toMatchObject({ status: "ready", blockers: [] });
    expect(plan.steps[0]?.commands).toEqual([
      {
        tool: "skopeo",
        argv: ["skopeo", "copy", "--all", `docker://${imageOf("one", MIRROR)}`, `docker://${imageOf("one")}`],
        shell: `skopeo copy --all docker://${imageOf("one", MIRROR)} docker://${imageOf("one")}`,
      },
    ]);
  });

  it("blocks the plan where it is only archived, with the command that restores it", async () => {
    const repository = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acme/billing";
    const archived = { repository, digest: digestOf("one"), what: "manifest", archived: true };
    const plan = await planOf([
      ...then([main({ digest: digestOf("one"), repository })], known),
      pushed("10 11:00", digestOf("one"), { repository }),
      said("artifact.deleted", time("25 12:00"), archived),
    ]);
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["image_archived"], steps: [] });
    const restore = [
      "aws ecr update-image-storage-class --region eu-central-1 --registry-id 111122223333 " +
        `--repository-name acme/billing --image-id imageDigest=${digestOf("one")} --target-storage-class STANDARD`,
    ];
    expect(plan.components).toMatchObject([{ availability: "archived", restore }]);
    expect(plan.components[0]).not.toHaveProperty("rebuild");
    expect(plan.blockers[0]?.message).toContain(restore[0]);
  });

  it("blocks the plan, and says how to build it again", async () => {
    const build = { url: `${CODE}/actions/runs/7` };
    const plan = await planOf(oneThenTwo(gone("one"), built(digestOf("one"), "one", build)));
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["image_gone"], steps: [] });
    expect(plan.components).toMatchObject([
      {
        availability: "deleted",
        rebuild: {
          repository: CODE,
          sha: sha("one"),
          url: build.url,
          deployment: `${CODE}/actions/runs/one`,
        },
      },
    ]);
    expect(plan.components[0]).not.toHaveProperty("substitute");
  });

  it("blocks the plan too where nobody knows its commit", async () => {
    const plan = await planOf([
      ...then([main({ digest: digestOf("one"), repository: REPOSITORY })]),
      pushed("10 11:00", digestOf("one")),
      gone("one"),
    ]);
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["image_gone"] });
  });

  const rebuilt = [
    built(digestOf("one"), "one"),
    gone("one"),
    built(digestOf("again"), "one", { repository: REPOSITORY }),
    pushed("26 12:00", digestOf("again")),
  ];

  it("has a substitute in one that was built again from its commit", async () => {
    const plan = await planOf(oneThenTwo(...rebuilt));
    expect(gist(plan)).toMatchObject({
      status: "blocked",
      blockers: ["image_gone"],
      warnings: expect.arrayContaining(["not_identical"]),
    });
    expect(plan.components).toMatchObject([
      { image: imageOf("one"), substitute: { digest: digestOf("again"), image: imageOf("again") } },
    ]);
  });

  it("is replaced by its substitute where that is accepted", async () => {
    const plan = await planOf(oneThenTwo(...rebuilt), { acceptSubstitute: [digestOf("again")] });
    expect(gist(plan)).toMatchObject({
      status: "ready",
      warnings: expect.arrayContaining(["not_identical"]),
    });
    expect(plan.components).toMatchObject([{ to: digestOf("one"), image: imageOf("again") }]);
    expect(JSON.stringify(plan.steps)).toContain(digestOf("again"));
    expect(JSON.stringify(plan.steps)).not.toContain(digestOf("one"));
  });

  const again = (commit: string) => built(digestOf("again"), commit);

  it.each([
    ["that is in no repository", [again("one")]],
    ["of another repository", [again("one"), pushed("26 12:00", digestOf("again"), { repository: MIRROR })]],
    ["of another commit", [again("other"), pushed("26 12:00", digestOf("again"))]],
    ["that is gone too", [again("one"), pushed("24 12:00", digestOf("again")), gone("again")]],
  ])("has no substitute in one %s", async (_, others) => {
    const plan = await planOf(oneThenTwo(built(digestOf("one"), "one"), gone("one"), ...others), {
      acceptSubstitute: [digestOf("again")],
    });
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["image_gone"] });
    expect(plan.components[0]).not.toHaveProperty("substitute");
  });

  it("is not replaced by another image than the substitute", async () => {
    const plan = await planOf(oneThenTwo(...rebuilt), { acceptSubstitute: [digestOf("other")] });
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["image_gone"] });
  });
});

describe("an image that its deployment does not name", () => {
  it("is found by tag, and the plan says so", async () => {
    const plan = await planOf([
      pushed("10 11:00", digestOf("one"), { tag: "1.0" }),
      ...then([main({ tag: "1.0", repository: REPOSITORY })]),
    ]);
    expect(gist(plan)).toMatchObject({
      status: "ready",
      warnings: expect.arrayContaining(["resolved_by_tag"]),
    });
    expect(plan.components).toMatchObject([{ image: imageOf("one") }]);
  });

  it("is found by commit, and the plan says so", async () => {
    const plan = await planOf([
      built(digestOf("one"), "one", { repository: REPOSITORY }),
      ...then([main({ repository: REPOSITORY })], known),
    ]);
    expect(gist(plan).warnings).toContain("resolved_by_commit");
  });

  it("is found by its tasks, and the plan says so", async () => {
    const plan = await planOf([
      ...then([main({ repository: REPOSITORY })]),
      task("10 12:01", digestOf("one")),
    ]);
    expect(gist(plan).warnings).toContain("resolved_by_task");
  });

  it("blocks the plan where its tag had moved, and names both", async () => {
    const plan = await planOf([
      pushed("10 11:00", digestOf("one"), { tag: "1.0" }),
      pushed("10 11:59:30", digestOf("other"), { tag: "1.0" }),
      ...then([main({ tag: "1.0", repository: REPOSITORY })]),
    ]);
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["digest_unresolved"], steps: [] });
    expect(plan.blockers[0]?.message).toContain(digestOf("one"));
    expect(plan.blockers[0]?.message).toContain(digestOf("other"));
  });

  it("blocks the plan where nothing tells", async () => {
    const plan = await planOf(then([main({})]));
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["digest_unresolved"], steps: [] });
  });

  it("blocks the plan where no repository is known to have it", async () => {
    const plan = await planOf(then([main({ digest: digestOf("one") })]));
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["image_in_no_repository"], steps: [] });
  });

  it("blocks the plan where only a config is known that several images have", async () => {
    const plan = await planOf([
      indexed(digestOf("x"), { digest: digestOf("x1"), configDigest: digestOf("config") }),
      indexed(digestOf("y"), { digest: digestOf("y1"), configDigest: digestOf("config") }),
      ...then([main({ digest: digestOf("config"), repository: REPOSITORY })]),
    ]);
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["image_not_pullable"] });
  });
});

describe("several components", () => {
  const at = (name: string, digest: string) =>
    component(name, { digest: digestOf(digest), repository: REPOSITORY });

  it("are deployed together, each from what runs in its place", async () => {
    const plan = await planOf([
      pushed("09 12:00", digestOf("w1")),
      pushed("09 12:00", digestOf("k1")),
      succeeded("10 12:00", [at("web", "w1"), at("worker", "k1")], { deployment: deployment("1") }),
      succeeded("20 12:00", [at("web", "w2"), at("worker", "k1"), at("cron", "c2")], {
        deployment: deployment("2"),
      }),
    ]);
    expect(plan.components.map(({ component, from, to }) => [component, from, to])).toEqual([
      ["web", digestOf("w2"), digestOf("w1")],
      ["worker", digestOf("k1"), digestOf("k1")],
    ]);
    expect(gist(plan).warnings).toContain("component_came_later");
  });

  const canary = (...weights: readonly [string, string, number?][]) =>
    then(
      weights.map(([variant, digest, weight]) =>
        main({
          variant,
          digest: digestOf(digest),
          repository: REPOSITORY,
          ...(weight === undefined ? {} : { weight }),
        }),
      ),
    );

  it("of which one is a canary are deployed without it", async () => {
    const plan = await planOf(canary(["stable", "one", 90], ["canary", "next", 10]));
    expect(plan.components).toMatchObject([{ variant: "stable", image: imageOf("one") }]);
    expect(gist(plan)).toMatchObject({
      status: "ready",
      warnings: expect.arrayContaining(["variant_chosen"]),
    });
    expect(JSON.stringify(plan.steps)).not.toContain(digestOf("next"));
    expect(plan.target?.components).toHaveLength(2);
  });

  it("of which one is a canary are deployed as that where it is asked for", async () => {
    const plan = await planOf(canary(["stable", "one", 90], ["canary", "next", 10]), {
      aim: { digest: digestOf("next") },
    });
    expect(plan.components).toMatchObject([{ variant: "canary", image: imageOf("next") }]);
  });

  it("of one weight block the plan", async () => {
    const plan = await planOf(canary(["blue", "one"], ["green", "next"]));
    expect(gist(plan)).toMatchObject({ status: "blocked", blockers: ["variants_undecided"], steps: [] });
  });
});

describe("what runs already", () => {
  it("is said to run already", async () => {
    const plan = await planOf(oneThenTwo(), { aim: { at: NOW } });
    expect(gist(plan)).toMatchObject({
      status: "ready",
      warnings: expect.arrayContaining(["already_running"]),
    });
  });
});
