/** The audit report: each violation that is planted is found, and no other; and no change is missing. */
import { describe, expect, it } from "vitest";
import { retractionId } from "../../functions/ledger/append.ts";
import { audit } from "../../functions/queries/audit/audit.ts";
import { drawn } from "../../functions/queries/audit/population.ts";
import { Audit, CONTROLS, type ControlCode } from "../../schemas/answers/audit.ts";
import type { Statement } from "../../schemas/fact.ts";
import type { GatePolicy } from "../../schemas/settings/gate-policy.ts";
import { day, digestOf, given, observed, repositoryOf, retracted, said, shaOf } from "./given.ts";

const SOURCE = "/webhooks/github/github.com/acme/billing";
const REPOSITORY = "https://github.com/acme/billing";
const SERVICE = "acme/billing";
const PERIOD = { environment: "production", from: day(1, "00:00"), to: day(31, "23:59") };

const merged = (more: object = {}) =>
  said("change.merged", day(9), {
    source: SOURCE,
    repository: REPOSITORY,
    number: 7,
    head: shaOf("head"),
    mergeCommit: shaOf("merge"),
    authors: ["octocat"],
    mergedBy: "monalisa",
    title: "Charge VAT by country",
    ticket: "PAY-12",
    ...more,
  });
const approved = (more: object = {}, at = day(8)) =>
  said("evidence.attached", at, {
    source: SOURCE,
    commit: shaOf("head"),
    change: { repository: REPOSITORY, number: 7 },
    type: "pull_request_review",
    verdict: "approved",
    by: "monalisa",
    ...more,
  });
const approvedCommit = (by: string) =>
  said("evidence.attached", day(8), {
    ...{ source: SOURCE, commit: shaOf("merge"), type: "approval", verdict: "approved", by },
  });
const built = (more: object = {}) =>
  said("artifact.built", day(9), {
    source: SOURCE,
    digest: digestOf("new"),
    commit: { repository: REPOSITORY, sha: shaOf("merge") },
    evidence: "slsa",
    verified: true,
    ...more,
  });
const deployed = (more: object = {}, kind: Statement["kind"] = "deployment.succeeded") =>
  said(kind, day(10), {
    source: SOURCE,
    environment: "production",
    service: SERVICE,
    deployment: { provider: "github", instance: "github.com", id: "1" },
    components: [{ component: "main", repository: repositoryOf(SERVICE), digest: digestOf("new") }],
    actor: "hubot",
    ...more,
  });
const frozen = (more: object = {}) =>
  said("environment.frozen", day(9), {
    source: "/asof/freezes",
    environment: "production",
    reason: "the quarter's end",
    ...more,
  });

/** A change as an auditor wants it: written by one, approved by another, built verifiably, deployed by a third. */
const CLEAN = { merged: merged(), approved: approved(), built: built(), deployed: deployed() };

interface Asked {
  readonly policy?: GatePolicy;
  readonly recordedAt?: string;
}

async function report(statements: readonly Statement[], { policy, recordedAt }: Asked = {}) {
  const ledger = await given();
  for (const statement of statements)
    await ledger.tell(statement, statement.kind.startsWith("deployment.") ? recordedAt : undefined);
  const people = { reveal: ledger.people.reveal.bind(ledger.people) };
  const found = await audit(ledger.at(day(31)), PERIOD, { people, policy });
  return Audit.parse(await ledger.shown(found));
}

/** The controls with a finding, each with how many. */
const found = ({ controls }: Audit): string[] =>
  controls.filter(({ count }) => count > 0).map(({ control, count }) => `${control} ${count}`);

const change = (parts: Partial<Record<keyof typeof CLEAN, Statement>>): Statement[] =>
  Object.values({ ...CLEAN, ...parts });

describe("a change that was approved, built and deployed as it should be", () => {
  it("has no finding, and everything that an auditor asks for", async () => {
    const answer = await report(change({}));
    expect(found(answer)).toEqual([]);
    expect(answer.changes).toMatchObject([
      {
        n: 1,
        at: day(10),
        kind: "deployment",
        service: SERVICE,
        by: "hubot",
        commits: [shaOf("merge")],
        changes: [{ number: 7, authors: ["octocat"], mergedBy: "monalisa", ticket: "PAY-12" }],
        approvals: [{ by: "monalisa", at: day(8), of: "change", isBefore: true, bot: false }],
        evidence: [{ type: "build", verdict: "slsa, verified" }],
        freezes: [],
        lateS: 1,
        findings: [],
      },
    ]);
  });

  it("may also have been approved by another as a commit alone", async () => {
    const { merged, built, deployed } = CLEAN;
    const answer = await report([merged, built, deployed, approvedCommit("monalisa")]);
    expect(found(answer)).toEqual([]);
    expect(answer.changes[0]?.approvals).toMatchObject([{ by: "monalisa", of: "commit", isBefore: true }]);
  });

  it("has a planted violation of every control here", () => {
    const planted = new Set([...PLANTS.map(([control]) => control), "no_commit"]);
    expect([...planted].sort()).toEqual(CONTROLS.map(({ value }) => value).sort());
  });

  it("lists every control, so that one without findings is not one that was forgotten", async () => {
    const { controls } = await report(change({}));
    expect(controls.length).toBeGreaterThan(15);
    expect(controls.every(({ title }) => title.length > 10)).toBe(true);
  });
});

const EXCEPTION = said("environment.unfrozen", day(9, "13:00"), {
  source: "/asof/freezes",
  environment: "production",
  digest: digestOf("new"),
  reason: "the tax office waits",
});

interface Planted {
  readonly control: ControlCode;
  readonly what: string;
  readonly statements: readonly Statement[];
  readonly asked?: Asked | undefined;
}

const PLANTS: readonly (readonly [ControlCode, string, readonly Statement[], Asked?])[] = [
  ["no_approval", "nobody approved", [CLEAN.merged, CLEAN.built, CLEAN.deployed]],
  ["no_approval", "no merged change of its commit is known", [CLEAN.built, CLEAN.deployed]],
  [
    "not_comparable",
    "its commit is approved, and nobody knows who wrote it",
    [CLEAN.built, CLEAN.deployed, approvedCommit("monalisa")],
  ],
  [
    "approved_by_author",
    "its commit is approved by its author alone",
    [CLEAN.merged, CLEAN.built, CLEAN.deployed, approvedCommit("octocat")],
  ],
  ["no_approval", "only a bot approved", change({ approved: approved({ by: "robot", bots: ["robot"] }) })],
  ["no_approval", "the approval was withdrawn", [...change({}), approved({ verdict: "dismissed" }, day(9))]],
  ["no_approval", "the approval was retracted", [...change({}), retracted(CLEAN.approved)]],
  ["approved_by_author", "the author approved", change({ approved: approved({ by: "octocat" }) })],
  [
    "approved_by_author",
    "a co-author approved",
    change({ merged: merged({ authors: ["octocat", "monalisa"] }) }),
  ],
  [
    "approved_by_deployer",
    "whoever deployed approved the deployment, and nobody the change",
    [
      CLEAN.built,
      CLEAN.deployed,
      said("evidence.attached", day(9), {
        source: SOURCE,
        deployment: { provider: "github", instance: "github.com", id: "1" },
        type: "approval",
        verdict: "approved",
        by: "hubot",
      }),
    ],
  ],
  ["approved_after", "the approval came a day later", change({ approved: approved({}, day(11)) })],
  [
    "approved_before_last_push",
    "somebody pushed after the approval",
    change({ approved: approved({ commit: shaOf("earlier") }) }),
  ],
  [
    "not_comparable",
    "the approver is known by another issuer",
    change({ approved: approved({ source: "/webhooks/gitlab/gitlab.com/acme/billing" }) }),
  ],
  [
    "approved_by_author",
    "the author approved, and somebody else only after the change",
    [...change({ approved: approved({ by: "octocat" }) }), approved({}, day(11))],
  ],
  [
    "approved_by_author",
    "the author approved the last push, and somebody else only an earlier one",
    [...change({ approved: approved({ by: "octocat" }) }), approved({ commit: shaOf("earlier") })],
  ],
  ["deployed_by_author", "the author deployed", change({ deployed: deployed({ actor: "octocat" }) })],
  [
    "no_verified_build",
    "the build is declared",
    change({ built: built({ evidence: "declared", verified: false }) }),
  ],
  ["in_freeze", "the environment was frozen", [...change({}), frozen()]],
  ["freeze_exception", "the freeze had an exception", [...change({}), frozen(), EXCEPTION]],
  ["emergency", "a rollback", change({ deployed: deployed({ rollback: true }) })],
  [
    "drift",
    "something else was seen to run",
    [...change({}), observed("production", SERVICE, "other", day(12))],
  ],
  ["failed", "the deployment failed", change({ deployed: deployed({}, "deployment.failed") })],
  ["not_ended", "nobody says how it ended", change({ deployed: deployed({}, "deployment.started") })],
  ["recorded_late", "it was told two hours later", change({}), { recordedAt: day(10, "14:00") }],
  ["imported", "it was imported", change({ deployed: deployed({ source: "/import/github" }) })],
  [
    "policy_unmet",
    "the policy requires tests",
    change({}),
    { policy: [{ environment: "prod*", require: ["tests_passed"] }] },
  ],
];

const PLANTED = PLANTS.map(
  ([control, what, statements, asked]): Planted => ({ control, what, statements, asked }),
);

describe("a violation that is planted", () => {
  it.each(PLANTED)("is found as $control, and as nothing else: $what", async (planted) => {
    const { control, statements, asked } = planted;
    const answer = await report(statements, asked);
    expect(found(answer)).toEqual([`${control} 1`]);
    const [finding] = answer.changes.flatMap(({ findings }) => findings);
    expect(finding?.message.length).toBeGreaterThan(10);
  });

  it("is shown with the exception that let it through a freeze: who made it, and why", async () => {
    const made = { ...EXCEPTION, actor: "lisa" };
    const answer = await report([...change({}), frozen(), made]);
    expect(answer.changes[0]?.freezes).toMatchObject([
      { letThrough: true, exception: { at: day(9, "13:00"), by: "lisa", reason: "the tax office waits" } },
    ]);
  });

  it("has the reason of the request that it carries out", async () => {
    const requested = said("redeployment.requested", day(9), {
      ...{ source: "/asof/redeployments", environment: "production", service: SERVICE },
      ...{
        question: { last: "good", knownAt: day(20, "07:30") },
        planHash: "0".repeat(64),
        deadline: day(10),
        key: "k",
      },
      components: [{ component: "main", repository: repositoryOf(SERVICE), digest: digestOf("new") }],
      reason: "orders fail at night",
    });
    const done = deployed({ redeployment: requested.id });
    const answer = await report([...change({ deployed: done }), requested]);
    expect(answer.changes).toMatchObject([{ kind: "rollback", reason: "orders fail at night" }]);
  });

  it("is found where no commit is known; then nobody can have approved it, and no build is verified", async () => {
    const answer = await report([CLEAN.deployed]);
    expect(found(answer)).toEqual(["no_approval 1", "no_commit 1", "no_verified_build 1"]);
  });

  it("is not found where somebody took back the approval after the change", async () => {
    const later = approved({ verdict: "changes_requested" }, day(12));
    expect(found(await report([...change({}), later]))).toEqual([]);
  });

  it("is not found for tests that passed later than the deployment", async () => {
    const policy: GatePolicy = [{ require: ["tests_passed"] }];
    const passed = (at: string) =>
      said("evidence.attached", at, { commit: shaOf("merge"), type: "test", verdict: "passed" });
    expect(found(await report([...change({}), passed(day(9))], { policy }))).toEqual([]);
    expect(found(await report([...change({}), passed(day(11))], { policy }))).toEqual(["policy_unmet 1"]);
  });
});

describe("an approval of the deployment by somebody else", () => {
  it("stands for the one that the change lacks", async () => {
    const gate = said("evidence.attached", day(9), {
      source: SOURCE,
      deployment: { provider: "github", instance: "github.com", id: "1" },
      type: "approval",
      verdict: "approved",
      by: "lisa",
    });
    expect(found(await report([CLEAN.merged, CLEAN.built, CLEAN.deployed, gate]))).toEqual([]);
  });
});

describe("an approval of the deployment by somebody who was erased", () => {
  it("cannot be compared, and separates nobody", async () => {
    const gate = said("evidence.attached", day(9), {
      source: SOURCE,
      deployment: { provider: "github", instance: "github.com", id: "1" },
      type: "approval",
      verdict: "approved",
      by: "lisa",
    });
    const ledger = await given(CLEAN.merged, CLEAN.built, CLEAN.deployed);
    const fact = await ledger.tell(gate);
    const lisa = fact.kind === "evidence.attached" ? (fact.by ?? "") : "";
    await ledger.people.erase([lisa]);
    const people = {
      reveal: ledger.people.reveal.bind(ledger.people),
      // Both were there at one time; of an approval of a deployment the report does not know when it was recorded.
      erased: async () => new Map([[lisa, day(20)]]),
    };
    const answer = Audit.parse(await ledger.shown(await audit(ledger.at(day(31)), PERIOD, { people })));
    expect(found(answer)).toEqual(["not_comparable 1"]);
  });
});

describe("the population", () => {
  const migrated = said("migration.applied", day(10, "11:00"), {
    source: SOURCE,
    environment: "production",
    database: "billing",
    version: "42",
    service: SERVICE,
    commit: { sha: shaOf("merge"), repository: REPOSITORY },
  });
  const flag = said("change.noted", day(20), {
    environment: "production",
    service: "acme/orders",
    type: "flag",
    title: "vat_eu on",
  });
  const configured = said("deployment.succeeded", day(21), {
    source: SOURCE,
    environment: "production",
    service: SERVICE,
    deployment: { provider: "argocd", instance: "argocd", id: "x" },
    config: [{ repository: "https://github.com/acme/deploy", path: "billing", revision: shaOf("config") }],
  });

  it("holds migrations, flags and configuration beside deployments, and its totals tie to the list", async () => {
    const answer = await report([...change({}), migrated, flag, configured]);
    expect(answer.changes.map(({ kind, service }) => `${kind} ${service}`)).toEqual([
      "migration acme/billing",
      "deployment acme/billing",
      "noted acme/orders",
      "configuration acme/billing",
    ]);
    expect(answer.totals).toEqual([
      { month: "2026-10", service: SERVICE, changes: 3 },
      { month: "2026-10", service: "acme/orders", changes: 1 },
    ]);
    // The migration is of the approved commit; nobody approved the configuration.
    expect(found(answer)).toEqual(["no_approval 1"]);
  });

  it("leaves out what another environment or another time had", async () => {
    const elsewhere = deployed({ environment: "staging" });
    expect((await report([...change({}), elsewhere])).changes).toHaveLength(1);
  });

  it("says which sources reported on which days, and the longest pause", async () => {
    const { coverage } = await report([...change({}), flag]);
    expect(coverage).toContainEqual({
      source: SOURCE,
      days: ["2026-10-08", "2026-10-09", "2026-10-10"],
      longestPauseDays: 0,
      last: "2026-10-10T12:00:01.000Z",
      silent: false,
    });
  });

  it("says which sources were silent at its end, and which reported before it alone", async () => {
    const daily = (source: string, from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, n) =>
        deployed({
          ...{ source, service: source.slice(1), occurredAt: day(from + n) },
          deployment: { provider: "ci", instance: source, id: String(n) },
        }),
      );
    const ledger = await given(
      ...daily("/quiet", 1, 12),
      ...daily("/alive", 10, 31),
      ...daily("/gone", 1, 7),
    );
    const imported = await ledger.tell(deployed({ source: "/import/github", occurredAt: day(2) }));
    const people = { reveal: ledger.people.reveal.bind(ledger.people) };
    const asked = { ...PERIOD, from: day(8, "00:00"), to: day(25, "23:59") };
    const answer = Audit.parse(await ledger.shown(await audit(ledger.at(day(31)), asked, { people })));
    expect(imported.kind).toBe("deployment.succeeded");
    expect(answer.coverage.map(({ source, days, silent }) => [source, days.length, silent])).toEqual([
      ["/alive", 16, false],
      ["/gone", 0, true],
      ["/quiet", 5, true],
    ]);
    const patient = { people, silentAfter: new Map([["/quiet", 90 * 86_400_000]]) };
    const later = await audit(ledger.at(day(31)), asked, patient);
    expect(later?.coverage.filter(({ silent }) => silent).map(({ source }) => source)).toEqual(["/gone"]);
  });

  it("names the numbers that a deployer which counts did not report", async () => {
    const revision = (id: string, at: string) =>
      deployed({ deployment: { provider: "helm", instance: "eu/billing", id }, occurredAt: at });
    const { gaps } = await report([revision("3", day(10)), revision("4", day(11)), revision("7", day(12))]);
    expect(gaps).toEqual([
      { provider: "helm", instance: "eu/billing", service: SERVICE, missing: ["5", "6"] },
    ]);
  });

  it("names the facts that were retracted or disputed, and takes no lookup of a registry for an act", async () => {
    const target = { source: SOURCE, id: CLEAN.deployed.id };
    const { acts } = await report([
      ...change({}),
      { ...retracted(CLEAN.approved), source: "/asof/retractions" },
      said("statement.disputed", day(12), {
        ...{ source: "/asof/disputes", id: retractionId(target), target },
        reason: "nobody deployed this",
      }),
      said("artifact.pushed", day(12), {
        ...{ source: "/asof/registry/ghcr.io", repository: repositoryOf(SERVICE), digest: digestOf("new") },
      }),
    ]);
    expect(acts.map(({ what, detail, reason }) => [what, detail, reason])).toEqual([
      ["fact.retracted", `${SOURCE} ${CLEAN.approved.id}`, "was wrong"],
      ["statement.disputed", `${SOURCE} ${CLEAN.deployed.id}`, "nobody deployed this"],
    ]);
  });

  it("lists what people did in the ledger itself", async () => {
    const { acts } = await report([...change({}), frozen({ actor: "lisa" }), EXCEPTION]);
    expect(acts.map(({ what, by, reason }) => [what, by, reason])).toEqual([
      ["environment.frozen", "lisa", "the quarter's end"],
      ["environment.unfrozen", null, "the tax office waits"],
    ]);
  });
});

describe("the report of a time", () => {
  it("is the same however much was learned since", async () => {
    const ledger = await given(...change({ approved: approved({}, day(11)) }));
    const people = { reveal: ledger.people.reveal.bind(ledger.people) };
    const ask = (knownAt: string) => audit(ledger.at(day(31), knownAt), PERIOD, { people });
    const before = await ask(day(12));
    await ledger.tell(approved({}), day(13));
    expect(JSON.stringify(await ask(day(12)))).toBe(JSON.stringify(before));
    expect((await ask(day(14)))?.changes[0]?.findings).toEqual([]);
  });

  it("is undefined for an environment that nobody named", async () => {
    const ledger = await given(CLEAN.deployed);
    const asked = { ...PERIOD, environment: "prodution" };
    expect(await audit(ledger.at(day(31)), asked, { people: ledger.people })).toBeUndefined();
  });
});

describe("a sample", () => {
  async function changes() {
    const services = Array.from({ length: 40 }, (_, n) => `acme/${n % 4}`);
    const statements = services.map((service, n) =>
      deployed({
        service,
        ...(n % 10 === 0 ? { rollback: true } : {}),
        deployment: { provider: "github", instance: "github.com", id: String(n) },
      }),
    );
    return (await report(statements)).changes;
  }

  it("is the same for the same seed, and another one for another seed", async () => {
    const all = await changes();
    const one = drawn(all, { sample: 10, seed: "Q4" });
    expect(one.changes).toHaveLength(10);
    expect(new Set(one.changes).size).toBe(10);
    expect(drawn(all.toReversed(), { sample: 10, seed: "Q4" })).toEqual(one);
    expect(drawn(all, { sample: 10, seed: "Q3" }).changes).not.toEqual(one.changes);
  });

  it("has emergencies and every service where it is stratified, and never more changes than there are", async () => {
    const all = await changes();
    const { changes: numbers } = drawn(all, { sample: 8, seed: "s", stratify: ["emergency", "service"] });
    const drawnOnes = all.filter(({ n }) => numbers.includes(n));
    expect(new Set(drawnOnes.map(({ service }) => service)).size).toBe(4);
    expect(drawnOnes.filter(({ kind }) => kind === "rollback").length).toBeGreaterThanOrEqual(2);
    expect(drawn(all, { sample: 1000, seed: "s" }).changes).toHaveLength(40);
  });
});
