/** The program itself, as a pipeline starts it. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterEach, describe, expect, it } from "vitest";
import { Plan } from "../../schemas/plan.ts";
import { tokenOf } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";
import { CLI } from "../programs.ts";
import { broken } from "./broken.ts";
import { cleanUp, type Ended, type Env, ledgerServer, linesOf, newFolder } from "./harness.ts";

afterEach(cleanUp);

const DEPLOY = ["record", "deploy", "--environment", "staging", "--service", "acme/billing"];

/** Runs it in a folder, with no variables but these. */
function asof(cwd: string, args: readonly string[], env: Env): Promise<Ended> {
  const { PATH = "" } = process.env;
  return new Promise((done) => {
    const child = execFile(process.execPath, [CLI, ...args], { cwd, env: { PATH, ...env } }, (_, out, err) =>
      done({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

describe("the program", () => {
  it("records from any folder", async () => {
    const ledger = await ledgerServer();
    ledger.doors.setNow(new Date().toISOString());
    const env = { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("writer") };
    const { code, out, err } = await asof(newFolder(), [...DEPLOY, "--digest", digestOf("a")], env);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^recorded dev\.asof\.deployment\.succeeded\.v1 /m);
  });

  it("fails with a wrong token, and leaves the event in the working folder", async () => {
    const folder = newFolder();
    const ledger = await ledgerServer();
    const env = { ASOF_URL: ledger.url, ASOF_TOKEN: "a-token-that-is-wrong" };
    const { code, err } = await asof(folder, [...DEPLOY, "--digest", digestOf("a")], env);
    expect(code).toBe(5);
    expect(err).toContain("401");
    expect(linesOf(join(folder, "asof-outbox.ndjson"))).toHaveLength(1);
  });

  it("shows what it can do, and ends with 2 where it is not understood", async () => {
    const folder = newFolder();
    const help = await asof(folder, ["record", "--help"], {});
    expect(help.code).toBe(0);
    expect(help.out).toContain("Exit codes:");
    expect((await asof(folder, ["record", "deploy"], {})).code).toBe(2);
  });

  it("loads the client of Kubernetes from the file beside it, when a command needs it", async () => {
    expect(readFileSync(CLI, "utf8")).not.toContain("class CustomObjectsApi");
    const args = ["import", "kubernetes", "--cluster", "eu-1", "--kubeconfig", "none", "--dry-run"];
    const { code, err } = await asof(newFolder(), args, {});
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining("the kubeconfig cannot be read: ENOENT"),
    });
  });
});

/** The program with nobody to read one of its outputs, from before the first byte on. */
async function unread(
  which: "stdout" | "stderr",
  args: readonly string[],
  env: Env = {},
): Promise<{ code: unknown; other: string }> {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [CLI, ...args], { cwd: newFolder(), env: { PATH, ...env } });
  child[which].destroy();
  const [other, [code]] = await Promise.all([
    text(which === "stdout" ? child.stderr : child.stdout),
    once(child, "exit"),
  ]);
  return { code, other };
}

describe("an output that nobody reads any more", () => {
  it.each([
    { closed: "stdout", args: ["record", "deploy", "--help"], code: 0 },
    { closed: "stderr", args: ["no-such-command"], code: 2 },
  ] as const)(
    "ends the program quietly, as it would end otherwise: $closed",
    async ({ closed, args, code }) => {
      expect(await unread(closed, args)).toEqual({ code, other: "" });
    },
  );

  it("does not keep the program from recording", async () => {
    const ledger = await ledgerServer();
    ledger.doors.setNow(new Date().toISOString());
    const env = { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("writer") };
    const args = [...DEPLOY, "--digest", digestOf("a"), "--actor", "octocat"];
    expect(await unread("stdout", args, env)).toEqual({ code: 0, other: "" });
    const { text: release } = await ledger.doors.client().get("/v1/release", {
      ...{ environment: "staging", service: "acme/billing", at: new Date(Date.now() + 60_000).toISOString() },
    });
    expect(release).toContain(digestOf("a"));
  });

  it("may be left in the middle", async () => {
    const ledger = await broken();
    const question = { environment: "production", service: "acme/billing", last: "good", schema: "keep" };
    const plan = Plan.parse((await ledger.doors.client("reader").get("/v1/plan", question)).json);
    const steps = Array.from({ length: 5000 }, () => plan.steps).flat();
    ledger.weather.push({ status: 200, body: JSON.stringify({ ...plan, steps }) });
    const env = { PATH: process.env.PATH, ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("reader") };
    const args = ["plan", "--environment", "production", "--service", "acme/billing", "--last-good"];
    const child = spawn(process.execPath, [CLI, ...args], { env });
    child.stdout.once("data", () => child.stdout.destroy());
    const [err, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  it("is an error where it cannot be written for another reason", async () => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [CLI, "--help"], { stdio: ["ignore", full, "pipe"] });
    const err = child.stderr === null ? "" : await text(child.stderr);
    expect({ code: child.exitCode ?? (await once(child, "exit"))[0], err }).toEqual({
      code: 1,
      err: expect.stringMatching(/^asof: the output .* ENOSPC.*\n$/),
    });
  });
});

describe("a fault of the program itself", () => {
  it.each([
    [
      "a promise that nobody awaits",
      "globalThis.fetch = () => { Promise.reject(new Error('lost')); return new Promise(() => {}); };",
    ],
    [
      "an error that nobody catches",
      "globalThis.fetch = () => { setTimeout(() => { throw new Error('lost'); }); return new Promise(() => {}); };",
    ],
  ])("is one line and exit code 1: %s", async (_, broken) => {
    const preload = join(newFolder(), "preload.mjs");
    writeFileSync(preload, broken);
    const env = { ASOF_TOKEN: "any", NODE_OPTIONS: `--import ${preload}` };
    const args = ["plan", "--environment", "production", "--service", "acme/billing", "--last-good"];
    const { code, out, err } = await asof(newFolder(), args, env);
    expect({ code, out, err }).toEqual({
      code: 1,
      out: "",
      err: expect.stringMatching(/^asof: unexpected error, please report it: .*lost.*\n$/),
    });
  });
});

describe("the server of an assistant", () => {
  it("answers over standard input and output", async () => {
    const ledger = await broken();
    const { PATH = "" } = process.env;
    const client = new Client({ name: "test", version: "1" });
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [CLI, "mcp", "--url", ledger.url],
        env: { PATH, ASOF_TOKEN: tokenOf("reader") },
      }),
    );
    const answer = await client.callTool({ name: "environments", arguments: {} });
    await client.close();
    expect(JSON.stringify(answer)).toContain("production");
    expect(answer.isError).toBeUndefined();
  });
});

describe("completion in bash", () => {
  /** Types into an interactive bash on a terminal; resolves with what it shows, once that has the text. */
  async function typed(env: Env, keys: string, until: string): Promise<string> {
    const folder = newFolder();
    const { PATH = "" } = process.env;
    writeFileSync(join(folder, "asof"), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`, {
      mode: 0o755,
    });
    const shell = spawn("script", ["-qec", "bash --norc --noprofile -i", "/dev/null"], {
      cwd: folder,
      env: { ...env, PATH: `${folder}:${PATH}`, TERM: "dumb", PS1: "> ", HOME: folder },
    });
    let shown = "";
    const shows = (wanted: string) =>
      new Promise<void>((done) => {
        const look = () => shown.includes(wanted) && done();
        shell.stdout.on("data", look);
        look();
      });
    shell.stdout.on("data", (bytes: Buffer) => {
      shown += bytes.toString("utf8");
    });
    try {
      shell.stdin.write(`eval "$(asof completion bash)"; echo rea''dy\n`);
      await shows("ready");
      shell.stdin.write(keys);
      await shows(until);
      return shown;
    } finally {
      shell.kill("SIGKILL");
    }
  }

  it("completes commands and the ledger's names", async () => {
    const ledger = await broken();
    const env = { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("reader") };
    expect(await typed(env, "asof pl\t", "asof plan ")).toContain("asof plan ");
    expect(await typed(env, "asof plan --environment prod\t", "production ")).toContain("production ");
  });
});
