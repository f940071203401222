/** One contract, every table of people. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dynamodbPeople, dynamodbRegister } from "../../functions/adapters/dynamodb/people.ts";
import { openDatabase, openReader } from "../../functions/adapters/sqlite/database.ts";
import { sqlitePeople, sqliteRegister } from "../../functions/adapters/sqlite/people.ts";
import { sha256 } from "../../functions/ledger/canonical.ts";
import {
  commitmentOf,
  type People,
  type Register,
  remembering,
} from "../../functions/ledger/people/people.ts";
import { startEmulator } from "./emulator.ts";
import { committedAs, foundAs, memoryPeople } from "./memory-people.ts";

interface Opened {
  /** The same table, as two who use it at once have it. */
  readonly people: readonly [People, People];
  readonly register: Register;
  readonly close: () => Promise<void>;
}

function onMemory(): Opened {
  const people = memoryPeople();
  return { people: [people, people], register: people, close: () => Promise.resolve() };
}

function onSqlite(): Opened {
  const folder = mkdtempSync(join(tmpdir(), "asof-people-"));
  const database = openDatabase(folder);
  const close = async () => {
    database.close();
    rmSync(folder, { recursive: true });
  };
  return {
    people: [sqlitePeople(database), sqlitePeople(database)],
    register: sqliteRegister(database),
    close,
  };
}

async function onDynamodb(): Promise<Opened> {
  const { client, people: name, stop } = await startEmulator();
  const table = { client, name };
  return {
    people: [dynamodbPeople(table), dynamodbPeople(table)],
    register: dynamodbRegister(table),
    close: stop,
  };
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
    expect(await foundAs(people, OCTOCAT)).toBeUndefined();
    const commitment = await committedAs(people, OCTOCAT);
    expect(commitment).toMatch(/^person:[0-9a-f]{64}$/);
    expect(await committedAs(people, OCTOCAT)).toBe(commitment);
    expect([await foundAs(people, OCTOCAT), await foundAs(other, OCTOCAT)]).toEqual([commitment, commitment]);
    expect(await people.reveal([commitment])).toEqual(new Map([[commitment, "octocat"]]));
  });

  it("are one without case and in any Unicode form, shown as first heard", async () => {
    const commitment = await committedAs(people, { ...OCTOCAT, login: "Jos\u00e9" });
    for (const login of ["jos\u00e9", "JOS\u00c9", "Jose\u0301"]) {
      expect(await committedAs(people, { ...OCTOCAT, login })).toBe(commitment);
    }
    expect([...(await other.reveal([commitment])).values()]).toEqual(["Jos\u00e9"]);
  });

  it("are two where two issuers vouch for one login", async () => {
    const mine = await committedAs(people, OCTOCAT);
    const theirs = await committedAs(people, { ...OCTOCAT, issuer: "/webhooks/github/ghe.acme.dev" });
    expect(theirs).not.toBe(mine);
    expect([...(await people.reveal([mine, theirs])).values()]).toEqual(["octocat", "octocat"]);
  });

  it("have one commitment, however many ask for it at once", async () => {
    const asked = Array.from({ length: 40 }, (_, n) => committedAs(n % 2 === 0 ? people : other, OCTOCAT));
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
    const commitments = await Promise.all(persons.map((person) => committedAs(people, person)));
    expect(new Set(commitments).size).toBe(persons.length);
    const logins = await people.reveal(commitments);
    expect(commitments.map((commitment) => logins.get(commitment))).toEqual(
      persons.map(({ login }) => login),
    );
  });

  it("are revealed by the hundred, without those that nobody knows", async () => {
    const persons = Array.from({ length: 150 }, (_, n) => ({ issuer: "/ci/acme", login: `user-${n}` }));
    const commitments = await Promise.all(persons.map((person) => committedAs(people, person)));
    const unknown = commitmentOf(OCTOCAT, Buffer.alloc(32));
    const logins = await other.reveal([unknown, ...commitments, ...commitments, "octocat"]);
    expect(logins).toEqual(new Map(commitments.map((commitment, n) => [commitment, `user-${n}`])));
    expect(await other.reveal([])).toEqual(new Map());
  });

  it("are gone once erased, alone, and another commitment when they are heard of again", async () => {
    const hubot = await committedAs(people, { ...OCTOCAT, login: "hubot" });
    const before = await committedAs(people, OCTOCAT);
    await people.reveal([before, hubot]);
    await people.erase([before]);
    expect(await foundAs(people, OCTOCAT)).toBeUndefined();
    expect(await people.reveal([before, hubot])).toEqual(new Map([[hubot, "hubot"]]));
    await people.erase([before]);
    const after = await committedAs(people, OCTOCAT);
    expect(after).not.toBe(before);
    expect(await people.reveal([before, after])).toEqual(new Map([[after, "octocat"]]));
  });
});

describe.each(TABLES)("the persons listed on $name", ({ open }) => {
  it("are all of them, in pages, and those of a login by every issuer", async () => {
    const { people, register, close } = await open();
    const [one] = people;
    const persons = Array.from({ length: 7 }, (_, n) => ({
      issuer: `/ci/${n % 2}`,
      login: `user-${n >> 1}`,
    }));
    const committed = await Promise.all(persons.map((person) => one.commit(person)));
    const expected = persons.map((person, n) => ({ ...person, commitment: committed[n]?.commitment }));
    const byKey = (a: { commitment?: string | undefined }, b: { commitment?: string | undefined }) =>
      (a.commitment ?? "") < (b.commitment ?? "") ? -1 : 1;
    const found: { commitment: string }[] = [];
    let range: { limit: number; cursor?: string } | undefined = { limit: 3 };
    while (range !== undefined) {
      const page: Awaited<ReturnType<Register["page"]>> = await register.page(range);
      expect(page.entries.length).toBeLessThanOrEqual(3);
      found.push(...page.entries);
      range = page.cursor === undefined ? undefined : { limit: 3, cursor: page.cursor };
    }
    expect(found.sort(byKey)).toEqual(expected.sort(byKey));
    expect((await register.named("USER-1")).map(({ issuer }) => issuer).sort()).toEqual(["/ci/0", "/ci/1"]);
    expect(await register.named("nobody")).toEqual([]);
    await one.erase((await register.named("user-1")).map(({ commitment }) => commitment));
    expect(await register.named("user-1")).toEqual([]);
    await close();
  });

  it("have salts that others can ask for by commitment, as long as they are there", async () => {
    const { people, close } = await open();
    const [one, other] = people;
    const { commitment, salt } = await one.commit(OCTOCAT);
    expect(salt).toMatch(/^[0-9a-f]{64}$/);
    expect(commitmentOf(OCTOCAT, Buffer.from(salt, "hex"))).toBe(commitment);
    expect(await other.saltsOf([commitment, commitment, "person:0"])).toEqual(new Map([[commitment, salt]]));
    await one.erase([commitment]);
    expect(await other.saltsOf([commitment])).toEqual(new Map());
    await close();
  });
});

describe("the salt of a person", () => {
  it("is another in each ledger, so that nobody knows a commitment from elsewhere", async () => {
    const commitments = await Promise.all([1, 2, 3].map(() => committedAs(memoryPeople(), OCTOCAT)));
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
    const commitment = await committedAs(people, { issuer: "/ci/acme", login: LOGIN });
    expect(holding()).not.toEqual([]);
    await people.erase([commitment]);
    expect(holding()).toEqual([]);
    database.close();
  });

  it("is said not to be gone as long as somebody reads the log that holds it", async () => {
    const database = openDatabase(folder);
    const people = sqlitePeople(database, 100);
    const commitment = await committedAs(people, { issuer: "/ci/acme", login: LOGIN });
    const reader = openReader(database.file);
    reader.prepare("BEGIN").run();
    reader.prepare("SELECT count(*) FROM people").rows();
    await expect(people.erase([commitment])).rejects.toThrow(/erase it again/);
    reader.prepare("COMMIT").run();
    await people.erase([commitment]);
    expect(holding()).toEqual([]);
    reader.close();
    database.close();
  });

  it("is waited for until nobody reads the log any more", async () => {
    const database = openDatabase(folder);
    const people = sqlitePeople(database);
    const commitment = await committedAs(people, { issuer: "/ci/acme", login: LOGIN });
    const reader = openReader(database.file);
    reader.prepare("BEGIN").run();
    reader.prepare("SELECT count(*) FROM people").rows();
    let isErased = false;
    const erasing = people.erase([commitment]).then(() => {
      isErased = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(isErased).toBe(false);
    reader.prepare("COMMIT").run();
    await erasing;
    expect(holding()).toEqual([]);
    reader.close();
    database.close();
  });

  it("leaves nothing in pages that were split, however many came and went before it", async () => {
    const database = openDatabase(folder);
    const people = sqlitePeople(database);
    const insert = database.prepare("INSERT INTO people VALUES (?, ?, ?, ?, ?)");
    const remove = database.prepare("DELETE FROM people WHERE login = ?");
    const nameOf = (n: number) => `${LOGIN}-${n}-${"x".repeat((n * 7) % 90)}`;
    const there: number[] = [];
    const gone: number[] = [];
    await database.write(() => {
      for (let n = 0; n < 4000; n++) {
        insert.run(`person:${sha256(`c${n}`)}`, "/ci/acme", nameOf(n), nameOf(n), sha256(`s${n}`));
        there.push(n);
        if (n % 2 !== 0) continue;
        const [one = 0] = there.splice((n * 31) % there.length, 1);
        remove.run(nameOf(one));
        gone.push(one);
      }
    });
    const left = () => {
      const bytes = readdirSync(folder).map((file) => readFileSync(join(folder, file), "latin1"));
      return gone.filter((n) => bytes.some((text) => text.includes(`${LOGIN}-${n}-`)));
    };
    // SQLite overwrites what is deleted, and yet keeps some of it.
    database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").rows();
    expect(left()).not.toEqual([]);
    await people.erase([]);
    expect(left()).toEqual([]);
    expect([...(await people.reveal(there.map((n) => `person:${sha256(`c${n}`)}`))).values()].sort()).toEqual(
      there.map(nameOf).sort(),
    );
    database.close();
  });
});
