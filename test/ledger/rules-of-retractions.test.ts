import { describe, expect, it } from "vitest";
import { Statement } from "../../schemas/fact.ts";
import { cases, learned, ledger, takenBack } from "./cases.ts";
import { retracted } from "./given.ts";
import {
  built,
  committed,
  deleted,
  deployment,
  described,
  failed,
  image,
  indexed,
  main,
  migration,
  observed,
  pushed,
  REPOSITORY,
  removed,
  sha,
  snapshot,
  started,
  succeeded,
  task,
} from "./saying.ts";

const ONE = image("one");
const TWO = image("two");
const second = { deployment: deployment("2") };

const runs = succeeded("08:00", [main({ digest: ONE, repository: REPOSITORY })]);
const wrong = succeeded("09:00", [main({ digest: TWO })], second);
const last = succeeded("10:00", [main({ digest: image("three") })], { deployment: deployment("3") });

cases("of a deployment that is taken back", [
  {
    rule: "the one before is what runs, and ran all the time",
    given: [runs, wrong, takenBack("12:00", wrong)],
    answers: { components: [{ digest: ONE }], since: "08:00", until: null },
  },
  {
    rule: "the one before ran until the one after",
    given: [runs, wrong, last, takenBack("12:00", wrong)],
    at: "08:30",
    answers: { components: [{ digest: ONE }], since: "08:00", until: "10:00" },
  },
  {
    rule: "as believed before it was taken back, it ran",
    given: [runs, wrong, takenBack("12:00", wrong)],
    knownAt: "11:59",
    answers: { components: [{ digest: TWO }], since: "09:00" },
  },
  {
    rule: "as believed from the moment it was taken back, it did not run",
    given: [runs, wrong, takenBack("12:00", wrong)],
    knownAt: "12:00",
    answers: { components: [{ digest: ONE }], since: "08:00" },
  },
  {
    rule: "several in a row, the newest that was not taken back is what runs",
    given: [runs, wrong, last, takenBack("12:00", wrong), takenBack("12:01", last)],
    answers: { components: [{ digest: ONE }], since: "08:00", until: null },
  },
  {
    rule: "the only one, it is unknown what runs, and the name stays known",
    given: [runs, takenBack("12:00", runs)],
    answers: { status: "unknown", components: [], since: null, until: null },
  },
]);

const gone = removed("09:00");
const begins = started("09:00", [main({ digest: TWO })], second);
const fails = failed("09:05", [main({ digest: TWO })], second);
const seen = observed("09:00", [main({ digest: TWO })]);

cases("of what else is said of a service and is taken back:", [
  {
    rule: "a removal: it still runs",
    given: [runs, gone, takenBack("12:00", gone)],
    answers: { status: "running", since: "08:00", until: null },
  },
  {
    rule: "an observation: there is no drift",
    given: [runs, seen, takenBack("12:00", seen)],
    answers: { components: [{ digest: ONE }], since: "08:00", drift: null },
  },
  {
    rule: "a start: there is no attempt",
    given: [runs, begins, takenBack("12:00", begins)],
    answers: { attempt: null },
  },
  {
    rule: "the end of an attempt: it is open again",
    given: [runs, begins, fails, takenBack("12:00", fails)],
    answers: { attempt: { deployment: deployment("2") } },
  },
  {
    rule: "a description: the one before counts",
    given: ((older, newer) => [runs, older, newer, takenBack("12:00", newer)])(
      described({ owner: "team-old" }),
      described({ owner: "team-new" }, "02 09:00"),
    ),
    answers: { owner: "team-old" },
  },
  {
    rule: "a task: the other one tells the digest",
    given: ((one, two) => [succeeded("08:00", [main()]), one, two, takenBack("12:00", two)])(
      task("08:00:10", ONE),
      task("08:00:20", TWO),
    ),
    answers: { components: [{ digest: ONE, resolvedBy: "task" }] },
  },
  {
    rule: "a migration: the database stands at the one before",
    given: ((one, two) => [one, two, takenBack("12:00", two)])(
      migration("applied", "07:00", "1"),
      migration("applied", "08:00", "2"),
    ),
    answers: { migrations: [{ version: "1" }] },
  },
  {
    rule: "a part of a set of migrations: the set is not whole",
    given: ((one, two) => [one, two, takenBack("12:00", one)])(
      snapshot("09:00", "set", ["1"], { part: { set: "s", n: 1, of: 2 } }),
      snapshot("09:00", "set", ["2"], { part: { set: "s", n: 2, of: 2 } }),
    ),
    answers: { migrations: [{ status: "unknown", version: null }] },
  },
]);

const push = pushed("07:00", ONE, { tag: "1.4" });
const later = pushed("07:30", TWO, { tag: "1.4" });
const index = indexed(TWO, ONE);
const placed = pushed("07:00", TWO);
const lost = deleted("09:00", "manifest", { digest: ONE });
const build = built(ONE, "built", { url: "https://ci.example/1" });
const byTag = succeeded("08:00", [main({ tag: "1.4", repository: REPOSITORY })], committed("deployed"));

cases("of what is said of an image and is taken back:", [
  {
    rule: "a push: nothing holds the image",
    given: [push, runs, takenBack("12:00", push)],
    answers: { components: [{ availability: "unknown", heldBy: [], tags: [], pushedAt: null }] },
  },
  {
    rule: "a push: the tag pointed at what it pointed at before",
    given: [push, later, byTag, takenBack("12:00", later)],
    answers: { components: [{ digest: ONE, resolvedBy: "tag" }] },
  },
  {
    rule: "an index: the manifest stands for itself again",
    given: [placed, index, runs, takenBack("12:00", index)],
    answers: { components: [{ digest: ONE, reported: undefined }] },
  },
  {
    rule: "an index: as believed before, the manifest was the index's",
    given: [placed, index, runs, takenBack("12:00", index)],
    knownAt: "11:59",
    answers: { components: [{ digest: TWO, reported: ONE }] },
  },
  {
    rule: "one of two sources' word for an index: the other's is enough",
    given: [placed, index, indexed(TWO, ONE), runs, takenBack("12:00", index)],
    answers: { components: [{ digest: TWO, reported: ONE }] },
  },
  {
    rule: "a delete: the image is available again",
    given: [push, runs, lost, takenBack("12:00", lost)],
    answers: { components: [{ availability: "available" }] },
  },
  {
    rule: "a build: only the deployment names a commit",
    given: [push, byTag, build, takenBack("12:00", build)],
    answers: { components: [{ commit: { sha: sha("deployed"), evidence: "deployment" }, build: null }] },
  },
]);

const retract = (target: Statement, more: object = {}, at = "12:00") =>
  learned(at, Statement.parse({ ...retracted(target), source: "/asof/retractions", ...more }));

describe("a retraction", () => {
  it("of a fact that nobody recorded is rejected", async () => {
    const one = ledger();
    expect(await one.tell(retract(runs))).toMatchObject({
      outcome: "rejected",
      reason: expect.stringContaining(`no fact has source ${runs.source} and id ${runs.id}`),
    });
  });

  it("whose id is not made from its target is rejected", async () => {
    const one = ledger();
    await one.tell(runs);
    expect(await one.tell(retract(runs, { id: "0".repeat(64) }))).toMatchObject({ outcome: "rejected" });
    expect(await one.ask()).toMatchObject({ status: "running" });
  });

  it("of a retraction is rejected, for it is final", async () => {
    const one = ledger();
    await one.tell(runs);
    const first = retract(runs);
    expect(await one.tell(first)).toMatchObject({ outcome: "recorded" });
    expect(await one.tell(retract(first.statement))).toMatchObject({
      outcome: "rejected",
      reason: expect.stringContaining("final"),
    });
    expect(await one.ask()).toMatchObject({ status: "unknown" });
  });

  it("repeated is a duplicate, and with another reason a conflict", async () => {
    const one = ledger();
    await one.tell(runs);
    await one.tell(retract(runs));
    expect(await one.tell(retract(runs, {}, "12:01"))).toMatchObject({ outcome: "duplicate" });
    expect(await one.tell(retract(runs, { reason: "was wrong in another way" }))).toMatchObject({
      outcome: "conflict",
    });
  });

  it("stays when its target is delivered again, and ends when it is restated under a new id", async () => {
    const one = ledger();
    await one.tell(runs);
    await one.tell(retract(runs));
    expect(await one.tell(learned("12:01", runs))).toMatchObject({ outcome: "duplicate" });
    expect(await one.ask()).toMatchObject({ status: "unknown" });
    expect(await one.tell({ ...runs, id: "restated" })).toMatchObject({ outcome: "recorded" });
    expect(await one.ask()).toMatchObject({ status: "running", since: runs.occurredAt });
  });
});
