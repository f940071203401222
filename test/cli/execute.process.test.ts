/** An executor on one machine: whom it believes, what it runs, and what the ledger hears of it. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, createReadStream, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { hashOf, Plan, type Step } from "../../schemas/plan.ts";
import { Redeployment, Redeployments } from "../../schemas/redeployment.ts";
import { NOW, OTHER_EXECUTOR, tokenOf } from "../http/given.ts";
import { CLI } from "../programs.ts";
import { broken, ONE, REPOSITORY, TWO } from "./broken.ts";
import { asof, cleanUp, type Ended, type LedgerServer, linesOf, newFolder, type Weather } from "./harness.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const SOON_MS = 10_000;

const running: Executing[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ stop }) => stop()));
  await cleanUp();
});

/* The executor, and whoever orders */

interface Executing {
  readonly url: string;
  /** Where its programs write. */
  readonly folder: string;
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** Ctrl-C. */
  readonly stop: () => Promise<Ended>;
}

/** A program of a name in a folder; without a script it writes down its arguments. */
function program(folder: string, name: string, script = `echo ${name} "$@" >> ran`): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

async function execute(
  { url }: LedgerServer,
  args: readonly string[],
  { folder = newFolder(), secret = SECRET, env: more = {} } = {},
): Promise<Executing> {
  const controller = new AbortController();
  const [out, err]: [string[], string[]] = [[], []];
  const env = {
    ASOF_URL: url,
    ASOF_TOKEN: tokenOf("executor"),
    ASOF_EXECUTOR_SECRET: secret,
    DATABASE_URL: "postgres://here",
    PATH: `${folder}:/usr/bin:/bin`,
    ...more,
  };
  const person = {
    interrupted: () => controller.signal,
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
  };
  const ended = asof(["execute", "--port", "0", "--cwd", folder, ...args], env, NOW, person);
  const stop = () => {
    controller.abort();
    return ended;
  };
  const listens = () => /listens on (\S+)/.exec(out[0] ?? "")?.[1] ?? expect.fail(err.join("\n"));
  const one = { url: await vi.waitFor(listens, { timeout: SOON_MS }), folder, out, err, stop };
  running.push(one);
  return one;
}

interface Asked {
  readonly redeployment: Redeployment;
  readonly plan: Plan;
}

async function click({ doors }: LedgerServer, more: object = {}, service = "acme/billing"): Promise<Asked> {
  const question = { environment: "production", service, at: "2026-11-15", schema: "revert", ...more };
  const operator = doors.client("operator");
  const plan = Plan.parse((await operator.get("/v1/plan", question)).json);
  const body = {
    ...question,
    planHash: plan.hash,
    expectedCurrent: plan.components[0]?.from,
    reason: "invoices are empty",
  };
  const answer = await operator.post("/v1/redeployments", body, { "idempotency-key": `click of ${service}` });
  const [redeployment] = Redeployments.parse(answer.json).redeployments;
  return { redeployment: redeployment ?? expect.fail(answer.text), plan };
}

const messageOf = (data: object): string =>
  JSON.stringify({ type: "redeployment.requested", timestamp: new Date().toISOString(), data });

/** Orders it as the ledger does; gives the status of the answer. */
async function order(
  { url }: Executing,
  { redeployment, plan }: Asked,
  how: { secret?: string; at?: Date; body?: string; sent?: string } = {},
): Promise<number> {
  const { secret = SECRET, at = new Date(), body = messageOf({ redeployment, plan }), sent = body } = how;
  const headers = {
    "webhook-id": redeployment.id,
    "webhook-timestamp": `${Math.floor(at.getTime() / 1000)}`,
    "webhook-signature": new Webhook(secret).sign(redeployment.id, at, body),
  };
  return (await fetch(url, { method: "POST", headers, body: sent })).status;
}

const statusOf = async ({ doors }: LedgerServer, { redeployment: { id } }: Asked): Promise<Redeployment> =>
  Redeployment.parse((await doors.client().get(`/v1/redeployments/${id}`)).json);

const over = (ledger: LedgerServer, asked: Asked): Promise<Redeployment> =>
  vi.waitFor(
    async () => {
      const now = await statusOf(ledger, asked);
      expect(now.status).not.toBe("requested");
      return now;
    },
    { timeout: SOON_MS },
  );

const ranIn = ({ folder }: Executing): string[] => linesOf(join(folder, "ran"));

const wordsOf = (steps: readonly Step[], does: Step["does"]): string[] =>
  steps.flatMap((step) => (step.does === does ? step.commands.map(({ argv }) => argv.join(" ")) : []));

const ALL = ["--steps", "copy,backup,revert,deploy,check"];
const tools = (folder: string): string => {
  program(folder, "docker");
  // As if it were reported at once.
  const release = { components: [{ component: "main", digest: ONE, image: `${REPOSITORY}@${ONE}` }] };
  program(folder, "curl", `echo curl "$@" >> ran; echo '${JSON.stringify(release)}'`);
  return folder;
};

/* What it does */

describe("an executor", () => {
  it("runs the steps in their order, deploys with the given program, and says that it succeeded", async () => {
    const ledger = await broken();
    const folder = tools(newFolder());
    const deploy = program(folder, "deploy", "env >> variables; echo deployed >> ran; echo a secret word");
    const executing = await execute(ledger, [...ALL, "--deploy", deploy], { folder });
    const asked = await click(ledger);
    expect(await order(executing, asked)).toBe(202);
    expect(await over(ledger, asked)).toMatchObject({ status: "succeeded", why: null });
    const [revert, ...more] = wordsOf(asked.plan.steps, "revert");
    expect(more).toEqual([]);
    expect(ranIn(executing)).toEqual([revert, "deployed", expect.stringMatching(/^curl .*production/)]);
    const { id } = asked.redeployment;
    const variables = readFileSync(join(folder, "variables"), "utf8").split("\n");
    expect(variables).toEqual(
      expect.arrayContaining([
        `ASOF_REDEPLOYMENT=${id}`,
        "ASOF_ENVIRONMENT=production",
        "ASOF_SERVICE=acme/billing",
        `ASOF_IMAGE=${REPOSITORY}@${ONE}`,
        `ASOF_IMAGES=${JSON.stringify(asked.redeployment.components)}`,
        "DATABASE_URL=postgres://here",
      ]),
    );
    expect(variables.join("\n")).not.toContain("whsec_");
    const deployed = asked.plan.steps.find(({ does }) => does === "deploy");
    expect(executing.out).toContain(`${deployed?.n}| a secret word`);
    const { text } = await ledger.doors.client().get("/v1/export", { from: "2026-11-01" });
    expect(text).not.toContain("a secret word");
  });

  it("runs the plan's own step where there is only one way to deploy", async () => {
    const ledger = await broken({ deployTool: "docker compose" });
    const folder = tools(newFolder());
    const override = join(folder, "asof.override.yaml");
    writeFileSync(override, "the one of another plan");
    const executing = await execute(ledger, ALL, { folder });
    const asked = await click(ledger, { schema: "keep" });
    await order(executing, asked);
    expect(await over(ledger, asked)).toMatchObject({ status: "succeeded" });
    const [started] = ranIn(executing).filter((line) => line.includes(" up "));
    expect(started).toBe(
      "docker compose --project-directory . -f compose.yaml -f asof.override.yaml up -d --no-build",
    );
    const services = { "acme-billing": { image: `${REPOSITORY}@${ONE}` } };
    expect(JSON.parse(readFileSync(override, "utf8"))).toEqual({ services });
  });

  it("says that it failed where something else runs afterwards than the plan has", async () => {
    const ledger = await broken({ deployTool: "docker compose" });
    const folder = newFolder();
    for (const name of ["docker", "sleep"]) program(folder, name);
    const executing = await execute(ledger, ALL, { folder });
    const asked = await click(ledger, { schema: "keep" });
    await order(executing, asked);
    const { status, why } = await over(ledger, asked);
    expect([status, why]).toEqual([
      "failed",
      expect.stringMatching(/^step \d \(check what runs\) ended with 1$/),
    ]);
  });

  it("leaves it to a report of the deployment, where that ended it before", async () => {
    const ledger = await broken();
    const folder = tools(newFolder());
    const recording = `ASOF_TOKEN=${tokenOf("writer")} ${process.execPath} ${CLI} record deploy --environment production`;
    const time = "--time 2026-11-22T09:00:01Z";
    const deploy = program(
      folder,
      "deploy",
      `${recording} --service acme/billing --image "$ASOF_IMAGE" ${time}`,
    );
    const executing = await execute(ledger, [...ALL, "--deploy", deploy], { folder });
    const asked = await click(ledger);
    await order(executing, asked);
    await vi.waitFor(() => expect(executing.out.at(-1)).toMatch(/^redeployment \S+: succeeded/), SOON_MS);
    expect(executing.err).toEqual([]);
    const { facts } = await statusOf(ledger, asked);
    expect(facts.map(({ source }) => source)).toEqual(["/asof/redeployments", "/cli/local"]);
    expect(ranIn(executing)).toHaveLength(2);
  });

  it("says which step failed and how, and leaves the rest", async () => {
    const ledger = await broken();
    const folder = tools(newFolder());
    program(folder, "docker", "echo the password is wrong; exit 3");
    const executing = await execute(ledger, [...ALL, "--deploy", program(folder, "deploy")], { folder });
    const asked = await click(ledger);
    await order(executing, asked);
    const { status, why } = await over(ledger, asked);
    expect([status, why]).toEqual(["failed", expect.stringMatching(/^step \d \(revert .*\) ended with 3$/)]);
    expect(ranIn(executing)).toEqual([]);
  });

  it("lets what it runs reach the ledger as it does, also by options", async () => {
    const ledger = await broken();
    const folder = tools(newFolder());
    const file = join(folder, "token");
    writeFileSync(file, `${tokenOf("executor")}\n`);
    const env = { ASOF_URL: "https://elsewhere.example", ASOF_TOKEN: "another" };
    const deploy = program(folder, "deploy", "env > variables");
    const options = ["--url", ledger.url, "--token-file", file, "--deploy", deploy];
    const executing = await execute(ledger, options, { folder, env });
    const asked = await click(ledger, { schema: "keep" });
    await order(executing, asked);
    expect(await over(ledger, asked)).toMatchObject({ status: "succeeded" });
    const reached = [`ASOF_URL=${ledger.url}`, `ASOF_TOKEN=${tokenOf("executor")}`];
    expect(linesOf(join(folder, "variables"))).toEqual(expect.arrayContaining(reached));
  });

  it("says that a program is not there", async () => {
    const ledger = await broken();
    const executing = await execute(ledger, [...ALL, "--deploy", "no-such-program"], {
      folder: tools(newFolder()),
    });
    const asked = await click(ledger);
    await order(executing, asked);
    expect((await over(ledger, asked)).why).toContain("no-such-program cannot be started (ENOENT)");
  });

  it.each([
    [
      "several ways to deploy",
      {},
      {},
      ALL,
      "the plan offers several ways to deploy; choose one with --deploy",
    ],
    ["a kind of step that it does not run", {}, {}, ["--deploy", "true"], "is of kind revert; this executor"],
    [
      "a step by hand",
      { migratesAtStartup: true, deployTool: "docker compose" },
      {},
      [...ALL.slice(0, 1), "stop,revert,deploy,check"],
      "is manual",
    ],
    ["a word to be put in", { deployTool: "ecs" }, { schema: "keep" }, ALL, "has placeholders to fill in: <"],
  ])("runs nothing of a plan with %s", async (_, service, wish, args, why) => {
    const ledger = await broken(service);
    const executing = await execute(ledger, args, { folder: tools(newFolder()) });
    const asked = await click(ledger, wish);
    await order(executing, asked);
    const failed = await over(ledger, asked);
    expect(failed).toMatchObject({ status: "failed", why: expect.stringContaining(why) });
    expect(ranIn(executing)).toEqual([]);
  });

  it("carries out one after the other", async () => {
    const ledger = await broken({}, "acme/shop");
    const folder = tools(newFolder());
    const alone = 'mkdir busy && sleep 0.3 && rmdir busy && echo "$ASOF_SERVICE" >> ran';
    const executing = await execute(ledger, [...ALL, "--deploy", program(folder, "deploy", alone)], {
      folder,
    });
    const both = [await click(ledger), await click(ledger, { schema: "keep" }, "acme/shop")];
    await Promise.all(both.map((asked) => order(executing, asked)));
    for (const asked of both) expect((await over(ledger, asked)).status).toBe("succeeded");
  });
});

describe("what is ordered twice", () => {
  it("is carried out once, also after a restart", async () => {
    const ledger = await broken();
    const folder = tools(newFolder());
    const args = [...ALL, "--deploy", program(folder, "deploy")];
    const executing = await execute(ledger, args, { folder });
    const asked = await click(ledger);
    expect([await order(executing, asked), await order(executing, asked)]).toEqual([202, 200]);
    await over(ledger, asked);
    expect(await executing.stop()).toMatchObject({ code: 0 });
    const ran = ranIn(executing);
    const again = await execute(ledger, args, { folder });
    expect(await order(again, asked)).toBe(202);
    await vi.waitFor(() => expect(again.out.at(-1)).toContain("nothing to do"), SOON_MS);
    expect(ranIn(again)).toEqual(ran);
  });

  it("is not carried out after its deadline", async () => {
    const ledger = await broken();
    const folder = tools(newFolder());
    const asked = await click(ledger);
    ledger.doors.setNow("2026-11-22T10:00:01.000Z");
    const executing = await execute(ledger, [...ALL, "--deploy", program(folder, "deploy")], { folder });
    expect(await order(executing, asked)).toBe(202);
    await vi.waitFor(() => expect(executing.out.at(-1)).toMatch(/timed out.*nothing to do$/), SOON_MS);
    expect(ranIn(executing)).toEqual([]);
  });
});

/** What is answered in place of the ledger. */
const instead = (answer: object, status = 200): Weather => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(answer),
});

/** Until what a client asks once is given up. */
const away: readonly Weather[] = Array.from({ length: 5 }, () => ({ status: 503 }));

describe("a ledger that is away", () => {
  const given = async (script?: string) => {
    const ledger = await broken();
    const folder = tools(newFolder());
    const deploy = program(folder, "deploy", script);
    const executing = await execute(ledger, ["--deploy", deploy], { folder });
    return { ledger, executing, asked: await click(ledger, { schema: "keep" }) };
  };

  it("is asked again, and what was ordered is carried out when it is there", async () => {
    const { ledger, executing, asked } = await given();
    ledger.weather.push(...away, ...away, "breaks off before");
    expect(await order(executing, asked)).toBe(202);
    expect(await over(ledger, asked)).toMatchObject({ status: "succeeded" });
    const { deadline } = asked.redeployment;
    const line = `asof: ${ledger.url} answered 503; trying again until ${deadline}`;
    expect(executing.err).toEqual([line, line]);
    expect(ranIn(executing)).toHaveLength(2);
  });

  it("hears how it ended when it is there again", async () => {
    const { ledger, executing, asked } = await given("touch begun; while [ ! -e go ]; do sleep 0.05; done");
    await order(executing, asked);
    await vi.waitFor(() => expect(existsSync(join(executing.folder, "begun"))).toBe(true), SOON_MS);
    ledger.weather.push(...away);
    writeFileSync(join(executing.folder, "go"), "");
    expect(await over(ledger, asked)).toMatchObject({ status: "succeeded" });
  });

  it("has nothing begun that timed out meanwhile", async () => {
    const { ledger, executing, asked } = await given();
    // While the plan is made.
    const slowly: Weather = {
      status: 200,
      get body() {
        ledger.doors.setNow("2026-11-22T10:00:01.000Z");
        return JSON.stringify(asked.plan);
      },
    };
    ledger.weather.push(slowly);
    await order(executing, asked);
    await vi.waitFor(() => expect(executing.out.at(-1)).toMatch(/timed out.*nothing to do$/), SOON_MS);
    expect(ranIn(executing)).toEqual([]);
  });

  it("is no ledger: then an order is forgotten, and carried out when it is sent again", async () => {
    const { ledger, executing, asked } = await given();
    ledger.weather.push({ status: 404 });
    expect(await order(executing, asked)).toBe(202);
    await vi.waitFor(() => expect(executing.err.at(-1)).toContain("which is no answer of a ledger"), SOON_MS);
    expect(await order(executing, asked)).toBe(202);
    expect(await over(ledger, asked)).toMatchObject({ status: "succeeded" });
  });
});

describe("an order", () => {
  const given = async () => {
    const ledger = await broken();
    const folder = tools(newFolder());
    const executing = await execute(ledger, [...ALL, "--deploy", program(folder, "deploy")], { folder });
    return { ledger, executing, asked: await click(ledger) };
  };
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

  it.each([
    ["of another secret", { secret: `whsec_${Buffer.alloc(32, 8).toString("base64")}` }, 401],
    ["that is too old", { at: minutesAgo(6) }, 401],
    ["that was changed on its way", { sent: messageOf({ redeployment: { id: "another.1" } }) }, 401],
    ["of something else", { body: '{"type":"redeployment.ended","data":{}}' }, 422],
    ["that is no JSON", { body: "{" }, 422],
    ["that is too long", { body: " ".repeat(1024 * 1024 + 1) }, 413],
  ])("%s is refused", async (_, how, status) => {
    const { ledger, executing, asked } = await given();
    expect(await order(executing, asked, how)).toBe(status);
    expect((await fetch(executing.url, { method: "POST", body: messageOf(asked) })).status).toBe(401);
    await executing.stop();
    expect((await statusOf(ledger, asked)).status).toBe("requested");
    expect(ranIn(executing)).toEqual([]);
  });

  /** A plan with another program in it. */
  const evilOf = ({ plan }: Asked): Plan => {
    const commands = [{ tool: "touch", argv: ["touch", "evil"], shell: "touch evil" }];
    return { ...plan, steps: plan.steps.map((step) => ({ ...step, commands })) };
  };

  it.each([
    ["with the hash that was ordered", (evil: Plan) => evil],
    ["with its own hash", (evil: Plan) => ({ ...evil, hash: hashOf(evil) })],
  ])("is of one plan: whoever answers for the ledger has no other run, %s", async (_, hashed) => {
    const { ledger, executing, asked } = await given();
    const evil = hashed(evilOf(asked));
    ledger.weather.push(instead(evil), instead({ ...asked.redeployment, planHash: evil.hash }));
    await order(executing, asked);
    expect(await over(ledger, asked)).toMatchObject({
      status: "failed",
      why: expect.stringMatching(/^the plan has changed: ordered was [0-9a-f]{12}, /),
    });
    expect(ranIn(executing)).toEqual([]);
    expect(existsSync(join(executing.folder, "evil"))).toBe(false);
  });

  it.each([
    ["another host", "//evil.example/v1/plan?environment=production"],
    ["another host behind a name", "@evil.example/v1/plan"],
    ["a whole address", "https://evil.example/v1/plan"],
  ])("is of this ledger's plan: one at %s is not asked for", async (_, plan) => {
    const { ledger, executing, asked } = await given();
    const redeployment = { ...asked.redeployment, plan };
    expect(await order(executing, { ...asked, redeployment })).toBe(202);
    expect(await over(ledger, asked)).toMatchObject({
      status: "failed",
      why: `the plan's address is not one of the ledger ${ledger.url}`,
    });
    expect(ranIn(executing)).toEqual([]);
  });

  it("is run by one executor alone", async () => {
    const { ledger, executing, asked } = await given();
    const taken = await ledger.doors
      .stranger(OTHER_EXECUTOR)
      .post(`/v1/redeployments/${asked.redeployment.id}/take`, {});
    expect(taken.status).toBe(201);
    await order(executing, asked);
    await executing.stop();
    expect(executing.out.join("\n")).toContain("was taken by executor-2");
    expect((await statusOf(ledger, asked)).status).toBe("requested");
    expect(ranIn(executing)).toEqual([]);
  });

  it("is of its images: whoever answers for the ledger has no other deployed", async () => {
    const ledger = await broken();
    const deploy = 'echo "$ASOF_IMAGE $ASOF_IMAGES $ASOF_SERVICE" >> ran';
    const folder = tools(newFolder());
    const executing = await execute(ledger, ["--deploy", program(folder, "deploy", deploy)], { folder });
    const asked = await click(ledger, { schema: "keep" });
    const components = [{ component: "main", image: `${REPOSITORY}@${TWO}` }];
    const evil = { ...asked.redeployment, components, service: "acme/shop" };
    ledger.weather.push("fair", instead(evil));
    await order(executing, asked);
    expect(await over(ledger, asked)).toMatchObject({ status: "succeeded" });
    const image = `${REPOSITORY}@${ONE}`;
    const [ran] = ranIn(executing);
    expect(ran).toBe(`${image} ${JSON.stringify([{ component: "main", image }])} acme/billing`);
  });

  it("is not its plan's words: what is run the ledger says", async () => {
    const { ledger, executing, asked } = await given();
    const evil = { n: 1, does: "deploy", title: "x", why: "", commands: [{ argv: ["touch", "evil"] }] };
    const body = messageOf({ ...asked, plan: { ...asked.plan, steps: [evil] } });
    expect(await order(executing, asked, { body })).toBe(202);
    expect((await over(ledger, asked)).status).toBe("succeeded");
    expect(existsSync(join(executing.folder, "evil"))).toBe(false);
  });

  it("is failed by Ctrl-C, which ends the step that runs and what it started", async () => {
    const ledger = await broken();
    const folder = tools(newFolder());
    const slow = program(folder, "deploy", "(sleep 600; true) > held & touch begun; wait");
    execFileSync("mkfifo", [join(folder, "held")]);
    // Ends when nothing holds the pipe any more that was started with it.
    const gone = once(createReadStream(join(folder, "held")).resume(), "end");
    const executing = await execute(ledger, [...ALL, "--deploy", slow], { folder });
    const asked = await click(ledger);
    await order(executing, asked);
    await vi.waitFor(() => expect(existsSync(join(folder, "begun"))).toBe(true), SOON_MS);
    expect(await executing.stop()).toMatchObject({ code: 0 });
    const { status, why } = await statusOf(ledger, asked);
    expect([status, why]).toEqual([
      "failed",
      expect.stringContaining("the executor was stopped during step"),
    ]);
    await expect(gone).resolves.toEqual([]);
  });
});

describe("an executor that cannot begin", () => {
  it.each([
    [["--deploy", "./no-such-program"], 2, "--deploy ./no-such-program"],
    [["--cwd", "/no/such/folder"], 2, "--cwd /no/such/folder"],
    [["--secret-file", "/no/such/file"], 2, "--secret-file /no/such/file"],
    [["--steps", "deploy,burn"], 2, "copy, backup"],
    [["--port", "70000"], 2, "a port"],
    [["--url", "http://asof.example"], 2, "--url: must be an https URL, or an http URL on this machine"],
  ])("says why: %j", async (args, code, why) => {
    const ended = await asof(["execute", "--port", "0", ...args], { ASOF_EXECUTOR_SECRET: SECRET });
    expect(ended).toMatchObject({ code, err: expect.stringContaining(why) });
  });

  it.each(["", "whsec_", "whsec_c2hvcnQ=", "a secret of another kind, which is long enough"])(
    "complains of a secret that is none, and does not tell it: %j",
    async (secret) => {
      const { code, err } = await asof(["execute", "--port", "0"], { ASOF_EXECUTOR_SECRET: secret });
      expect(code).toBe(2);
      expect(err).toContain("ASOF_EXECUTOR_SECRET: holds no secret");
      expect(secret === "" || !err.includes(secret)).toBe(true);
    },
  );

  it("makes a secret that the ledger takes, another each time", async () => {
    const made = [await asof(["execute", "--new-secret"]), await asof(["execute", "--new-secret"])];
    const secrets = made.map(({ out }) => out);
    expect(new Set(secrets).size).toBe(2);
    const ledger = await broken();
    const executing = await execute(ledger, ["--deploy", "true"], { secret: secrets[0] ?? "" });
    const asked = await click(ledger, { schema: "keep" });
    expect(await order(executing, asked, { secret: secrets[0] ?? "" })).toBe(202);
    expect(await order(executing, asked, { secret: secrets[1] ?? "" })).toBe(401);
  });
});
