/** A CI job that the ledger started: it runs the whole plan of the redeployment of its inputs, and ends as that ended. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Plan } from "../../schemas/plan.ts";
import { Redeployment, Redeployments } from "../../schemas/redeployment.ts";
import { deployed, OTHER_EXECUTOR, tokenOf } from "../http/given.ts";
import { broken, ONE, REPOSITORY, TWO } from "./broken.ts";
import { asof, cleanUp, type Ended, type LedgerServer, linesOf, newFolder } from "./harness.ts";

const stops: (() => void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await cleanUp();
});

const ALL = ["--steps", "copy,backup,revert,deploy,check"];

/** A program that writes down how it was called. */
function program(folder: string, name: string, script = `echo ${name} "$@" >> ran`): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A folder with the tools of plans; `curl` answers as if the deployment were reported. */
function tools(config: object[] = []): string {
  const folder = newFolder();
  for (const name of ["git", "kubectl", "docker"]) program(folder, name);
  const release = { components: [{ component: "main", digest: ONE, image: `${REPOSITORY}@${ONE}` }], config };
  program(folder, "curl", `echo curl "$1" >> ran; echo '${JSON.stringify(release)}'`);
  return folder;
}

async function requested({ doors }: LedgerServer, more: object = {}): Promise<Redeployment> {
  const question = {
    ...{ environment: "production", service: "acme/billing", at: "2026-11-15" },
    ...{ schema: "revert", ...more },
  };
  const operator = doors.client("operator");
  const plan = Plan.parse((await operator.get("/v1/plan", question)).json);
  const body = { ...question, planHash: plan.hash, expectedCurrent: TWO, reason: "invoices are empty" };
  const answer = await operator.post("/v1/redeployments", body, { "idempotency-key": "click" });
  return Redeployments.parse(answer.json).redeployments[0] ?? expect.fail(answer.text);
}

const statusOf = async ({ doors }: LedgerServer, { id }: Redeployment): Promise<Redeployment> =>
  Redeployment.parse((await doors.client().get(`/v1/redeployments/${id}`)).json);

/** Runs it as the job does, by its inputs. */
const inJob = (
  { url }: LedgerServer,
  { id, planHash }: Pick<Redeployment, "id" | "planHash">,
  folder: string,
  args: readonly string[] = ALL,
  env: Record<string, string> = { ASOF_TOKEN: tokenOf("executor") },
): Promise<Ended> =>
  asof(["execute", "--once", "--cwd", folder, ...args], {
    ASOF_URL: url,
    ASOF_REDEPLOYMENT: id,
    ASOF_PLAN_HASH: planHash,
    PATH: `${folder}:/usr/bin:/bin`,
    ...env,
  });

describe("a job", () => {
  it("reverts, deploys and checks, and reports that it succeeded", async () => {
    const ledger = await broken();
    const folder = tools();
    const deploy = program(folder, "deploy", 'echo "deploy $ASOF_IMAGE" >> ran');
    const redeployment = await requested(ledger);
    const ended = await inJob(ledger, redeployment, folder, [...ALL, "--deploy", deploy]);
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(linesOf(join(folder, "ran"))).toEqual([
      expect.stringMatching(/^docker .* knex migrate:down 20261120_terms/),
      `deploy ${REPOSITORY}@${ONE}`,
      expect.stringMatching(/^curl /),
    ]);
    expect(await statusOf(ledger, redeployment)).toMatchObject({ status: "succeeded", why: null });
  });

  it("puts the configuration of then back, where the plan's step does", async () => {
    const places = [{ environment: "production", cluster: "eu-1", namespace: "billing" }];
    const ledger = await broken({ deployTool: "kubectl", places });
    const config = (revision: string) => [
      { repository: "https://github.com/acme/deploy", revision, path: "billing" },
    ];
    const later = deployed("later", "2026-11-21T10:00:00.000Z", {
      components: [{ component: "main", repository: REPOSITORY, digest: TWO }],
      config: config("88bb02d"),
    });
    expect((await ledger.doors.client().say(later)).status).toBe(201);
    const folder = tools(config("77aa01c"));
    const redeployment = await requested(ledger);
    expect(await inJob(ledger, redeployment, folder)).toMatchObject({ code: 0, err: "" });
    const ran = linesOf(join(folder, "ran")).join("\n");
    expect(ran).toMatch(
      /git -C asof-77aa01c checkout --detach 77aa01c\nkubectl .* apply .*\nkubectl .* set image /,
    );
    expect(await statusOf(ledger, redeployment)).toMatchObject({ status: "succeeded" });
  });

  it("fails as its step failed", async () => {
    const ledger = await broken();
    const folder = tools();
    const deploy = program(folder, "deploy", "exit 7");
    const redeployment = await requested(ledger);
    const ended = await inJob(ledger, redeployment, folder, [...ALL, "--deploy", deploy]);
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining("(deploy) ended with 7") });
    const { status, why } = await statusOf(ledger, redeployment);
    expect([status, why]).toEqual(["failed", expect.stringMatching(/^step \d \(deploy\) ended with 7$/)]);
  });

  it("of a request that was delivered twice runs nothing, and is fine", async () => {
    const ledger = await broken();
    const folder = tools();
    const args = [...ALL, "--deploy", program(folder, "deploy")];
    const redeployment = await requested(ledger);
    await inJob(ledger, redeployment, folder, args);
    const ran = linesOf(join(folder, "ran"));
    const again = await inJob(ledger, redeployment, folder, args);
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/succeeded.*: nothing to do$/) });
    expect(linesOf(join(folder, "ran"))).toEqual(ran);
  });

  it.each([
    ["was cancelled", "operator", "cancel", { reason: "found the cause" }, /cancelled.*: nothing to do$/],
    ["another executor has taken", "other", "take", {}, /was taken by executor-2.*: nothing to do$/],
  ] as const)("of a redeployment that %s runs nothing", async (_, who, verb, body, said) => {
    const ledger = await broken();
    const folder = tools();
    const redeployment = await requested(ledger);
    const client = who === "other" ? ledger.doors.stranger(OTHER_EXECUTOR) : ledger.doors.client("operator");
    expect((await client.post(`/v1/redeployments/${redeployment.id}/${verb}`, body)).status).toBe(201);
    const ended = await inJob(ledger, redeployment, folder);
    expect(ended).toMatchObject({ code: 0, out: expect.stringMatching(said) });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });

  it("runs no other plan than that of its inputs", async () => {
    const ledger = await broken();
    const folder = tools();
    const redeployment = await requested(ledger);
    const planHash = "0".repeat(64);
    const ended = await inJob(ledger, { ...redeployment, planHash }, folder);
    expect(ended.code).toBe(1);
    expect(await statusOf(ledger, redeployment)).toMatchObject({
      status: "failed",
      why: expect.stringMatching(/^the plan has changed: ordered was 0{12}, /),
    });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });

  it.each([
    ["images", { components: [{ component: "main", image: `${REPOSITORY}@${TWO}` }] }],
    ["a service", { service: "acme/shop" }],
  ])("deploys no other thing than its plan, whoever answers with other %s", async (_, other) => {
    const ledger = await broken();
    const folder = tools();
    const redeployment = await requested(ledger);
    ledger.weather.push({
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...redeployment, ...other }),
    });
    const deploy = program(folder, "deploy", 'echo "deploy $ASOF_IMAGE" >> ran');
    expect((await inJob(ledger, redeployment, folder, [...ALL, "--deploy", deploy])).code).toBe(1);
    expect(await statusOf(ledger, redeployment)).toMatchObject({
      status: "failed",
      why: "the redeployment names other images or another place than its plan",
    });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });

  it("is known by its own identity, for the audience that it is given, and so are its programs", async () => {
    const ledger = await broken();
    const folder = tools();
    const audiences: (string | null)[] = [];
    const issuer = createServer((request, response) => {
      audiences.push(new URL(request.url ?? "", "http://here").searchParams.get("audience"));
      response.end(JSON.stringify({ value: tokenOf("executor") }));
    });
    await new Promise<void>((done) => issuer.listen(0, "127.0.0.1", done));
    stops.push(() => issuer.close());
    const address: AddressInfo | string | null = issuer.address();
    const port = typeof address === "object" ? address?.port : "";
    const deploy = program(folder, "deploy", "env > variables");
    const redeployment = await requested(ledger, { schema: "keep" });
    const ended = await inJob(ledger, redeployment, folder, ["--deploy", deploy], {
      ASOF_TOKEN: "",
      ASOF_AUDIENCE: "asof executors",
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "proof",
    });
    expect(ended.code).toBe(0);
    expect(new Set(audiences)).toEqual(new Set(["asof executors"]));
    expect(readFileSync(join(folder, "variables"), "utf8")).toContain(`ASOF_TOKEN=${tokenOf("executor")}\n`);
  });

  it.each([
    [{ ASOF_PLAN_HASH: "ab" }, "--once: needs the redeployment's id or ASOF_REDEPLOYMENT"],
    [{ ASOF_REDEPLOYMENT: "1.1" }, "--once: needs --plan-hash or ASOF_PLAN_HASH"],
  ])("without its inputs does not begin: %j", async (env, why) => {
    const ended = await asof(["execute", "--once"], env);
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining(why) });
  });
});
