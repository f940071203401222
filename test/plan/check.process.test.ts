/** The step that checks what runs, as a shell runs it, against a ledger: it succeeds for the images of its plan alone. */
import { execFile } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { Release } from "../../schemas/answer.ts";
import { Plan } from "../../schemas/plan.ts";
import { broken, ONE, REPOSITORY, TWO } from "../cli/broken.ts";
import { cleanUp, type LedgerServer, linesOf, newFolder } from "../cli/harness.ts";
import { event } from "../client.ts";
import { deployed, tokenOf } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";
import { HOSTILE } from "./commands-hostile.ts";

const execute = promisify(execFile);
afterEach(cleanUp);

/** After the second release of `broken`, and before the ledger's now. */
const LATER = "2026-11-21T10:00:00.000Z";
const component = (name: string, digest: string, more: object = {}) => ({
  ...{ component: name, repository: REPOSITORY, digest },
  ...more,
});

async function report({ doors }: LedgerServer, components: readonly object[], more: object = {}) {
  const said = deployed(`report ${JSON.stringify(more)}`, LATER, { components, ...more });
  expect((await doors.client().say(said)).status).toBe(201);
}

async function planOf({ doors }: LedgerServer, service = "acme/billing"): Promise<Plan> {
  const question = { environment: "production", service, at: "2026-11-15", schema: "keep" };
  return Plan.parse((await doors.client().get("/v1/plan", question)).json);
}

/** Takes the step where nobody has to wait for it. */
async function check({ url }: LedgerServer, { steps }: Plan, more: object = {}) {
  const folder = newFolder();
  const sleep = join(folder, "sleep");
  writeFileSync(sleep, `#!/bin/sh\necho "$@" >> ${folder}/slept\n`);
  chmodSync(sleep, 0o755);
  const env = { PATH: `${folder}:/usr/bin:/bin`, ASOF_URL: url, ASOF_TOKEN: tokenOf("reader"), ...more };
  const [command, ...others] = steps.at(-1)?.commands ?? [];
  expect(others).toEqual([]);
  const ended = await execute("sh", ["-c", command?.shell ?? "exit 9"], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }) => ({ code: Number(code), out: String(stdout), err: String(stderr) }),
  );
  return { ...ended, slept: linesOf(join(folder, "slept")) };
}

describe("the check", () => {
  it("succeeds where the release names the images of the plan, and prints it", async () => {
    const ledger = await broken();
    const plan = await planOf(ledger);
    await report(ledger, [component("main", ONE)]);
    const { code, out, slept } = await check(ledger, plan);
    expect([code, slept]).toEqual([0, []]);
    expect(Release.parse(JSON.parse(out)).components).toMatchObject([{ digest: ONE }]);
  });

  it("succeeds where a service without images runs the commit of the plan, and not another", async () => {
    const ledger = await broken();
    const service = "acme/shop";
    const bare = (time: string, sha: string, more: object = {}) =>
      deployed(`${sha} ${time}`, time, {
        service,
        components: [{ component: "main" }],
        commit: { repository: "https://github.com/acme/shop", sha },
        ...more,
      });
    const [one, two] = ["1", "2"].map((digit) => digit.repeat(40));
    const { doors } = ledger;
    for (const said of [
      event("service.described", "described", "2026-11-01T10:00:00.000Z", { service, images: [] }),
      bare("2026-11-10T10:00:00.000Z", `${one}`),
      bare("2026-11-20T10:00:00.000Z", `${two}`),
    ])
      expect((await doors.client().say(said)).status).toBe(201);
    const plan = await planOf(ledger, service);
    expect((await check(ledger, plan)).code).toBe(1);
    expect((await doors.client().say(bare(LATER, `${one}`))).status).toBe(201);
    expect((await check(ledger, plan)).code).toBe(0);
  });

  it("waits two minutes for the report, asking every five seconds, and fails", async () => {
    const ledger = await broken();
    const plan = await planOf(ledger);
    const before = ledger.asked.length;
    const { code, out, err, slept } = await check(ledger, plan);
    expect([code, out, slept]).toEqual([1, "", Array(24).fill("5")]);
    expect(err).toBe(`it runs ${TWO} and not ${ONE}\n`);
    expect(ledger.asked.length - before).toBe(25);
  });

  it("takes a report that comes a little later, and a ledger that is away for a moment", async () => {
    const ledger = await broken();
    const plan = await planOf(ledger);
    const { text } = await ledger.doors
      .client()
      .get("/v1/release", { environment: "production", service: "acme/billing" });
    ledger.weather.push({ status: 503 }, { status: 200, body: text }, "breaks off before");
    await report(ledger, [component("main", ONE)]);
    expect(await check(ledger, plan)).toMatchObject({ code: 0, slept: ["5", "5", "5"] });
  });

  it.each<[string, object[]]>([
    ["names another image too", [component("main", ONE), component("worker", TWO)]],
    [
      "names an image whose digest cannot be told",
      [component("main", ONE), { component: "worker", tag: "1" }],
    ],
    ["names no digest", [{ component: "main", repository: REPOSITORY, tag: "1" }]],
    ["names an image in its texts alone", [component(`","digest":"${ONE}","image":"x`, TWO)]],
  ])("fails where the release %s", async (_, components) => {
    const ledger = await broken();
    const plan = await planOf(ledger);
    await report(ledger, components);
    expect(await check(ledger, plan)).toMatchObject({ code: 1, out: "" });
  });

  it("fails where the service was removed, or the ledger lets nobody ask", async () => {
    const ledger = await broken();
    const plan = await planOf(ledger);
    const refused = await check(ledger, plan, { ASOF_TOKEN: "another" });
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("401") });
    const gone = event("deployment.removed", "gone", LATER, {
      environment: "production",
      service: "acme/billing",
    });
    expect((await ledger.doors.client().say(gone)).status).toBe(201);
    expect((await check(ledger, plan)).err).toBe(`it runs what is not known and not ${ONE}\n`);
  });

  it.each(["ASOF_URL", "ASOF_TOKEN"])("fails at once without %s", async (variable) => {
    const ledger = await broken();
    const plan = await planOf(ledger);
    const { code, err, slept } = await check(ledger, plan, { [variable]: "" });
    expect([code, slept]).toEqual([2, []]);
    expect(err).toContain(variable);
  });

  it("takes an image by its index, whatever digest of it was reported", async () => {
    const ledger = await broken();
    const child = digestOf("one for amd64");
    const indexed = event("artifact.indexed", "one", LATER, { digest: ONE, manifests: [{ digest: child }] });
    expect((await ledger.doors.client().say(indexed)).status).toBe(201);
    const plan = await planOf(ledger);
    await report(ledger, [component("main", child)]);
    expect(await check(ledger, plan)).toMatchObject({ code: 0 });
  });

  it("wants each image of several, however often it runs", async () => {
    const ledger = await broken();
    const both = [
      component("api", ONE),
      component("worker", TWO),
      component("cron", TWO, { variant: "a", weight: 5 }),
    ];
    const then = deployed("then", "2026-11-14T10:00:00.000Z", { components: both });
    expect((await ledger.doors.client().say(then)).status).toBe(201);
    const plan = await planOf(ledger);
    expect(await check(ledger, plan)).toMatchObject({ code: 1 });
    await report(ledger, both);
    expect(await check(ledger, plan)).toMatchObject({ code: 0 });
  });

  it("lets run on what came later, which no step takes away", async () => {
    const ledger = await broken();
    const proxy = component("proxy", digestOf("proxy"));
    const config = [{ repository: "https://github.com/acme/deploy", revision: "77aa01c", path: "billing" }];
    const components = [component("main", TWO), proxy];
    const now = deployed("now", "2026-11-20T11:00:00.000Z", { components, config });
    expect((await ledger.doors.client().say(now)).status).toBe(201);
    const plan = await planOf(ledger);
    expect(plan.warnings.map(({ code }) => code)).toContain("component_came_later");
    expect(await check(ledger, plan)).toMatchObject({ code: 1 });
    await report(ledger, [component("main", ONE), proxy]);
    expect(await check(ledger, plan)).toMatchObject({ code: 0 });
  });

  it("asks for any service by its name, and runs no part of it", async () => {
    const names = HOSTILE.filter((name) => name.trim() !== "" && !/[\r\n]/.test(name));
    const ledger = await broken({}, ...names);
    for (const name of names) {
      const plan = await planOf(ledger, name);
      await report(ledger, [component("main", ONE)], {
        service: name,
        deployment: { provider: "x", instance: "x", id: name },
      });
      expect(await check(ledger, plan), name).toMatchObject({ code: 0, err: "" });
    }
  });
});
