/** `asof import csv`: tables of other tools, and spreadsheets. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { readTime } from "../../cli/import/csv/times.ts";
import { Release } from "../../schemas/answer.ts";
import { asof, cleanUp, ledgerServer, newFolder } from "./harness.ts";

afterEach(cleanUp);

/** Writes a table and a mapping; returns the arguments. */
function given(table: string | Buffer, mapping: string): string[] {
  const folder = newFolder();
  writeFileSync(join(folder, "table.csv"), table);
  writeFileSync(join(folder, "mapping.yaml"), mapping);
  return ["import", "csv", join(folder, "table.csv"), "--mapping", join(folder, "mapping.yaml")];
}

async function statementsOf(table: string | Buffer, mapping: string): Promise<Record<string, unknown>[]> {
  const { out, code, err } = await asof([...given(table, mapping), "--dry-run", "--json"]);
  expect(code, err).toBe(0);
  return out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const template = async (name: string): Promise<string> =>
  (await asof(["import", "csv", "--template", name])).out;

describe("a template", () => {
  it.each([
    [
      "spreadsheet",
      "Date;Time;Environment;Service;Image;Commit;Login;Link\n05.01.2026;09:30;production;acme/billing;ghcr.io/acme/billing:1.4;4be1f0a7;Ada Lovelace;\n",
      {
        kind: "deployment.succeeded",
        occurredAt: "2026-01-05T08:30:00.000Z",
        environment: "production",
        components: [{ component: "main", repository: "ghcr.io/acme/billing", tag: "1.4" }],
        commit: { sha: "4be1f0a7", repository: "https://github.com/acme/billing" },
      },
    ],
    [
      "octopus",
      "DeploymentId,ProjectName,EnvironmentName,ReleaseVersion,TaskState,CompletedTime,DeployedBy\nDeployments-7,Billing,Production,1.4.2,Failed,2026-01-05T08:30:00,ada\n",
      {
        kind: "deployment.failed",
        service: "Billing",
        deployment: { provider: "octopus", instance: "octopus.example.org", id: "Deployments-7" },
        components: [{ component: "main", tag: "1.4.2" }],
        actor: "ada",
      },
    ],
    [
      "spinnaker",
      "id,status,endTime,account,application,image,user\n01H,SUCCEEDED,1767601800000,prod,billing,ghcr.io/acme/billing@sha256:" +
        `${"1".repeat(64)},ada\n02H,RUNNING,,prod,billing,,ada\n`,
      {
        kind: "deployment.succeeded",
        occurredAt: "2026-01-05T08:30:00.000Z",
        components: [
          { component: "main", repository: "ghcr.io/acme/billing", digest: `sha256:${"1".repeat(64)}` },
        ],
      },
    ],
    [
      "kosli",
      `environment,flow,name,fingerprint,timestamp\nprod,billing,ghcr.io/acme/billing:1,sha256:${"2".repeat(64)},1767601800.5\n`,
      {
        kind: "deployment.observed",
        occurredAt: "2026-01-05T08:30:00.500Z",
        components: [
          {
            component: "main",
            repository: "ghcr.io/acme/billing",
            tag: "1",
            digest: `sha256:${"2".repeat(64)}`,
          },
        ],
      },
    ],
    [
      "jenkins",
      "id,result,endedAt,environment,service,version,commit,url,user\ndeploy-77,ABORTED,1767601800000,prod,billing,1.4,,https://jenkins.example.org/job/deploy/77/,\n",
      {
        kind: "deployment.failed",
        deployment: { id: "deploy-77" },
        url: "https://jenkins.example.org/job/deploy/77/",
      },
    ],
  ])("for %s reads its table", async (name, table, expected) => {
    const statements = await statementsOf(table, await template(name));
    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatchObject({
      source: `/import/csv/${name === "spreadsheet" ? "releases" : name}`,
      ...expected,
    });
    expect(JSON.stringify(statements)).not.toContain("Lovelace");
  });

  it("of another name is refused with those that there are", async () => {
    const { code, err } = await asof(["import", "csv", "--template", "excel"]);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining("spreadsheet, octopus, spinnaker"),
    });
  });
});

const SMALL = {
  name: "t",
  kind: { value: "deployment.succeeded" },
  time: { column: "at" },
  fields: { environment: "env", service: "svc", "deployment.id": "id", tag: "tag" },
};
const small = (more: object = {}): string => stringify({ ...SMALL, ...more });

describe("a table", () => {
  it("is recorded once, and answers what ran then", async () => {
    const ledger = await ledgerServer();
    const args = given(
      "at,env,svc,id,tag\n2026-01-05T08:30:00Z,production,web,1,1.0\n2026-02-01T08:30:00+01:00,production,web,2,1.1\n",
      small(),
    );
    expect((await asof(args, { ASOF_URL: ledger.url })).out).toContain("2 statements: 2 recorded");
    const again = await asof(args, { ASOF_URL: ledger.url });
    expect(again.out).toContain("2 statements: 0 recorded, 2 duplicate");
    expect(again.out.split("\n").at(-1)).toBe("could not be known: nothing that was looked for");
    const query = { environment: "production", service: "web", at: "2026-01-20" };
    expect(Release.parse((await ledger.doors.client().get("/v1/release", query)).json)).toMatchObject({
      since: "2026-01-05T08:30:00.000Z",
      until: "2026-02-01T07:30:00.000Z",
      components: [{ tags: ["1.0"] }],
    });
  });

  it("has its refused rows named, and the others recorded", async () => {
    const ledger = await ledgerServer();
    const args = given(
      "at,env,svc,id,tag\n01/02/2026 10:00,production,web,1,1\n2026-01-05T08:30:00Z,production,web,2,a b\n2026-01-05T08:30:00Z,production,web,3,2\n",
      small(),
    );
    const { code, out, err } = await asof(args, { ASOF_URL: ledger.url });
    expect(code).toBe(1);
    expect(out).toContain("3 statements: 1 recorded, 2 rejected");
    expect(err).toContain('line 2: at: "01/02/2026 10:00" may be two days: give time.format');
    expect(err).toContain("components.0.tag: must be an image tag");
  });

  it("keeps a row's id when its other cells are corrected, so that it is not recorded twice", async () => {
    const row = (tag: string) => `at,env,svc,id,tag\n2026-01-05T08:30:00Z,production,web,1,${tag}\n`;
    const [one] = await statementsOf(row("1"), small());
    const [other] = await statementsOf(row("2"), small());
    expect(one?.id).toBe(other?.id);
  });

  it("in UTF-16, with semicolons or tabs, is read, and in another encoding refused", async () => {
    const row = "at;env;svc;id;tag\n2026-01-05T08:30:00Z;pröduction;web;1;1\n";
    const utf16 = Buffer.concat([
      Buffer.from([0xff, 0xfe]),
      Buffer.from(row.replaceAll(";", "\t"), "utf16le"),
    ]);
    for (const table of [row, `\ufeff${row}`, utf16])
      expect(await statementsOf(table, small())).toMatchObject([{ environment: "pröduction" }]);
    const latin = await asof(given(Buffer.from(row, "latin1"), small()));
    expect(latin).toMatchObject({ code: 1, err: expect.stringContaining("is not UTF-8") });
  });

  it("leaves out what the mapping leaves out, and refuses what it does not know", async () => {
    const kind = { column: "state", values: { ok: "deployment.succeeded", queued: null } };
    const table =
      "at,env,svc,id,tag,state\n2026-01-05T08:30:00Z,p,web,1,1,ok\n,p,web,2,1,queued\n2026-01-05T08:30:00Z,p,web,3,1,odd\n";
    const { out, err, code } = await asof([...given(table, small({ kind })), "--dry-run"]);
    expect(code).toBe(1);
    expect(out).toContain("would send 3 statements: 1 to record, 1 ignored, 1 rejected");
    expect(err).toContain('line 4: state: "odd" is no value of the mapping');
  });

  it.each([
    [small({ time: { column: "when" } }), 'has no column "when"; it has at, env'],
    [small({ time: { column: "at", zone: "Mars" } }), "time.zone: must be a time zone"],
    [small({ name: "a b" }), "name: must be a word"],
    ["name: [", "mapping.yaml: "],
  ])("is not read with a wrong mapping (%#)", async (mapping, why) => {
    const { code, err } = await asof(
      given("at,env,svc,id,tag\n,,,,\n2026-01-05T08:30:00Z,p,web,1,1\n", mapping),
    );
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(why) });
  });
});

describe("a time", () => {
  const read = (text: string, more: object = {}) => readTime(text, { column: ["at"], ...more });
  it.each([
    ["2026-01-05T08:30:00.5Z", {}, "2026-01-05T08:30:00.500Z"],
    ["2026-01-05 08:30 +0100", {}, "2026-01-05T07:30:00.000Z"],
    ["2026-07-05 08:30", { zone: "Europe/Berlin" }, "2026-07-05T06:30:00.000Z"],
    ["1/2/2026 3:04 PM", { zone: "UTC", format: "M/d/yyyy h:mm a" }, "2026-01-02T15:04:00.000Z"],
    ["1/2/2026 12:04 AM", { zone: "UTC", format: "d/M/yyyy h:mm a" }, "2026-02-01T00:04:00.000Z"],
    [
      "5 Mar 2026, 10:00",
      { zone: "America/New_York", format: "d MMM yyyy, HH:mm" },
      "2026-03-05T15:00:00.000Z",
    ],
    ["1767601800", { format: "epoch" }, "2026-01-05T08:30:00.000Z"],
    ["46027.354166667", { format: "excel", zone: "UTC" }, "2026-01-05T08:30:00.000Z"],
    ["2026-01-05", { zone: "Europe/Berlin", at: "12:00" }, "2026-01-05T11:00:00.000Z"],
  ])("%s with %o is %s", (text, more, at) => {
    expect(read(text, more)).toMatchObject({ is: "time", at });
  });

  it.each([
    ["2026-07-05 08:30", {}, /names no zone/],
    ["03/04/2026", { zone: "UTC" }, /may be two days/],
    ["2026-01-05", { zone: "UTC" }, /names only a day/],
    ["2026-03-29 02:30", { zone: "Europe/Berlin" }, /did not exist in Europe\/Berlin/],
    ["2026-02-30T10:00:00Z", {}, /no time of any calendar/],
    ["soon", {}, /is not an ISO 8601 time/],
    ["5.1.2026", { zone: "UTC", format: "dd.MM.yyyy" }, /is not written as dd.MM.yyyy/],
    ["5", { format: "qq" }, /unknown letters/],
  ])("%s with %o is refused", (text, more, why) => {
    expect(read(text, more)).toMatchObject({ is: "fault", why: expect.stringMatching(why) });
  });

  it("that the clocks showed twice is uncertain", () => {
    expect(read("2026-10-25 02:30", { zone: "Europe/Berlin" })).toMatchObject({
      at: "2026-10-25T00:30:00.000Z",
      uncertain: expect.stringContaining("showed twice"),
    });
  });
});

it("prints every template as a mapping that can be read", async () => {
  for (const name of ["spreadsheet", "octopus", "spinnaker", "kosli", "jenkins"])
    expect(parse(await template(name))).toHaveProperty("fields.environment");
});
