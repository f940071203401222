/** Services without images: a tarball with its digest, or a commit alone, from the build to the gate. */
import { describe, expect, it } from "vitest";
import { gate, gateOfCommit } from "../../functions/queries/gate/gate.ts";
import { artifact, commit } from "../../functions/queries/images/artifact.ts";
import { release } from "../../functions/queries/release/release.ts";
import { timeline } from "../../functions/queries/timeline/timeline.ts";
import type { Statement } from "../../schemas/fact.ts";
import { hashOf, type Plan } from "../../schemas/plan.ts";
import { digestOf, given, said, shaOf } from "../ledger/given.ts";
import { built, committed, deployment, described, main, PLACE, succeeded, time } from "../ledger/saying.ts";
import { NOW, planOf } from "./asking.ts";

const tools = {
  pm2: [["pm2-deploy", "{environment}", "{service}", "{commit}"]],
  "tar copy": [["copy-tarball", "{environment}", "{digest}"]],
};

/** Deployed by commit alone, as PM2 does. */
const byCommit = (at: string, name: string, more: object = {}) =>
  succeeded(at, [main()], { deployment: deployment(`${name} ${at}`), ...committed(name), ...more });
/** Deployed as a tarball. */
const byTarball = (at: string, name: string, more: object = {}) =>
  succeeded(at, [main({ digest: digestOf(name) })], { deployment: deployment(`${name} ${at}`), ...more });

const PM2 = described({ images: [], deployTool: "pm2" });
const TAR = described({ images: [], deployTool: "tar copy" });
const commits: readonly Statement[] = [byCommit("10 12:00", "one"), byCommit("20 12:00", "two"), PM2];
const tarballs: readonly Statement[] = [
  built(digestOf("one"), "one", { service: PLACE.service }),
  byTarball("10 12:00", "one"),
  built(digestOf("two"), "two", { service: PLACE.service }),
  byTarball("20 12:00", "two"),
  TAR,
];
const stagedCommit = [byCommit("18 12:00", "next", { environment: "staging" }), ...commits];

const shells = ({ steps }: Plan) =>
  steps.filter(({ does }) => does === "deploy").flatMap(({ commands }) => commands.map(({ shell }) => shell));

describe("a service that is deployed by its commit alone", () => {
  it("has releases and a timeline that name the commit, without a warning", async () => {
    const ledger = await given(...commits);
    expect(await release(ledger.at(time("12 12:00")), PLACE)).toMatchObject({
      status: "running",
      components: [{ component: "main", digest: null, commit: { sha: shaOf("one") } }],
      warnings: [],
      until: time("20 12:00"),
    });
    const entries = await timeline(ledger.at(NOW), { ...PLACE, from: time("09 12:00"), to: NOW }, {});
    expect(entries?.entries.map((entry) => [entry.what, entry.commit])).toEqual(
      expect.arrayContaining([
        ["deployed", shaOf("one")],
        ["deployed", shaOf("two")],
      ]),
    );
  });

  it("is found by its commit", async () => {
    const ledger = await given(...commits);
    const found = await commit(ledger.at(NOW), ledger.people, { sha: shaOf("one") });
    expect(found?.commits).toMatchObject([
      { sha: shaOf("one"), ran: [{ environment: "production", at: time("10 12:00") }] },
    ]);
  });

  it.each([
    ["a moment", { at: time("12 12:00") }],
    ["the last good release", { last: "good" as const }],
    ["a commit", { commit: shaOf("one") }],
  ])("goes back by %s, with the commands of its tool", async (_, aim) => {
    const answer = await planOf(commits, { aim, tools });
    expect(answer).toMatchObject({
      status: "ready",
      blockers: [],
      commits: { from: { sha: shaOf("two") }, to: { sha: shaOf("one") } },
      components: [{ component: "main", to: null, image: null }],
    });
    expect(shells(answer)).toEqual([`pm2-deploy production acme/billing ${shaOf("one")}`]);
    expect(answer.steps.find(({ does }) => does === "deploy")?.brings).toEqual({
      images: [],
      artifacts: [],
      commit: shaOf("one"),
      config: [],
    });
    expect(answer.hash).toBe(hashOf(answer));
  });

  it("checks the commit at the end", async () => {
    const { steps } = await planOf(commits, { aim: { last: "good" }, tools });
    expect(steps.at(-1)?.commands[0]?.argv.slice(-2)).toEqual([
      `"commit":\\{[^{}]*"sha":"${shaOf("one")}`,
      "null",
    ]);
  });

  it("says that it runs already only if the commit is the same", async () => {
    const codes = async (at: string) =>
      (await planOf(commits, { aim: { at }, tools })).warnings.map(({ code }) => code);
    expect(await codes(time("21 12:00"))).toContain("already_running");
    expect(await codes(time("12 12:00"))).not.toContain("already_running");
  });

  it("gets the commit that ran in another environment", async () => {
    const answer = await planOf(stagedCommit, { aim: { commit: shaOf("next") }, tools });
    expect(answer).toMatchObject({ status: "ready", commits: { to: { sha: shaOf("next") } } });
    expect(shells(answer)).toEqual([`pm2-deploy production acme/billing ${shaOf("next")}`]);
  });

  it("is blocked where no fact names the commit", async () => {
    const unnamed = succeeded("10 12:00", [main()], { deployment: deployment("unnamed") });
    const { blockers } = await planOf([unnamed, byCommit("20 12:00", "two"), PM2], { tools });
    expect(blockers.map(({ code }) => code)).toEqual(["commit_unknown"]);
  });

  it("goes back to the last good commit past one that was rolled back from", async () => {
    const more = [byCommit("22 12:00", "bad"), byCommit("23 12:00", "two", { rollback: true })];
    const { commits: between } = await planOf([...commits, ...more], { aim: { last: "good" }, tools });
    expect(between.to?.sha).toBe(shaOf("one"));
  });

  it("is deployed through its forge, too", async () => {
    const answer = await planOf(
      [
        byCommit("10 12:00", "one", { url: "https://github.com/acme/billing/actions/runs/7" }),
        byCommit("20 12:00", "two"),
        described({ images: [], deployTool: "github" }),
      ],
      {},
    );
    expect(answer.status).toBe("ready");
    expect(shells(answer)[0]).toBe("gh run rerun 7 --repo=github.com/acme/billing");
    expect(shells(answer)[1]).toContain(`--raw-field=ref=${shaOf("one")}`);
  });

  it("passes the gate by its commit, unless something speaks against it", async () => {
    const ledger = await given(...commits);
    const asked = { ...PLACE, commit: shaOf("one") };
    expect(await gateOfCommit(ledger.at(NOW), asked)).toMatchObject({
      commit: shaOf("one"),
      allowed: true,
      reasons: [],
      warnings: [],
    });
    await ledger.tell(
      said("evidence.attached", time("11 12:00"), { commit: shaOf("one"), type: "test", verdict: "failed" }),
    );
    await ledger.tell(said("environment.frozen", time("22 12:00"), { environment: "production" }));
    const refused = await gateOfCommit(ledger.at(NOW), asked);
    expect([refused.reasons.map(({ code }) => code), refused.warnings.map(({ code }) => code)]).toEqual([
      ["frozen"],
      ["evidence_against"],
    ]);
  });
});

describe("a service that is deployed as a tarball", () => {
  it("is found by the tarball's digest and by its commit", async () => {
    const ledger = await given(...tarballs);
    const ran = [{ environment: "production", at: time("10 12:00"), until: time("20 12:00") }];
    expect(await artifact(ledger.at(NOW), { digest: digestOf("one") })).toMatchObject({
      commit: { sha: shaOf("one") },
      ran,
    });
    const found = await commit(ledger.at(NOW), ledger.people, { sha: shaOf("one") });
    expect(found?.commits).toMatchObject([{ ran }]);
  });

  it.each([
    ["a moment", { at: time("12 12:00") }],
    ["the last good release", { last: "good" as const }],
    ["its digest", { digest: digestOf("one") }],
    ["its commit", { commit: shaOf("one") }],
  ])("goes back by %s, with the commands of its tool", async (_, aim) => {
    const answer = await planOf(tarballs, { aim, tools });
    expect(answer).toMatchObject({
      status: "ready",
      components: [{ from: digestOf("two"), to: digestOf("one"), image: null }],
    });
    expect(shells(answer)).toEqual([`copy-tarball production ${digestOf("one")}`]);
    expect(answer.steps.find(({ does }) => does === "deploy")?.brings?.artifacts).toEqual([
      { component: "main", digest: digestOf("one") },
    ]);
    expect(answer.steps.at(-1)?.commands[0]?.argv.at(-1)).toBe(digestOf("one"));
  });

  it("gets a tarball that was only built", async () => {
    const next = built(digestOf("next"), "next", { service: PLACE.service });
    const answer = await planOf([...tarballs, next], { aim: { commit: shaOf("next") }, tools });
    expect(shells(answer)).toEqual([`copy-tarball production ${digestOf("next")}`]);
  });

  it("is deployed by hand where its description names no tool", async () => {
    const by = (id: string) => ({ deployment: { provider: "ci", instance: "ci", id } });
    const answer = await planOf([
      byTarball("10 12:00", "one", { ...by("1") }),
      byTarball("20 12:00", "two", by("2")),
      described({ images: [] }),
    ]);
    expect(answer.status).toBe("ready");
    expect(answer.steps[0]?.why).toContain(digestOf("one"));
  });

  it("stays blocked where the service is not said to have no images", async () => {
    const { blockers } = await planOf(tarballs.slice(0, -1), {});
    expect(blockers.map(({ code }) => code)).toEqual(["image_in_no_repository"]);
  });

  it("passes the gate, though no registry has it", async () => {
    const ledger = await given(...tarballs);
    expect(await gate(ledger.at(NOW), { ...PLACE, digest: digestOf("one") })).toMatchObject({
      reasons: [],
      allowed: true,
    });
  });
});
