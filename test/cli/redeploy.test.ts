/** A plan on a terminal, and one click from there. */
import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Plan } from "../../schemas/plan.ts";
import { Redeployment } from "../../schemas/redeployment.ts";
import { deployed, tokenOf } from "../http/given.ts";
import { broken, ONE, REPOSITORY, TWO, VERSION } from "./broken.ts";
import { asof, cleanUp, type Env, type LedgerServer, type Person } from "./harness.ts";

afterEach(cleanUp);

const PLACE = ["--environment", "production", "--service", "acme/billing"];
const THEN = [...PLACE, "--at", "2026-11-15"];
const KEEP = [...THEN, "--schema", "keep"];
const short = (digest: string): string => digest.slice("sha256:".length, "sha256:".length + 8);
const WHY = ["--reason", "invoices are empty"];

const as = (role: Parameters<typeof tokenOf>[0], { url }: LedgerServer): Env => ({
  ASOF_URL: url,
  ASOF_TOKEN: tokenOf(role),
});
const plan = (ledger: LedgerServer, ...args: string[]) =>
  asof(["plan", ...args], { ...as("reader", ledger), TZ: "UTC" });
const redeploy = (ledger: LedgerServer, args: readonly string[], person: Person = {}) =>
  asof(["redeploy", ...args, ...WHY], as("operator", ledger), undefined, person);

const nextOf = async ({ doors }: LedgerServer): Promise<Redeployment[]> => {
  const { text } = await doors.client().get("/v1/timeline", {
    environment: "production",
    from: "2026-11-22",
  });
  const ids = new Set([...text.matchAll(/"redeployment":\{"id":"([^"]+)"/g)].map(([, id]) => id ?? ""));
  return Promise.all(
    [...ids].map(async (id) =>
      Redeployment.parse((await doors.client().get(`/v1/redeployments/${id}`)).json),
    ),
  );
};

/** Reports as soon as something was requested, like whoever carries it out. */
async function carriedOut(ledger: LedgerServer, outcome: "succeeded" | "failed"): Promise<void> {
  for (;;) {
    const [one] = await nextOf(ledger);
    if (one !== undefined) {
      const reason = outcome === "failed" ? "step 2 ended with 1" : "done";
      await ledger.doors.client("executor").post(`/v1/redeployments/${one.id}/end`, { outcome, reason });
      return;
    }
    await new Promise((done) => setTimeout(done, 5));
  }
}

describe("a plan on a terminal", () => {
  it("says first what is in the way, and ends with 1", async () => {
    const { code, out } = await plan(await broken(), ...THEN);
    expect(code).toBe(1);
    const lines = out.split("\n");
    expect(lines[0]).toBe(`acme/billing · production: ${short(TWO)} → ${short(ONE)} (ran 10–20 Nov)`);
    expect(lines[1]).toMatch(/^BLOCKED by 1 {2,}as of: Sun 15 Nov 23:59 UTC$/);
    expect(out).toMatch(new RegExp(`^  schema +${VERSION} +unknown +keep or revert 1 migration\\?$`, "m"));
    expect(out).toMatch(/^✗ schema_choice_needed: /m);
    expect(lines).toContain("  → --schema keep  or  --schema revert");
  });

  it("shows what changes and every step with its command, and ends with 0", async () => {
    const ledger = await broken();
    const config = [{ repository: "https://github.com/acme/deploy", revision: "88bb02d", path: "billing" }];
    const components = [{ component: "main", repository: REPOSITORY, digest: TWO }];
    const now = deployed("now", "2026-11-20T11:00:00.000Z", { components, config, namespace: "billing" });
    expect((await ledger.doors.client().say(now)).status).toBe(201);
    const { code, out } = await plan(ledger, ...THEN, "--schema", "revert");
    const { json } = await ledger.doors.client("reader").get("/v1/plan", {
      ...{ environment: "production", service: "acme/billing", at: "2026-11-15", schema: "revert" },
    });
    const { steps, hash } = Plan.parse(json);
    expect(code).toBe(0);
    expect(out).toMatch(/^READY · no data lost/m);
    expect(out).toMatch(new RegExp(`^  image +${short(TWO)} +${short(ONE)} +in its registry$`, "m"));
    expect(out).toMatch(/^ {2}schema +\S+ +unknown +revert 1 migration$/m);
    expect(out).toMatch(/^ {2}config +88bb02d +77aa01c +differs, compare https:\S+ billing$/m);
    for (const { n, title } of steps) expect(out).toContain(`${n} ${title}`);
    expect(out).toContain("kubectl … set image deployment/billing");
    expect(out).toContain("do it: asof redeploy --environment production --service acme/billing --at");

    const whole = await plan(ledger, ...THEN, "--schema", "revert", "--commands");
    for (const { commands } of steps)
      for (const { shell } of commands) expect(whole.out).toContain(`$ ${shell}`);
    expect(whole.out).toContain(`plan ${hash}`);
  });

  it("is the ledger's own answer for programs", async () => {
    const { out } = await plan(await broken(), ...KEEP, "--json", "--check", "registry");
    expect(Plan.parse(JSON.parse(out))).toMatchObject({
      schema: { choice: "keep" },
      registry: { images: [{ answer: "unknown" }] },
    });
  });

  it.each([
    [["--digest", ONE], "ready"],
    [["--last-good"], "ready"],
    [["--at", "2026-11-15T00:00:00Z"], "ready"],
  ])("is asked for by %j", async (aim, status) => {
    const { out } = await plan(await broken(), ...PLACE, ...aim, "--schema", "revert", "--json");
    expect(JSON.parse(out)).toMatchObject({ status, components: [{ to: ONE }] });
  });

  it("passes on what is put up with", async () => {
    const ledger = await broken();
    const more = ["--accept-data-loss", "--accept-shared", "acme/a", "--accept-shared", "acme/b"];
    const substitute = ["--accept-substitute", ONE, "--accept-substitute", TWO];
    expect((await plan(ledger, ...KEEP, ...more, ...substitute)).code).toBe(0);
    const wrong = await plan(ledger, ...KEEP, "--accept-substitute", "sha256:short");
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("acceptSubstitute") });
  });

  it.each([
    [[...PLACE]],
    [[...THEN, "--digest", ONE]],
    [[...THEN, "--last-good"]],
    [[...THEN, "--tag", "1.4.2"]],
    [[...PLACE, "--last-good", "--commit", "4be1a00"]],
    [["--service", "x", "--last-good"]],
    [[...THEN, "--schema", "burn"]],
  ])("ends with 2 where it cannot be understood: %j", async (args) => {
    const ledger = await broken();
    expect((await plan(ledger, ...args)).code).toBe(2);
    expect(ledger.asked).toEqual([]);
  });

  it("complains in one line of a wrong token, an unknown name, and no ledger", async () => {
    const ledger = await broken();
    const shut = await asof(["plan", ...THEN], { ASOF_URL: ledger.url, ASOF_TOKEN: "wrong" });
    expect(shut).toMatchObject({ code: 5, err: expect.stringMatching(/^asof: 401: .*ASOF_TOKEN/) });
    const unknown = await plan(ledger, "--environment", "moon", "--service", "x", "--last-good");
    expect(unknown).toMatchObject({ code: 3, err: expect.stringMatching(/^asof: 404: /) });
    await ledger.stop();
    const gone = await plan(ledger, ...THEN);
    expect(gone).toMatchObject({ code: 4, err: expect.stringContaining("cannot be reached") });
  });
});

/** An address of this machine where nothing listens. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  server.close();
  return `http://127.0.0.1:${address.port}`;
}

describe("a ledger that does not answer", () => {
  it("is explained to a person at the first failure, with what is waited for and until when", async () => {
    const ledger = await broken();
    ledger.weather.push({ status: 503 }, { status: 503 }, "breaks off before");
    const { code, err } = await asof(["plan", ...KEEP], as("reader", ledger), undefined, {
      isAttended: true,
    });
    const waiting = "waiting for the ledger to answer, until 2026-11-22T09:00:30.000Z at the latest";
    expect({ code, err: err.split("\n") }).toEqual({
      code: 0,
      err: [
        `asof: ${ledger.url} answered 503; ${waiting}`,
        expect.stringMatching(/^asof: \S+ cannot be reached \(\w+\); waiting for the ledger/),
      ],
    });
  });

  it.each([
    {
      who: "a person once",
      isAttended: true,
      tries: 1,
      hint: ": no ledger listens there; start one, or set ASOF_URL or --url",
    },
    { who: "a pipeline again and again", isAttended: false, tries: 5, hint: "" },
  ])("is tried by $who where nothing listens on this machine", async ({ isAttended, tries, hint }) => {
    // Nobody ever connected there: a connection kept open to a server that stops is a failure of another kind.
    const url = await nowhere();
    const fetched = vi.spyOn(globalThis, "fetch");
    const env = { ASOF_URL: url, ASOF_TOKEN: tokenOf("reader") };
    const { code, err } = await asof(["plan", ...KEEP], env, undefined, { isAttended });
    // Others in this thread may still be fetching something else.
    const { length } = fetched.mock.calls.filter(([to]) => String(to).startsWith(url));
    fetched.mockRestore();
    expect(length).toBe(tries);
    expect({ code, err }).toEqual({
      code: 4,
      err: `asof: ${url} cannot be reached (ECONNREFUSED)${hint}`,
    });
  });
});

describe("one click from a terminal", () => {
  it("shows the plan, requests exactly that, and watches until it is over", async () => {
    const ledger = await broken();
    const [{ code, out, err }] = await Promise.all([
      redeploy(ledger, [...KEEP, "--yes"]),
      carriedOut(ledger, "succeeded"),
    ]);
    expect(code).toBe(0);
    expect(err).toMatch(/^redeployment \S+: requested$/m);
    expect(out).toMatch(/^redeployment \S+: succeeded/m);
    const [one, ...more] = await nextOf(ledger);
    expect(more).toEqual([]);
    expect(one).toMatchObject({
      status: "succeeded",
      reason: "invoices are empty",
      requestedBy: "operator-1",
    });
    expect(out).toContain(`plan ${one?.planHash}`);
  });

  it("ends with 1 where it failed, and says why", async () => {
    const ledger = await broken();
    const [{ code, out }] = await Promise.all([
      redeploy(ledger, [...KEEP, "--yes"]),
      carriedOut(ledger, "failed"),
    ]);
    expect(code).toBe(1);
    expect(out).toContain("failed (step 2 ended with 1)");
  });

  it("does not wait where nobody wants it, and prints the redeployment for programs", async () => {
    const ledger = await broken();
    const { code, out } = await redeploy(ledger, [...KEEP, "--yes", "--no-wait", "--json"]);
    expect(code).toBe(0);
    expect(Redeployment.parse(JSON.parse(out))).toEqual({
      ...(await nextOf(ledger))[0],
      knownAt: expect.any(String),
      settled: false,
    });
  });

  it("is one, though its answer is lost and it is sent again", async () => {
    const ledger = await broken();
    ledger.weather.push("fair", "breaks off after", { status: 503 });
    const { code } = await redeploy(ledger, [...KEEP, "--yes", "--no-wait"]);
    expect(code).toBe(0);
    expect(await nextOf(ledger)).toHaveLength(1);
    expect(ledger.asked).toHaveLength(4);
  });

  it("ends with 4 where nobody knows whether it was requested", async () => {
    const ledger = await broken();
    ledger.weather.push("fair", ...Array.from({ length: 5 }, () => "breaks off after" as const));
    const { code, err } = await redeploy(ledger, [...KEEP, "--yes", "--no-wait"]);
    expect(code).toBe(4);
    expect(err).toContain("whether it was requested is unknown");
  });

  it.each([
    ["nobody at a terminal", [...KEEP], {}, "give --yes"],
    ["a no", [...KEEP], { confirm: async () => false }, "not confirmed"],
    ["a plan that is blocked", [...THEN, "--yes"], {}, "the plan is blocked"],
  ])("requests nothing with %s", async (_, args, person, why) => {
    const ledger = await broken();
    const { code, err } = await redeploy(ledger, args, person);
    expect(code).toBe(1);
    expect(err).toContain(why);
    expect(await nextOf(ledger)).toEqual([]);
  });

  it("asks whoever sits there, once the plan was shown", async () => {
    const ledger = await broken();
    const lines: string[] = [];
    const confirm = async (question: string) => {
      expect(question).toContain("acme/billing");
      expect(lines.join("\n")).toMatch(/^plan [0-9a-f]{64}$/m);
      return true;
    };
    const { code } = await redeploy(ledger, [...KEEP, "--no-wait"], {
      confirm,
      out: (line) => lines.push(line),
    });
    expect(code).toBe(0);
    expect(await nextOf(ledger)).toHaveLength(1);
  });

  it("is refused where something else runs by the time of the yes", async () => {
    const ledger = await broken();
    const other = deployed("three", "2026-11-22T08:59:00.000Z");
    const confirm = async () => (await ledger.doors.client().say(other)).status === 201;
    const { code, err } = await redeploy(ledger, KEEP, { confirm });
    expect(code).toBe(5);
    expect(err).toMatch(/^asof: 409: .*runs now, not/);
    expect(await nextOf(ledger)).toEqual([]);
  });

  it("is refused to who may not, and beside another that runs", async () => {
    const ledger = await broken();
    const writer = await asof(["redeploy", ...KEEP, "--yes", ...WHY], as("reader", ledger));
    expect(writer).toMatchObject({ code: 5, err: expect.stringContaining("403: ") });
    expect((await redeploy(ledger, [...KEEP, "--yes", "--no-wait"])).code).toBe(0);
    const second = await redeploy(ledger, [...KEEP, "--yes", "--no-wait"]);
    expect(second).toMatchObject({ code: 5, err: expect.stringContaining("has not ended") });
  });
});

describe("a rollback", () => {
  const rollback = (ledger: LedgerServer, args: readonly string[], person: Person = {}) =>
    asof(["rollback", ...args, ...WHY], as("operator", ledger), undefined, person);

  it("is a redeployment of the release before, and says so", async () => {
    const ledger = await broken();
    const args = [...PLACE, "--schema", "keep", "--yes", "--no-wait"];
    const { code, err } = await rollback(ledger, args);
    expect(code).toBe(0);
    expect(err).toContain("asof rollback is asof redeploy PLACE~1");
    expect(await nextOf(ledger)).toMatchObject([{ components: [{ image: `${REPOSITORY}@${ONE}` }] }]);
  });

  it("goes further back, or by words, where a person is asked", async () => {
    const ledger = await broken();
    const asked: string[] = [];
    const confirm = async (question: string) => asked.push(question) > 0;
    const args = ["production/billing", "--schema", "keep", "--no-wait"];
    expect((await rollback(ledger, args, { confirm })).code).toBe(0);
    expect(asked).toEqual(["Run this in production, for acme/billing?"]);
    const far = await rollback(ledger, [...PLACE, "--back", "5", "--yes"]);
    expect(far).toMatchObject({ code: 3, err: expect.stringContaining("only 1 earlier releases are known") });
  });
});

describe("a cancellation", () => {
  const cancel = (ledger: LedgerServer, person: Person = {}, ...more: string[]) =>
    asof(["redeploy", "--cancel", ...more, ...WHY], as("operator", ledger), undefined, person);

  it("ends the redeployment of a place that is under way", async () => {
    const ledger = await broken();
    expect((await redeploy(ledger, [...KEEP, "--yes", "--no-wait"])).code).toBe(0);
    const { code, out } = await cancel(ledger, {}, ...PLACE, "--yes");
    expect(code).toBe(0);
    expect(out).toMatch(/redeployment \S+ of acme\/billing in production\n {2}requested by operator-1, /);
    expect(await nextOf(ledger)).toMatchObject([{ status: "cancelled" }]);
    expect(await cancel(ledger, {}, ...PLACE, "--yes")).toMatchObject({
      code: 1,
      err: "asof: no redeployment of acme/billing in production is under way",
    });
  });

  it("by words is asked for, and a no cancels nothing", async () => {
    const ledger = await broken();
    expect((await redeploy(ledger, [...KEEP, "--yes", "--no-wait"])).code).toBe(0);
    const confirm = async () => false;
    const { code, err } = await cancel(ledger, { confirm }, "production/billing");
    expect({ code, err }).toEqual({ code: 1, err: "asof: not confirmed: nothing was cancelled" });
    expect(await nextOf(ledger)).toMatchObject([{ status: "requested" }]);
  });
});
