/** The history as a file. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterEach, describe, expect, it } from "vitest";
import { event } from "../client.ts";
import { deployed, tokenOf } from "../doors/given.ts";
import { digestOf } from "../ledger/given.ts";
import { asof, cleanUp, ledgerServer, linesOf, newFolder } from "./harness.ts";

afterEach(cleanUp);

async function given() {
  const ledger = await ledgerServer();
  await ledger.doors.client("writer").sayAll([deployed("1"), deployed("2"), deployed("3")]);
  ledger.doors.setNow("2026-11-22T12:00:00.000Z");
  const file = join(newFolder(), "history");
  const run = (...args: string[]) =>
    asof(["export", file, ...args], { ASOF_URL: ledger.url, ASOF_TOKEN: tokenOf("auditor") });
  return { ...ledger, file, run };
}

describe("asof export", () => {
  it("writes the facts of a span into a new file", async () => {
    const { run, file } = await given();
    const { code, out } = await run("--from", "2026-11-22");
    expect([code, out]).toEqual([0, expect.stringContaining(`${file}: `)]);
    expect(linesOf(file).map((line) => JSON.parse(line).id)).toHaveLength(3);
    const before = readFileSync(file, "utf8");
    expect(await run("--from", "2026-11-22")).toMatchObject({
      code: 1,
      err: expect.stringContaining("exists"),
    });
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  it("writes a table for Excel, of what is asked for", async () => {
    const { run, file } = await given();
    expect((await run("--from", "2026-10-20", "--by", "occurredAt", "--format", "csv", "--excel")).code).toBe(
      0,
    );
    expect(readFileSync(file).subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect(linesOf(file)).toHaveLength(4);
  });

  it("writes Parquet with typed columns, empty where a fact has no such thing", async () => {
    const { run, file, doors } = await given();
    await doors.client("writer").say(
      event("artifact.pushed", "p1", "2026-11-21T08:00:00.000Z", {
        digest: digestOf("p"),
        repository: "ghcr.io/acme/web",
        tag: "1.10",
      }),
    );
    doors.setNow("2026-11-22T13:00:00.000Z");
    expect((await run("--from", "2026-11-22", "--format", "parquet")).code).toBe(0);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
    expect(rows.map((row) => [row.id, row.tag, row.environment])).toEqual([
      ...["1", "2", "3"].map((id) => [id, null, "production"]),
      ["p1", "1.10", null],
    ]);
    expect(rows[0]).toMatchObject({ time: new Date("2026-10-20T08:11:00.000Z"), "log index": null });
    expect(rows.map(({ fact }) => JSON.parse(fact).id)).toEqual(["1", "2", "3", "p1"]);
  });

  it("leaves no Parquet file where the ledger refuses, or where the export breaks off", async () => {
    const { run, file, weather } = await given();
    const parquet = ["--format", "parquet"];
    expect((await run("--from", "2026-11-22", "--kind", "no.such", ...parquet)).code).toBe(2);
    weather.push("breaks off after");
    expect((await run("--from", "2026-11-22", ...parquet)).code).toBe(4);
    expect(existsSync(file)).toBe(false);
  });

  it("says which time it went by, and what the other one would give, where there is none", async () => {
    const { run } = await given();
    const { err } = await run("--from", "2026-10-20", "--to", "2026-10-21");
    expect(err).toBe("asof: no such fact was recorded in that time; --by occurredAt would give 3 facts");
  });

  it("leaves no file where the ledger refuses", async () => {
    const { run, file } = await given();
    expect((await run("--from", "2026-11-22", "--kind", "no.such")).code).toBe(2);
    expect(existsSync(file)).toBe(false);
  });
});
