/** What is wrong, what drifts, and waiting for what is to run. */
import { afterEach, describe, expect, it } from "vitest";
import { pagePath } from "../../cli/ask/open.ts";
import { Release } from "../../schemas/answer.ts";
import { addressOf } from "../../web/address.ts";
import { event } from "../client.ts";
import { deployed, NOW, tokenOf } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";
import { broken, ONE, REPOSITORY, TWO } from "./broken.ts";
import { asof, cleanUp, type LedgerServer, type Person } from "./harness.ts";

afterEach(cleanUp);

const PLACE = { environment: "production", service: "acme/billing" };
const run = (ledger: LedgerServer, args: readonly string[], person: Person = {}) =>
  asof(args, { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("reader"), TZ: "UTC" }, undefined, person);
const short = (digest: string): string => digest.slice("sha256:".length, "sha256:".length + 8);

async function say(
  ledger: LedgerServer,
  kind: string,
  id: string,
  time: string,
  data: object,
): Promise<void> {
  const { status } = await ledger.doors.client().say(event(kind, id, time, { ...PLACE, ...data }));
  expect(status).toBe(201);
}

const components = (digest: string) => [{ component: "main", repository: REPOSITORY, digest }];
const seen = (ledger: LedgerServer, digest: string): Promise<void> =>
  say(ledger, "deployment.observed", "seen", "2026-11-21T12:00:00Z", {
    deployment: { provider: "test", instance: "here", id: "seen" },
    components: components(digest),
  });

describe("asof status", () => {
  it("ends with 0 where nothing is wrong", async () => {
    const { code, out } = await run(await broken(), ["status"]);
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      expect.stringMatching(/^all places +now: Sun 22 Nov 09:00 UTC$/),
      "  nothing is wrong, as far as the ledger was told",
    ]);
  });

  it("lists drift, failures, what hangs, freezes and the quarantine, and ends with 1", async () => {
    const ledger = await broken({}, "acme/web");
    await seen(ledger, digestOf("other"));
    await say(ledger, "deployment.started", "slow", "2026-11-22T06:00:00Z", {
      deployment: { provider: "test", instance: "here", id: "slow" },
      components: components(TWO),
      actor: "mona",
    });
    const web = { service: "acme/web", deployment: { provider: "test", instance: "here", id: "web" } };
    await say(ledger, "deployment.started", "web starts", "2026-11-22T07:59:00Z", {
      ...web,
      components: components(ONE),
    });
    await say(ledger, "deployment.failed", "web", "2026-11-22T08:00:00Z", {
      ...web,
      components: components(ONE),
      reason: "no memory",
    });
    const operator = ledger.doors.client("operator");
    const frozen = await operator.post("/v1/freezes", { environment: "production", reason: "audit" });
    expect(frozen.status).toBe(201);
    await ledger.doors.client().say(event("deployment.succeeded", "bad", NOW, { environment: "x" }));

    const { code, out } = await run(ledger, ["status"]);
    expect(code).toBe(1);
    const place = "production/acme/billing";
    expect(out).toMatch(
      new RegExp(
        `! +drift +${place} +deployed ${short(TWO)}, seen ${short(digestOf("other"))} on Sat 21 Nov`,
      ),
    );
    expect(out).toMatch(new RegExp(`… +hangs +${place} +a deployment is under way, .* by mona \\(3h\\)`));
    expect(out).toMatch(/✗ +failed +production\/acme\/web +a deployment failed, started .*: no memory/);
    expect(out).toMatch(/\* +frozen +production +since Sun 22 Nov 09:00 by operator-1: audit/);
    expect(out).toMatch(/! +quarantine +1 event +asof quarantine list, last Sun 22 Nov 09:00: /);

    const only = await run(ledger, ["status", "production/web"]);
    expect(only.out).toContain("failed");
    expect(only.out).not.toContain("drift");
    const { releases } = JSON.parse((await run(ledger, ["status", "-o", "json"])).out);
    expect(Release.array().parse(releases)).toHaveLength(2);
  });
});

describe("asof drift", () => {
  it("says what drifts and what nobody looked at", async () => {
    const ledger = await broken({}, "acme/web");
    const before = await run(ledger, ["drift", "production"]);
    expect(before).toMatchObject({
      code: 0,
      out: expect.stringContaining("0 services drift, 0 as deployed, 2 not observed, 0 never deployed"),
    });
    await seen(ledger, TWO);
    expect((await run(ledger, ["drift", "production/billing"])).out).toMatch(
      /= +\S+ +as deployed, seen 21h ago/,
    );
    await say(ledger, "deployment.observed", "later", "2026-11-21T13:00:00Z", {
      deployment: { provider: "test", instance: "here", id: "later" },
      components: components(ONE),
    });
    const { code, out } = await run(ledger, ["drift", "production"]);
    expect(code).toBe(1);
    expect(out).toContain(`deployed ${short(TWO)}, seen ${short(ONE)}`);
    expect(out).toContain("1 service drifts, 0 as deployed, 1 not observed");
    expect(out).toMatch(new RegExp(`main ${short(ONE)} runs since .*, not deployed \\(/test later\\)`));
    expect(out).toMatch(new RegExp(`main ${short(TWO)} deployed .*, does not run \\(/test `));
  });
});

describe("asof wait", () => {
  it("ends at once where it runs, by its digest or the beginning of it", async () => {
    const ledger = await broken();
    for (const digest of [TWO, TWO.slice(0, 20)]) {
      const { code, out } = await run(ledger, ["wait", "production/billing", digest]);
      expect(code).toBe(0);
      expect(out).toContain("runs there: ");
    }
  });

  it("looks again until it runs, and says what it waits for", async () => {
    const ledger = await broken();
    const err: string[] = [];
    const three = deployed("three", "2026-11-22T08:59:00.000Z");
    const args = ["wait", "-e", "production", "-s", "acme/billing", "--digest", digestOf("three")];
    const { code } = await run(ledger, args, {
      err: (line) => {
        err.push(line);
        void ledger.doors.client().say(three);
      },
    });
    expect(code).toBe(0);
    expect(err[0]).toBe(
      `asof: production/acme/billing: ${short(TWO)}; waiting for ${short(digestOf("three"))} until 09:10`,
    );
  });

  it("ends with 1 when the time is over, and with 2 without a commit", async () => {
    const ledger = await broken();
    const late = await run(ledger, ["wait", "production/billing", ONE, "--timeout", "0s"]);
    expect(late).toMatchObject({ code: 1, out: expect.stringContaining("does not run there: ") });
    expect((await run(ledger, ["wait", "production/billing", "no-such-thing"])).code).toBe(2);
    expect((await run(ledger, ["wait", "production/billing", ONE, "--timeout", "soon"])).code).toBe(2);
  });
});

describe("asof watch", () => {
  it("prints what is reported, once, until it is interrupted", async () => {
    const ledger = await broken();
    const stop = new AbortController();
    const out: string[] = [];
    const watching = run(ledger, ["watch", "production"], {
      interrupted: () => stop.signal,
      out: (line) => {
        out.push(line);
        if (out.length === 1) void ledger.doors.client().say(deployed("three", "2026-11-22T08:59:00.000Z"));
        else setTimeout(() => stop.abort(), 50);
      },
    });
    expect((await watching).code).toBe(0);
    expect(out).toEqual([
      expect.stringContaining("watching production"),
      expect.stringMatching(/^ {2}production +Sun 22 Nov 08:59 +▲ +acme\/billing +deployed/),
    ]);
  });
});

describe("asof open", () => {
  it("leads to the page at the same question, and opens it on a terminal", async () => {
    const ledger = await broken();
    const opened: string[] = [];
    const { out } = await run(ledger, ["open", "production/billing", "2026-11-15"], {
      browse: (url) => opened.push(url),
    });
    expect(opened).toEqual([out]);
    expect(addressOf(out)).toMatchObject({ place: PLACE, at: Date.parse("2026-11-15T23:59:59.999Z") });
    const why = await run(ledger, ["open", "--view", "why", "production/billing"]);
    expect(addressOf(why.out)).toMatchObject({ view: "why", place: PLACE, at: undefined });
  });

  it("shows as many days as the time is back", () => {
    const path = pagePath("matrix", { columns: ["a b", "c"], at: "2026-08-01T00:00:00.000Z" }, NOW);
    expect(addressOf(path)).toMatchObject({ columns: ["a b", "c"], days: 114, at: Date.UTC(2026, 7, 1) });
  });
});
