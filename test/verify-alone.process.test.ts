/** `asof-verify.mjs` alone: one file in an empty folder, and nothing but Node. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PROGRAMS } from "../functions/runtime/build.ts";
import { bundlePrograms } from "../functions/runtime/bundle.ts";
import { writeKey } from "../functions/seal/note.ts";
import { bundleOf, entriesOf } from "../functions/seal/tiles.ts";
import { type Files, factEntry, madeLog, minute, writeFolder } from "./seal/made-log.ts";
import { newSigner } from "./seal/signer.ts";

const folder = mkdtempSync(join(tmpdir(), "asof-alone-"));
const empty = join(folder, "empty");
const signer = newSigner("ledger.example/log");
let made: Files;

beforeAll(async () => {
  const entries = { "asof-verify": PROGRAMS["asof-verify"] };
  await bundlePrograms({ entries, folder: join(folder, "dist"), external: [] });
  mkdirSync(empty);
  // Under another name, because an auditor may give it one: its threads run the same file.
  copyFileSync(join(folder, "dist/asof-verify.mjs"), join(empty, "check.mjs"));
  made = await madeLog(signer, [1900, 900, 3]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      ["check.mjs", ...args, "--key", writeKey(signer.key), "--at", minute(10)],
      // No variables at all: neither paths to packages nor options of Node.
      { cwd: empty, env: {} },
      (_, out, err) => done({ code: child.exitCode, out, err }),
    );
  });
}

it("verifies a log, in threads too", async () => {
  writeFolder(join(empty, "log"), made);
  const { code, out, err } = await run("log");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/2,806 leaves, 2,803 facts, 3 seals[\s\S]*\nverified\n$/);
  expect(readdirSync(empty)).toEqual(["check.mjs", "log"]);
});

it("names what was altered, in a bundle that a thread checks", async () => {
  const path = "tile/entries/009";
  const entries = entriesOf(made.get(path) ?? Buffer.of()) ?? [];
  const other = factEntry("fact-2-500", minute(1), { tag: "other" });
  const changed = new Map([...made, [path, bundleOf(entries.with(97, other))]]);
  writeFolder(join(empty, "other"), changed);
  const { code, out } = await run("other");
  expect([code, out]).toEqual([12, expect.stringContaining('fact "fact-2-500" of "/test/registry"')]);
});
