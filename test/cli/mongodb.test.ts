/** Migration histories in MongoDB: the collections as migrate-mongo and Mongock document them, and the official driver. */
import { afterEach, describe, expect, it } from "vitest";
import { connect } from "../../cli/migrations/connection.ts";
import { detectHistory, type Selection } from "../../cli/migrations/detect.ts";
import { readHistory } from "../../cli/migrations/history.ts";
import { type Documents, documentDatabase } from "../../cli/migrations/mongodb.ts";
import { type MongodbServer, mongodbServer } from "./mongodb-server.ts";

type Collections = Readonly<Record<string, readonly Record<string, unknown>[]>>;

const NOW = "2026-11-22T09:00:00.000Z";

/** The driver's port, on collections in memory; it notes what was read. */
function documentsOf(collections: Collections, reads: string[] = []): Documents {
  return {
    clock: async () => new Date(NOW),
    collections: async () => Object.keys(collections),
    documents: async (name, limit) => {
      reads.push(name);
      return [...(collections[name] ?? [])].slice(0, limit);
    },
    close: async () => undefined,
  };
}

async function read(collections: Collections, chosen: Selection = {}) {
  const database = documentDatabase(documentsOf(collections));
  const connection = { ...database, now: await database.clock() };
  return readHistory(connection, await detectHistory(connection, chosen));
}

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 20, 8, minute));

const MIGRATE_MONGO = [
  { _id: "2", fileName: "20261002120000-orders.js", appliedAt: at(2), migrationBlock: 1795860000002 },
  { _id: "1", fileName: "20261001120000-users.js", appliedAt: at(1), migrationBlock: 1795860000001 },
];

describe("migrate-mongo's changelog", () => {
  it("lists what is applied, in the order of applying, with its times", async () => {
    expect(await read({ orders: [], changelog: MIGRATE_MONGO, changelog_lock: [] })).toMatchObject({
      tool: "migrate-mongo",
      from: "changelog",
      mode: "set",
      at: NOW,
      versions: [
        { version: "20261001120000-users.js", appliedAt: "2026-11-20T08:01:00.000Z" },
        { version: "20261002120000-orders.js", appliedAt: "2026-11-20T08:02:00.000Z" },
      ],
      failed: [],
    });
  });

  it("has the files' hashes for checksums, where they are kept", async () => {
    const changelog = MIGRATE_MONGO.map((one) => ({ ...one, fileHash: `hash of ${one.fileName}` }));
    const { versions } = await read({ changelog });
    expect(versions[0]).toMatchObject({ checksum: "hash of 20261001120000-users.js" });
  });

  it("is empty after everything was reverted: its name alone shows what it is", async () => {
    expect(await read({ changelog: [] })).toMatchObject({ tool: "migrate-mongo", versions: [] });
  });

  it("of another name is empty where tool and collection are given", async () => {
    const empty = { migrations: [] };
    await expect(read(empty, { table: "migrations" })).rejects.toThrow("the table migrations");
    expect(await read(empty, { tool: "migrate-mongo", table: "migrations" })).toMatchObject({
      tool: "migrate-mongo",
      versions: [],
    });
  });

  it("of another name has to be given", async () => {
    await expect(read({ migrations: MIGRATE_MONGO })).rejects.toThrow("no table that this login may read");
    expect(await read({ migrations: MIGRATE_MONGO }, { table: "migrations" })).toMatchObject({
      tool: "migrate-mongo",
      from: "migrations",
    });
  });

  it("is not any collection of that name", async () => {
    const changelog = [{ release: "1.0", text: "new" }];
    await expect(read({ changelog })).rejects.toThrow("migrate-mongo (changelog: filename, appliedat)");
  });
});

const entry = (minute: number, changeId: string, state: string, more: Record<string, unknown> = {}) => ({
  _id: `${minute}`,
  executionId: `run ${minute}`,
  changeId,
  author: "ann",
  timestamp: at(minute),
  state,
  type: "EXECUTION",
  changeLogClass: `com.acme.${changeId}`,
  changeSetMethod: "execute",
  metadata: { by: ["one"] },
  executionMillis: 12,
  executionHostname: "host",
  errorTrace: null,
  systemChange: false,
  ...more,
});

describe("Mongock's log", () => {
  it.each<[string, ReturnType<typeof entry>[], [string, number][], string[], string[]]>([
    [
      "change units that were executed",
      [entry(2, "orders", "EXECUTED"), entry(1, "users", "EXECUTED")],
      [
        ["users::ann", 1],
        ["orders::ann", 2],
      ],
      [],
      [],
    ],
    [
      "one that was rolled back",
      [entry(1, "users", "EXECUTED"), entry(2, "users", "ROLLED_BACK")],
      [],
      [],
      ["rolled back"],
    ],
    [
      "one that was rolled back and executed again",
      [entry(1, "users", "EXECUTED"), entry(2, "users", "ROLLED_BACK"), entry(3, "users", "EXECUTED")],
      [["users::ann", 3]],
      [],
      ["rolled back"],
    ],
    ["one that failed", [entry(1, "users", "FAILED")], [], ["users::ann"], []],
    [
      "one that failed and then went well",
      [entry(1, "users", "FAILED"), entry(2, "users", "EXECUTED")],
      [["users::ann", 2]],
      [],
      ["failed before"],
    ],
    [
      "one that failed and was rolled back",
      [entry(1, "users", "FAILED"), entry(2, "users", "ROLLED_BACK")],
      [],
      [],
      ["rolled back"],
    ],
    ["one whose rollback failed", [entry(1, "users", "ROLLBACK_FAILED")], [], ["users::ann"], []],
    [
      "one that runs always, and failed later",
      [entry(1, "users", "EXECUTED"), entry(2, "users", "EXECUTED"), entry(3, "users", "FAILED")],
      [["users::ann", 1]],
      [],
      ["run again"],
    ],
    [
      "runs that ignored it",
      [entry(1, "users", "EXECUTED"), entry(2, "users", "IGNORED")],
      [["users::ann", 1]],
      [],
      ["ignored"],
    ],
    [
      "changes of Mongock itself, and what runs before a change unit",
      [
        entry(1, "system-change-00001", "EXECUTED", { systemChange: true }),
        entry(2, "users_before", "EXECUTED", { type: "BEFORE_EXECUTION" }),
        entry(3, "users", "EXECUTED"),
      ],
      [["users::ann", 3]],
      [],
      ["Mongock's own", "runs before a change unit"],
    ],
    [
      "one id of two authors",
      [entry(1, "users", "EXECUTED"), entry(2, "users", "EXECUTED", { author: "bob" })],
      [
        ["users::ann", 1],
        ["users::bob", 2],
      ],
      [],
      [],
    ],
  ])("with %s", async (_, mongockChangeLog, applied, failed, leftOut) => {
    const history = await read({ mongockChangeLog, mongockLock: [] });
    expect(history).toMatchObject({ tool: "mongock", from: "mongockChangeLog", mode: "set" });
    expect(history.versions).toEqual(
      applied.map(([version, minute]) => ({ version, appliedAt: at(minute).toISOString() })),
    );
    expect(history.failed.map(({ version }) => version)).toEqual(failed);
    expect([...history.leftOut.keys()]).toEqual(leftOut);
  });
});

describe("a database of MongoDB", () => {
  it("with two tools' collections is not guessed at", async () => {
    const both = { changelog: MIGRATE_MONGO, mongockChangeLog: [entry(1, "users", "EXECUTED")] };
    await expect(read(both)).rejects.toThrow(/choose one with --tool or --table:\n {2}changelog \(migrate-/);
    expect(await read(both, { tool: "mongock" })).toMatchObject({ tool: "mongock" });
  });

  it("has no histories of SQL databases' tools", async () => {
    const sqlLike = [{ name: "20260101120000_users.js" }];
    await expect(read({ SequelizeMeta: sqlLike })).rejects.toThrow("no table");
  });

  it("is read where a history may be, and nowhere else", async () => {
    const reads: string[] = [];
    const collections = { orders: [{ total: 1 }], changelog: MIGRATE_MONGO };
    const database = documentDatabase(documentsOf(collections, reads));
    const connection = { ...database, now: NOW };
    await readHistory(connection, await detectHistory(connection, {}));
    expect(reads).toEqual(["changelog", "changelog"]);
  });
});

describe("the official driver", () => {
  let server: MongodbServer;
  afterEach(() => server.stop());

  it("reads the history by a server's answers, and sends nothing that writes", async () => {
    server = await mongodbServer({
      database: "billing",
      localTime: new Date(NOW),
      collections: { orders: [{ total: 1 }], changelog: MIGRATE_MONGO },
    });
    const connection = await connect(`mongodb://${server.host}/billing`);
    const history = await readHistory(connection, await detectHistory(connection, {}));
    await connection.close();
    expect(history).toMatchObject({
      tool: "migrate-mongo",
      at: NOW,
      versions: [
        { version: "20261001120000-users.js", appliedAt: "2026-11-20T08:01:00.000Z" },
        { version: "20261002120000-orders.js", appliedAt: "2026-11-20T08:02:00.000Z" },
      ],
    });
    const reading = ["ismaster", "hello", "listCollections", "find", "endSessions"];
    expect(server.commands.filter((name) => !reading.includes(name))).toEqual([]);
    expect(server.commands.filter((name) => name === "find")).toHaveLength(2);
  });

  it("says why a database cannot be had, without its secret", async () => {
    server = await mongodbServer({ database: "billing", localTime: new Date(NOW), collections: {} });
    const url = `mongodb://ann:s3cr%40t@${server.host}/billing?authMechanism=PLAIN`;
    const error = await connect(url).catch((caught: unknown) => caught);
    expect(String(error)).toContain("cannot read the database: ");
    expect(String(error)).not.toMatch(/s3cr(@|%40)t/);
  });

  it("is not asked for a database without a name", async () => {
    server = await mongodbServer({ database: "billing", localTime: new Date(NOW), collections: {} });
    for (const path of ["", "/", "/?directConnection=true"]) {
      await expect(connect(`mongodb://${server.host}${path}`)).rejects.toThrow(
        "cannot read the database: its address must name the database: mongodb://host/database",
      );
    }
  });
});
