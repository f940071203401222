import { type ServerType, serve } from "@hono/node-server";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import type { Store } from "../../functions/ledger/store.ts";
import { clientOf, type Event, over } from "../client.ts";
import { memoryStore } from "../store/memory.ts";
import { cleanUp, deployed, type GivenDoors, givenDoors, problemOf, tokenOf } from "./given.ts";

const servers: ServerType[] = [];
afterAll(() => {
  for (const server of servers) server.close();
  cleanUp();
});

const Line = z.looseObject({ recordedAt: z.string(), source: z.string(), id: z.string() });
type Line = z.infer<typeof Line>;

const linesOf = (text: string): Line[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Line.parse(JSON.parse(line)));
const ids = (text: string): string[] => linesOf(text).map(({ id }) => id);
const cursorOf = ({ recordedAt, source, id }: Line): string => `${recordedAt} ${source} ${id}`;

const TODAY = { from: "2026-11-22" };

/** Says each event in a batch of its own size, a second after the one before. */
async function sayInTurn({ client, setNow }: GivenDoors, batches: readonly (readonly Event[])[]) {
  for (const [n, events] of batches.entries()) {
    setNow(new Date(Date.UTC(2026, 10, 22, 9, 0, n)).toISOString());
    await client().sayAll(events);
  }
  setNow("2026-11-22T12:00:00.000Z");
}

const many = (n: number): Event[] => Array.from({ length: n }, (_, i) => deployed(`deployment ${i}`));

describe("the export", () => {
  it("holds each fact once, whole, in the order in which the ledger took them", async () => {
    const given = givenDoors();
    await sayInTurn(given, [[deployed("1")], [deployed("3")], [deployed("2"), deployed("1")], many(1)]);
    const answer = await given.client("auditor").get("/v1/export", TODAY);
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    expect(ids(answer.text)).toEqual(["1", "3", "2", "deployment 0"]);
    const [stored] = await given.ledger.store.get([{ source: "/test", id: "1" }]);
    expect(linesOf(answer.text)[0]).toEqual(stored);
    expect(answer.text.endsWith("}\n")).toBe(true);
  });

  it("holds retractions as facts of their own, and what they took back", async () => {
    const given = givenDoors();
    await sayInTurn(given, [[deployed("1")]]);
    await given.client().post("/v1/retractions", { source: "/test", id: "1", reason: "a test" });
    given.setNow("2026-11-22T13:00:00.000Z");
    const { text } = await given.client("auditor").get("/v1/export", TODAY);
    expect(linesOf(text).map(({ kind }) => kind)).toEqual(["deployment.succeeded", "fact.retracted"]);
  });

  it("is bounded by the time at which facts were recorded, both ends included", async () => {
    const given = givenDoors();
    await sayInTurn(given, [[deployed("0")], [deployed("1")], [deployed("2")], [deployed("3")]]);
    const lines = linesOf((await given.client().get("/v1/export", TODAY)).text);
    const [from = "", to = ""] = [lines[1]?.recordedAt, lines[2]?.recordedAt];
    expect(ids((await given.client().get("/v1/export", { from, to })).text)).toEqual(["1", "2"]);
    expect((await given.client().get("/v1/export", { ...TODAY, to: "2026-11-21" })).json).toMatchObject({
      status: 422,
      detail: "from: must not be later than `to`",
    });
    expect(ids((await given.client().get("/v1/export", { ...TODAY, to: "2026-11-22" })).text)).toHaveLength(
      4,
    );
  });

  it("never goes past now minus the settle time, whatever is asked", async () => {
    const { client, setNow } = givenDoors();
    await client().say(deployed("1"));
    for (const to of [undefined, "2026-11-22", "2030-01-01"]) {
      const asked = { ...TODAY, ...(to === undefined ? {} : { to }) };
      setNow("2026-11-22T09:00:00.900Z");
      expect((await client().get("/v1/export", asked)).text).toBe("");
      setNow("2026-11-22T09:00:01.900Z");
      expect(ids((await client().get("/v1/export", asked)).text)).toEqual(["1"]);
    }
  });

  it("holds only what one token or one source said, where that is asked", async () => {
    const { client, setNow } = givenDoors();
    await client("writer").sayAll([deployed("1"), { ...deployed("2"), source: "/other" }]);
    await client("admin").say(deployed("3"));
    setNow("2026-11-22T12:00:00.000Z");
    const of = async (query: object) =>
      ids((await client().get("/v1/export", { ...TODAY, ...query })).text).sort();
    expect(await of({ reportedBy: "writer-1" })).toEqual(["1", "2"]);
    expect(await of({ reportedBy: "writer-1", source: "/test" })).toEqual(["1"]);
    expect(await of({ source: "/other" })).toEqual(["2"]);
    expect(await of({ reportedBy: "nobody" })).toEqual([]);
  });
});

describe("an export that breaks off", () => {
  it("goes on after its last whole line, so that each fact comes once", async () => {
    const given = givenDoors();
    await sayInTurn(given, [many(400)]);
    const whole = ids((await given.client().get("/v1/export", TODAY)).text);
    expect(new Set(whole).size).toBe(400);
    for (const cut of [1, 777, 50_000, 100_000]) {
      const { text } = await given.client("auditor").get("/v1/export", TODAY);
      const begun = text.slice(0, text.lastIndexOf("\n", cut) + 1);
      const last = linesOf(begun).at(-1);
      const cursor = last === undefined ? {} : { cursor: cursorOf(last) };
      const rest = await given.client("auditor").get("/v1/export", { ...TODAY, ...cursor });
      expect([...ids(begun), ...ids(rest.text)]).toEqual(whole);
    }
  });

  it("has nothing after its end", async () => {
    const given = givenDoors();
    await sayInTurn(given, [many(3)]);
    const lines = linesOf((await given.client().get("/v1/export", TODAY)).text);
    const cursor = lines.at(-1);
    if (cursor === undefined) throw new Error("is empty");
    const rest = await given.client().get("/v1/export", { ...TODAY, cursor: cursorOf(cursor) });
    expect(rest.text).toBe("");
  });

  it("is a broken connection and no end, where the store fails in the middle", async () => {
    const store = memoryStore();
    const given = givenDoors({
      store: {
        ...store,
        queryRecorded: (partition, range) =>
          partition.day === "2026-11-23"
            ? Promise.reject(new Error("the store went away"))
            : store.queryRecorded(partition, range),
      },
    });
    await sayInTurn(given, [many(400)]);
    given.setNow("2026-11-23T12:00:00.000Z");
    await given.client().say(deployed("of the day after"));
    given.setNow("2026-11-24T12:00:00.000Z");
    const address = await new Promise<string>((done) => {
      const server = serve({ fetch: given.app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) =>
        done(`http://127.0.0.1:${port}`),
      );
      servers.push(server);
    });
    const asking = clientOf(over(address), tokenOf("auditor")).get("/v1/export", TODAY);
    const ended = await asking.then(({ text }) => linesOf(text).length).catch((error: unknown) => error);
    expect(ended).toBeInstanceOf(Error);
    expect(given.logged()).toContain("the store went away");
  });

  it("is a problem where the store fails before the first line", async () => {
    const given = givenDoors();
    await sayInTurn(given, [many(3)]);
    given.setFault(() => "throttled");
    const answer = await given.client().get("/v1/export", TODAY);
    expect(problemOf(answer).status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  it("costs no more for the years before there was anything", async () => {
    let requests = 0;
    const store = memoryStore();
    const counting: Store = {
      ...store,
      queryRecorded: (partition, range) => {
        requests++;
        return store.queryRecorded(partition, range);
      },
    };
    const given = givenDoors({ store: counting });
    await sayInTurn(given, [many(3)]);
    const { text } = await given.client().get("/v1/export", { from: "1970-01-01" });
    expect(ids(text)).toHaveLength(3);
    expect(requests).toBeLessThan(1000);
  });
});

/** Reads what RFC 4180 describes. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  const cells = /("(?:[^"]|"")*"|[^",\n]*)(,|\n)/gy;
  let row: string[] = [];
  for (const [, cell = "", end] of text.matchAll(cells)) {
    row.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

describe("the export as CSV", () => {
  const csv = (given: GivenDoors) => given.client("auditor").get("/v1/export", { ...TODAY, format: "csv" });

  it("has a line of names, and a row for each fact that ends with the whole of it", async () => {
    const given = givenDoors();
    await sayInTurn(given, [[deployed('an id, with "quotes"')], [deployed("2")]]);
    const answer = await csv(given);
    expect(answer.headers.get("content-type")).toMatch(/^text\/csv/);
    const [names = [], ...rows] = parseCsv(answer.text);
    expect(names).toEqual(
      expect.arrayContaining(["recordedAt", "occurredAt", "kind", "source", "id", "reportedBy", "actor"]),
    );
    expect(names.at(-1)).toBe("fact");
    expect(rows.map((row) => row.length)).toEqual(rows.map(() => names.length));
    expect(rows.map((row) => row[names.indexOf("id")])).toEqual(['an id, with "quotes"', "2"]);
    const { text } = await given.client("auditor").get("/v1/export", TODAY);
    expect(rows.map((row) => JSON.parse(row.at(-1) ?? ""))).toEqual(linesOf(text));
  });

  it("has its names even where it has no fact", async () => {
    expect(parseCsv((await csv(givenDoors())).text)).toHaveLength(1);
  });

  it("gives a spreadsheet nothing to run", async () => {
    const given = givenDoors();
    const evil = ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "=cmd|' /C calc'!A0"];
    const events = evil.flatMap((id, n) => [
      deployed(id),
      deployed(`environment ${n}`, undefined, { environment: id, service: id, actor: id }),
      { ...deployed(`source ${n}`), source: id.replaceAll(/[|' ]/g, "") },
    ]);
    await sayInTurn(given, [events]);
    const [, ...rows] = parseCsv((await csv(given)).text);
    expect(rows).toHaveLength(events.length);
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
    const facts = rows.map((row) => JSON.parse(row.at(-1) ?? ""));
    expect(facts.map(({ id }) => id)).toEqual(expect.arrayContaining(evil));
  });
});
