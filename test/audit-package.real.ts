/**
 * The package for auditors as they meet it: made by the program from a ledger, checked by the commands of its README with
 * nothing but the folder, and read by other people's tools.
 */
import { execFile } from "node:child_process";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filesOf } from "../cli/verify/package-files.ts";
import { parseTokens } from "../functions/ledger/authority/authority.ts";
import { bundleCommandLine, PROGRAMS } from "../functions/runtime/build.ts";
import { bundlePrograms } from "../functions/runtime/bundle.ts";
import { writeKey } from "../functions/seal/note.ts";
import { seal } from "../functions/seal/sealer.ts";
import { cleanUp, ledgerServer } from "./cli/harness.ts";
import { event } from "./client.ts";
import { deployed, givenDoors, SECRETS, tokenOf } from "./http/given.ts";
import { digestOf } from "./ledger/given.ts";
import { rowsOf } from "./real/duckdb.ts";
import { python } from "./real/python.ts";
import { type Authority, newAuthority } from "./real/time-stamps.ts";
import { memoryLog } from "./seal/memory-log.ts";
import { newSigner } from "./seal/signer.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "asof-audit-package-"));
const made = join(folder, "made");
const madeForBound = join(folder, "made-for-bound");
const BOUND = "bound-auditor-that-nobody-may-see";
const dist = join(folder, "dist");
const bin = join(folder, "bin");
const signer = newSigner("ledger.example/log");
const FACTS = 300;
let authority: Authority;

/** What a shell says to a command in a folder: no variables but where programs are. */
async function shell(command: string, cwd: string) {
  const env = { PATH: [bin, "/usr/bin", "/bin"].join(delimiter) };
  return run("sh", ["-c", command], { cwd, env }).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code: Number(code), said: `${stdout}${stderr}` }),
  );
}

async function bundled(): Promise<void> {
  const { "asof-verify": verify } = PROGRAMS;
  await Promise.all([
    bundleCommandLine(dist),
    bundlePrograms({ entries: { "asof-verify": verify }, folder: dist, external: [] }),
  ]);
  copyFileSync(join(import.meta.dirname, "independent/verify.py"), join(dist, "verify.py"));
}

/** A ledger with a year's worth of versions that spreadsheets spoil, sealed and time-stamped. */
async function ledger() {
  const log = memoryLog();
  const tokens = parseTokens(
    `writer:w:${tokenOf("writer")},auditor:al:${tokenOf("auditor")},auditor:bo:${BOUND}:environments=production`,
  );
  const doors = givenDoors({ sealedLog: log, secrets: async () => ({ tokens, webhooks: SECRETS }) });
  const facts = Array.from({ length: FACTS }, (_, n) =>
    n % 3 === 0
      ? deployed(`d${n}`, "2026-11-21T08:00:00.000Z")
      : event("artifact.pushed", `p${n}`, "2026-11-21T07:00:00.000Z", {
          digest: digestOf(`p${n}`),
          repository: "ghcr.io/acme/billing",
          tag: n % 2 === 0 ? `1.${n}0` : `2026010109${n}`,
        }),
  );
  await doors.client("writer").sayAll(facts);
  const sealing = { store: doors.ledger.store, log, signer, now: doors.ledger.now };
  doors.setNow("2026-11-22T09:01:00.000Z");
  await seal(sealing);
  const size = FACTS + 1;
  // Stamped by a clock of today: the log must not be younger than its time-stamp.
  log.files.set(
    `anchors/${size}.tsr`,
    await authority.stamp(log.files.get(`checkpoints/${size}`) ?? Buffer.of()),
  );
  doors.setNow("2026-11-22T09:02:00.000Z");
  return ledgerServer(doors);
}

beforeAll(async () => {
  mkdirSync(join(folder, "authority"));
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  symlinkSync(python(), join(bin, "python3"));
  authority = await newAuthority(join(folder, "authority"), "ec", false);
  await bundled();
  const { url } = await ledger();
  for (const [out, token] of [
    [made, tokenOf("auditor")],
    [madeForBound, BOUND],
  ] as const) {
    const args = ["export", "--package", out, "--from", "2026-11-22"];
    const env = { PATH: process.env.PATH, ASOF_URL: url, ASOF_TOKEN: token };
    await run(process.execPath, [join(dist, "asof.mjs"), ...args], { env });
  }
  // From here on there is no ledger.
  await cleanUp();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The commands of the README, in order. */
const commands = (of = made): string[] =>
  [...readFileSync(join(of, "README.md"), "utf8").matchAll(/```console\n([\s\S]*?)```/g)].flatMap(
    ([, block = ""]) => block.trim().split("\n"),
  );

const VERIFIERS = [
  `node ${join(dist, "asof-verify.mjs")} . --key '${writeKey(signer.key)}'`,
  `python3 ${join(dist, "verify.py")} . '${writeKey(signer.key)}'`,
] as const;

/** Changes a byte of a file of a package, and puts it back: both verifiers refuse it, and say in which file it is. */
async function expectChangesFound(folder: string, path: string): Promise<void> {
  const file = join(folder, path);
  const before = readFileSync(file);
  const bytes = Buffer.from(before);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  for (const verifier of VERIFIERS) {
    const { code, said } = await shell(verifier, folder);
    const expected = { code: true, said: expect.stringContaining(path) };
    expect({ path, code: code > 0, said }).toMatchObject(expected);
  }
  writeFileSync(file, before);
}

describe("a package", () => {
  it("is verified by the commands of its README", async () => {
    const said = commands();
    expect(said).toHaveLength(4);
    const [ours = "", theirs = "", sums = "", stamps = ""] = said;
    expect(await shell(ours, made)).toMatchObject({ code: 0, said: expect.stringMatching(/^verified$/m) });
    expect(await shell(theirs, made)).toEqual({ code: 0, said: '{"ok": true, "problems": []}\n' });
    expect(await shell(sums, made)).toEqual({ code: 0, said: "" });
    // The certificates are the reader's own, and no part of the package.
    const file = join(folder, "authority.pem");
    writeFileSync(file, authority.root);
    const mine = stamps.replace("authority.pem", file);
    expect(await shell(mine, made)).toMatchObject({ code: 0, said: expect.stringContaining("OK") });
    const trusted = await shell(`${ours} --tsa-ca ${file}`, made);
    expect(trusted).toMatchObject({ code: 0, said: expect.stringContaining("anchor: O=Test") });
  });

  it("is refused by both verifiers with a byte changed in any kind of file, and both say in which", async () => {
    const files = filesOf(made);
    expect(files.length).toBeGreaterThan(15);
    for (const path of files) await expectChangesFound(made, path);
    appendFileSync(join(made, "SHA256SUMS"), "x");
    for (const verifier of VERIFIERS) {
      const { code, said } = await shell(verifier, made);
      expect([code > 0, said]).toEqual([true, expect.stringContaining("SHA256SUMS")]);
    }
    const sums = readFileSync(join(made, "SHA256SUMS"));
    writeFileSync(join(made, "SHA256SUMS"), sums.subarray(0, -1));
    for (const verifier of VERIFIERS) expect((await shell(verifier, made)).code).toBe(0);
  });

  it("names the fact that was altered in the log, and the line that was in the copy", async () => {
    const { code, said } = await shell(VERIFIERS[0], made);
    expect([code, said]).toEqual([0, expect.stringContaining("verified")]);
    const file = join(made, "facts.ndjson");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, before.replace("acme/billing", "acme/bullion"));
    for (const verifier of VERIFIERS)
      expect((await shell(verifier, made)).said).toMatch(/facts\.ndjson.*line 1 is no fact of the log/);
    writeFileSync(file, before);
  });
});

describe("a package for a bound auditor", () => {
  it("is verified by the commands of its README", async () => {
    const [ours = "", theirs = "", sums = ""] = commands(madeForBound);
    expect(await shell(ours, madeForBound)).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^verified: 300 facts are leaves/m),
    });
    expect(await shell(theirs, madeForBound)).toEqual({ code: 0, said: '{"ok": true, "problems": []}\n' });
    expect(await shell(sums, madeForBound)).toEqual({ code: 0, said: "" });
    const key = `'${writeKey(signer.key)}'`;
    for (const alone of [
      `node ${join(dist, "asof-verify.mjs")} --proof facts.proofs --fact facts.ndjson --key ${key}`,
      `python3 ${join(dist, "verify.py")} --proof facts.proofs --fact facts.ndjson ${key}`,
    ])
      expect((await shell(alone, madeForBound)).code).toBe(0);
  });

  it("is refused by both verifiers with a byte changed in any file, or lines that do not fit their proofs", async () => {
    for (const path of filesOf(madeForBound)) await expectChangesFound(madeForBound, path);
    const file = join(madeForBound, "facts.ndjson");
    const before = readFileSync(file, "utf8");
    const [one = "", two = "", ...others] = before.split("\n");
    for (const lines of [
      [two, one, ...others],
      [one, ...others],
      [one, two, one, ...others],
      [one, two.replace("ghcr.io", "evil.io"), ...others],
    ]) {
      writeFileSync(file, lines.join("\n"));
      for (const verifier of VERIFIERS)
        expect((await shell(verifier, madeForBound)).said).toMatch(/facts\.ndjson.*line [123]\b/);
    }
    writeFileSync(file, before);
  });
});

describe("its Parquet file", () => {
  const table = `read_parquet('${join(made, "facts.parquet")}')`;

  it("has typed columns for DuckDB: times, numbers, and versions as text", async () => {
    const columns = await rowsOf(`DESCRIBE SELECT * FROM ${table}`);
    const types = Object.fromEntries(columns.map((row) => [String(row.column_name), row.column_type]));
    expect(types).toMatchObject({
      time: "TIMESTAMP",
      recordedAt: "TIMESTAMP",
      occurredAt: "TIMESTAMP",
      "log index": "BIGINT",
      tag: "VARCHAR",
      "migration version": "VARCHAR",
      fact: "VARCHAR",
    });
  });

  it("has the values of the facts, row by row, in the columns of the table", async () => {
    const lines = readFileSync(join(made, "facts.ndjson"), "utf8").trim().split("\n");
    const rows = await rowsOf(
      `SELECT *, strftime("recordedAt", '%Y-%m-%dT%H:%M:%S.%gZ') AS written FROM ${table} ORDER BY "log index"`,
    );
    const facts = lines.map((line) => JSON.parse(line));
    expect(rows.map(({ fact }) => fact).sort()).toEqual(lines.toSorted());
    const byId = new Map(facts.map((fact) => [fact.id, fact]));
    expect(rows).toHaveLength(FACTS);
    for (const [n, row] of rows.entries()) {
      const fact = byId.get(row.id);
      expect(row).toMatchObject({
        written: fact.recordedAt,
        "log index": String(n),
        kind: fact.kind,
        tag: fact.tag ?? null,
        environment: fact.environment ?? null,
        digest: fact.digest ?? fact.components[0].digest,
      });
    }
    const [head = ""] = readFileSync(join(made, "facts.csv"), "utf8").split("\n");
    expect(Object.keys(rows[0] ?? {}).slice(0, -1)).toEqual(head.split(","));
  });
});
