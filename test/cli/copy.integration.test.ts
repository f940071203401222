/** A ledger moved from one machine to DynamoDB, and back. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynamodbStore } from "../../functions/adapters/dynamodb/store.ts";
import { fileSigner } from "../../functions/adapters/folder/log-key.ts";
import { folderLog } from "../../functions/adapters/folder/log-store.ts";
import { s3Log } from "../../functions/adapters/s3/log-store.ts";
import { noDamage } from "../../functions/adapters/sqlite/damage.ts";
import { openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { sqliteStore } from "../../functions/adapters/sqlite/store.ts";
import { steadyClock } from "../../functions/ledger/clock.ts";
import { exportFacts } from "../../functions/ledger/export/export.ts";
import type { Reads } from "../../functions/ledger/loader.ts";
import { seal } from "../../functions/seal/sealer.ts";
import type { Fact } from "../../schemas/fact.ts";
import { wrongIn } from "../seal/check-log.ts";
import { startS3 } from "../seal/s3-server.ts";
import { newSigner } from "../seal/signer.ts";
import { everythingIn, fill } from "../store/copies.ts";
import { clientOf, type Emulator, startEmulator } from "../store/emulator.ts";
import { asof, cleanUp, newFolder } from "./harness.ts";

/** The command finds its credentials as the AWS SDK does. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local", AWS_REGION: "local" };
const before = new Map(Object.keys(CREDENTIALS).map((name) => [name, process.env[name]]));

let emulator: Emulator;
beforeAll(async () => {
  Object.assign(process.env, CREDENTIALS);
  emulator = await startEmulator();
});
afterAll(async () => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await emulator.stop();
  await cleanUp();
});

/** Everything in the ledger of a folder. */
function dumpOf(folder: string): unknown[][][] {
  const database = openDatabase(folder);
  try {
    return everythingIn(database);
  } finally {
    database.close();
  }
}

async function filledFolder(): Promise<string> {
  const folder = newFolder();
  const database = openDatabase(folder);
  await fill(database, 50);
  database.close();
  return folder;
}

async function everyFact(store: Reads): Promise<Fact[]> {
  const facts: Fact[] = [];
  for await (const some of exportFacts(store, { from: "1970-01-01", to: "2100-01-01" })) facts.push(...some);
  return facts;
}

const NOW = "2027-01-01T00:00:00.000Z";
const copy = (...args: string[]) => asof(["copy", ...args], {}, NOW);

describe("a copy", () => {
  it("to DynamoDB and back is the ledger that it was, row for row", async () => {
    const [folder, back] = [await filledFolder(), join(newFolder(), "new")];
    const tables = `dynamodb:${emulator.table}/${emulator.people}@${emulator.endpoint}`;
    const there = await copy(join(folder, "ledger.db"), tables);
    expect({ code: there.code, err: there.err }).toEqual({ code: 0, err: "" });
    expect(there.out).toMatch(/: \d+ facts \(\d+ new\), 1 person\nboth sides: sha256:\w{64}\n/);
    const again = await copy(tables, join(back, "ledger.db"));
    expect({ code: again.code, err: again.err }).toEqual({ code: 0, err: "" });
    expect(again.out.split("\n")[1]).toBe(there.out.split("\n")[1]);
    expect(dumpOf(back)).toEqual(dumpOf(folder));
  });

  it("carries the sealed log, which the key of the new place goes on with", async () => {
    const folder = await filledFolder();
    const bucket = await startS3();
    const named = `s3:log@${bucket.endpoint}`;
    const own = await startEmulator();
    const tables = `dynamodb:${own.table}/${own.people}@${own.endpoint}`;
    const database = openDatabase(folder);
    const now = () => new Date(NOW);
    const log = folderLog(join(folder, "log"));
    const machine = fileSigner(join(folder, "log.key"), undefined, "machine/asof");
    const store = sqliteStore(database, steadyClock(undefined), noDamage());
    const first = await seal({ store, log, signer: machine, now });
    database.close();
    const saved = readFileSync(join(folder, "log", "checkpoint"), "utf8");
    const said = await copy("--log", named, join(folder, "ledger.db"), tables);
    expect({ code: said.code, err: said.err }).toEqual({ code: 0, err: "" });
    expect(said.out).toContain("the sealed log was carried");

    const there = dynamodbStore({ client: clientOf(own.endpoint), name: own.table });
    const cloud = { store: there, log: s3Log("log", bucket.endpoint), signer: newSigner("cloud/asof"), now };
    expect(await seal(cloud)).toEqual({ is: "nothing" });
    const files = new Map([...bucket.objects].map(([path, bytes]) => [path.replace("/log/", ""), bytes]));
    const size = first.is === "sealed" ? first.size : 0;
    const facts = (await everyFact(there)).map((fact) => JSON.stringify(fact));
    expect(facts).toHaveLength(size - 1);
    expect(wrongIn(files, { key: cloud.signer.key, facts, published: [saved] })).toEqual([]);

    const again = await asof(["restore", "--from-log", named, tables], {}, NOW);
    expect(again).toMatchObject({ code: 0, out: `put back 0 of ${size - 1} sealed facts` });
    const back = join(newFolder(), "new", "ledger.db");
    expect(await copy("--log", named, tables, back)).toMatchObject({ code: 0 });
    expect(await copy(join(folder, "ledger.db"), tables)).toMatchObject({
      code: 0,
      out: expect.stringContaining("was not carried"),
    });
    await Promise.all([bucket.stop(), own.stop()]);
  });

  it.each([
    [["--log", "bucket", "none/ledger.db", "dynamodb:a/b"], "must be like s3:BUCKET", 2],
    [["ledger.db", "ledger.db"], "is both source and target", 2],
    [["none/ledger.db", "new/ledger.db"], "no such file", 1],
    [["none/ledger.db", "dynamodb:facts"], "names no table of people", 2],
    [["none/ledger.db", "dynamodb:facts/people@nowhere"], "must be like dynamodb:", 2],
  ])("is refused with a line that says why: %j", async (args, why, code) => {
    expect(await copy(...args)).toMatchObject({ code, err: expect.stringContaining(why) });
  });

  it("is not made of a ledger that is in use, nor into a file of another name", async () => {
    const folder = await filledFolder();
    const file = join(folder, "ledger.db");
    const target = newFolder();
    mkdirSync(join(target, "new"));
    expect(await copy(file, join(target, "copy.db"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("a ledger's file is called ledger.db"),
    });
    const database = openDatabase(folder);
    const inUse = await copy(file, join(target, "new/ledger.db"));
    database.close();
    expect(inUse).toMatchObject({ code: 1, err: expect.stringContaining("is in use") });
  });
});
