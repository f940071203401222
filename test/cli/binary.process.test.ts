/** The program itself, as a pipeline starts it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { tokenOf } from "../doors/given.ts";
import { digestOf } from "../ledger/given.ts";
import { cleanUp, type Ended, type Env, ledgerServer, linesOf, newFolder } from "./world.ts";

afterEach(cleanUp);

const PROGRAM = join(import.meta.dirname, "../../cli/asof.mjs");
const DEPLOY = ["record", "deploy", "--environment", "staging", "--service", "acme/billing"];

/** Runs it in a folder, with no variables but these. */
function asof(cwd: string, args: readonly string[], env: Env): Promise<Ended> {
  const { PATH = "" } = process.env;
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...args],
      { cwd, env: { PATH, ...env } },
      (_, out, err) => done({ code: child.exitCode ?? -1, out, err }),
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
    expect(code).toBe(1);
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
});
