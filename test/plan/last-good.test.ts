/** The last good release where several variants serve, where rollbacks were taken back, and where nobody says so. */
import { describe, expect, it } from "vitest";
import { RELEASES_BACK_MAX } from "../../functions/plan/target/releases-back.ts";
import type { Statement } from "../../schemas/fact.ts";
import { digestOf, said } from "../ledger/given.ts";
import { component, deployment, main, PLACE, REPOSITORY, succeeded, time } from "../ledger/saying.ts";
import { gist, planOf, released } from "./asking.ts";

const good = { aim: { last: "good" as const } };
const of = (name: string, more: object = {}) =>
  main({ repository: REPOSITORY, digest: digestOf(name), ...more });
const deploy = (at: string, components: readonly object[], more: object = {}) =>
  succeeded(at, components, { deployment: deployment(at), ...more });

/** What the plan to the last good release deploys, by component. */
async function goodAfter(...story: readonly Statement[]) {
  const { components } = await planOf(story, good);
  return components.map((one) => one.to);
}

describe("the last good release of several variants", () => {
  const blueGreen = (at: string, blue: [string, number], green: [string, number], more: object = {}) =>
    deploy(
      at,
      [
        of(blue[0], { variant: "blue", weight: blue[1] }),
        of(green[0], { variant: "green", weight: green[1] }),
      ],
      more,
    );
  const cycle = [
    deploy("10 09:00", [of("one", { variant: "blue", weight: 100 })]),
    blueGreen("11 09:00", ["one", 100], ["two", 0]),
    blueGreen("11 10:00", ["one", 0], ["two", 100]),
    blueGreen("12 09:00", ["three", 0], ["two", 100]),
    blueGreen("12 10:00", ["three", 100], ["two", 0]),
  ];

  it("is what served before a blue/green switch", async () => {
    expect(await goodAfter(...cycle)).toEqual([digestOf("two")]);
  });

  it("serves another image than now after the switch back, whatever stands beside it without traffic", async () => {
    const back = blueGreen("12 11:00", ["three", 0], ["two", 100], { rollback: true });
    expect(await goodAfter(...cycle, back)).toEqual([digestOf("one")]);
  });

  const canary = (at: string, weight: number) =>
    deploy(at, [
      of("two", { variant: "stable", weight: 100 - weight }),
      of("three", { variant: "canary", weight }),
    ]);
  const stages = [
    deploy("10 09:00", [of("one")]),
    deploy("11 09:00", [of("two")]),
    canary("12 09:00", 10),
    canary("12 10:00", 50),
  ];

  it("is what ran before what serves, after a canary was aborted and stands there without traffic", async () => {
    expect(await goodAfter(...stages, canary("12 11:00", 0))).toEqual([digestOf("one")]);
  });

  it("is what served before a canary that was promoted in steps", async () => {
    const promoted = deploy("12 12:00", [of("three", { variant: "stable", weight: 100 })]);
    expect(await goodAfter(...stages, canary("12 11:00", 100), promoted)).toEqual([digestOf("two")]);
  });
});

describe("a plan to what serves now", () => {
  it("says so where another variant stands beside it without traffic", async () => {
    const both = [of("one", { variant: "blue", weight: 100 }), of("two", { variant: "green", weight: 0 })];
    const aim = { aim: { at: time("11 12:00") } };
    const same = await planOf([deploy("11 09:00", both)], aim);
    expect(gist(same).warnings).toContain("already_running");
    const weights = [
      { ...both[0], weight: 0 },
      { ...both[1], weight: 100 },
    ];
    const switched = await planOf([deploy("11 09:00", both), deploy("12 09:00", weights)], aim);
    expect(gist(switched).warnings).not.toContain("already_running");
  });

  it("does not say so while a canary has traffic beside it", async () => {
    const stable = (weight: number) => of("one", { variant: "stable", weight });
    const canary = of("two", { variant: "canary", weight: 20 });
    const answer = await planOf(
      [deploy("11 09:00", [stable(100)]), deploy("12 09:00", [stable(80), canary])],
      { aim: { at: time("11 12:00") } },
    );
    expect(gist(answer).warnings).not.toContain("already_running");
  });
});

describe("the last good release after rollbacks", () => {
  const back = (at: string, name: string, more: object = { rollback: true }) => deploy(at, [of(name)], more);
  const story = [...released("10 12:00", "one"), ...released("15 12:00", "two")];

  it("is the one that was left by mistake, where the rollback from it was taken back", async () => {
    const undone = [...story, back("16 12:00", "one"), back("16 13:00", "two")];
    expect(await goodAfter(...undone)).toEqual([digestOf("one")]);
    expect(await goodAfter(...undone, ...released("20 12:00", "three"))).toEqual([digestOf("two")]);
  });

  it("is neither of two where somebody went back and forth, and back again", async () => {
    const answer = await planOf(
      [...story, back("16 12:00", "one"), back("16 13:00", "two"), back("16 14:00", "one")],
      good,
    );
    expect(gist(answer)).toMatchObject({ status: "blocked", blockers: ["no_good_release"] });
  });

  it("has none of the images of a component that was taken back alone", async () => {
    const parts = (api: string, worker: string) => [
      component("api", { repository: REPOSITORY, digest: digestOf(api) }),
      component("worker", { repository: REPOSITORY, digest: digestOf(worker) }),
    ];
    const [api] = parts("api1", "none");
    const taken = await goodAfter(
      deploy("10 12:00", parts("api1", "worker1")),
      deploy("11 12:00", parts("api2", "worker1")),
      deploy("12 12:00", parts("api2", "worker2")),
      deploy("13 12:00", [{ ...api }], { scope: "components", rollback: true }),
    );
    expect(taken).toEqual([digestOf("api1"), digestOf("worker1")]);
  });

  const requested = (at: string, name: string, more: object = {}) =>
    said("redeployment.requested", time(at), {
      ...PLACE,
      question: { last: "good", knownAt: time(at) },
      planHash: "0".repeat(64),
      components: [of(name)],
      deadline: time("30 12:00"),
      key: at,
      reason: "it is bad",
      ...more,
    });

  it("is not one that an operator had replaced by a deployer that says nothing of it", async () => {
    const answer = await planOf([...story, requested("16 12:00", "one"), back("16 12:01", "one", {})], good);
    expect(gist(answer)).toMatchObject({ status: "blocked", blockers: ["no_good_release"] });
  });

  it("is one that ran before images were requested that never ran there, or others than were deployed", async () => {
    const forward = requested("16 12:00", "three", { forward: true });
    expect(await goodAfter(...story, forward, back("16 12:01", "three", {}))).toEqual([digestOf("two")]);
    expect(await goodAfter(...story, requested("16 12:00", "one"), ...released("17 12:00", "three"))).toEqual(
      [digestOf("two")],
    );
  });

  it("is not one that the runtime no longer shows, where it shows again what ran before", async () => {
    const seen = (name: string) =>
      said("deployment.observed", time("16 12:00"), { ...PLACE, components: [of(name)] });
    expect(await goodAfter(...released("05 12:00", "zero"), ...story, seen("one"))).toEqual([
      digestOf("zero"),
    ]);
    expect(await goodAfter(...released("05 12:00", "zero"), ...story, seen("hotfix"))).toEqual([
      digestOf("two"),
    ]);
  });

  it("is found behind any number of deployments of the same images", async () => {
    const restarts = Array.from({ length: 2 * RELEASES_BACK_MAX }, (_, n) =>
      back(`${String(16 + (n % 10))} ${String(10 + Math.floor(n / 10))}:00`, "two", {}),
    );
    expect(await goodAfter(...story, ...restarts)).toEqual([digestOf("one")]);
  });
});

describe("a blocker about the last good release", () => {
  it("says how far it was looked for", async () => {
    const { blockers } = await planOf(released("10 12:00", "one"), good);
    expect(blockers).toEqual([
      {
        code: "no_good_release",
        message:
          "no release before this one has other images or other configuration, and is good; ask with at=… or digest=…",
      },
    ]);
  });
});
