import { describe, expect, it } from "vitest";
import { gate } from "../../functions/queries/gate/gate.ts";
import { artifact, tag } from "../../functions/queries/images/artifact.ts";
import { Artifact, TagAnswer } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import { REPOSITORY_MAX } from "../../schemas/scalars.ts";
import { imageOf, oneThenTwo, planOf } from "../plan/asking.ts";
import { cases, type Expected, learned, takenBack } from "./cases.ts";
import { day, digestOf, given, said } from "./given.ts";
import {
  built,
  committed,
  deleted,
  described,
  image,
  indexed,
  main,
  migration,
  REPOSITORY as OLD,
  PLACE,
  pushed,
  renamed,
  restored,
  started,
  succeeded,
  time,
} from "./saying.ts";

const NEW = "ghcr.io/acme/payments";
const THIRD = "ghcr.io/acme/third";
const X = image("x");
const Y = image("y");

const withAllBelow = { scope: "path" };

const deploys = (fields: object, at = "08:12") => succeeded(at, [main(fields)]);
const there = (repository: string, more: object = {}): Expected => ({
  components: [
    {
      image: `${repository}@${X}`,
      repository,
      availability: "available",
      heldBy: [{ repository, availability: "available" }],
      ...more,
    },
  ],
});
const byTag = (digest: string, repository = NEW): Expected => ({
  components: [{ digest, repository, resolvedBy: "tag", candidates: [] }],
});
const between = (...candidates: readonly [digest: string, repository: string][]): Expected => ({
  components: [
    {
      digest: null,
      resolvedBy: "none",
      candidates: candidates.map(([digest, repository]) => ({ digest, repository, by: "tag" })),
    },
  ],
  warnings: ["digest_unresolved"],
});

const first = pushed("19 10:00", X, { tag: "1.4" });
const move = renamed("21 09:00", OLD, NEW);
const runs = deploys({ digest: X, repository: OLD });

cases("where the image of a renamed repository is", [
  {
    rule: "is under the name of now, whenever it is asked for",
    given: [first, runs, move],
    at: "20 12:00",
    answers: there(NEW, { tags: ["1.4"], pushedAt: "2026-10-19T10:00:00.000Z", resolvedBy: "digest" }),
  },
  {
    rule: "is under the name of then, as was known then",
    given: [first, runs, move],
    knownAt: "20 12:00",
    answers: there(OLD),
  },
  {
    rule: "is under the old name where the rename was taken back",
    given: [first, runs, move, takenBack("22 09:00", move)],
    answers: there(OLD),
  },
  {
    rule: "is under the new name until it was known that the rename was none",
    given: [first, runs, move, takenBack("23 09:00", move)],
    knownAt: "22 09:00",
    answers: there(NEW),
  },
  {
    rule: "is found under the new name too",
    given: [first, move, deploys({ digest: X, repository: NEW }, "22 08:12")],
    answers: there(NEW),
  },
  {
    rule: "is found where nobody named it",
    given: [first, deploys({ digest: X }), move],
    answers: there(NEW),
  },
  {
    rule: "is not known to be available where no registry told of it",
    given: [runs, move],
    answers: there(NEW, { availability: "unknown", heldBy: [] }),
  },
  {
    rule: "is gone when it is deleted under the new name",
    given: [first, runs, move, deleted("22 09:00", "manifest", { digest: X, repository: NEW })],
    answers: there(NEW, { availability: "deleted", heldBy: [{ repository: NEW, availability: "deleted" }] }),
  },
  {
    rule: "is back when it is restored under the new name",
    given: [
      first,
      deleted("19 12:00", "manifest", { digest: X }),
      runs,
      move,
      restored("22 09:00", "manifest", { digest: X, repository: NEW }),
    ],
    answers: there(NEW),
  },
  {
    rule: "stays when its digest is deleted under the old name, which is another repository's",
    given: [first, runs, move, deleted("22 09:00", "manifest", { digest: X })],
    answers: there(NEW, {
      heldBy: [
        { repository: OLD, availability: "deleted" },
        { repository: NEW, availability: "available" },
      ],
    }),
  },
  {
    rule: "stays where another repository takes the old name",
    given: [first, runs, move, pushed("22 09:00", X, { tag: "2.0" })],
    answers: there(NEW, {
      tags: ["1.4"],
      heldBy: [
        { repository: OLD, availability: "available" },
        { repository: NEW, availability: "available" },
      ],
    }),
  },
  {
    rule: "is gone with a manifest that was deleted under the old name",
    given: [
      indexed(X, Y),
      pushed("19 10:00", Y),
      deleted("19 12:00", "manifest", { digest: Y }),
      runs,
      move,
      pushed("22 09:00", X, { repository: NEW }),
    ],
    answers: there(NEW, { availability: "deleted", heldBy: [{ repository: NEW, availability: "deleted" }] }),
  },
  {
    rule: "is followed from name to name",
    given: [first, runs, move, renamed("22 09:00", NEW, THIRD)],
    answers: there(THIRD),
  },
  {
    rule: "is followed there and back",
    given: [first, runs, move, renamed("22 09:00", NEW, OLD)],
    answers: there(OLD),
  },
  {
    rule: "is followed where two change places",
    given: [
      first,
      pushed("19 10:00", Y, { repository: NEW }),
      runs,
      renamed("21 09:00", OLD, THIRD),
      renamed("21 09:01", NEW, OLD),
      renamed("21 09:02", THIRD, NEW),
    ],
    answers: there(NEW),
  },
  {
    rule: "is followed once where a rename is told twice",
    given: [first, runs, move, renamed("21 09:01", OLD, NEW)],
    answers: there(NEW),
  },
  {
    rule: "is not moved by a rename before it was pushed",
    given: [renamed("18 09:00", OLD, NEW), first, runs],
    answers: there(OLD),
  },
  {
    rule: "moves with the path above it",
    given: [first, runs, renamed("21 09:00", "ghcr.io/acme", "ghcr.io/pay", withAllBelow)],
    answers: there("ghcr.io/pay/billing"),
  },
  {
    rule: "moves with its own path",
    given: [first, runs, renamed("21 09:00", OLD, NEW, withAllBelow)],
    answers: there(NEW),
  },
  {
    rule: "stays where only the repository above it gets a new name",
    given: [first, runs, renamed("21 09:00", "ghcr.io/acme", "ghcr.io/pay")],
    answers: there(OLD),
  },
  {
    rule: "stays where a path is renamed whose name begins alike",
    given: [first, runs, renamed("21 09:00", "ghcr.io/acme/bill", "ghcr.io/acme/pay", withAllBelow)],
    answers: there(OLD),
  },
  {
    rule: "stays where its new name would be none",
    given: [first, runs, renamed("21 09:00", "ghcr.io/acme", `ghcr.io/${"a".repeat(240)}`, withAllBelow)],
    answers: there(OLD),
  },
  {
    rule: "is not known where a delete took it or only its tag, and the tag moved on under the new name",
    given: [
      first,
      runs,
      move,
      pushed("22 09:00", Y, { tag: "1.4", repository: NEW }),
      deleted("23 09:00", "unknown", { digest: X, repository: NEW }),
    ],
    answers: there(NEW, { availability: "unknown", heldBy: [{ repository: NEW, availability: "unknown" }] }),
  },
  {
    rule: "is there still where a delete took it or only a tag, and another tag stands since before the rename",
    given: [first, runs, move, deleted("23 09:00", "unknown", { digest: X, tag: "v1", repository: NEW })],
    answers: there(NEW),
  },
  {
    rule: "is there still, whatever becomes of the same tag under the old name",
    given: [
      first,
      runs,
      move,
      pushed("22 09:00", Y, { tag: "1.4" }),
      deleted("23 09:00", "unknown", { digest: X, tag: "v1", repository: NEW }),
    ],
    answers: there(NEW),
  },
]);

const late = (fields: object) => deploys({ tag: "1.4", ...fields }, "22 08:12");

cases("what a tag of a renamed repository pointed at", [
  {
    rule: "is what it pointed at under the old name",
    given: [first, move, late({ repository: NEW })],
    answers: byTag(X),
  },
  {
    rule: "is told of the name of then, and found under that of now",
    given: [first, deploys({ tag: "1.4", repository: OLD }), move],
    answers: byTag(X),
  },
  {
    rule: "is what it was moved to under the new name",
    given: [first, move, pushed("21 10:00", Y, { tag: "1.4", repository: NEW }), late({ repository: NEW })],
    answers: byTag(Y),
  },
  {
    rule: "is not what another repository pushed under the old name since",
    given: [first, move, pushed("21 10:00", Y, { tag: "1.4" }), late({ repository: NEW })],
    answers: byTag(X),
  },
  {
    rule: "is what another repository pushed under the old name, where that is deployed",
    given: [first, move, pushed("21 10:00", Y, { tag: "1.4" }), late({ repository: OLD })],
    answers: byTag(Y, OLD),
  },
  {
    rule: "is nothing under a name that was given away, and that nobody took",
    given: [first, move, late({ repository: OLD })],
    answers: between(),
  },
  {
    rule: "is followed from name to name",
    given: [
      first,
      renamed("19 12:00", OLD, THIRD),
      renamed("20 12:00", THIRD, NEW),
      late({ repository: NEW }),
    ],
    answers: byTag(X),
  },
  {
    rule: "is followed through a name that it had twice, past what another pushed there in between",
    given: [
      first,
      renamed("19 12:00", OLD, THIRD),
      pushed("19 13:00", Y, { tag: "1.4" }),
      renamed("19 14:00", OLD, NEW),
      renamed("19 15:00", THIRD, OLD),
      late({ repository: OLD }),
    ],
    answers: byTag(X, OLD),
  },
  {
    rule: "is followed with the path above it",
    given: [
      first,
      renamed("19 12:00", "ghcr.io/acme", "ghcr.io/pay", withAllBelow),
      late({ repository: "ghcr.io/pay/billing" }),
    ],
    answers: byTag(X, "ghcr.io/pay/billing"),
  },
  {
    rule: "is nothing once its manifest was deleted under the new name",
    given: [
      first,
      move,
      deleted("21 10:00", "manifest", { digest: X, repository: NEW }),
      late({ repository: NEW }),
    ],
    answers: between(),
  },
  {
    rule: "is nothing where its manifest was deleted before the rename",
    given: [first, deleted("19 12:00", "manifest", { digest: X }), move, late({ repository: NEW })],
    answers: between(),
  },
  {
    rule: "outlives a delete of its manifest under the old name, which is another repository's",
    given: [first, move, deleted("21 10:00", "manifest", { digest: X }), late({ repository: NEW })],
    answers: byTag(X),
  },
  {
    rule: "are candidates where it moved while it was deployed, by the names of now",
    given: [
      pushed("19 10:00", X, { tag: "1.4" }),
      started("08:10", [main({ tag: "1.4", repository: OLD })]),
      pushed("08:11", Y, { tag: "1.4" }),
      deploys({ tag: "1.4", repository: OLD }),
      move,
    ],
    answers: between(...[X, Y].sort().map((digest): [string, string] => [digest, NEW])),
  },
  {
    rule: "is found while the repository is renamed in the middle of the deployment",
    given: [
      first,
      started("08:10", [main({ tag: "1.4", repository: NEW })]),
      renamed("08:11", OLD, NEW),
      deploys({ tag: "1.4", repository: NEW }),
    ],
    answers: byTag(X),
  },
  {
    rule: "is found in the repository that the service was described with before the rename",
    given: [first, described({ images: [OLD] }), move, late({})],
    answers: byTag(X),
  },
  {
    rule: "is found in the repository that the service was described with only after the rename",
    given: [first, deploys({ tag: "1.4" }), move, described({ images: [NEW] }, "22 09:00")],
    answers: byTag(X),
  },
  {
    rule: "is found in one repository that the service is described with by both names",
    given: [first, described({ images: [OLD, NEW] }), move, late({})],
    answers: byTag(X),
  },
]);

const ofCommit = committed("c");
const byCommit = (repository: string): Expected => ({
  components: [{ digest: X, repository, resolvedBy: "commit", candidates: [] }],
});

cases("the build of a commit in a renamed repository", [
  {
    rule: "counts, told of the old name",
    given: [
      built(X, "c", { repository: OLD }),
      move,
      succeeded("22 08:12", [main({ repository: NEW })], ofCommit),
    ],
    answers: byCommit(NEW),
  },
  {
    rule: "counts by where its image was pushed",
    given: [built(X, "c"), first, move, succeeded("22 08:12", [main({ repository: NEW })], ofCommit)],
    answers: byCommit(NEW),
  },
  {
    rule: "counts, told after the deployment",
    given: [
      succeeded("08:12", [main({ repository: OLD })], ofCommit),
      move,
      said("artifact.built", time("22 08:00"), { digest: X, ...ofCommit, evidence: "oidc", repository: NEW }),
    ],
    answers: byCommit(NEW),
  },
  {
    rule: "does not count where another took the old name",
    given: [
      built(X, "c", { repository: OLD }),
      move,
      said("artifact.built", time("22 08:00"), { digest: Y, ...ofCommit, evidence: "oidc", repository: OLD }),
      succeeded("22 08:12", [main({ repository: NEW })], ofCommit),
    ],
    answers: byCommit(NEW),
  },
  {
    rule: "is a candidate by the name of now",
    given: [built(X, "c", { repository: OLD }), move, succeeded("22 08:12", [main()], ofCommit)],
    answers: {
      components: [{ digest: null, candidates: [{ digest: X, repository: NEW, by: "commit" }] }],
      warnings: ["digest_unresolved"],
    },
  },
]);

describe("a tag that is asked for", () => {
  const PUSH = said("artifact.pushed", day(2), { digest: digestOf("x"), repository: OLD, tag: "1.4" });
  const RENAME = said("repository.renamed", day(3), { from: OLD, to: NEW });
  const ask = async (repository: string, at: string, ...told: readonly Statement[]) => {
    const answer = await tag((await given(...told)).at(at), { repository, tag: "1.4" });
    return answer === undefined ? undefined : TagAnswer.parse(answer);
  };

  it.each([
    ["before the rename, by the new name", NEW, day(2)],
    ["before the rename, by the old name", OLD, day(2)],
    ["after the rename, by the old name", OLD, day(4)],
  ])("is answered by the name of now: %s", async (_, name, at) => {
    expect(await ask(name, at, PUSH, RENAME)).toMatchObject({
      repository: NEW,
      status: "set",
      digest: digestOf("x"),
      since: day(2),
      history: [{ at: day(2), what: "pushed" }],
    });
  });

  it("is that of the repository that took the name since", async () => {
    const taken = said("artifact.pushed", day(5), { digest: digestOf("y"), repository: OLD, tag: "1.4" });
    expect(await ask(OLD, day(6), PUSH, RENAME, taken)).toMatchObject({
      repository: OLD,
      digest: digestOf("y"),
      history: { length: 1 },
    });
    expect(await ask(NEW, day(6), PUSH, RENAME, taken)).toMatchObject({ digest: digestOf("x") });
  });

  it("is that of the repository that last had the name, however it was renamed since", async () => {
    const taken = said("artifact.pushed", day(5), { digest: digestOf("y"), repository: OLD, tag: "1.4" });
    const again = said("repository.renamed", day(6), { from: OLD, to: THIRD });
    const on = said("repository.renamed", day(7), { from: THIRD, to: "ghcr.io/acme/fourth" });
    expect(await ask(OLD, day(8), PUSH, RENAME, taken, again, on)).toMatchObject({
      repository: "ghcr.io/acme/fourth",
      digest: digestOf("y"),
    });
  });

  it("is gone where its manifest was deleted before the rename", async () => {
    const gone = said("artifact.deleted", day(2, "13:00"), {
      digest: digestOf("x"),
      repository: OLD,
      what: "manifest",
    });
    expect(await ask(NEW, day(6), PUSH, gone, RENAME)).toMatchObject({ status: "gone" });
  });

  it("has one history, newest first, whatever it was called", async () => {
    const again = said("artifact.pushed", day(4), { digest: digestOf("y"), repository: NEW, tag: "1.4" });
    const gone = said("artifact.deleted", day(5), {
      digest: digestOf("y"),
      repository: NEW,
      what: "manifest",
    });
    expect(await ask(NEW, day(4, "13:00"), again, RENAME, gone, PUSH)).toMatchObject({
      status: "set",
      history: [{ at: day(4) }, { at: day(2) }],
    });
    expect(await ask(NEW, day(6), again, RENAME, gone, PUSH)).toMatchObject({
      status: "gone",
      since: day(5),
    });
  });

  it("is never heard of where only its repository is", async () => {
    expect(await ask(NEW, day(6), RENAME)).toBeUndefined();
    expect(await ask(OLD, day(6), RENAME)).toBeUndefined();
  });

  it("is found where renames nest into each other without end", async () => {
    const nest = (n: number) =>
      said("repository.renamed", day(3, `00:00:00.${100 + n}`), {
        from: `ghcr.io/acme/p${n}`,
        to: "ghcr.io/acme",
        ...withAllBelow,
      });
    const renames = Array.from({ length: 40 }, (_, n) => nest(n));
    expect(await ask(OLD, day(6), PUSH, ...renames)).toMatchObject({ digest: digestOf("x") });
  });
});

describe("an image of a renamed repository", () => {
  it("is held under the name of now", async () => {
    const ledger = await given(first, move);
    const answer = Artifact.parse(await artifact(ledger.at(time("31 12:00")), { digest: X }));
    expect(answer.heldBy).toMatchObject([{ repository: NEW, availability: "available", tags: ["1.4"] }]);
  });

  it("is refused by the gate once it is deleted under the new name, and only then", async () => {
    const given1 = [first, built(X, "c"), runs, move];
    const gone = (repository: string) => deleted("22 09:00", "manifest", { digest: X, repository });
    const ask = async (...told: readonly Statement[]) => {
      const ledger = await given(...told);
      const answer = await gate(ledger.at(time("31 12:00")), { ...PLACE, digest: X });
      return answer.reasons.map(({ code }) => code);
    };
    expect(await ask(...given1)).toEqual([]);
    expect(await ask(...given1, gone(OLD))).toEqual([]);
    expect(await ask(...given1, gone(NEW))).toEqual(["unknown_to_registry"]);
    const ofIndex = [indexed(X, Y), built(X, "c"), runs, pushed("19 10:00", Y), move];
    expect(await ask(...ofIndex)).toEqual([]);
    const child = deleted("22 09:00", "manifest", { digest: Y, repository: NEW });
    expect(await ask(...ofIndex, child)).toEqual(["unknown_to_registry"]);
  });
});

describe("a plan", () => {
  const one = digestOf("one");
  const gone = deleted("26 12:00", "manifest", { digest: one, repository: NEW });
  const move = renamed("25 12:00", OLD, NEW);

  it("deploys the image from where it is now", async () => {
    const { components, steps, target } = await planOf(oneThenTwo(move));
    expect(components).toMatchObject([{ image: imageOf("one", NEW), availability: "available" }]);
    expect(target?.components).toMatchObject([{ repository: NEW }]);
    expect(JSON.stringify(steps)).toContain(imageOf("one", NEW));
    expect(JSON.stringify(steps)).not.toContain(imageOf("one"));
  });

  it("copies what was deleted to where it is deployed from now", async () => {
    const mirror = pushed("10 12:00", one, { repository: "mirror.example/acme/billing" });
    const moved = renamed("27 12:00", "mirror.example/acme", "mirror.example/pay", withAllBelow);
    const { components, steps } = await planOf(oneThenTwo(move, mirror, gone, moved));
    expect(components).toMatchObject([{ image: imageOf("one", NEW), availability: "deleted" }]);
    const all = JSON.stringify(steps);
    expect(all).toContain(imageOf("one", "mirror.example/pay/billing"));
    expect(all).not.toContain(imageOf("one", "mirror.example/acme/billing"));
  });

  it("finds a substitute that was pushed under the old name", async () => {
    const again = digestOf("again");
    const { components } = await planOf(
      oneThenTwo(move, gone, built(one, "one"), built(again, "one"), pushed("11 12:00", again)),
    );
    expect(components).toMatchObject([{ substitute: { digest: again, image: imageOf("again", NEW) } }]);
  });

  it.each([
    ["where it was pushed", [pushed("20 10:00", digestOf("two"))]],
    ["where it was built", [built(digestOf("two"), "two", { repository: OLD })]],
    ["where it was deployed from", []],
  ])(
    "takes a schema back with the image that has the down script, by the name of now: %s",
    async (_, told) => {
      const applied = migration("applied", "20 11:00", "1", {
        tool: "knex",
        reversible: true,
        losesData: false,
      });
      const deploy = (at: string, name: string, id: string) =>
        succeeded(at, [main({ repository: OLD, digest: digestOf(name) })], {
          deployment: { provider: "github", instance: "github.com", id },
        });
      const told2 = [
        pushed("10 11:00", one),
        deploy("10 12:00", "one", "1"),
        applied,
        deploy("20 12:00", "two", "2"),
        ...told,
        move,
      ];
      const { schema, steps } = await planOf(told2, { schema: "revert" });
      expect(schema.revert).toMatchObject([{ version: "1" }]);
      expect(JSON.stringify(steps)).toContain(imageOf("two", NEW));
      expect(JSON.stringify(steps)).not.toContain(imageOf("two"));
    },
  );
});

it("a name that is as long as may be is one", async () => {
  const to = `ghcr.io/${"a".repeat(REPOSITORY_MAX - "ghcr.io/".length)}`;
  const answer = await artifact((await given(first, renamed("21 09:00", OLD, to))).at(time("31 12:00")), {
    digest: X,
  });
  expect(Artifact.parse(answer).heldBy).toMatchObject([{ repository: to }]);
});

/** Told much later than it happened, a rename counts from when it happened. */
cases("a rename that was told late", [
  {
    rule: "moves what it moved",
    given: [first, runs, learned("30 09:00", move)],
    answers: there(NEW),
  },
  {
    rule: "was not known before",
    given: [first, runs, learned("30 09:00", move)],
    knownAt: "29 09:00",
    answers: there(OLD),
  },
]);
