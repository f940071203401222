/** The changes of a commit: who wrote, approved and merged what was deployed, in every style of merging. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { commit } from "../../functions/queries/images/artifact.ts";
import { CommitAnswer } from "../../schemas/answer.ts";
import type { Statement } from "../../schemas/fact.ts";
import type { SamePersons } from "../../schemas/settings/same-persons.ts";
import { day, given, retracted, said, shaOf } from "./given.ts";

const MergedFact = z.looseObject({ authors: z.array(z.string()) });
const EvidenceFact = z.looseObject({ by: z.string() });
const REPOSITORY = "https://github.com/acme/billing";
const SOURCE = "/webhooks/github/github.com/acme/billing";
const HEAD = shaOf("head");
const MERGE = shaOf("merge");
const CHANGE = { repository: REPOSITORY, number: 7 };

const merged = (more: object = {}) =>
  said("change.merged", day(5), {
    source: SOURCE,
    ...CHANGE,
    head: HEAD,
    mergeCommit: MERGE,
    authors: ["octocat"],
    mergedBy: "hubot",
    title: "Round invoices",
    ...more,
  });
const review = (by: string, more: object = {}, at = day(4)) =>
  said("evidence.attached", at, {
    source: SOURCE,
    commit: HEAD,
    change: CHANGE,
    type: "pull_request_review",
    verdict: "approved",
    by,
    ...more,
  });

/** The separation as an operator's list of persons has it. */
const separatedBy = async (same: SamePersons, ...statements: readonly Statement[]) => {
  const ledger = await given(...statements);
  const people = { reveal: ledger.people.reveal.bind(ledger.people), same };
  const answer = await commit(ledger.at(day(20)), people, { sha: MERGE });
  return answer?.commits.flatMap(({ changes = [] }) => changes.map(({ separation }) => separation));
};

async function asked(sha: string, ...statements: readonly Statement[]) {
  const ledger = await given(...statements);
  const answer = await ledger.shown(await commit(ledger.at(day(20)), ledger.people, { sha }));
  return { ledger, changes: CommitAnswer.parse(answer).commits.flatMap(({ changes = [] }) => changes) };
}

const separationOf = async (...statements: readonly Statement[]) =>
  (await asked(MERGE, ...statements)).changes.map(({ separation }) => separation);

describe("the change of a commit", () => {
  it.each([
    ["a merge or a squash, whose commit is new", MERGE],
    ["a rebase or a fast-forward, whose commit is the head", HEAD],
  ])("is found from the commit in the branch of %s", async (_, mergeCommit) => {
    const { changes } = await asked(mergeCommit, review("monalisa"), merged({ mergeCommit }));
    expect(changes).toMatchObject([
      {
        ...CHANGE,
        title: "Round invoices",
        authors: ["octocat"],
        mergedBy: "hubot",
        head: HEAD,
        mergeCommit,
        approvals: [{ by: "monalisa", verdict: "approved", commit: HEAD, isLast: true }],
        separation: "separated",
      },
    ]);
  });

  it("is found from its head, from a short id, and by a merge commit that its sender abbreviates", async () => {
    for (const sha of [HEAD, MERGE.slice(0, 7)]) {
      const { changes } = await asked(
        sha,
        merged({ head: HEAD.slice(0, 12), mergeCommit: MERGE.slice(0, 12) }),
      );
      expect(changes).toMatchObject([CHANGE]);
    }
  });

  it("has the same answer in every order of arrival", async () => {
    const told = [merged(), review("monalisa"), review("octocat", {}, day(3))];
    const first = await asked(MERGE, ...told);
    expect(first.changes).toMatchObject([{ approvals: [{ by: "octocat" }, { by: "monalisa" }] }]);
    for (const [a, b, c] of [
      [1, 0, 2],
      [2, 1, 0],
      [1, 2, 0],
    ] as const) {
      const again = await asked(MERGE, ...[told[a], told[b], told[c]].filter((one) => one !== undefined));
      expect(again.changes).toEqual(first.changes);
    }
  });

  it("shows that it was pushed to after its approval", async () => {
    const { changes } = await asked(MERGE, review("monalisa", { commit: shaOf("before") }), merged());
    expect(changes).toMatchObject([{ approvals: [{ commit: shaOf("before"), isLast: false }] }]);
  });

  it("takes the verdicts of persons about its head, and none about another change or of machines", async () => {
    const { changes } = await asked(
      MERGE,
      merged(),
      said("evidence.attached", day(4), {
        source: SOURCE,
        commit: HEAD,
        type: "review",
        verdict: "approved",
        by: "lead",
      }),
      said("evidence.attached", day(4), { source: SOURCE, commit: HEAD, type: "test", verdict: "passed" }),
      review("monalisa", { change: { ...CHANGE, number: 8 } }),
    );
    expect(changes.map(({ approvals }) => approvals.map(({ by }) => by))).toEqual([["lead"]]);
  });

  it("is gone when its merge is retracted", async () => {
    const merge = merged();
    const other = said("evidence.attached", day(6), { commit: MERGE, type: "test", verdict: "passed" });
    expect((await asked(MERGE, merge, other, retracted(merge))).changes).toEqual([]);
  });
});

describe("the separation of author and approver", () => {
  it("compares persons of two issuers where an operator lists both, whether or not they are one", async () => {
    const github = (login: string) => ({ issuer: "/webhooks/github/github.com", login });
    const gitlab = (login: string) => ({ issuer: "/webhooks/gitlab/gitlab.com", login });
    const elsewhere = review("mona", { source: "/webhooks/gitlab/gitlab.com/acme/billing" });
    const of = (...same: SamePersons) => separatedBy(same, merged(), elsewhere);
    expect(await of()).toEqual(["not comparable"]);
    expect(await of([github("octocat"), gitlab("mona")])).toEqual(["not separated"]);
    expect(await of([github("octocat")], [gitlab("mona")])).toEqual(["separated"]);
    expect(await of([gitlab("mona")])).toEqual(["not comparable"]);
    const second = review("octocat-work");
    const own = [github("octocat"), github("octocat-work")];
    expect(await separatedBy([own], merged(), second)).toEqual(["not separated"]);
  });

  it("needs an approval", async () => {
    expect(await separationOf(merged())).toEqual(["no approval"]);
    expect(await separationOf(merged(), review("monalisa", { verdict: "changes_requested" }))).toEqual([
      "no approval",
    ]);
  });

  it("is not given by an author, or by one of the co-authors, however the login is written", async () => {
    expect(await separationOf(merged(), review("Octocat"))).toEqual(["not separated"]);
    expect(await separationOf(merged({ authors: ["octocat", "pair"] }), review("pair"))).toEqual([
      "not separated",
    ]);
    expect(await separationOf(merged(), review("octocat"), review("monalisa", {}, day(3)))).toEqual([
      "separated",
    ]);
  });

  it("is not given by a bot, which is named", async () => {
    const { changes } = await asked(MERGE, merged(), review("merge[bot]", { bots: ["merge[bot]"] }));
    expect(changes).toMatchObject([
      { approvals: [{ by: "merge[bot]", bot: true }], separation: "no approval" },
    ]);
  });

  it("is given by a person who approves what a bot wrote", async () => {
    const { changes } = await asked(
      MERGE,
      merged({ authors: ["renovate[bot]"], bots: ["renovate[bot]"] }),
      review("lead"),
    );
    expect(changes).toMatchObject([{ bots: ["renovate[bot]"], separation: "separated" }]);
  });

  it("ends with a withdrawal, a later verdict of the same person, and a dismissal by another one", async () => {
    const url = `${REPOSITORY}/pull/7#pullrequestreview-80`;
    const later = (by: string, verdict: string) => review(by, { verdict, url }, day(4, "13:00"));
    for (const end of [
      later("monalisa", "unapproved"),
      later("monalisa", "changes_requested"),
      later("lead", "dismissed"),
    ])
      expect(await separationOf(merged(), review("monalisa", { url }), end)).toEqual(["no approval"]);
  });

  it("compares no two issuers, and no unknown author", async () => {
    expect(await separationOf(merged(), review("monalisa", { source: "/ci/acme" }))).toEqual([
      "not comparable",
    ]);
    expect(await separationOf(merged({ authors: [] }), review("monalisa"))).toEqual(["not comparable"]);
  });

  describe("after an erasure", () => {
    /** A change that was recorded on the 5th and reviewed on the 6th; the author or the reviewer was erased at a time. */
    async function afterErasing(who: "author" | "reviewer", erasedAt: string) {
      const [merge, approval] = [merged(), review("monalisa")];
      const ledger = await given();
      const { authors } = MergedFact.parse(await ledger.tell(merge, day(5)));
      const { by } = EvidenceFact.parse(await ledger.tell(approval, day(6)));
      const gone = who === "author" ? authors : [by];
      await ledger.people.erase(gone);
      const people = {
        reveal: ledger.people.reveal.bind(ledger.people),
        erased: async () => new Map(gone.map((one) => [one, erasedAt])),
      };
      const answer = await commit(ledger.at(day(20)), people, { sha: MERGE });
      return answer?.commits[0]?.changes?.map(({ separation }) => separation);
    }

    it.each(["author", "reviewer"] as const)(
      "compares two who were known at one time: they are two, whoever was erased (the %s)",
      async (who) => {
        expect(await afterErasing(who, day(8))).toEqual(["separated"]);
      },
    );

    it("compares nobody who is named first after it: the same person has another commitment since", async () => {
      expect(await afterErasing("author", day(5, "18:00"))).toEqual(["not comparable"]);
    });

    it("shows that an author approved the own change, by one commitment", async () => {
      const merge = merged();
      const ledger = await given(merge, review("octocat"));
      const [before] = await ledger.store.get([merge]);
      const [author = ""] = before?.kind === "change.merged" ? before.authors : [];
      await ledger.people.erase([author]);
      const answer = await commit(ledger.at(day(20)), ledger.people, { sha: MERGE });
      expect(answer?.commits[0]?.changes).toMatchObject([{ separation: "not separated" }]);
    });

    it("compares nobody of whose erasure nothing is known", async () => {
      const merge = merged();
      const ledger = await given(merge);
      const [before] = await ledger.store.get([merge]);
      const [author = ""] = before?.kind === "change.merged" ? before.authors : [];
      await ledger.people.erase([author]);
      await ledger.tell(review("octocat"), day(6));
      const answer = await commit(ledger.at(day(20)), ledger.people, { sha: MERGE });
      expect(answer?.commits[0]?.changes).toMatchObject([{ separation: "not comparable" }]);
    });
  });
});
