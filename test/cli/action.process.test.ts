/** The GitHub Action as a runner starts it: the committed file in a process of its own, with files for what it says. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { commandNames, optionsOf } from "../../cli/action/inputs.ts";
import type { Io } from "../../cli/io.ts";
import { verifier } from "../../functions/adapters/oidc/verifier.ts";
import { Identities } from "../../functions/ledger/authority/identities.ts";
import { actionFiles } from "../../functions/runtime/action.ts";
import { event } from "../client.ts";
import { cleanUp as cleanUpDoors, givenDoors, NOW, tokenOf } from "../http/given.ts";
import { digestOf, shaOf } from "../ledger/given.ts";
import { goldenClaims, startIssuer, stopIssuers } from "../oidc/issuer.ts";
import { cleanUp, ledgerServer } from "./harness.ts";

const ROOT = join(import.meta.dirname, "../..");
const folders: string[] = [];
afterEach(async () => {
  await cleanUp();
  await stopIssuers();
  cleanUpDoors();
});
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const Manifest = z.strictObject({
  name: z.string(),
  description: z.string().max(125),
  author: z.string(),
  branding: z.object({ icon: z.string(), color: z.string() }),
  inputs: z.record(z.string(), z.strictObject({ description: z.string(), required: z.boolean().optional() })),
  outputs: z.record(z.string(), z.strictObject({ description: z.string() })),
  runs: z.strictObject({ using: z.literal("node24"), main: z.string() }),
});
const manifest = Manifest.parse(parse(readFileSync(join(ROOT, "action.yml"), "utf8")));

/** What GitHub sets in every job, as it documents it. */
const JOB = {
  CI: "true",
  GITHUB_ACTIONS: "true",
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_REPOSITORY: "acme/billing",
  GITHUB_SHA: shaOf("head"),
  GITHUB_REF: "refs/heads/main",
  GITHUB_RUN_ID: "1658821493",
  GITHUB_RUN_ATTEMPT: "1",
  GITHUB_JOB: "deploy",
  GITHUB_ACTION: "__acme_asof",
  GITHUB_ACTOR: "octocat",
  GITHUB_TRIGGERING_ACTOR: "octocat",
  RUNNER_NAME: "runner-7",
};

/** The outputs in GITHUB_OUTPUT: `name<<delimiter`, lines, `delimiter`. */
function outputsIn(text: string): Record<string, string> {
  const found = [...text.matchAll(/^(.+?)<<(ghadelimiter_\S+)\n([\s\S]*?)\n\2$/gm)];
  return Object.fromEntries(found.map(([, name = "", , value = ""]) => [name, value]));
}

/** Runs the step with its inputs. */
async function step(inputs: Record<string, string>, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "asof-action-"));
  folders.push(folder);
  const files = { GITHUB_OUTPUT: join(folder, "output"), GITHUB_STEP_SUMMARY: join(folder, "summary") };
  const payload = join(folder, "event.json");
  writeFileSync(payload, "{}");
  for (const file of Object.values(files)) writeFileSync(file, "");
  for (const name of Object.keys(inputs)) expect(Object.keys(manifest.inputs)).toContain(name);
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  // A runner sets an input that is not given to its default, which is empty.
  const unset = Object.keys(manifest.inputs).map((name) => [`INPUT_${name.toUpperCase()}`, ""]);
  const child = spawn(process.execPath, [join(ROOT, manifest.runs.main)], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? "",
      ...JOB,
      ...files,
      GITHUB_EVENT_PATH: payload,
      ...Object.fromEntries([...unset, ...given]),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      printed += text;
    });
  const [code] = z
    .tuple([z.number().nullable()])
    .rest(z.unknown())
    .parse(await once(child, "close"));
  return {
    code,
    printed,
    commands: printed.split("\n").filter((line) => line.startsWith("::")),
    outputs: outputsIn(readFileSync(files.GITHUB_OUTPUT, "utf8")),
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, "utf8"),
    hasOutbox: existsSync(join(folder, "asof-outbox.ndjson")),
  };
}

const IMAGE = "ghcr.io/acme/billing";
const DIGEST = digestOf("1.8.0");
const PLACE = { environment: "production", service: "acme/billing" };

describe("the Action's file", () => {
  it("is what its source gives", async () => {
    for (const [file, text] of Object.entries(await actionFiles()))
      expect(readFileSync(join(ROOT, file), "utf8") === text, `${file}: run \`npm run action\``).toBe(true);
  });

  it("names each option of its commands as an input, and no other", async () => {
    const nothing = () => undefined;
    const io: Io = {
      env: {},
      out: nothing,
      err: nothing,
      now: () => new Date(NOW),
      waitMs: 0,
      isAttended: false,
      interrupted: () => new AbortController().signal,
      end: nothing,
    };
    const names = await commandNames(io);
    expect(names).toEqual([
      "build",
      "push",
      "deploy",
      "migration",
      "evidence",
      "service",
      "change",
      "incident",
      "gate",
    ]);
    const inputs = await Promise.all(
      names.map(async (name) => [...((await optionsOf(name, io))?.keys() ?? [])]),
    );
    const expected = new Set(["command", "url", "token", ...inputs.flat()]);
    expect(Object.keys(manifest.inputs).sort()).toEqual([...expected].sort());
  });
});

describe("a step", () => {
  it("reports a build, a deployment and a migration from the job's own variables", async () => {
    const { url, doors } = await ledgerServer(givenDoors({ now: () => new Date() }));
    const common = { url, token: tokenOf("writer") };
    const image = `${IMAGE}@${DIGEST}`;
    const built = await step({ ...common, command: "build", image, registry: "false" });
    expect(built.outputs.outcome, built.printed).toBe("recorded");
    const deployed = await step({
      ...common,
      command: "deploy",
      ...PLACE,
      image,
      config: "77aa01c:a.yaml\n77aa01c:b.yaml",
    });
    expect(deployed.outputs.outcome, deployed.printed).toBe("recorded");
    const migration = { database: "billing", version: "20261120", reversible: "true" };
    const migrated = await step({ ...common, command: "migration", environment: "production", ...migration });
    expect(migrated.outputs.outcome, migrated.printed).toBe("recorded");
    expect([built.code, deployed.code, migrated.code]).toEqual([0, 0, 0]);

    const release = (await doors.client("reader").get("/v1/release", PLACE)).json;
    expect(release).toMatchObject({
      components: [
        { digest: DIGEST, commit: { sha: JOB.GITHUB_SHA, repository: "https://github.com/acme/billing" } },
      ],
      deployedBy: "octocat",
      config: [{ path: "a.yaml" }, { path: "b.yaml" }],
    });
    expect(deployed.summary).toContain("<td>dev.asof.deployment.succeeded.v1</td><td>recorded</td>");
  });

  it("that runs twice reports the same", async () => {
    const { url } = await ledgerServer(givenDoors({ now: () => new Date() }));
    const deploy = {
      url,
      token: tokenOf("writer"),
      command: "deploy",
      ...PLACE,
      image: `${IMAGE}@${DIGEST}`,
    };
    await step(deploy);
    expect((await step(deploy)).outputs.outcome).toBe("duplicate");
  });

  it("needs no stored secret: the job's own token says who it is", async () => {
    const issuer = await startIssuer();
    const audience = "http://ledger";
    const { repository } = goldenClaims("github-actions");
    const policy = { issuer: issuer.issuer, audience, claims: { repository }, role: "writer", name: "ci" };
    const now = () => new Date();
    const identities = verifier(Identities.parse({ policies: [policy] }), now, async () => undefined);
    const { url } = await ledgerServer(givenDoors({ now, identities }));
    const asked: string[] = [];
    const server = createServer(async (request, response) => {
      asked.push(request.headers.authorization ?? "");
      const value = await issuer.sign({ ...goldenClaims("github-actions"), aud: audience });
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ value }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : "";
    const deploy = { url, command: "deploy", ...PLACE, image: `${IMAGE}@${DIGEST}` };
    const { outputs, printed } = await step(deploy, {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "the-jobs-own-proof",
    });
    server.close();
    expect(outputs.outcome, printed).toBe("recorded");
    expect(new Set(asked)).toEqual(new Set(["bearer the-jobs-own-proof"]));
  });

  it("fails where the gate refuses, with an annotation for each reason and the reasons in the summary", async () => {
    const { url, doors } = await ledgerServer(givenDoors({ now: () => new Date() }));
    const reason = "holidays <b>& a|b</b>";
    await doors.client("admin").say(
      event("deployment.succeeded", "1", "2026-10-20T08:11:00.000Z", {
        ...PLACE,
        deployment: { provider: "test", instance: "here", id: "1" },
        components: [{ component: "main", repository: IMAGE, digest: digestOf("1.7.0") }],
      }),
    );
    await doors.client("operator").post("/v1/freezes", { environment: "production", reason });
    const { code, commands, outputs, summary } = await step({
      url,
      token: tokenOf("writer"),
      command: "gate",
      ...PLACE,
      digest: DIGEST,
    });
    expect(code).toBe(1);
    expect(outputs.allowed).toBe("false");
    expect(
      commands.some((line) => line.startsWith("::error title=asof%3A frozen::production is frozen")),
    ).toBe(true);
    expect(commands.at(-1)).toBe("::error::the gate refuses this image");
    expect(summary).toContain("holidays &lt;b&gt;&amp; a&#124;b&lt;/b&gt;");
  });

  it("passes where the gate allows it", async () => {
    const { url } = await ledgerServer(givenDoors({ now: () => new Date() }));
    const common = { url, token: tokenOf("writer") };
    const image = `${IMAGE}:1.8.0`;
    const given = { image, digest: DIGEST, registry: "false" };
    await step({ ...common, command: "push", ...given });
    await step({ ...common, command: "build", ...given });
    const { code, outputs, printed } = await step({ ...common, command: "gate", ...PLACE, digest: DIGEST });
    expect([code, outputs.allowed], printed).toEqual([0, "true"]);
  });

  it("warns and goes on while the ledger is away, and keeps what it has to report", async () => {
    const { url, weather } = await ledgerServer(givenDoors({ now: () => new Date() }));
    weather.push(...Array.from({ length: 8 }, () => ({ status: 503, headers: { "retry-after": "0" } })));
    const deploy = {
      url,
      token: tokenOf("writer"),
      command: "deploy",
      ...PLACE,
      image: `${IMAGE}@${DIGEST}`,
    };
    const { code, commands, outputs, hasOutbox } = await step(deploy);
    expect([code, outputs.outcome, hasOutbox]).toEqual([0, "waiting", true]);
    expect(
      commands.some((line) =>
        line.startsWith("::warning title=asof%3A dev.asof.deployment.succeeded.v1 waits"),
      ),
    ).toBe(true);
  });

  it.each([
    [
      "a command that there is not",
      { command: "deplyo" },
      "command: must be one of build, push, deploy, migration, evidence, service, change, incident, gate",
    ],
    ["an input that is missing", { command: "deploy", environment: "production" }, "--service"],
    [
      "a token of somebody else",
      { command: "deploy", ...PLACE, image: `${IMAGE}@${DIGEST}`, token: "wrong-token-of-somebody" },
      "401",
    ],
  ])("fails with %s, in one annotation, and shows no token", async (_, inputs, why) => {
    const { url } = await ledgerServer(givenDoors({ now: () => new Date() }));
    const { code, commands, printed } = await step({ url, token: tokenOf("writer"), ...inputs });
    expect(code).not.toBe(0);
    expect(commands.filter((line) => line.startsWith("::error")).join("\n")).toContain(why);
    const masked = printed.split("\n").filter((line) => !line.startsWith("::add-mask::"));
    expect(masked.join("\n")).not.toContain("token-that-nobody-may-see");
  });
});
