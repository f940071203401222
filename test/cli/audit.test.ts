/** The audit report from the command line: in text, as a table, as a document, and what has changed since. */
import { parse } from "csv-parse/sync";
import { afterEach, describe, expect, it } from "vitest";
import { recordPolicy } from "../../functions/ledger/policies.ts";
import { seal } from "../../functions/seal/sealer.ts";
import { Audit } from "../../schemas/answers/audit.ts";
import { VERSION } from "../../schemas/version.ts";
import { event } from "../client.ts";
import { type GivenDoors, givenDoors, tokenOf } from "../http/given.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { memoryLog } from "../seal/memory-log.ts";
import { newSigner } from "../seal/signer.ts";
import { asof, cleanUp, ledgerServer } from "./harness.ts";

afterEach(cleanUp);

const SOURCE = "/ci/acme/billing";
const REPOSITORY = "https://github.com/acme/billing";
const HOSTILE = '=cmd|"/c calc"!A0 <script>alert(1)</script>\u202e';

const deployed = (id: string, at: string, more: object = {}) =>
  event(
    "deployment.succeeded",
    id,
    at,
    {
      environment: "production",
      service: "acme/billing",
      deployment: { provider: "ci", instance: "here", id },
      components: [{ component: "main", repository: "ghcr.io/acme/billing", digest: digestOf(id) }],
      commit: { sha: shaOf(id), repository: REPOSITORY },
      actor: "hubot",
      ...more,
    },
    SOURCE,
  );
const merged = (id: string, at: string, title: string) =>
  event(
    "change.merged",
    `merged ${id}`,
    at,
    {
      repository: REPOSITORY,
      number: 7,
      head: shaOf("head"),
      mergeCommit: shaOf(id),
      authors: ["octocat"],
      title,
      url: "https://github.com/acme/billing/pull/7",
    },
    SOURCE,
  );

const PERIOD = ["--environment", "production", "--from", "2026-11-01", "--to", "2026-11-30", "--tz", "UTC"];

async function told(doors: GivenDoors, ...events: readonly object[]) {
  for (const one of events) expect(await doors.client().say(one)).toMatchObject({ status: 201 });
}

async function audit(doors: GivenDoors, args: readonly string[], role: "auditor" | "reader" = "auditor") {
  const { url } = await ledgerServer(doors);
  return asof(["audit", ...PERIOD, ...args], { ASOF_URL: url, ASOF_TOKEN: tokenOf(role) });
}

const FAILED = event(
  "deployment.failed",
  "3",
  "2026-11-21T09:00:00Z",
  {
    environment: "production",
    service: "acme/billing",
    deployment: { provider: "ci", instance: "here", id: "3" },
    components: [{ component: "main", repository: "ghcr.io/acme/billing", digest: digestOf("3") }],
    reason: "a night with errors",
  },
  SOURCE,
);
const EVENTS = [
  merged("1", "2026-11-02T08:00:00Z", HOSTILE),
  deployed("1", "2026-11-03T09:00:00Z"),
  deployed("2", "2026-11-04T09:00:00Z", { rollback: true }),
];

describe("asof audit", () => {
  it("lists every control with the changes that it finds, and says what it cannot show", async () => {
    const doors = givenDoors();
    await told(doors, ...EVENTS);
    const { code, out } = await audit(doors, []);
    expect(code).toBe(0);
    expect(out).toContain("audit of production\nfrom Sun 1 Nov 00:00 UTC to Mon 30 Nov 23:59 UTC");
    expect(out).toContain(`made by auditor-1, Sun 22 Nov 09:00 UTC, days of UTC, asof ${VERSION}`);
    expect(out).toContain("sealing  this ledger is not sealed here");
    expect(out).toContain("2 changes: 2026-11 2");
    expect(out).toMatch(/ 1 {2}no_approval {2}nobody is known to have approved it/);
    expect(out).toMatch(/#2 .* rollback +acme\/billing/);
    expect(out).toMatch(/ 0 {2}drift/);
    expect(out).toContain("It cannot show what nobody reported.");
  });

  it("says what became of each exception, in every form", async () => {
    const doors = givenDoors();
    await told(doors, ...EVENTS);
    const { url } = await ledgerServer(doors);
    const operator = { ASOF_URL: url, ASOF_TOKEN: tokenOf("operator") };
    const said = ["--verdict", "rejected", "--comment", "nobody had to hurry"];
    const first = await asof(["review", SOURCE, "1", ...said], operator);
    expect(first).toEqual({ code: 0, err: "", out: `recorded: the review of ${SOURCE} 1` });
    expect((await asof(["review", `${SOURCE} 1`, ...said], operator)).out).toMatch(/^duplicate/);
    expect((await asof(["review", "1", ...said], operator)).code).toBe(2);
    expect((await asof(["review", SOURCE, "none", ...said], operator)).code).toBe(2);

    // Fourteen days after the second change, and one after its exception should have been reviewed.
    doors.setNow("2026-11-22T09:10:00.000Z");
    expect((await audit(doors, [])).out).toMatch(/exceptions {2}1 reviewed, 0 open, 1 overdue\n +! #2/);
    const rows: unknown[] = parse((await audit(doors, ["--format", "csv"])).out, { columns: true });
    expect(rows).toMatchObject([
      {
        outcome: "reviewed",
        reviewVerdict: "rejected",
        reviewedBy: "operator-1",
        reviewComment: "nobody had to hurry",
      },
      { outcome: "overdue", reviewDue: "2026-11-18T09:00:00.000Z", reviewVerdict: "" },
    ]);
    const page = (await audit(doors, ["--format", "html"])).out;
    expect(page).toContain("rejected by operator-1");
    expect(page).toContain('<span class="found">overdue</span>');
  });

  it("says when nothing was sealed, which sources fell silent, and why a change was made", async () => {
    const log = memoryLog();
    const doors = givenDoors({ sealedLog: log, silentAfter: new Map([["/ci/", 3 * 3600_000]]) });
    await told(doors, ...EVENTS, FAILED);
    const signer = newSigner("log.example/test");
    const sealNow = () => seal({ store: doors.ledger.store, log, signer, now: doors.ledger.now });
    await sealNow();
    doors.setNow("2026-11-22T15:00:00.000Z");
    await sealNow();
    const { out } = await audit(doors, []);
    expect(out).toMatch(/ {2}! \/ci\/acme\/billing: silent at the end, last heard Sun 22 Nov 09:00 UTC/);
    expect(out).toContain(
      "sealing  1 gap\n  ! sealed since Sun 22 Nov 09:00 UTC\n  ! no seal from Sun 22 Nov 09:00 UTC to Sun 22 Nov 15:00 UTC",
    );
    const page = (await audit(doors, ["--format", "html"])).out.replaceAll(/<\/?time[^>]*>/g, "");
    expect(page).toContain("1 time without a seal for longer than 65 minutes:");
    expect(page).toContain("Sun 22 Nov 09:00 UTC to Sun 22 Nov 15:00 UTC");
    expect(page).toContain("<dt>reason</dt><dd>a night with errors</dd>");
    expect(page).toContain(`with asof ${VERSION}`);
    expect(page).toContain('<span class="found">silent at the end</span>');
  });

  it("is a table whose rows are the changes of the report, without formulas", async () => {
    const doors = givenDoors();
    await told(doors, ...EVENTS);
    const report = Audit.parse(JSON.parse((await audit(doors, ["--format", "json"])).out));
    const { out } = await audit(doors, ["--format", "csv"]);
    const rows: Record<string, string>[] = parse(out, { columns: true });
    expect(rows.map(({ n, kind, deployedBy }) => [n, kind, deployedBy])).toEqual([
      ["1", "deployment", "hubot"],
      ["2", "rollback", "hubot"],
    ]);
    expect(rows.length).toBe(report.totals.reduce((sum, { changes }) => sum + changes, 0));
    expect(rows[0]?.title?.startsWith("'=cmd")).toBe(true);
    expect(rows[0]?.controls).toContain("no_approval");
    expect(rows[0]?.lateSeconds).toBe(String(19 * 86_400));
  });

  it("is one document without scripts, in which what others wrote is text", async () => {
    const doors = givenDoors();
    await told(doors, ...EVENTS);
    const { out } = await audit(doors, ["--format", "html", "--sample", "1", "--seed", "Q4"]);
    expect(out).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(out).not.toContain("<script");
    expect(out).toContain('<a href="https://github.com/acme/billing/pull/7">');
    expect(out).toContain("Made by auditor-1");
    expect(out).toContain("drawn with the seed <code>Q4</code>");
    expect(out.match(/class="change sampled"/g)).toHaveLength(1);
  });

  it("says what has become known since an earlier report", async () => {
    const doors = givenDoors();
    await told(doors, ...EVENTS);
    doors.setNow("2026-11-24T09:00:00.000Z");
    await told(
      doors,
      deployed("3", "2026-11-05T09:00:00Z"),
      event(
        "evidence.attached",
        "approval",
        "2026-11-02T07:00:00Z",
        {
          commit: shaOf("head"),
          change: { repository: REPOSITORY, number: 7 },
          type: "approval",
          verdict: "approved",
          by: "monalisa",
        },
        SOURCE,
      ),
    );
    const { out } = await audit(doors, ["--since-last", "2026-11-23"]);
    expect(out).toContain("since the report of Mon 23 Nov 23:59 UTC");
    expect(out).toMatch(/3 Nov 09:00 .* - no_approval/);
    expect(out).toMatch(/5 Nov 09:00 .* was not known/);
    expect(out).not.toMatch(/4 Nov 09:00 +rollback +acme\/billing +\S+ +(was|\+|-)/);
  });

  it("says which policy was in force since when, what it assumes, and what was asked, in text and as a document", async () => {
    const doors = givenDoors();
    await told(doors, ...EVENTS);
    await recordPolicy(doors.ledger, [
      { environment: "production", require: ["tests_passed"], reviewWithinDays: 3 },
    ]);
    const { out } = await audit(doors, []);
    expect(out).toMatch(
      /policy\n {2}since Sun 22 Nov 09:00 UTC: tests_passed \([0-9a-f]{12}\)\n {2}! which policy/,
    );
    expect(out).toMatch(
      /in the ledger {2}1 act\n {2}Sun 22 Nov 09:00 +policy\.changed +asof +policy [0-9a-f]{12}/,
    );
    const page = (await audit(doors, ["--format", "html"])).out;
    expect(page).toContain("<td>tests_passed</td><td>3 days</td>");
    expect(page).toContain("is not recorded: changes until then are judged by the first that is");
    expect(page).toContain(
      "environment=production from=2026-11-01T00:00:00.000Z to=2026-11-30T23:59:59.999Z tz=UTC",
    );
  });

  it("is recorded, and refused to whoever may not export", async () => {
    const doors = givenDoors();
    await told(doors, ...EVENTS);
    const refused = await audit(doors, [], "reader");
    expect(refused.code).toBe(5);
    expect(doors.jobs).toEqual([]);
    await audit(doors, []);
    expect(doors.jobs).toMatchObject([{ is: "record export", by: "auditor-1", count: 2 }]);
  });
});
