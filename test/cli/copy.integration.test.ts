/** A ledger moved from one machine to DynamoDB, and back. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../functions/adapters/sqlite/database.ts";
import { everythingIn, fill } from "../store/copies.ts";
import { type Emulator, startEmulator } from "../store/emulator.ts";
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

const NOW = "2027-01-01T00:00:00.000Z";
const copy = (...args: string[]) => asof(["copy", ...args], {}, NOW);

describe("a copy", () => {
  it("to DynamoDB and back is the ledger that it was, row for row", async () => {
    const [folder, back] = [await filledFolder(), join(newFolder(), "new")];
    const tables = `dynamodb:${emulator.table}/${emulator.people}@${emulator.endpoint}`;
    const there = await copy(join(folder, "ledger.db"), tables);
    expect({ code: there.code, err: there.err }).toEqual({ code: 0, err: "" });
    expect(there.out).toMatch(/: \d+ facts \(\d+ new\), 1 person\nboth sides: sha256:\w{64}$/);
    const again = await copy(tables, join(back, "ledger.db"));
    expect({ code: again.code, err: again.err }).toEqual({ code: 0, err: "" });
    expect(again.out.split("\n")[1]).toBe(there.out.split("\n")[1]);
    expect(dumpOf(back)).toEqual(dumpOf(folder));
  });

  it.each([
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
