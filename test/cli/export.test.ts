/** The history as a file. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { deployed, tokenOf } from "../doors/given.ts";
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
