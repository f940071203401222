/** Questions on a terminal, answered by a ledger. */
import { afterEach, describe, expect, it } from "vitest";
import { Release } from "../../schemas/answer.ts";
import { event } from "../client.ts";
import { deployed, tokenOf } from "../http/given.ts";
import { broken, ONE, TWO, VERSION } from "./broken.ts";
import { asof, cleanUp, type Env, type LedgerServer, ledgerServer, type Person } from "./harness.ts";

afterEach(cleanUp);

const as = (role: Parameters<typeof tokenOf>[0], { url }: LedgerServer): Env => ({
  ASOF_URL: url,
  ASOF_TOKEN: tokenOf(role),
  TZ: "Europe/Berlin",
});
const ask = (ledger: LedgerServer, args: readonly string[], env: Env = {}, person: Person = {}) =>
  asof(args, { ...as("reader", ledger), ...env }, undefined, person);

const short = (digest: string): string => digest.slice("sha256:".length, "sha256:".length + 8);

describe("asof show", () => {
  it("shows a release: when, what, and what undoes it", async () => {
    const { code, out } = await ask(await broken(), ["show", "production/billing"]);
    expect(code).toBe(0);
    const lines = out.split("\n");
    expect(lines[0]).toMatch(/^acme\/billing · production {2,}now: Sun 22 Nov 10:00 CET$/);
    expect(lines[0]).toHaveLength(80);
    expect(lines[1]).toBe(`RUNNING ${short(TWO)} since Fri 20 Nov 11:00 (1d23h)`);
    expect(out).toContain(`ghcr.io/acme/billing@${short(TWO)}`);
    expect(out).toMatch(
      new RegExp(`schema +billing ${VERSION} +20 Nov 10:00, knex|schema +billing ${VERSION} +knex`),
    );
    expect(out).toMatch(new RegExp(`before +${short(ONE)}, 10–20 Nov`));
    expect(lines.at(-1)).toBe("undo: asof plan production/billing~1");
  });

  it("counts what else changed since, and says whether the release before is the last good one", async () => {
    const ledger = await broken();
    const shown = async () => (await ask(ledger, ["show", "production/billing"])).out;
    expect(await shown()).toMatch(/before .*\(10d\), last good$/m);
    expect(await shown()).not.toContain("other change");
    const place = { environment: "production", service: "acme/billing" };
    const flag = event("change.noted", "f", "2026-11-22T02:49:00Z", { ...place, type: "flag", title: "on" });
    expect((await ledger.doors.client().say(flag)).status).toBe(201);
    expect(await shown()).toMatch(/^ {2}! 1 other change since: asof why production\/billing$/m);
    const mark = { digest: ONE, verdict: "bad", reason: "slow" };
    expect((await ledger.doors.client().post("/v1/marks", mark)).status).toBe(201);
    expect(await shown()).not.toContain("last good");
  });

  it("shows an earlier release by its place or its time, and says that it is the past", async () => {
    const ledger = await broken();
    for (const words of [["production/billing~1"], ["production/billing", "2026-11-15"]]) {
      const { code, out } = await ask(ledger, ["show", ...words]);
      expect(code).toBe(0);
      expect(out.split("\n")[0]).toContain("as of: ");
      expect(out).toContain(`RUNNING ${short(ONE)} since Tue 10 Nov 11:00`);
    }
  });

  it("gives the ledger's own answer as JSON", async () => {
    const { out } = await ask(await broken(), ["show", "production/billing", "-o", "json"]);
    expect(Release.parse(JSON.parse(out))).toMatchObject({ components: [{ digest: TWO }] });
  });

  it("shows an environment as a table, and an image with where it ran", async () => {
    const ledger = await broken();
    expect((await ask(ledger, ["show", "production"])).out).toMatch(/acme\/billing +\w{8} /);
    expect((await ask(ledger, ["show", ONE])).out).toMatch(
      /production\/acme\/billing +ran +Tue 10 Nov 11:00/,
    );
  });

  it("ends with 3 and the nearest names for what the ledger does not know", async () => {
    const { code, err } = await ask(await broken(), ["show", "produktion/biling"]);
    expect(code).toBe(3);
    expect(err).toContain("did you mean production/acme/billing");
  });

  it("ends with 2 where a date may mean two days, or words several things", async () => {
    const ledger = await broken({}, "pay/billing");
    expect((await ask(ledger, ["show", "production", "01/02/2026"])).err).toContain("day or month first?");
    const { code, err } = await ask(ledger, ["show", "production/billing"]);
    expect(code).toBe(2);
    expect(err).toContain("asof show -e production -s acme/billing");
    expect(err).toContain("asof show -e production -s pay/billing");
  });

  it("ends with 5 where the token may not ask", async () => {
    const { code } = await ask(await broken(), ["show", "-e", "production"], {
      ASOF_TOKEN: tokenOf("writer"),
    });
    expect(code).toBe(5);
  });

  it("lets no name reach the terminal as a control sequence, and colours only a terminal", async () => {
    const ledger = await ledgerServer();
    const one = { service: "acme/[31mred", deployment: { provider: "test", instance: "here", id: "1" } };
    expect((await ledger.doors.client().say(deployed("one", undefined, one))).status).toBe(201);
    const control = String.fromCharCode(27);
    const piped = await ask(ledger, ["show", "production"]);
    expect(piped.out).toContain("acme/[31mred");
    expect(piped.out).not.toContain(control);
    const shown = await ask(ledger, ["show", "production"], {}, { columns: 100 });
    expect(shown.out).toContain(`${control}[1m`);
    const plain = await ask(ledger, ["show", "production"], { NO_COLOR: "1" }, { columns: 100 });
    expect(plain.out).not.toContain(`${control}[1m`);
  });
});

describe("asof log, why, diff and where", () => {
  it("list what happened, in order", async () => {
    const { out } = await ask(await broken(), ["log", "production/billing", "--since", "2026-11-01"]);
    const lines = out.split("\n").filter((line) => / [▲◆] /.test(line));
    expect(lines.map((line) => line.trim().slice(0, 13))).toEqual([
      "Tue 10 Nov 11",
      "Fri 20 Nov 10",
      "Fri 20 Nov 11",
    ]);
  });

  it("list what changed before it broke, nearest first, with what undoes it", async () => {
    const { out } = await ask(await broken(), ["why", "production/billing", "--window", "3d"]);
    expect(out).toMatch(/1d23h .*▲ .*7692c3ad → 3fc4ccfe/);
    expect(out.indexOf("▲")).toBeLessThan(out.indexOf(VERSION));
    expect(out.split("\n").at(-1)).toContain("asof plan production/billing~1");
  });

  it("compare two moments of a place", async () => {
    const { out } = await ask(await broken(), ["diff", "production", "2026-11-15"]);
    expect(out).toMatch(new RegExp(`acme/billing +image +${short(ONE)} +→ +${short(TWO)}`));
  });

  it("say where the image of a place runs", async () => {
    const { out } = await ask(await broken(), ["where", "production/billing"]);
    expect(out).toMatch(/production\/acme\/billing +runs +Fri 20 Nov 11:00 – now/);
  });
});

describe("a plan", () => {
  it("is of a place in words, so many releases back", async () => {
    const { out } = await ask(await broken(), ["plan", "production/billing~1", "--schema", "keep"]);
    expect(out.split("\n")[0]).toBe(
      `acme/billing · production: ${short(TWO)} → ${short(ONE)} (ran 10–20 Nov)`,
    );
  });

  it("is carried out by words only after a question", async () => {
    const ledger = await broken();
    const words = ["redeploy", "production/billing~1", "--reason", "it breaks", "--yes"];
    const { code, err } = await asof(words, as("operator", ledger));
    expect(code).toBe(2);
    expect(err).toContain("give the exact names");
  });
});
