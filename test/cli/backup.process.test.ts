/** A ledger's file: backed up while it runs, restored, and checked. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { outcomesOf } from "../client.ts";
import { deployed } from "../http/given.ts";
import { digestOf } from "../ledger/given.ts";
import { end, cleanUp as endLedgers, newFolder, type Process, startLedger } from "../local/process.ts";
import { asof, cleanUp, type Env } from "./harness.ts";

afterEach(async () => {
  endLedgers();
  await cleanUp();
});

const envOf = ({ address, token }: Process): Env => ({ ASOF_URL: address, ASOF_TOKEN: token });

/** Records deployments, one a minute. */
async function record({ client }: Process, from: number, to: number): Promise<void> {
  const events = Array.from({ length: to - from }, (_, n) =>
    deployed(`${from + n}`, `2026-10-20T08:${String(from + n).padStart(2, "0")}:00.000Z`),
  );
  expect(new Set(outcomesOf(await client.sayAll(events)))).toEqual(new Set(["recorded"]));
}

const releaseOf = async ({ client }: Process): Promise<unknown> =>
  (await client.get("/v1/release", { environment: "production", service: "acme/billing", at: "2026-11-01" }))
    .json;

/** Replaces a text in a file by one of the same length. */
function damage(file: string, from: string, to: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(from);
  expect(at).toBeGreaterThan(0);
  bytes.write(to, at);
  writeFileSync(file, bytes);
}

/** A ledger with some facts that has ended, and a backup of it. */
async function backedUp(): Promise<{ data: string; file: string }> {
  const data = newFolder();
  const ledger = await startLedger(data);
  await record(ledger, 0, 3);
  const file = join(newFolder(), "backup.db");
  expect(await asof(["backup", file], envOf(ledger))).toMatchObject({ code: 0, err: "" });
  await end(ledger, "SIGTERM");
  return { data, file };
}

describe("a backup", () => {
  it("is taken while the ledger records, and restored answers as the ledger did", async () => {
    const data = newFolder();
    const ledger = await startLedger(data);
    await record(ledger, 0, 10);
    const before = await releaseOf(ledger);
    const file = join(newFolder(), "backup.db");
    const [made] = await Promise.all([asof(["backup", file], envOf(ledger)), record(ledger, 10, 30)]);
    expect(made).toEqual({
      code: 0,
      err: "",
      out: expect.stringMatching(/backup\.db: \d+ facts, .*, checked$/),
    });
    expect(Number(/(\d+) facts/.exec(made.out)?.[1])).toBeGreaterThanOrEqual(10);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(file, ".."))).toEqual(["backup.db"]);
    expect(readdirSync(data).filter((name) => name.startsWith("backup"))).toEqual([]);

    const restored = join(newFolder(), "new");
    expect(await asof(["restore", file, restored])).toMatchObject({ code: 0, err: "" });
    expect(statSync(join(restored, "ledger.db")).mode & 0o777).toBe(0o600);
    const again = await startLedger(restored);
    const at = "2026-10-20T08:09:30Z";
    const query = { environment: "production", service: "acme/billing", at };
    expect((await again.client.get("/v1/release", query)).json).toMatchObject({
      components: [{ digest: digestOf("9") }],
    });
    expect(before).toMatchObject({ components: [{ digest: digestOf("9") }] });
    await record(again, 30, 31);
  });

  it("never overwrites a file", async () => {
    const file = join(newFolder(), "backup.db");
    writeFileSync(file, "mine");
    expect(await asof(["backup", file])).toMatchObject({
      code: 1,
      err: expect.stringContaining("exists already"),
    });
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("is read from the folder itself with --data, also without a ledger", async () => {
    const { data } = await backedUp();
    const file = join(newFolder(), "second.db");
    expect(await asof(["backup", "--data", data, file])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/second\.db: 3 facts, .*, checked$/),
    });
  });

  it("is read from the default folder where no ledger listens, and none was named", async () => {
    const { data } = await backedUp();
    const folder = newFolder();
    const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const fetched = vi.spyOn(globalThis, "fetch");
    fetched.mockRejectedValue(new TypeError("fetch failed", { cause: refused }));
    const unnamed = await asof(["backup", join(folder, "a.db")], { ASOF_DATA: data });
    const named = await asof(["backup", join(folder, "b.db")], {
      ASOF_DATA: data,
      ASOF_URL: "http://127.0.0.1:1",
    });
    fetched.mockRestore();
    expect(unnamed).toMatchObject({
      code: 0,
      err: expect.stringMatching(/no ledger listens at .*; reading .*ledger\.db$/),
    });
    expect(named).toMatchObject({ code: 4, err: expect.stringContaining("cannot be reached") });
    expect(readdirSync(folder)).toEqual(["a.db"]);
  });

  it("that broke off on its way leaves nothing", async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-length": "100000", "asof-facts": "3" });
      response.write("SQLite format 3");
      setImmediate(() => response.destroy());
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const folder = newFolder();
    const { code, err } = await asof(["backup", join(folder, "backup.db")], { ASOF_URL: url });
    server.close();
    expect({ code, err }).toEqual({ code: 4, err: expect.stringContaining("broke off") });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("a restore", () => {
  it("is made into an empty folder alone", async () => {
    const { data, file } = await backedUp();
    const { code, err } = await asof(["restore", file, data]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("is not empty") });
  });

  it("refuses a damaged backup before anything is made of it", async () => {
    const { file } = await backedUp();
    damage(file, '"service":"acme/billing"', '"service":"acme/BILLING"');
    const folder = join(newFolder(), "new");
    const { code, err } = await asof(["restore", file, folder]);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/is damaged \(1 finding\): item F#.*bytes/),
    });
    expect(existsSync(folder)).toBe(false);
  });

  it("refuses the file of a ledger that was killed, whose log is beside it", async () => {
    const data = newFolder();
    const ledger = await startLedger(data);
    await record(ledger, 0, 3);
    await end(ledger, "SIGKILL");
    const { code, err } = await asof(["restore", join(data, "ledger.db"), join(newFolder(), "new")]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("ledger.db-wal") });
  });
});

describe("a check", () => {
  it("finds nothing in a whole ledger, also while it runs", async () => {
    const data = newFolder();
    const ledger = await startLedger(data);
    await record(ledger, 0, 3);
    const { code, out } = await asof(["check", "--data", data]);
    expect({ code, out }).toEqual({ code: 0, out: `${join(data, "ledger.db")}: 3 facts, nothing is wrong` });
  });

  it("names the fact whose bytes were changed, for people and for programs", async () => {
    const { data } = await backedUp();
    damage(join(data, "ledger.db"), '"service":"acme/billing"', '"service":"acme/BILLING"');
    const { code, out } = await asof(["check"], { ASOF_DATA: data });
    expect({ code, lines: out.split("\n") }).toEqual({
      code: 1,
      lines: [
        expect.stringMatching(/^item F#\S+: its bytes are not those that were recorded$/),
        expect.stringMatching(/: 3 facts, 1 finding$/),
      ],
    });
    const json = await asof(["check", "--data", data, "--json"]);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ facts: 3, findings: [{ why: expect.any(String) }] });
  });

  it("says where it looked in vain", async () => {
    const folder = newFolder();
    expect(await asof(["check", "--data", folder])).toMatchObject({
      code: 1,
      err: `asof: ${join(folder, "ledger.db")}: no such file`,
    });
  });
});
