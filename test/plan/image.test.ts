import { describe, expect, it } from "vitest";
import { plan } from "../../functions/plan/plan.ts";
import type { Statement } from "../../schemas/fact.ts";
import type { Plan } from "../../schemas/plan.ts";
import { digestOf, given, shaOf } from "../ledger/given.ts";
import {
  built,
  deleted,
  described,
  indexed,
  main,
  migration,
  observed,
  PLACE,
  pushed,
  REPOSITORY,
  snapshot,
  succeeded,
  time,
} from "../ledger/saying.ts";
import { gist, imageOf, NOW, oneThenTwo, planOf, released } from "./asking.ts";

const STAGING = { environment: "staging" };
const inCluster = { cluster: "eu-1", namespace: "shop" };
const staged = (at: string, name: string, more: object = {}) => released(at, name, { ...STAGING, ...more });

const imagesOf = ({ components }: Plan) => components.map(({ component, image }) => [component, image]);
const codesOf = ({ blockers }: Plan) => blockers.map(({ code }) => code);
const commandsOf = ({ steps }: Plan) =>
  steps.filter(({ does }) => does === "deploy").flatMap(({ commands }) => commands.map(({ shell }) => shell));

describe("by tag, version or commit, the plan", () => {
  const tagged: readonly Statement[] = [
    ...oneThenTwo(),
    pushed("09 12:00", digestOf("one"), { tag: "1.4.2" }),
    pushed("19 12:00", digestOf("two"), { tag: "v1.5.0" }),
    built(digestOf("one"), "one"),
    built(digestOf("two"), "two"),
  ];

  it.each([
    ["a tag of the service's own repository", { tag: "1.4.2" }],
    ["a tag of a named repository", { tag: `${REPOSITORY}:1.4.2` }],
    ["a version", { version: "1.4.2" }],
    ["a version that the tag has without its letter", { version: "v1.4.2" }],
    ["a commit", { commit: shaOf("one") }],
    ["the short id of a commit", { commit: shaOf("one").slice(0, 8) }],
    ["several that agree", { tag: "1.4.2", commit: shaOf("one"), digest: digestOf("one") }],
  ])("goes back to what last ran by %s", async (_, aim) => {
    const answer = await planOf(tagged, { aim });
    expect(imagesOf(answer)).toEqual([["main", imageOf("one")]]);
    expect(answer).toMatchObject({ status: "ready", at: time("10 12:00"), blockers: [] });
  });

  it("finds a version whose tag has the letter", async () => {
    const answer = await planOf(tagged, { aim: { version: "1.5.0" } });
    expect(answer.components).toMatchObject([{ to: digestOf("two") }]);
  });

  it("takes what the tag points at now", async () => {
    const moved = pushed("25 12:00", digestOf("two"), { tag: "1.4.2" });
    expect((await planOf([...tagged, moved], { aim: { tag: "1.4.2" } })).components).toMatchObject([
      { to: digestOf("two") },
    ]);
  });

  it("finds a tag that only a deployment names", async () => {
    const named = succeeded("15 12:00", [
      main({ repository: REPOSITORY, digest: digestOf("named"), tag: "1.4.3" }),
    ]);
    const answer = await planOf([...tagged, named], { aim: { tag: "1.4.3" } });
    expect(answer.components).toMatchObject([{ to: digestOf("named") }]);
  });

  it("is blocked by a tag that was deleted, and says what it pointed at", async () => {
    const answer = await planOf([...tagged, deleted("26 12:00", "tag", { tag: "1.4.2" })], {
      aim: { tag: "1.4.2" },
    });
    expect(codesOf(answer)).toEqual(["image_unknown"]);
    expect(answer.blockers[0]?.message).toContain(`ask with digest=${digestOf("one")}`);
  });

  it.each([
    ["a tag", { tag: "9.9.9" }, "no push and no deployment names tag 9.9.9"],
    ["a commit", { commit: shaOf("unheard") }, "no build and no deployment names commit"],
    ["a digest", { digest: digestOf("unheard") }, "no fact names"],
  ])("is blocked by %s that no fact names", async (_, aim, message) => {
    const answer = await planOf(tagged, { aim });
    expect(gist(answer)).toMatchObject({ status: "blocked", blockers: ["image_unknown"], steps: [] });
    expect(answer.blockers[0]?.message).toContain(message);
  });

  it("is blocked where one commit has several images of the service, and names them", async () => {
    const answer = await planOf(
      [...tagged, built(digestOf("debug"), "one"), pushed("09 12:00", digestOf("debug"))],
      { aim: { commit: shaOf("one") } },
    );
    expect(codesOf(answer)).toEqual(["image_ambiguous"]);
    for (const name of ["one", "debug"]) expect(answer.blockers[0]?.message).toContain(digestOf(name));
  });

  it("counts only the images of its own repositories and service", async () => {
    const others = [
      built(digestOf("web"), "one", { repository: "ghcr.io/acme/web" }),
      built(digestOf("worker"), "one", { service: "acme/worker" }),
    ];
    const answer = await planOf([...tagged, ...others], { aim: { commit: shaOf("one") } });
    expect(answer.components).toMatchObject([{ to: digestOf("one") }]);
  });

  it("takes the manifests of one image for one image", async () => {
    const answer = await planOf(
      [...tagged, indexed(digestOf("one"), digestOf("arm64")), built(digestOf("arm64"), "one")],
      { aim: { commit: shaOf("one") } },
    );
    expect(answer.components).toMatchObject([{ to: digestOf("one") }]);
  });
});

describe("an image that never ran here", () => {
  const both = [
    ...staged("18 12:00", "next", { ...inCluster, config: [{ revision: "staging" }] }),
    ...oneThenTwo().slice(0, 2),
    ...released("20 12:00", "two", { ...inCluster, config: [{ revision: "production" }] }),
    described({ deployTool: "kubectl" }),
  ];

  it.each([
    ["digest", { digest: digestOf("next") }],
    ["commit", { commit: shaOf("next") }],
  ])("is planned by %s as another environment ran it, with the configuration of here", async (_, aim) => {
    const answer = await planOf([...both, built(digestOf("next"), "next")], { aim });
    expect(answer).toMatchObject({
      environment: "production",
      status: "ready",
      config: [],
      components: [{ component: "main", from: digestOf("two"), to: digestOf("next") }],
      target: { environment: "production", config: [{ revision: "production" }] },
    });
    expect(answer.warnings).toContainEqual({
      code: "never_ran_here",
      message: expect.stringContaining("ran this in staging since"),
    });
    expect(commandsOf(answer)[0]).toBe(
      `kubectl --context=eu-1 --namespace=shop set image deployment/billing billing=${imageOf("next")}`,
    );
  });

  it("has the name of the component that runs here", async () => {
    const here = observed("21 12:00", [
      { component: "billing/app", repository: REPOSITORY, digest: digestOf("two") },
    ]);
    const answer = await planOf([...staged("18 12:00", "next"), here], { aim: { digest: digestOf("next") } });
    expect(imagesOf(answer)).toEqual([["billing/app", imageOf("next")]]);
  });

  it("is planned where it was only pushed and built", async () => {
    const answer = await planOf(
      [...oneThenTwo(), pushed("25 12:00", digestOf("new"), { tag: "2.0.0" }), built(digestOf("new"), "new")],
      { aim: { tag: "2.0.0" } },
    );
    expect(imagesOf(answer)).toEqual([["main", imageOf("new")]]);
    expect(answer).toMatchObject({
      status: "ready",
      commits: { from: { sha: shaOf("two") }, to: { sha: shaOf("new") } },
      components: [{ availability: "available" }],
    });
  });

  it("leaves the other components as they are", async () => {
    const parts = [
      { component: "api", repository: REPOSITORY, digest: digestOf("api") },
      { component: "worker", repository: "ghcr.io/acme/worker", digest: digestOf("worker") },
    ];
    const answer = await planOf([pushed("25 12:00", digestOf("new")), succeeded("20 12:00", parts)], {
      aim: { digest: digestOf("new") },
    });
    expect(answer.components.map(({ component, from, to }) => [component, from, to])).toEqual([
      ["worker", digestOf("worker"), digestOf("worker")],
      ["api", digestOf("api"), digestOf("new")],
    ]);
  });

  it("is blocked where it may be any of several components", async () => {
    const parts = ["api", "worker"].map((component) => ({
      component,
      repository: REPOSITORY,
      digest: digestOf(component),
    }));
    const answer = await planOf([succeeded("20 12:00", parts), pushed("25 12:00", digestOf("new"))], {
      aim: { digest: digestOf("new") },
    });
    expect(codesOf(answer)).toEqual(["component_undecided"]);
  });

  it("is blocked where it is of another repository, and says how to say otherwise", async () => {
    const other = pushed("25 12:00", digestOf("web"), { repository: "ghcr.io/acme/web" });
    const answer = await planOf([...oneThenTwo(), other], { aim: { digest: digestOf("web") } });
    expect(codesOf(answer)).toEqual(["other_repository"]);
    const images = described({ images: [REPOSITORY, "ghcr.io/acme/web"] });
    expect(
      await planOf([...oneThenTwo(), other, images], { aim: { digest: digestOf("web") } }),
    ).toMatchObject({
      status: "ready",
      components: [{ image: imageOf("web", "ghcr.io/acme/web") }],
    });
  });

  it("is blocked where its registry deleted it", async () => {
    const gone = deleted("26 12:00", "manifest", { digest: digestOf("next") });
    expect(codesOf(await planOf([...both, gone], { aim: { digest: digestOf("next") } }))).toEqual([
      "image_gone",
    ]);
  });

  it("is not found where the environment or the service is unknown", async () => {
    const ledger = await given(...both);
    const aim = { digest: digestOf("next") };
    for (const place of [{ environment: "nowhere" }, { service: "acme/nobody" }])
      expect(await plan(ledger.at(NOW), { ...PLACE, ...place }, { aim })).toBeUndefined();
  });
});

describe("the schema of an image that never ran here", () => {
  const TOOL = { tool: "knex" };
  const inStaging = (kind: "set", versions: string[], at = "17 12:00") =>
    snapshot(at, kind, versions, { ...STAGING, ...TOOL });
  const history = [...staged("18 12:00", "next"), ...oneThenTwo()];
  const aim = { digest: digestOf("next") };

  it("is that of the environment that it ran in", async () => {
    const same = [inStaging("set", ["1", "2"]), snapshot("20 11:00", "set", ["1", "2"], TOOL)];
    expect(await planOf([...history, ...same], { aim })).toMatchObject({
      status: "ready",
      schema: { choice: "unchanged", since: null },
    });
  });

  it("asks for migrations that are applied there and not here", async () => {
    const behind = [inStaging("set", ["1", "2"]), snapshot("20 11:00", "set", ["1"], TOOL)];
    const { blockers } = await planOf([...history, ...behind], { aim });
    expect(blockers).toEqual([
      {
        code: "migrations_missing",
        message: expect.stringContaining(
          "applied in staging, where the image ran, and not in production: 2 of billing",
        ),
      },
    ]);
  });

  it("asks what becomes of migrations that are applied here and not there", async () => {
    const ahead = [
      inStaging("set", ["1"]),
      migration("applied", "20 11:00", "1", TOOL),
      migration("applied", "20 11:01", "2", TOOL),
    ];
    const { schema, blockers } = await planOf([...history, ...ahead], { aim });
    expect(schema).toMatchObject({ choice: "undecided", keep: [{ database: "billing", version: "2" }] });
    expect(blockers.map(({ code }) => code)).toEqual(["schema_choice_needed"]);
  });

  it("has to be accepted where a migration of there is reported, and no fact says whether it is applied here", async () => {
    const told = (environment: string, version: string) =>
      migration("applied", "12 11:00", version, { ...TOOL, environment });
    const { blockers } = await planOf(
      [...history, told("staging", "1"), told("staging", "2"), told(PLACE.environment, "1")],
      { aim },
    );
    expect(blockers).toEqual([
      {
        code: "schema_then_unknown",
        message:
          "2 of billing is applied in staging, where the image ran, and no fact says so of production; if it runs on that of now, ask with schema=keep",
      },
    ]);
  });

  it("has to be accepted where no fact says what it ran on", async () => {
    const here = migration("applied", "20 11:00", "1", TOOL);
    expect(codesOf(await planOf([...history, here], { aim }))).toEqual(["schema_then_unknown"]);
    expect(codesOf(await planOf([...history, here], { aim, schema: "keep" }))).toEqual([]);
    const build = built(digestOf("next"), "next", { requires: [{ database: "billing", version: "1" }] });
    expect(codesOf(await planOf([...history, here, build], { aim }))).toEqual([]);
  });
});
