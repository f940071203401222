/** One contract, every table of people. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dynamodbPeople } from "../../functions/adapters/dynamodb/people.ts";
import { openDatabase, openReader } from "../../functions/adapters/sqlite/database.ts";
import { sqlitePeople } from "../../functions/adapters/sqlite/people.ts";
import { commitmentOf, type People, remembering } from "../../functions/ledger/people.ts";
import { startEmulator } from "./emulator.ts";
import { memoryPeople } from "./memory-people.ts";

interface Opened {
  /** The same table, as two who use it at once have it. */
  readonly people: readonly [People, People];
  readonly close: () => Promise<void>;
}

function onMemory(): Opened {
  const people = memoryPeople();
  return { people: [people, people], close: () => Promise.resolve() };
}

function onSqlite(): Opened {
  const folder = mkdtempSync(join(tmpdir(), "asof-people-"));
  const database = openDatabase(folder);
  const close = async () => {
    database.close();
    rmSync(folder, { recursive: true });
  };
  return { people: [sqlitePeople(database), sqlitePeople(database)], close };
}

async function onDynamodb(): Promise<Opened> {
  const { client, people: name, stop } = await startEmulator();
  return { people: [dynamodbPeople({ client, name }), dynamodbPeople({ client, name })], close: stop };
}

async function remembered(opened: Opened): Promise<Opened> {
  const [one] = opened.people;
  const people = remembering(one, () => new Date());
  return { ...opened, people: [people, people] };
}

const TABLES: readonly { name: string; open: () => Promise<Opened> }[] = [
  { name: "memory", open: async () => onMemory() },
  { name: "SQLite", open: async () => onSqlite() },
  { name: "DynamoDB", open: onDynamodb },
  { name: "remembering SQLite", open: async () => remembered(onSqlite()) },
  { name: "remembering DynamoDB", open: async () => remembered(await onDynamodb()) },
];

const OCTOCAT = { issuer: "/webhooks/github/github.com", login: "octocat" };

describe.each(TABLES)("people on $name", ({ open }) => {
  let people: People;
  let other: People;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({
      people: [people, other],
      close,
    } = await open());
  });
  afterEach(() => close());

  it("are committed to once, and shown from then on", async () => {
    expect(await people.find(OCTOCAT)).toBeUndefined();
    const commitment = await people.commit(OCTOCAT);
    expect(commitment).toMatch(/^person:[0-9a-f]{64}$/);
    expect(await people.commit(OCTOCAT)).toBe(commitment);
    expect([await people.find(OCTOCAT), await other.find(OCTOCAT)]).toEqual([commitment, commitment]);
    expect(await people.reveal([commitment])).toEqual(new Map([[commitment, "octocat"]]));
  });

  it("are one without case and in any Unicode form, shown as first heard", async () => {
    const commitment = await people.commit({ ...OCTOCAT, login: "Jos\u00e9" });
    for (const login of ["jos\u00e9", "JOS\u00c9", "Jose\u0301"]) {
      expect(await people.commit({ ...OCTOCAT, login })).toBe(commitment);
    }
    expect([...(await other.reveal([commitment])).values()]).toEqual(["Jos\u00e9"]);
  });

  it("are two where two issuers vouch for one login", async () => {
    const mine = await people.commit(OCTOCAT);
    const theirs = await people.commit({ ...OCTOCAT, issuer: "/webhooks/github/ghe.acme.dev" });
    expect(theirs).not.toBe(mine);
    expect([...(await people.reveal([mine, theirs])).values()]).toEqual(["octocat", "octocat"]);
  });

  it("have one commitment, however many ask for it at once", async () => {
    const asked = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? people : other).commit(OCTOCAT));
    expect(new Set(await Promise.all(asked)).size).toBe(1);
  });

  it("are not mixed up, whatever characters issuers and logins hold", async () => {
    const persons = [
      { issuer: "/ci/a", login: "b" },
      { issuer: "/ci/a#b", login: "" },
      { issuer: "/ci", login: "a#b" },
      { issuer: '/ci"', login: "\\" },
      { issuer: "/ci", login: '"\\' },
      { issuer: "/ci", login: "a%23b" },
      { issuer: "/ci", login: "?'--" },
      { issuer: "/ci", login: "\u{1f600}" },
    ];
    const commitments = await Promise.all(persons.map((person) => people.commit(person)));
    expect(new Set(commitments).size).toBe(persons.length);
    const logins = await people.reveal(commitments);
    expect(commitments.map((commitment) => logins.get(commitment))).toEqual(
      persons.map(({ login }) => login),
    );
  });

  it("are revealed by the hundred, without those that nobody knows", async () => {
    const persons = Array.from({ length: 150 }, (_, n) => ({ issuer: "/ci/acme", login: `user-${n}` }));
    const commitments = await Promise.all(persons.map((person) => people.commit(person)));
    const unknown = commitmentOf(OCTOCAT, Buffer.alloc(32));
    const logins = await other.reveal([unknown, ...commitments, ...commitments, "octocat"]);
    expect(logins).toEqual(new Map(commitments.map((commitment, n) => [commitment, `user-${n}`])));
    expect(await other.reveal([])).toEqual(new Map());
  });

  it("are gone once erased, alone, and another commitment when they are heard of again", async () => {
    const hubot = await people.commit({ ...OCTOCAT, login: "hubot" });
    const before = await people.commit(OCTOCAT);
    await people.reveal([before, hubot]);
    await people.erase(before);
    expect(await people.find(OCTOCAT)).toBeUndefined();
    expect(await people.reveal([before, hubot])).toEqual(new Map([[hubot, "hubot"]]));
    await people.erase(before);
    const after = await people.commit(OCTOCAT);
    expect(after).not.toBe(before);
    expect(await people.reveal([before, after])).toEqual(new Map([[after, "octocat"]]));
  });
});

describe("the salt of a person", () => {
  it("is another in each ledger, so that nobody knows a commitment from elsewhere", async () => {
    const commitments = await Promise.all([1, 2, 3].map(() => memoryPeople().commit(OCTOCAT)));
    expect(new Set(commitments).size).toBe(3);
  });
});

describe("a login that is erased on SQLite", () => {
  const LOGIN = "a-login-that-nobody-else-has";
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "asof-erased-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const holding = (): string[] =>
    readdirSync(folder).filter((file) => readFileSync(join(folder, file)).includes(LOGIN));

  it("is in no file any more, the log among them, while the ledger runs", async () => {
    const database = openDatabase(folder);
    const people = sqlitePeople(database);
    const commitment = await people.commit({ issuer: "/ci/acme", login: LOGIN });
    expect(holding()).not.toEqual([]);
    await people.erase(commitment);
    expect(holding()).toEqual([]);
    database.close();
  });

  it("is said not to be gone as long as somebody reads the log that holds it", async () => {
    const database = openDatabase(folder);
    const people = sqlitePeople(database);
    const commitment = await people.commit({ issuer: "/ci/acme", login: LOGIN });
    const reader = openReader(database.file);
    reader.prepare("BEGIN").run();
    reader.prepare("SELECT count(*) FROM people").rows();
    await expect(people.erase(commitment)).rejects.toThrow(/erase it again/);
    reader.prepare("COMMIT").run();
    await people.erase(commitment);
    expect(holding()).toEqual([]);
    reader.close();
    database.close();
  });
});
